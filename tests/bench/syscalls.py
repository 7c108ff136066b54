"""syscalls.py - system calls of a small request on a kept connection, counted
by strace over many."""
import re
import signal
import subprocess

import load
import measure
from cases import Case
from origin import Origin
from processes import LOAD_CORE, Process, temp_dir
from wire import Failure, fail, wait_for

REQUESTS = 100000
CLIENTS = 16            # few, that none is silent for long in a slow process
TRACED = ("steelyard", "haproxy", "nginx")
CASE = Case("syscalls", "")


def is_traced(pid):
    with open("/proc/%d/status" % pid) as f:
        return re.search(r"^TracerPid:\s+[1-9]", f.read(), re.M)


def read_strace(text):
    """{name: calls} of strace -c."""
    calls = {}
    for line in text.splitlines():
        part = line.split()
        if len(part) in (5, 6) and re.fullmatch(r"[\d.]+", part[0]) \
                and part[-1] != "total":
            calls[part[-1]] = int(part[3])
    return calls


def one(peer_class, settings):
    with temp_dir() as there, temp_dir() as here:
        with Origin(there, min(4, peer_class.most_servers)) as origin, \
                peer_class(CASE, origin.servers, here, settings) as peer:
            measure.check(peer)
            out = here + "/strace"
            pids = [x for p in peer.family for x in ("-p", str(p))]
            with Process(["strace", "-c", "-f", "-o", out, *pids], LOAD_CORE,
                         here + "/strace.said") as tracer:
                wait_for(lambda: all(is_traced(p) for p in peer.family), 10,
                         "strace to attach", tracer.said)
                made = ask(peer)
                tracer.send_signal(signal.SIGINT)
                tracer.wait(20)
            with open(out) as f:
                calls = read_strace(f.read())
    if not calls:
        fail("strace counted nothing")
    return {name: n / made for name, n in calls.items()}


def ask(peer):
    with Process(["h2load", "--h1", "-t1", "-c%d" % CLIENTS,
                  "-n%d" % REQUESTS,
                  peer.url], LOAD_CORE, stdout=subprocess.PIPE,
                 stderr=subprocess.STDOUT, text=True) as child:
        return load.read_h2load(child.communicate(timeout=400)[0],
                                [])["requests"]


def run(settings, peers):
    """Gives (the table's lines, what is kept, whether all went well)."""
    kept, lines, good = {}, [], True
    for p in [p for p in peers if p.name in TRACED]:
        print("syscalls: %s, a minute or two" % p.name, flush=True)
        try:
            kept[p.name] = one(p, settings)
        except (Failure, OSError, subprocess.TimeoutExpired) as e:
            lines.append("%s FAILED: %s" % (p.name, e))
            good = False
    names = sorted({n for calls in kept.values() for n in calls},
                   key=lambda n: -max(c.get(n, 0) for c in kept.values()))
    head = ["", "system calls a request (%d requests, %d clients)" % (
                REQUESTS, CLIENTS),
            "%-14s" % "" + "".join("%11s" % p for p in kept)]
    for n in names:
        counts = [c.get(n, 0) for c in kept.values()]
        if max(counts) >= 0.005:
            head.append("%-14s" % n + "".join("%11.3f" % x for x in counts))
    head.append("%-14s" % "all" + "".join(
        "%11.3f" % sum(c.values()) for c in kept.values()))
    return head + lines, kept, good
