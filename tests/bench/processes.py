"""processes.py - children: pinned to a core, ended by their pid with us.

A child has the highest limit of descriptors it may have, a session of its
own (Ctrl-C is ours to handle) and dies when we do.
"""
import contextlib
import os
import resource
import signal
import socket
import subprocess
import tempfile

from wire import fail, wait_for

CORES = sorted(os.sched_getaffinity(0))
PROXY_CORE = CORES[0]
LOAD_CORE = CORES[-1]           # clients and servers; the same if there is one


def descriptors():
    """How many descriptors a process may have."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def raise_descriptors():
    most = descriptors()
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def descendants(pid):
    """The pids of a process and of all that came from it."""
    parent = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % name) as f:
                parent[int(name)] = int(f.read().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
    found = [pid]
    for one in found:
        found += [p for p, above in parent.items() if above == one]
    return found


def is_alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Process(subprocess.Popen):
    """A child on a core.  log: a file for what it says."""

    def __init__(self, argv, core, log=None, **more):
        self.log = log
        self.name = os.path.basename(argv[0])
        out = open(log, "ab") if log else subprocess.DEVNULL
        more.setdefault("stdout", out)
        more.setdefault("stderr", out)

        def prepare():
            os.sched_setaffinity(0, {core})
            raise_descriptors()
        try:
            super().__init__(["setpriv", "--pdeathsig", "TERM", *argv],
                             stdin=subprocess.DEVNULL, preexec_fn=prepare,
                             start_new_session=True, **more)
        finally:
            if log:
                out.close()

    def said(self):
        """The end of what it said, for a complaint."""
        if not self.log:
            return ""
        with open(self.log, "rb") as f:
            return f.read()[-600:].decode("utf-8", "replace")

    def stop(self, patience=5):
        """TERM, then KILL, for itself and what it started."""
        family = descendants(self.pid)
        if self.poll() is None:
            self.terminate()
            try:
                self.wait(patience)
            except subprocess.TimeoutExpired:
                pass
        for pid in family:
            if pid == self.pid and self.poll() is not None:
                continue
            if is_alive(pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self.wait(10)
        for f in (self.stdout, self.stderr):
            if f:
                f.close()

    def __exit__(self, *_):
        self.stop()


def wait_port(child, host, port):
    """Waits until a child accepts."""
    def accepts():
        if child.poll() is not None:
            fail("%s ended: %s" % (child.name, child.said()))
        try:
            socket.create_connection((host, port), 1).close()
            return True
        except OSError:
            return False
    wait_for(accepts, 15, "%s to accept on port %d" % (child.name, port),
             child.said)


def temp_dir():
    """A directory that goes with its "with"."""
    return tempfile.TemporaryDirectory(prefix="sy-bench-", dir="/tmp")
