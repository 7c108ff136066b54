"""idle.py - what an idle connection of a client costs in the process, and how
much memory a process has at its start."""
import os
import re
import time

import measure
import report
from cases import Case
from harness import free_port
from load import Holder
from origin import Origin
from processes import PROXY_CORE, Process, descriptors, temp_dir, wait_port
from wire import Failure, fail

CLIENTS = {"idle": 6000, "tlsidle": 2000, "h2idle": 2000}
DEMO = "conf/demo.conf"


def clients(name):
    return min(CLIENTS[name], (descriptors() - 800) // 3)


def settled(pids):
    """Memory, once it has stopped changing."""
    last = measure.memory(pids)["pss"]
    for _ in range(20):
        time.sleep(0.2)
        now = measure.memory(pids)["pss"]
        if abs(now - last) < 16384:
            return now
        last = now
    return last


def one(peer_class, n, settings, scheme, front):
    case = Case("idle", "", capacity=n + 100, reuse=64, scheme=scheme,
                front=front, curl=("--http2-prior-knowledge",)
                if front == "h2" else ("--http1.1",))
    with temp_dir() as there, temp_dir() as here:
        with Origin(there, min(4, peer_class.most_servers)) as origin, \
                peer_class(case, origin.servers, here, settings) as peer:
            start = settled(peer.family)
            measure.check(peer)
            before = settled(peer.family)
            with Holder(case, peer.port, n):
                after = settled(peer.family)
                held = measure.sockets(peer.port, measure.ESTABLISHED) // 2
            if held < n:
                fail("of %d idle connections %d are left" % (n, held))
            return {"start": start, "before": before, "after": after,
                    "clients": n, "each": (after - before) / n}


def demo(settings):
    """Bytes of steelyard at start with the demonstration's configuration,
    at other ports."""
    root = os.path.dirname(os.path.dirname(report.HERE))
    with open(os.path.join(root, DEMO)) as f:
        text = f.read()
    ports = {p: free_port() for p in ("8080", "8081", "8082", "8083")}
    text = re.sub(r":(808[0-3])\b", lambda m: ":%d" % ports[m[1]], text)
    with temp_dir() as here:
        text = text.replace("/tmp/steelyard-demo.sock", here + "/sock")
        text = text.replace("0.0.0.0", "127.0.0.1")
        with open(here + "/demo.conf", "w") as f:
            f.write(text)
        with Process([settings.bin, "-f", here + "/demo.conf"], PROXY_CORE,
                     here + "/said") as child:
            wait_port(child, "127.0.0.1", ports["8080"])
            settled([child.pid])
            return measure.memory([child.pid])["rss"]


def run(settings, peers, name="idle", scheme="http", front="h1"):
    """Gives (the table's lines, what is kept, whether all went well)."""
    kept, good, n = {}, True, clients(name)
    lines = ["", "%s: %d clients that made a request each and stay "
             "connected" % (name, n),
             "%-10s %13s %13s %13s" % ("", "MiB at start", "MiB with them",
                                       "bytes each")]
    for p in peers:
        if p.name == "floor":
            continue
        print("%s: %s" % (name, p.name), flush=True)
        try:
            kept[p.name] = r = one(p, n, settings, scheme, front)
            lines.append("%-10s %13.1f %13.1f %13.0f" % (
                p.name, r["start"] / 1048576, r["after"] / 1048576,
                r["each"]))
        except (Failure, OSError) as e:
            lines.append("%-10s FAILED: %s" % (p.name, e))
            good = False
    if name != "idle":
        return lines, kept, good
    kept["demo"] = demo(settings)
    lines.append("steelyard with %s: %.1f MiB resident at start" % (
        DEMO, kept["demo"] / 1048576))
    return lines, kept, good


def run_tls(settings, peers):
    return run(settings, peers, "tlsidle", "https")


def run_h2(settings, peers):
    return run(settings, peers, "h2idle", front="h2")
