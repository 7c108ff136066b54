"""attacks.py - what an attack by HTTP/2 costs, and what others notice of it.

    python3 tests/bench/attacks.py [--bin FILE] [--seconds N] [ATTACK...]

For each row of tests/system/h2attacks.py: one connection, how soon it ended
and how; then the same again and again for some seconds, while another client
asks for something small at a steady pace.  The proxy has one core, the others
the last one; that client comes before whoever else is there.
"""
import argparse
import multiprocessing
import os
import socket
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))
sys.dont_write_bytecode = True

import h2attacks                                         # noqa: E402
from harness import Steelyard, options, pool, rss        # noqa: E402
from origins import GoodOrigin                           # noqa: E402

CORES = sorted(os.sched_getaffinity(0))
PACE = 0.002
CODES = {None: "closed", 0: "NO_ERROR", 1: "PROTOCOL", 3: "FLOW_CONTROL",
         5: "STREAM_CLOSED", 6: "FRAME_SIZE", 9: "COMPRESSION",
         11: "CALM"}


def cpu_ns(pid):
    return time.clock_gettime_ns(~pid << 3 | 2)


def watch(port, seconds, pipe):
    """Latencies, in microseconds, of one request after the other."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
    except OSError:
        pass                            # then it is as good as any other
    sock = socket.create_connection(("127.0.0.1", port), 5)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    took, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        begin = time.perf_counter_ns()
        sock.sendall(b"GET /ping HTTP/1.1\r\nHost: a\r\n\r\n")
        if not sock.recv(4096):
            break
        took.append((time.perf_counter_ns() - begin) / 1000)
        time.sleep(PACE)
    pipe.send(took)


class Bystander:
    def __init__(self, port, seconds):
        self.pipe, theirs = multiprocessing.Pipe()
        self.child = multiprocessing.get_context("fork").Process(
            target=watch, args=(port, seconds, theirs))
        self.child.start()

    def result(self):
        """Median and 99th percentile."""
        took = sorted(self.pipe.recv())
        self.child.join()
        return took[len(took) // 2], took[len(took) * 99 // 100]


def again_and_again(port, row, until, done):
    while time.monotonic() < until:
        try:
            done.append(h2attacks.run(
                port, row, until - time.monotonic()))
        except OSError:
            time.sleep(0.001)


def measure(s, row, seconds, patience):
    one = h2attacks.run(s.port, row, patience)
    calm = Bystander(s.port, seconds)
    before = calm.result()
    memory, busy, done = rss(s.pid), cpu_ns(s.pid), []
    most = [memory]
    other = Bystander(s.port, seconds)
    end = time.monotonic() + seconds
    attacker = threading.Thread(target=again_and_again,
                                args=(s.port, row, end, done))
    attacker.start()
    while time.monotonic() < end:
        most.append(rss(s.pid))
        time.sleep(0.1)
    during = other.result()
    attacker.join()
    spent = (cpu_ns(s.pid) - busy) / 1e6
    ended = CODES.get(one.code, str(one.code)) if one.ended or \
        one.code is not None else "OPEN"
    frames = sum(x.frames for x in done)
    print("%-30s %-12s %8.0f %8d | %5d %8d %7.0f %8.2f %7.0f | "
          "%5.0f %5.0f %5.0f %6.0f %5.2f" % (
              row.name, ended, one.seconds * 1000, one.frames, len(done),
              frames, spent, 1000 * spent / frames if frames else 0,
              (max(most) - memory) / 1024, *before, *during,
              during[1] / before[1]), flush=True)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--bin", default=options.bin)
    p.add_argument("--seconds", type=float, default=2)
    p.add_argument("--patience", type=float, default=5)
    p.add_argument("only", nargs="*", help="parts of the names")
    a = p.parse_args()
    options.bin = os.path.abspath(a.bin)
    os.sched_setaffinity(0, {CORES[-1]})
    with GoodOrigin(name="a") as origin, Steelyard(
            pool(origin), listener={"timeouts": {"send": "1s", "head": "1s",
                                                 "keep_alive": "1s"}},
            routes=[{"path": "/ping",
                     "respond": {"status": 200, "body": "pong\n"}},
                    {"pool": "web"}],
            glob={"log": {"target": "/dev/null"}}) as s:
        os.sched_setaffinity(s.pid, {CORES[0]})
        print("%-30s %-12s %8s %8s | %5s %8s %7s %8s %7s | %5s %5s %5s %6s "
              "%5s" % ("", "one ends by", "after ms", "frames", "conns",
                       "frames", "CPU ms", "us/frame", "KiB", "p50", "p99",
                       "p50'", "p99'", "p99'/p99"))
        for row in h2attacks.FLOODS + h2attacks.HELD:
            if not a.only or any(part in row.name for part in a.only):
                measure(s, row, a.seconds, a.patience)


main()
