"""bench.py - the rounds: every case, every proxy, in an order that rotates."""
import subprocess
import sys
import time

import idle
import measure
import report
import syscalls
from origin import Origin
from processes import LOAD_CORE, PROXY_CORE, raise_descriptors, temp_dir
from wire import Failure

# What "make bench CASE=" knows beside the cases that are timed.
SPECIAL = {"idle": idle.run, "tlsidle": idle.run_tls, "h2idle": idle.run_h2,
           "syscalls": syscalls.run}


class Progress:
    """Where we are and how long it will take: on a terminal a line that
    moves, elsewhere a line whenever a case of a round is done."""

    def __init__(self, steps):
        self.steps, self.done = steps, 0
        self.began = time.monotonic()
        self.tty = sys.stdout.isatty()

    def left(self):
        if not self.done:
            return "?"
        each = (time.monotonic() - self.began) / self.done
        return "%.0f" % (each * (self.steps - self.done))

    def show(self, text):
        if self.tty:
            sys.stdout.write("\r\033[K%s, %s s left" % (text, self.left()))
            sys.stdout.flush()

    def step(self):
        self.done += 1

    def line(self, text):
        if not self.tty:
            print("%s, %s s left" % (text, self.left()), flush=True)

    def clear(self):
        if self.tty:
            sys.stdout.write("\r\033[K")


def one(peer_class, case, settings):
    """One run, with an origin of its own; a dict, or why it failed."""
    with temp_dir() as there, temp_dir() as here:
        with Origin(there, min(case.servers, peer_class.most_servers),
                    case.back) as origin:
            peer = peer_class(case, origin.servers, here, settings)
            with peer:
                return measure.run(peer, origin, settings.seconds)


def attempt(peer_class, case, settings):
    try:
        return one(peer_class, case, settings)
    except (Failure, OSError, subprocess.SubprocessError) as e:
        return " ".join(str(e).split())[-300:] or type(e).__name__


def rounds(settings, peers, results):
    cases = settings.case
    work = [(p, c) for c in cases for p in peers if p.name not in c.without]
    progress = Progress(len(work) * settings.rounds)
    for r in range(settings.rounds):
        order = peers[r % len(peers):] + peers[:r % len(peers)]
        for i, case in enumerate(cases):
            where = "round %d/%d, case %d/%d %s" % (
                r + 1, settings.rounds, i + 1, len(cases), case.name)
            for p in order:
                if p.name in case.without:
                    continue
                progress.show("%s: %s" % (where, p.name))
                outcome = attempt(p, case, settings)
                results.add(case.name, p.name, outcome)
                progress.step()
                if isinstance(outcome, str):
                    progress.clear()
                    print("%s: %s FAILED: %s" % (where, p.name, outcome))
            progress.line(where)
    progress.clear()


def specials(settings, peers):
    """The measurements that are no race; gives what to keep and if all went
    well."""
    kept, good = {}, True
    for name in settings.special:
        lines, kept[name], well = SPECIAL[name](settings, peers)
        print("\n".join(lines), flush=True)
        good = good and well
    return kept, good


def tables(settings, results, names):
    if settings.scale:
        return report.scale_tables(results, settings.case, names)
    out = []
    for case in settings.case:
        if case.name in results.runs:
            out += report.case_table(results, case)
    return out + report.summary(results, settings.case, names)


def present(settings):
    found = []
    for p in settings.peers:
        if p.find(settings):
            found.append(p)
        else:
            print("%s is not there: left out" % p.name)
    return found


def main(settings):
    raise_descriptors()
    peers = present(settings)
    about = report.machine(peers, settings)
    print(report.machine_line(about))
    print("proxy on core %d, clients and servers on core %d" % (
        PROXY_CORE, LOAD_CORE), flush=True)
    results, kept, status = report.Results(), {}, 0
    try:
        rounds(settings, peers, results)
        kept, good = specials(settings, peers)
        status = 0 if good else 1
    except KeyboardInterrupt:
        print("\ninterrupted: what there is so far")
        status = 130
    names = [p.name for p in peers]
    if results.runs:
        print("\n".join(tables(settings, results, names)))
    print("\n" + report.save(
        settings.out, "scale" if settings.scale else "results",
        {"machine": about, "rounds": settings.rounds,
         "seconds": settings.seconds, **results.kept(), **kept}))
    failed = results.failures()
    if failed:
        print("%d runs failed" % len(failed))
    if not results.runs and not kept:
        print("nothing was measured")
        return status or 1
    return status or (1 if failed else 0)
