"""load.py - the load generators, and what they say at their end.

Each has start and finish(), which gives {"requests", "p50", "p99"} (seconds)
and fails when a request went wrong.
"""
import json
import os
import re
import signal
import subprocess
import sys

from processes import LOAD_CORE, Process
from wire import fail

HERE = os.path.dirname(os.path.abspath(__file__))
UNIT = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def duration(text):
    """Seconds of wrk's "1.24ms"."""
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m|h)", text).groups()
    return float(number) * UNIT[unit]


def read_wrk(text):
    found = re.search(r"(\d+) requests in", text)
    if not found:
        fail("wrk said: " + text[-300:])
    for bad in (r"Non-2xx or 3xx responses: \d+", r"Socket errors: .*"):
        said = re.search(bad, text)
        if said:
            fail("wrk: " + said[0])
    if int(found[1]) == 0:
        fail("wrk made no request")
    out = {"requests": int(found[1])}
    for key, percent in (("p50", "50"), ("p99", "99")):
        out[key] = duration(re.search(
            r"^\s+%s%%\s+(\S+)" % percent, text, re.M)[1])
    return out


def read_h2load(text, times):
    """times: microseconds of each request."""
    found = re.search(r"requests: (\d+) total, (\d+) started, (\d+) done, "
                      r"(\d+) succeeded, (\d+) failed, (\d+) errored, "
                      r"(\d+) timeout", text)
    if not found:
        fail("h2load said: " + text[-300:])
    codes = re.search(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, "
                      r"(\d+) 5xx", text)
    done, good = int(found[3]), int(found[4])
    if any(int(found[i]) for i in (5, 6, 7)):
        fail("h2load: " + found[0])
    if not codes or any(int(codes[i]) for i in (2, 3, 4)) or not good:
        fail("h2load: " + (codes[0] if codes else text[-300:]))
    times = sorted(times) or [0]
    return {"requests": done, "p50": times[len(times) // 2] * 1e-6,
            "p99": times[len(times) * 99 // 100] * 1e-6}


class Wrk:
    """One thread.  It runs until finish(): INT makes it stop and report."""

    def __init__(self, case, url, seconds, directory, settings):
        self.child = Process(
            ["wrk", "-t1", "-c%d" % case.clients, "-d3600s", "--latency",
             "--timeout", "20s", *arguments(case), url], LOAD_CORE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def finish(self):
        self.child.send_signal(signal.SIGINT)
        return read_wrk(self.child.communicate(timeout=30)[0])


class H2load:
    """One thread, for the seconds it is told.  The times of its requests
    come from its log, for it reports no percentiles."""

    def __init__(self, case, url, seconds, directory, settings):
        self.times = os.path.join(directory, "times")
        self.seconds = seconds
        self.child = Process(
            ["h2load", "-t1", "-c%d" % case.clients,
             "-D%dms" % int(seconds * 1000), "--log-file", self.times,
             "-m%d" % case.streams, *(() if case.front == "h2" else ("--h1",)),
             *arguments(case), url], LOAD_CORE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def finish(self):
        text = self.child.communicate(timeout=self.seconds + 30)[0]
        with open(self.times) as f:
            times = [int(x.split()[2]) for x in f]
        os.unlink(self.times)
        return read_h2load(text, times)


def read_handshakes(text, resumes, clients):
    """What handshakes.c said; when they resume, each client's first is full."""
    if not text.startswith("{"):
        fail("handshakes said: " + text[-300:])
    got = json.loads(text)
    if not got["requests"]:
        fail("handshakes made no request")
    if got["resumed"] == 0 or got["full"] > clients if resumes \
            else got["resumed"]:
        fail("%(full)d full handshakes, %(resumed)d resumed" % got)
    return got


class Handshakes:
    """A connection for each request; until finish()."""
    resumes = False

    def __init__(self, case, url, seconds, directory, settings):
        self.clients = case.clients
        self.child = Process(
            [settings.handshakes, url.split("/")[2], case.host or url.split("/")[2],
             case.path, str(case.clients),
             "resumed" if self.resumes else "full"], LOAD_CORE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def finish(self):
        self.child.send_signal(signal.SIGINT)
        return read_handshakes(self.child.communicate(timeout=30)[0],
                               self.resumes, self.clients)


class Resumed(Handshakes):
    resumes = True


class Holder:
    """Clients that make one request each and stay connected (holder.py)."""

    def __init__(self, case, port, clients):
        self.child = Process(
            [sys.executable, os.path.join(HERE, "holder.py"), str(port),
             str(clients), "h2" if case.front == "h2" else case.scheme],
            LOAD_CORE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        said = self.child.stdout.readline()
        if said != "holding\n":
            self.child.stop()
            fail("the holder said: " + said)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.stop()


TOOLS = {"wrk": Wrk, "h2load": H2load, "full": Handshakes,
         "resumed": Resumed}


def arguments(case):
    more = ["-H", "Host: " + case.host] if case.host else []
    return more + list(case.args)


def start(case, url, seconds, directory, settings):
    """Loads a proxy; seconds: how long at least."""
    return TOOLS[case.tool](case, url, seconds, directory, settings)
