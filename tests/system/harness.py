"""harness.py - runs the real binary against real peers, from the outside.

A test file declares cases, and ends with main().  A case is a function whose
name is a sentence; it fails by raising.  Everything a case starts is ended by
its pid when the case, or at the latest the file, is over.

    python3 tests/system/test_x.py --bin build/release/steelyard

Environment: STEELYARD_WRAP goes in front of the binary ("valgrind -q ..."),
STEELYARD_KEEP=1 keeps the temporary directories, STEELYARD_SECONDS and
STEELYARD_BIG=1 lengthen the cases that say so.
"""
import argparse
import csv
import functools
import io
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

from wire import (Failure, PATIENCE, Wire, equal, fail,  # noqa: F401
                  wait_for)

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
WRAP = shlex.split(os.environ.get("STEELYARD_WRAP", ""))
BIG = os.environ.get("STEELYARD_BIG") == "1"
SECONDS = float(os.environ.get("STEELYARD_SECONDS", "0"))
KEEP = os.environ.get("STEELYARD_KEEP") == "1"
SLOW = 8.0 if WRAP else 1.0         # how much patience to have
FILE_LIMIT = 300 * SLOW + 4 * SECONDS + (300 if BIG else 0)

# The members of an access log line in JSON, here and nowhere else.
ACCESS_FIELDS = (
    "time event client listener pool server server_version method target "
    "version host status "
    "bytes_in bytes_out termination retries times request_id tls "
    "server_tls active").split()
ACCESS_MAYBE = "route reason grpc_status".split()
ACCESS_TIMES = "request queue connect response total".split()
ACCESS_TLS = "version cipher sni resumed verified handshake".split()
ACCESS_ACTIVE = "process listener pool server".split()

# What a sanitizer or valgrind says when it has found something.
REPORT = re.compile(
    r"ERROR: (Address|Leak|Thread)Sanitizer|runtime error:|"
    r"must\(|==\d+== (Invalid|Conditional|Use of|Syscall)|definitely lost")


class options:
    bin = os.path.join(ROOT, "build/release/steelyard")
    ctl = None


class Skip(Exception):
    pass


def skip(why):
    raise Skip(why)


def needs(*programs):
    """Skips the case when one of them is not installed."""
    for program in programs:
        if not shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin"):
            skip(os.path.basename(program) + " is not installed")


# --- cases -------------------------------------------------------------

_cases = []
_open = []          # what must be closed when the file is over


def case(function):
    """Declares a case."""
    _cases.append((function.__name__, function))
    return function


def rows(table):
    """Declares a case for each row: (name, arguments...)."""
    def declare(function):
        for row in table:
            name = row[0].replace(" ", "_")
            _cases.append((name, functools.partial(function, *row[1:])))
        return function
    return declare


def once(function):
    """Makes a thing at its first use; all cases of the file share it, and
    its failure."""
    made = []

    @functools.wraps(function)
    def get():
        if not made:
            try:
                made.append((function(), None))
            except (Failure, Skip) as e:
                made.append((None, e))
        if made[0][1]:
            raise made[0][1]
        return made[0][0]
    return get


def keep(thing):
    """thing.close() is called when the file is over."""
    _open.append(thing)
    return thing


def _close_all():
    problems = []
    while _open:
        thing = _open.pop()
        try:
            thing.close()
        except Failure as e:
            problems.append(str(e))
    return problems


def _run(name, function):
    try:
        function()
        said = "ok " + name
        good = True
    except Skip as e:
        said = "skip %s: %s" % (name, e)
        good = True
    except Failure as e:
        where = traceback.extract_tb(e.__traceback__)
        line = [f.lineno for f in where if "/test_" in f.filename]
        at = " (line %d)" % line[-1] if line else ""
        said = "not ok %s: %s%s" % (name, e, at)
        good = False
    except Exception as e:              # a fault of the test, or a timeout
        where = traceback.extract_tb(e.__traceback__)
        line = [f.lineno for f in where if "/test_" in f.filename]
        said = "not ok %s: %s: %s (line %s)" % (
            name, type(e).__name__, e, line[-1] if line else "?")
        good = False
    print(said.replace("\n", "\\n"), flush=True)
    return good


def _on_alarm(_signo, _frame):
    raise TimeoutError("the file took longer than %d s" % FILE_LIMIT)


def main():
    """Runs the cases of the calling file and ends the process with 0 or 1."""
    p = argparse.ArgumentParser()
    p.add_argument("--bin", default=options.bin)
    p.add_argument("--ctl")
    p.add_argument("only", nargs="*", help="parts of the names to run")
    a = p.parse_args()
    options.bin = os.path.abspath(a.bin)
    options.ctl = os.path.abspath(a.ctl or options.bin + "ctl")
    signal.signal(signal.SIGALRM, _on_alarm)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    signal.setitimer(signal.ITIMER_REAL, FILE_LIMIT, 5)
    good = True
    try:
        for name, function in _cases:
            if not a.only or any(part in name for part in a.only):
                good = _run(name, function) and good
    finally:
        signal.setitimer(signal.ITIMER_REAL, 30 * SLOW)
        for problem in _close_all():
            print("not ok all_ends_well: " + problem.replace("\n", "\\n"))
            good = False
    sys.stdout.flush()
    os._exit(0 if good else 1)          # threads of origins do not hold us


# --- small things --------------------------------------------------------

# Below the kernel's range for outgoing connections, so that none of them
# takes the port in between.
LOWEST, HIGHEST, BLOCK = 10000, 30000, 100


def _ports():
    """Ports that no other test is given while this process lives.  A block of
    them is ours as long as we hold the socket of its name, which the kernel
    closes with us, however we end."""
    blocks = (HIGHEST - LOWEST) // BLOCK
    for i in range(blocks):
        n = (os.getpid() * 37 + i) % blocks
        name = socket.socket(socket.AF_UNIX)
        try:
            name.bind("\0steelyard-ports-%d" % n)
        except OSError:
            name.close()
            continue
        _names.append(name)
        yield from range(LOWEST + n * BLOCK, LOWEST + (n + 1) * BLOCK)


_names = []
_ours = _ports()


def free_port(host="127.0.0.1"):
    """A port that nobody listens on, and that no test but this one takes."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in _ours:
        with socket.socket(family) as s:
            try:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind((host, port))
                return port
            except OSError:
                continue
    fail("no free port")


def temp_dir():
    path = tempfile.mkdtemp(prefix="sy-", dir="/tmp")
    if not KEEP:
        keep(_Directory(path))
    return path


class _Directory:
    def __init__(self, path):
        self.path = path

    def close(self):
        shutil.rmtree(self.path, ignore_errors=True)


def start(argv, hold=True, **more):
    """Popen of a child that dies with us; ended by its pid at the latest
    when the file is over (hold).  Call it from the main thread."""
    before = ["setpriv", "--pdeathsig", "KILL"]
    child = Child(before + list(argv), **more)
    return keep(child) if hold else child


class Child(subprocess.Popen):
    def close(self):
        if self.poll() is None:
            self.kill()
            self.wait(10)
        for f in (self.stdin, self.stdout, self.stderr):
            if f:
                f.close()


def run(argv, timeout=20, **more):
    """Runs a program to its end; gives the CompletedProcess, text."""
    return subprocess.run(argv, timeout=timeout * SLOW * PATIENCE, text=True,
                          capture_output=True, **more)


def is_instrumented():
    """Does memory mean nothing here (sanitizer or valgrind)?"""
    if WRAP:
        return True
    with open(options.bin, "rb") as f:
        return b"__asan_init" in f.read()


def rss(pid):
    """Resident bytes of a process."""
    with open("/proc/%d/status" % pid) as f:
        for line in f:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    fail("no VmRSS of %d" % pid)


def cpu(pid):
    """Seconds of processor time a process has used."""
    with open("/proc/%d/stat" % pid) as f:
        part = f.read().rsplit(")", 1)[1].split()
    return (int(part[11]) + int(part[12])) / os.sysconf("SC_CLK_TCK")


def tcp_queues():
    """Of each TCP connection's end, by IPv4: its port, the other's, how many
    bytes were not acknowledged to it yet, and how many it has not read."""
    with open("/proc/net/tcp") as f:
        next(f)
        for line in f:
            part = line.split()
            if part[3] != "0A":         # it listens
                ours, theirs = (int(x.split(":")[1], 16) for x in part[1:3])
                tx, rx = (int(x, 16) for x in part[4].split(":"))
                yield ours, theirs, tx, rx


def libconfig(value, indent=""):
    """A Python value as libconfig text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        s = value.replace("\\", "\\\\").replace('"', '\\"')
        return '"%s"' % s.replace("\n", "\\n").replace("\r", "\\r")
    if isinstance(value, (list, tuple)):
        return "( %s )" % ", ".join(libconfig(v, indent) for v in value)
    inner = indent + "  "
    body = "".join("%s%s = %s;\n" % (inner, k, libconfig(v, inner))
                   for k, v in value.items() if v is not None)
    return "{\n%s%s}" % (body, indent)


def at(port, host="127.0.0.1"):
    return "%s:%d" % ("[%s]" % host if ":" in host else host, port)


def server(origin, **more):
    """A row of pool.servers for an origin (with .port, maybe .name)."""
    return dict({"name": getattr(origin, "name", None),
                 "address": at(origin.port)}, **more)


def pool(*origins, name="web", **more):
    servers = [o if isinstance(o, dict) else server(o) for o in origins]
    return dict({"name": name, "servers": servers}, **more)


# --- the daemon ----------------------------------------------------------

class Steelyard:
    """One running steelyard, on one listener unless told otherwise.

    conf is what is in the file (dicts and lists); change it and reload().
    text replaces it all.  wanted: {"web/a": "DOWN"}; what is not named must
    be UP where its pool has a health check."""

    def __init__(self, *pools, listeners=None, routes=None, glob=None,
                 text=None, wanted=None, args=(), env=None,
                 listener=None, log="json", wait=True, stderr=None):
        self.dir = temp_dir()
        self.file = os.path.join(self.dir, "steelyard.conf")
        self.log_file = os.path.join(self.dir, "log")
        self.sock = os.path.join(self.dir, "stats.sock")
        self.err_file = os.path.join(self.dir, "stderr")
        self.port = free_port()
        self.wanted = wanted or {}
        self.text = text
        self.stderr = stderr
        self.child = None
        self._log_bytes = b""
        self._log_at = 0
        self._log_lines = []
        self._log_parsed = []
        g = {"max_connections": 4000,   # what any machine's limits allow
             "drain_timeout": "10m",    # longer than anybody waits for its end
             "stats_socket": {"path": self.sock, "mode": "0600"},
             "log": {"target": self.log_file, "format": log,
                     "level": "info", "access": True}}
        for k, v in (glob or {}).items():
            if isinstance(v, dict) and k in g:
                g[k].update(v)
            else:
                g[k] = v
        first = dict({"name": "web", "address": at(self.port)},
                     **(listener or {}))
        self.conf = {
            "global": g,
            "listeners": [first] if listeners is None else listeners,
            "routes": [{"pool": pools[0]["name"]}] if routes is None and pools
            else routes or [],
            "pools": list(pools),
        }
        self.args = list(args)
        self.env = dict(os.environ, **(env or {}))
        self.write()
        keep(self)
        if wait is not None:
            self.start(wait)

    # -- life

    def write(self, text=None):
        """Writes the file, as a whole at once."""
        text = text or self.text
        if text is None:
            text = "".join("%s = %s;\n" % (k, libconfig(v))
                           for k, v in self.conf.items())
        with open(self.file + ".new", "w") as f:
            f.write(text)
        os.rename(self.file + ".new", self.file)

    def command(self, *args):
        return WRAP + [options.bin, "-f", self.file] + list(args)

    def start(self, wait=True):
        err = self.stderr if self.stderr is not None \
            else open(self.err_file, "ab")
        try:
            self.child = start(self.command(*self.args), hold=False,
                               stdout=err, stderr=err, env=self.env,
                               stdin=subprocess.DEVNULL)
        finally:
            if self.stderr is None:
                err.close()
        try:
            if wait:
                self.wait_ready()
        except Failure:
            self.child.close()
            self.child = None
            raise
        return self

    @property
    def pid(self):
        return self.child.pid

    def wait_running(self):
        """Until the stats socket answers, so that all listeners are there."""
        def runs():
            if self.child.poll() is not None:
                fail("the daemon ended with %s: %s" % (
                    self.child.returncode, self.errors()))
            try:
                return "Uptime" in self.stats("show info")
            except OSError:
                return False
        wait_for(runs, 10 * SLOW, "the daemon to run", self.errors)

    def wait_ready(self):
        if self.text is not None:       # the caller knows what to wait for
            return
        self.wait_running()
        for row in self.conf["listeners"]:
            self._accepts(row)
        self.wait_servers()

    def _accepts(self, row):
        where = row["address"]
        host, _, port = where.rpartition(":")
        if where.startswith("unix:"):
            Wire(where[5:]).close()
        else:
            Wire(int(port), host.strip("[]")).close()

    def wait_servers(self, wanted=None, timeout=10):
        """Until the servers are as wanted: {"pool/server": "UP"}."""
        want = {}
        for p in self.conf["pools"]:
            if p.get("health", {}).get("type", "none") == "none":
                continue
            for x in p["servers"]:
                key = "%s/%s" % (p["name"], x.get("name") or x["address"])
                want[key] = "UP"
        want.update(self.wanted)
        want.update(wanted or {})
        if not want:
            return
        seen = {}

        def are():
            seen.clear()
            for row in self.stat():
                seen[row["pxname"] + "/" + row["svname"]] = row["status"]
            return all(re.fullmatch(v, seen.get(k, "absent"))
                       for k, v in want.items())
        wait_for(are, timeout * SLOW, "servers as wanted %s" % want,
                 lambda: str(seen))

    def kill(self, signo):
        self.child.send_signal(signo)

    def reload(self, text=None, timeout=10):
        """Rewrites the file, sends SIGHUP, gives the event it logged."""
        self.write(text)
        done = len(self.events("reload"))
        self.kill(signal.SIGHUP)
        wait_for(lambda: len(self.events("reload")) > done, timeout * SLOW,
                 "the event reload", self.errors)
        return self.events("reload")[done]

    def stop(self, signo=signal.SIGTERM, timeout=15, code=0):
        """Ends it and looks whether it ended well."""
        if self.child is None:
            return
        self.kill(signo) if self.child.poll() is None else None
        self.wait_end(timeout, code)

    def wait_end(self, timeout=15, code=0):
        child, self.child = self.child, None
        try:
            got = child.wait(timeout * SLOW * PATIENCE)
        except subprocess.TimeoutExpired:
            child.close()
            fail("did not end within %d s; %s" % (
                timeout * SLOW * PATIENCE, self.errors()))
        if got != code:
            fail("exit code %s, not %s; %s" % (got, code, self.errors()))
        self.check_errors()

    def check_errors(self):
        found = REPORT.search(self.errors(1 << 20))
        if found:
            said = self.errors(1 << 20)[found.start():][:3000]
            print("# " + said.replace("\n", "\n# "), flush=True)
            fail("a report on stderr: " + said[:200])

    def close(self):
        self.stop()

    def __enter__(self):
        return self

    def __exit__(self, kind, _e, _tb):
        if kind is None:
            self.stop()
        elif self.child:
            died = self.child.poll()
            if died is not None:
                print("# the daemon had ended with %s: %s" % (
                    died, self.errors(3000).replace("\n", "\n# ")))
            self.child.close()
            self.child = None

    # -- what it says

    def errors(self, last=600):
        """The end of its stderr, and of its log if that is all there is."""
        for path in (self.err_file, self.log_file):
            try:
                with open(path, "rb") as f:
                    text = f.read()[-last:].decode("utf-8", "replace")
            except OSError:
                continue
            if text.strip():
                return text
        return ""

    def raw_log(self):
        try:
            with open(self.log_file, "rb") as f:
                f.seek(self._log_at)
                new = f.read()
        except OSError:
            new = b""
        self._log_at += len(new)
        self._log_bytes += new
        *whole, self._log_bytes = self._log_bytes.split(b"\n")
        self._log_lines += [x.decode("utf-8", "replace") for x in whole]
        return self._log_lines

    def log(self):
        """All lines of the log so far, parsed."""
        for line in self.raw_log()[len(self._log_parsed):]:
            try:
                self._log_parsed.append(json.loads(line))
            except ValueError as e:
                fail("not a JSON line: %r: %s" % (line, e))
        return self._log_parsed

    def events(self, name=None):
        return [x for x in self.log() if x["event"] != "access"
                and (name is None or x["event"] == name)]

    def access_lines(self):
        return [x for x in self.log() if x["event"] == "access"]

    def wait_log(self, predicate, timeout=5, what="a line in the log",
                 count=1):
        """Waits for that many lines; gives the line, or all with count."""
        found, looked = [], [0]

        def look():
            lines = self.log()
            found.extend(x for x in lines[looked[0]:] if predicate(x))
            looked[0] = len(lines)
            return len(found) >= count
        wait_for(look, timeout * SLOW, what, lambda: json.dumps(
            self.log()[-3:])[:900])
        return found[0] if count == 1 else found

    def wait_event(self, name, predicate=lambda x: True, timeout=5):
        return self.wait_log(lambda x: x.get("event") == name
                             and predicate(x), timeout, "the event " + name)

    def access(self, client=None, timeout=5, count=None, **members):
        """Waits for the access line(s) with these members.  client: a Wire.
        With count, gives the list of that many."""
        def fits(x):
            if x["event"] != "access":
                return False
            if client is not None and x["client"] != client.name:
                return False
            return all(x.get(k) == v for k, v in members.items())
        got = self.wait_log(fits, timeout, "%d access lines %s" % (
            count or 1, members), count or 1)
        return got if count is None or count > 1 else [got]

    # -- the stats socket

    def stats(self, command, timeout=5):
        """One command, one answer, to the end of the connection."""
        with Wire(self.sock) as w:
            w.send(command.encode() + b"\n")
            return w.read_eof(timeout * SLOW).decode()

    def stat(self):
        """"show stat" as a list of dicts."""
        lines = self.stats("show stat")
        if not lines.startswith("# "):
            fail("show stat begins with %r" % lines[:60])
        return list(csv.DictReader(io.StringIO(lines[2:].rstrip("\n"))))

    def row(self, name):
        """One row: "web/a", "web/BACKEND", "web/FRONTEND"."""
        for r in self.stat():
            if r["pxname"] + "/" + r["svname"] == name:
                return r
        fail("no row %s in show stat" % name)

    def info(self):
        lines = self.stats("show info").strip().splitlines()
        return dict(x.split(": ", 1) for x in lines if ": " in x)

    def ctl(self, *args, timeout=10):
        return run([options.ctl, "-s", self.sock] + list(args), timeout)

    # -- clients

    def wire(self, **more):
        return Wire(self.port, **more)

    def ask(self, request, method="GET", timeout=5, **more):
        """Sends bytes on a connection of its own, reads one answer."""
        with self.wire(**more) as w:
            w.send(request)
            r = w.response(method, timeout)
            r.client = w.name
            return r

    def get(self, target="/", fields=(), timeout=5, method="GET", body=None,
            host="a"):
        return self.ask(request(target, fields, method, body, host),
                        method, timeout)


def request(target="/", fields=(), method="GET", body=None, host="a",
            version="1.1"):
    """The bytes of a plain request."""
    lines = ["%s %s HTTP/%s" % (method, target, version)]
    if host is not None:
        lines.append("Host: " + host)
    lines += ["%s: %s" % f for f in fields]
    if body is not None:
        lines.append("Content-Length: %d" % len(body))
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (body or b"")


# --- load ----------------------------------------------------------------

class Load:
    """wrk in the background.  A slow answer is none of its errors."""

    def __init__(self, url, seconds, connections=64, threads=2, args=()):
        needs("wrk")
        self.child = start(
            ["wrk", "-t%d" % threads, "-c%d" % connections,
             "-d%ds" % int(seconds), "--timeout", "60s", *args, url],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.seconds = seconds

    def result(self):
        """{"requests", "rate", "bad", "errors"} when it is done."""
        try:
            text = self.child.communicate(timeout=self.seconds + 90)[0]
        except subprocess.TimeoutExpired:
            self.child.close()
            fail("wrk did not end")
        found = re.search(r"(\d+) requests in", text)
        if not found:
            fail("wrk said: " + text[-300:])
        bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
        errors = re.search(r"Socket errors: (.*)", text)
        rate = re.search(r"Requests/sec:\s*([\d.]+)", text)
        return {"requests": int(found[1]), "bad": int(bad[1]) if bad else 0,
                "errors": errors[1] if errors else "",
                "rate": float(rate[1])}

    def is_over(self):
        return self.child.poll() is not None


def sleep_until(moment):
    time.sleep(max(0.0, moment - time.monotonic()))
