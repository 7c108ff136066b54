"""measure.py - one run of one proxy in one case.

    start, check the answer, load; in the middle of the load a window in which
    processor time and requests are counted; stop

Processor time is the kernel's own count of the nanoseconds the process ran
(all threads, all processes); its division into user and system is sampled at
the kernel's ticks.  Requests are counted by the origin.
"""
import hashlib
import os
import re
import subprocess
import tempfile
import time

import load
import tls
from namespace import setting
from origin import body_of
from processes import PROXY_CORE
from wire import fail, wait_for

LEAD = 0.4              # seconds of load before the window
TICK = os.sysconf("SC_CLK_TCK")


def cpu_ns(pid):
    """Nanoseconds a process ran: clock_getcpuclockid(3), reckoned by hand."""
    return time.clock_gettime_ns(~pid << 3 | 2)


def cpu_ticks(pid):
    with open("/proc/%d/stat" % pid) as f:
        part = f.read().rsplit(")", 1)[1].split()
    return int(part[11]), int(part[12])


def memory(pids):
    """Bytes, summed over processes: resident, and shared pages divided."""
    sums = {"rss": 0, "pss": 0}
    for pid in pids:
        with open("/proc/%d/smaps_rollup" % pid) as f:
            for line in f:
                key = line.split(":")[0].lower()
                if key in sums:
                    sums[key] += int(line.split()[1]) * 1024
    return sums


def core_busy(core):
    """Seconds a core has worked, for whomever."""
    with open("/proc/stat") as f:
        for line in f:
            if line.startswith("cpu%d " % core):
                part = [int(x) for x in line.split()[1:9]]
                return (sum(part) - part[3] - part[4]) / TICK
    return 0.0


class Sample:
    def __init__(self, pids, origin):
        self.active, self.requests = origin.status()
        self.time = time.monotonic()
        self.cpu = sum(cpu_ns(p) for p in pids)
        ticks = [cpu_ticks(p) for p in pids]
        self.user = sum(t[0] for t in ticks)
        self.system = sum(t[1] for t in ticks)
        self.core = core_busy(PROXY_CORE)


def check(peer):
    """Asks once with curl: is the answer the origin's, and does the origin
    get what the client sent?"""
    case = peer.case
    if case.is_tls:
        tls.check(peer.port, peer.dir)
    with tempfile.NamedTemporaryFile(dir=peer.dir) as f:
        said = curl(case, ["-o", f.name, "-w", "%{http_code} %{size_download}",
                           peer.url])
        got = f.read()
    want = body_of(case.path)
    if said != "200 %d" % len(want):
        fail("the check got %r, not 200 with %d bytes" % (said, len(want)))
    if hashlib.sha256(got).digest() != hashlib.sha256(want).digest():
        fail("the check got another body of the same length")
    base = peer.url[:len(peer.url) - len(case.path)]
    said = curl(case, ["-H", "X-Bench: 4711", base + "/echo"]).split("|")
    wanted = ["GET", case.host or base.split("//")[1], "4711", "127.0.0.1", case.scheme,
              "HTTP/2.0" if case.back == "h2" else "HTTP/1.1"]
    if peer.name == "floor":
        wanted[3:5] = ["", ""]
    if said[:6] != wanted:
        fail("the origin saw %s, not %s" % (said[:6], wanted))
    if "close" in said[6] and peer.name != "floor":
        fail("the proxy asks the origin to close: " + said[6])


def curl(case, args):
    if case.host:
        args = ["-H", "Host: " + case.host, *args]
    r = subprocess.run(["curl", "-sS", "-k", "--max-time", "20", *case.curl,
                        *args], capture_output=True, text=True, timeout=30)
    if r.returncode:
        fail("curl: " + r.stderr.strip())
    return r.stdout


ESTABLISHED, TIME_WAIT = "01", "06"


def sockets(port, state):
    """How many sockets a local port has, our end or the other in a state."""
    n = 0
    tail = ":%04X" % port
    with open("/proc/net/tcp") as f:
        next(f)
        for line in f:
            part = line.split(None, 4)
            n += part[3] == state and (part[1].endswith(tail)
                                       or part[2].endswith(tail))
    return n


def is_full():
    """Has the kernel as many sockets in TIME_WAIT as it allows?  Those that
    close then leave no trace."""
    with open("/proc/net/sockstat") as f:
        waiting = int(re.search(r"TCP:.* tw (\d+)", f.read())[1])
    return waiting >= 0.9 * int(setting("tcp_max_tw_buckets"))


def run(peer, origin, seconds):
    """Measures a peer that has started; gives what is in the results."""
    check(peer)
    case = peer.case
    if not case.idle:
        return under_load(peer, origin, seconds)
    with load.Holder(case, peer.port, case.idle):
        got = under_load(peer, origin, seconds)
        held = sockets(peer.port, ESTABLISHED) // 2
        if held < case.idle:
            fail("of %d idle connections %d are left" % (case.idle, held))
    return got


def under_load(peer, origin, seconds):
    case = peer.case
    lead = LEAD + case.clients / 2500 + case.servers / 4000
    pids = peer.family
    before = origin.status()[1]
    tool = load.start(case, peer.url, seconds + lead + 0.3, peer.dir,
                      peer.settings)
    with tool.child:
        wait_for(lambda: tool.child.poll() is not None or
                 origin.status()[1] > before + case.clients, 10,
                 "as many requests as clients")
        time.sleep(lead)
        first = last = Sample(pids, origin)
        while last.time < first.time + seconds or (
                last.requests == first.requests
                and last.time < first.time + seconds + 20):
            time.sleep(max(0.02, first.time + seconds - time.monotonic()))
            last = Sample(pids, origin)
        mem = memory(pids)
        if tool.child.poll() is not None and case.tool != "h2load":
            fail("%s ended early: %s" % (
                case.tool, (tool.child.stdout.read() or "")[-300:]))
        said = tool.finish()
    seen = origin.status()[1] - before
    verify(case, peer, said["requests"], seen)
    n = last.requests - first.requests
    if n <= 0:
        fail("no request in the window")
    ns = last.cpu - first.cpu
    if ns < 1000 * n:
        fail("%d requests in %.3f s of processor time: not by these "
             "processes" % (n, ns / 1e9))
    user, system = last.user - first.user, last.system - first.system
    share = user / (user + system) if user + system else 0.0
    us = ns / 1000 / n
    return {"us": us, "user": us * share, "system": us * (1 - share),
            "rate": n / (last.time - first.time), "requests": n,
            "p50": said["p50"], "p99": said["p99"], "rss": mem["rss"],
            "pss": mem["pss"], "busy": ns / 1e9 / (last.time - first.time),
            "others": max(0.0, (last.core - first.core - ns / 1e9)
                          / (last.time - first.time)),
            "server_connections": last.active,
            **{k: said[k] for k in ("full", "resumed", "tickets")
               if k in said}}


def verify(case, peer, made, seen):
    """Did the origin see what the clients did, on the connections we mean?"""
    most = 2 * case.clients * case.streams
    if not made <= seen <= made + most + made // 100:
        fail("the clients made %d requests, the origin saw %d" % (made, seen))
    if case.closes and sockets(peer.port, TIME_WAIT) < min(made // 4, 2000) \
            and not is_full():
        fail("the connections of clients were not closed")
    if case.log:
        lines = log_lines(peer)
        if lines < made * 0.9:
            fail("%d lines in the log of %d requests" % (lines, made))


def log_lines(peer):
    with open(peer.log, "rb") as f:
        n = sum(part.count(b"\n") for part in iter(
            lambda: f.read(1 << 20), b""))
    return n
