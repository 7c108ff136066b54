"""attacks.py - what an attack by HTTP/2 costs, and what others notice of it.

    python3 tests/bench/attacks.py [--bin FILE] [--rounds N] [--seconds S]
            [--peers haproxy,nginx] [--attackers N] [--ask PATH] [ATTACK...]

For each row of tests/system/h2attacks.py: one connection, how soon it ended
and how; then the same again and again, while a bystander asks for something
small each millisecond.  The same bytes go in turn to nobody ("alone", and
"busy": beside an honest client that asks as much as it may), to a sink on the proxy's core that is no proxy and only takes what processor time
nobody else wants ("sink"), to steelyard, and to its peers.  Medians of the
rounds.  README.md says how to read the table.
"""
import argparse
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))
sys.dont_write_bytecode = True

import h2attacks                                         # noqa: E402
import victims                                           # noqa: E402
from h2wire import PREFACE, SETTINGS, frame              # noqa: E402
from harness import free_port, rss                       # noqa: E402
from processes import (LOAD_CORE, PROXY_CORE, Process, descendants,
                       temp_dir, wait_port)              # noqa: E402

PAUSE = 1000                    # of the bystander, in microseconds
MOST = 2 << 20                  # bytes of one connection
HEADING = "%-30s %-13s %6s %6s | %6s %6s | %5s %5s %5s %5s%s | %6s %6s %6s%s"
PROXIES, ORIGIN, CLIENTS = 5, 4, 3      # real-time priorities; the bystander
                                        # has a higher one
CODES = {None: "closed", 0: "NO_ERROR", 1: "PROTOCOL", 3: "FLOW_CONTROL",
         5: "STREAM_CLOSED", 6: "FRAME_SIZE", 9: "COMPRESSION",
         11: "CALM"}


def cpu_ns(pid):
    return time.clock_gettime_ns(~pid << 3 | 2)


def blob(row):
    """All that one connection sends, and how many frames that is."""
    out, frames, pieces = [PREFACE + frame(SETTINGS, payload=row.settings)], \
        1, row.pieces()
    size = len(out[0])
    while size < MOST:
        piece, n = next(pieces)
        out.append(piece)
        size += len(piece)
        frames += n
    return b"".join(out), frames


def hasten(pid, priority):
    """Nothing else on the machine comes before it."""
    os.sched_setscheduler(pid, os.SCHED_FIFO, os.sched_param(priority))


def client(argv, **more):
    return subprocess.Popen(argv, preexec_fn=lambda: hasten(0, CLIENTS),
                            **more)


def flood(settings, what, *args, **more):
    return client([settings.flood, what, *map(str, args)],
                  stdout=subprocess.PIPE, **more)


def honest(port, path, milliseconds, n):
    """n clients of HTTP/2 that ask as much as they may, and read answers."""
    return client(
        ["h2load", "-t1", "-c%d" % n, "-m100", "-D%dms" % milliseconds,
         "http://127.0.0.1:%d%s" % (port, path)], stdout=subprocess.DEVNULL)


class Run:
    """A while of the bystander at `plain`, and an attack on `port`, or an
    honest client at `busy`."""

    def __init__(self, settings, plain, port, file, pids=(), busy=None):
        milliseconds = round(settings.seconds * 1000)
        before, memory = self.spent(pids), sum(map(rss, pids))
        most = memory
        children = [flood(settings, "watch", plain, milliseconds, PAUSE,
                          settings.ask)]
        for _ in range(settings.attackers if port else 0):
            with open(file, "rb") as f:
                children.append(flood(settings, "attack", port,
                                      milliseconds, stdin=f))
        load = honest(busy, settings.ask, milliseconds,
                      settings.attackers) if busy else None
        while any(c.poll() is None for c in children):
            most = max(most, sum(map(rss, pids)))
            time.sleep(0.02)
        if load and load.wait() != 0:
            raise SystemExit("h2load failed")
        self.cpu = self.spent(pids) - before
        self.memory = most - memory
        said = [list(map(int, c.communicate()[0].split())) for c in children]
        _, self.p50, self.p99 = said[0]
        self.conns, self.bytes = map(sum, zip((0, 0), *said[1:]))

    @staticmethod
    def spent(pids):
        return sum(map(cpu_ns, pids))


class Bench:
    def __init__(self, settings, directory):
        self.settings, self.dir = settings, directory
        self.origin = victims.Origin(directory)
        self.ours = victims.Steelyard(directory, self.origin, settings)
        self.peers = [v(directory, self.origin, settings)
                      for v in victims.PEERS
                      if v.name in settings.peers.split(",") and v.find()]
        self.children = [self.origin, self.ours, *self.peers]
        for one in self.children:
            for pid in descendants(one.child.pid):
                hasten(pid, ORIGIN if one is self.origin else PROXIES)

    def stop(self):
        for one in self.children:
            one.child.stop()

    def settle(self):
        """Until all have worked off what the run before has left them: a
        proxy that still does holds up the next one."""
        pids = [pid for one in self.children
                for pid in descendants(one.child.pid)]
        for _ in range(100):
            before = Run.spent(pids)
            time.sleep(0.02)
            if Run.spent(pids) - before < 1000000:
                break

    def at_victim(self, victim, file):
        return Run(self.settings, victim.plain, victim.port, file,
                   victim.pids)

    def at_sink(self, file, taken):
        port = free_port()
        sink = Process([self.settings.flood, "sink", str(port),
                        str(taken)], PROXY_CORE)
        wait_port(sink, "127.0.0.1", port)
        run = Run(self.settings, self.ours.plain, port, file)
        sink.stop()
        return run

    def measure(self, row):
        one = h2attacks.run(self.ours.port, row, self.settings.patience)
        if row in h2attacks.HELD:
            return one, None
        data, frames = blob(row)
        size = len(data) / frames
        file = self.dir + "/bytes"
        with open(file, "wb") as f:
            f.write(data)
        runs = {}
        for _ in range(self.settings.rounds):
            for name, run in (
                    ("alone", lambda: Run(self.settings, self.ours.plain,
                                          None, file)),
                    ("busy", lambda: Run(self.settings, self.ours.plain,
                                         None, file, busy=self.ours.port)),
                    ("sink", lambda: self.at_sink(
                        file, round(one.frames * size))),
                    ("ours", lambda: self.at_victim(self.ours, file)),
                    *((p.name, lambda p=p: self.at_victim(p, file))
                      for p in self.peers)):
                self.settle()
                runs.setdefault(name, []).append(run())
        for name, those in runs.items():
            for r in those:
                r.frames = min(r.bytes / size, r.conns * one.frames) \
                    if name == "ours" else r.bytes / size
        return one, runs


def median(runs, what):
    return statistics.median(getattr(r, what) for r in runs)


def first_part(row, one):
    ended = CODES.get(one.code, str(one.code)) if one.ended or \
        one.code is not None else "OPEN"
    return "%-30s %-13s %6.0f %6d" % (row.name, ended, one.seconds * 1000,
                                      one.frames)


def second_part(runs, peers):
    ours = runs["ours"]
    p99 = {name: median(those, "p99") for name, those in runs.items()}
    frames = sum(r.frames for r in ours)
    best = min((p99[p] for p in peers), default=0)
    return " | %6.2f %6d | %5d %5d %5d %5d" % (
        sum(r.cpu for r in ours) / 1000 / frames if frames else 0,
        max(r.memory for r in ours) >> 10,
        p99["alone"], p99["busy"], p99["sink"], p99["ours"]) + "".join(
            " %6d" % p99[p] for p in peers) + " | %6.2f %6.2f %6.2f" % tuple(
            p99["ours"] / p99[x] for x in ("alone", "busy", "sink")) + (
            " %6.2f" % (p99["ours"] / best) if best else "")


def main():
    p = argparse.ArgumentParser()
    root = os.path.join(os.path.dirname(os.path.dirname(HERE)), "build",
                        "release")
    p.add_argument("--bin", default=os.path.join(root, "steelyard"))
    p.add_argument("--flood", help="beside --bin if left out")
    p.add_argument("--seconds", type=float, default=0.5)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--patience", type=float, default=5)
    p.add_argument("--peers", default="haproxy,nginx")
    p.add_argument("--attackers", type=int, default=1,
                   help="at once; as many honest clients for \"busy\"")
    p.add_argument("--ask", default="/ping",
                   help="of the bystander and of \"busy\"; / is the server's")
    p.add_argument("only", nargs="*", help="parts of the names")
    a = p.parse_args()
    a.flood = a.flood or os.path.join(os.path.dirname(a.bin),
                                      "tests/bench/flood")
    os.sched_setaffinity(0, {LOAD_CORE})
    with temp_dir() as directory:
        os.chmod(directory, 0o755)
        bench = Bench(a, directory)
        names = [v.name for v in bench.peers]
        print(HEADING % ("", "one ends by", "ms", "frames", "us/fr.", "KiB",
                         "alone", "busy", "sink", "p99",
                         "".join(" %6.6s" % n for n in names),
                         "/alone", "/busy", "/sink",
                         "  /peer" if names else ""))
        try:
            for row in h2attacks.FLOODS + h2attacks.STEADY \
                    + h2attacks.HELD:
                if a.only and not any(x in row.name for x in a.only):
                    continue
                one, runs = bench.measure(row)
                print(first_part(row, one) + (
                    second_part(runs, names) if runs else ""), flush=True)
        finally:
            bench.stop()


main()
