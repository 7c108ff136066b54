"""h2_servers.py - servers of HTTP/2 behind: h2_origin.py by python3-h2, and
nghttpd."""
import os
import shutil
import subprocess

from harness import (HERE, at, free_port, skip, start, temp_dir, wait_for)
from wire import Wire, equal

PYTHON = "/usr/bin/python3"             # Debian's, which has Debian's h2


class H2Origin:
    """h2_origin.py, running; options are its own."""

    def __init__(self, name="a", cert=None, **options):
        if subprocess.run([PYTHON, "-c", "import h2"],
                          capture_output=True).returncode:
            skip("python3-h2 is not installed")
        if cert:
            options.update(cert=cert.cert, key=cert.key)
        self.name = name
        self.port = free_port()
        self.child = start([PYTHON, os.path.join(HERE, "h2_origin.py"),
                            str(self.port),
                            *("%s=%s" % x for x in options.items())],
                           stdout=subprocess.PIPE, text=True)
        equal(self.child.stdout.readline(), "ready\n")


def old_speaker():
    """Answers whatever comes as a server that knows HTTP/1.1 alone."""
    def script(wire, _number):
        wire.recv(20)
        wire.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n"
                  b"Connection: close\r\n\r\n")
    return script


class Nghttpd:
    """In clear, streams at a time on a connection; serves /small."""

    def __init__(self, name="a", streams=100):
        if not shutil.which("nghttpd"):
            skip("nghttpd is not installed")
        self.name = name
        self.port = free_port()
        self.dir = temp_dir()
        with open(os.path.join(self.dir, "small"), "w") as f:
            f.write("hello\n")
        self.child = start(
            ["nghttpd", "--no-tls", "-a", "127.0.0.1", "-d", self.dir,
             "-m", str(streams), str(self.port)], stdout=subprocess.DEVNULL)
        wait_for(self.accepts, 5, "nghttpd")

    def accepts(self):
        try:
            Wire(self.port).close()
            return True
        except OSError:
            return False

    @property
    def address(self):
        return at(self.port)
