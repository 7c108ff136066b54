"""origins.py - the servers behind: scripted, good, nginx."""
import hashlib
import json
import os
import shutil
import socket
import subprocess
import threading
import time
from base64 import b64encode
from urllib.parse import parse_qs, urlsplit

from harness import (SLOW, at, fail, free_port, keep, skip, start, temp_dir,
                     wait_for)
from wire import Closed, Failure, Wire


class Origin:
    """A TCP server on a port of its own; script(wire, number) runs for each
    connection in a thread, and decides byte by byte."""

    def __init__(self, script=None, name=None, host="127.0.0.1", path=None,
                 sndbuf=None, rcvbuf=None, port=None):
        self.name = name
        self.host = host
        self.path = path
        self.sndbuf, self.rcvbuf = sndbuf, rcvbuf
        if script:
            self.script = script
        self.requests = []      # every Request that a script read
        self.connections = 0
        self.faults = []        # what went wrong in a script
        self.lock = threading.Lock()
        self.listener = None
        self.open = set()
        self.port = port or (0 if path else free_port(host))
        self.listen()
        keep(self)

    def listen(self):
        if self.path:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(self.path)
        else:
            family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
            self.listener = socket.socket(family)
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR,
                                     1)
            if self.rcvbuf:
                self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                         self.rcvbuf)
            self.listener.bind((self.host, self.port))
        self.listener.listen(1024)
        self.accepting = threading.Thread(
            target=self._accept, args=(self.listener,), daemon=True)
        self.accepting.start()

    @property
    def address(self):
        return "unix:" + self.path if self.path else at(self.port, self.host)

    def _accept(self, listener):
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
                number = self.connections
                self.open.add(sock)
            threading.Thread(target=self._serve, args=(sock, number),
                             daemon=True).start()

    def _serve(self, sock, number):
        if self.sndbuf:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.sndbuf)
        wire = Wire(sock)
        wire.origin = self
        try:
            self.script(wire, number)
        except (Closed, OSError):
            pass
        except Failure as e:
            self.faults.append(str(e))
        finally:
            with self.lock:
                self.open.discard(sock)
            try:
                sock.close()
            except OSError:
                pass

    def script(self, wire, number):
        raise NotImplementedError

    def read(self, wire, timeout=20, body=True):
        """Reads a request in a script and keeps it."""
        r = wire.request(timeout, body=False)
        with self.lock:
            self.requests.append(r)
        if body:
            wire.body_of(r, timeout)
        return r

    def last(self):
        """The request read last, waited for."""
        wait_for(lambda: self.requests, 3 * SLOW, "a request at the origin")
        return self.requests[-1]

    def pause(self):
        """No more connections: they are refused. Ends those there are."""
        # shutdown ends the thread that accepts; close alone would not, and
        # before it has ended it might accept from the next socket that gets
        # the number of this one
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.accepting.join()
        self.listener.close()
        with self.lock:
            for s in list(self.open):
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    resume = listen

    def close(self):
        self.pause()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def answers(*responses, after="close"):
    """A script: reads a request, sends the next of these bytes; after the
    last one closes, or keeps the connection open ("hold")."""
    def script(wire, number):
        for i, x in enumerate(responses):
            wire.origin.read(wire)
            wire.send(x)
        if after == "hold":
            wire.origin.read(wire)
    return script


def always(response):
    """A script: the same bytes for every request, the connection kept."""
    def script(wire, number):
        while True:
            wire.origin.read(wire)
            wire.send(response)
    return script


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def accept_key(key):
    magic = key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    return b64encode(hashlib.sha1(magic).digest()).decode()


class GoodOrigin(Origin):
    """What a well-behaved server does, by path:

    /          the request as JSON         /size?n=       Content-Length
    /slow?ms=  the same, later             /chunked?n=&piece=
    /held      the same, once .gate is set /eof?n=        until close
    /sha256    digest of the upload        /close         Connection: close
    /status?code=                          /health        200, or 503 when
    /ws        101, then echoes                           .healthy is False
    """
    healthy = True
    probes = 0
    keep_alive = None               # seconds announced in Keep-Alive

    def __init__(self, *args, **more):
        self.gate = threading.Event()
        super().__init__(*args, **more)

    def script(self, wire, number):
        for n in range(1, 1 << 30):
            r = wire.request(3600, body=False)
            path = urlsplit(r.target).path
            with self.lock:
                if path == "/health":
                    self.probes += 1
                else:
                    self.requests.append(r)
            if not self.answer(wire, r, number, n):
                return

    def answer(self, wire, r, number, n):
        q = {k: v[0] for k, v in parse_qs(urlsplit(r.target).query).items()}
        path = urlsplit(r.target).path
        what = getattr(self, "do_" + path.strip("/").replace("/", "_"), None)
        if r.has("Expect"):
            wire.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        if what:
            return what(wire, r, q)
        wire.body_of(r, 20)
        return self.echo(wire, r, number, n)

    def echo(self, wire, r, number, n):
        said = json.dumps({
            "server": self.name, "method": r.method, "target": r.target,
            "version": r.version, "fields": r.fields,
            "body": len(r.body), "trailers": r.trailers,
            "connection": number, "request": n}).encode()
        return self.send(wire, r, said, "application/json")

    def send(self, wire, r, body, kind="text/plain", status="200 OK",
             close=False):
        head = "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n" \
            % (status, kind, len(body))
        if self.keep_alive:
            head += "Keep-Alive: timeout=%d\r\n" % self.keep_alive
        close = close or "close" in r.tokens("Connection")
        if close:
            head += "Connection: close\r\n"
        wire.send(head.encode() + b"\r\n"
                  + (b"" if r.method == "HEAD" else body))
        return not close

    def do_slow(self, wire, r, q):
        wire.body_of(r, 20)
        time.sleep(int(q["ms"]) / 1000)
        return self.echo(wire, r, 0, 0)

    def do_held(self, wire, r, q):
        wire.body_of(r, 20)
        self.gate.wait()
        return self.echo(wire, r, 0, 0)

    def do_health(self, wire, r, q):
        return self.send(wire, r, b"fine" if self.healthy else b"ill",
                         status="200 OK" if self.healthy
                         else "503 Service Unavailable")

    def do_status(self, wire, r, q):
        wire.body_of(r, 20)
        return self.send(wire, r, b"status", status=q["code"] + " Said")

    def do_close(self, wire, r, q):
        wire.body_of(r, 20)
        return self.send(wire, r, b"closing", close=True)

    def do_size(self, wire, r, q):
        wire.body_of(r, 20)
        n = int(q["n"])
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % n)
        for piece in pattern(n):
            wire.send(piece, 60)
        return True

    def do_chunked(self, wire, r, q):
        wire.body_of(r, 20)
        size = int(q.get("piece", 65536))
        wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in pattern(int(q["n"]), size):
            wire.send(b"%x\r\n%s\r\n" % (len(piece), piece), 60)
        wire.send(b"0\r\n\r\n")
        return True

    def do_eof(self, wire, r, q):
        wire.body_of(r, 20)
        wire.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        for piece in pattern(int(q["n"])):
            wire.send(piece, 60)
        return False

    def do_sha256(self, wire, r, q):
        digest, total = hashlib.sha256(), 0
        if r.has("Content-Length"):
            left = int(r.get("Content-Length"))
            while left:
                piece = wire.read_exactly(min(left, 1 << 16), 30)
                if not piece:
                    return False
                digest.update(piece)
                left -= len(piece)
                total += len(piece)
        elif r.has("Transfer-Encoding"):
            while True:
                size = int(wire.read_until(b"\r\n", 30), 16)
                if not size:
                    while wire.read_until(b"\r\n", 30) != b"\r\n":
                        continue        # trailers
                    break
                piece = wire.read_exactly(size + 2, 30)[:size]
                digest.update(piece)
                total += size
        said = "%s %d" % (digest.hexdigest(), total)
        return self.send(wire, r, said.encode())

    def do_ws(self, wire, r, q):
        if r.get("Upgrade", "").lower() != "websocket":
            return self.send(wire, r, b"no", status="426 Upgrade Required")
        accept = accept_key(r.get("Sec-WebSocket-Key", ""))
        wire.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket"
                  b"\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
                  + accept.encode() + b"\r\n\r\n" + wire.buffer)
        while True:
            got = wire.recv(3600)
            if not got:
                return False
            wire.send(got)


_block = bytes(range(256)) * 1024       # 256 KiB


def pattern(n, size=1 << 16):
    """n known bytes, in pieces."""
    while n > 0:
        k = min(n, size, len(_block))
        yield _block[:k]
        n -= k


def pattern_sha256(n, size=1 << 16):
    digest = hashlib.sha256()
    for piece in pattern(n, size):
        digest.update(piece)
    return digest.hexdigest()


def full_backlog():
    """A port that accepts no further connection: SYNs are dropped."""
    s = keep(socket.socket())
    s.bind(("127.0.0.1", 0))
    s.listen(0)
    for _ in range(4):
        c = keep(socket.socket())
        c.setblocking(False)
        c.connect_ex(s.getsockname())
    return s.getsockname()[1]


class Nginx:
    """nginx as an origin: one process; / says its name."""

    def __init__(self, name, body=None, extra=""):
        self.binary = shutil.which("nginx") or "/usr/sbin/nginx"
        if not os.path.exists(self.binary):
            skip("nginx is not installed")
        self.name = name
        self.port = free_port()
        self.dir = temp_dir()
        os.mkdir(self.dir + "/html")
        for n in ("index.html", "health"):
            with open(self.dir + "/html/" + n, "w") as f:
                f.write(body or name + "\n")
        with open(self.dir + "/nginx.conf", "w") as f:
            f.write("""
daemon off; master_process off; pid %(dir)s/pid; error_log %(dir)s/error.log;
worker_rlimit_nofile 4096;
events { worker_connections 2048; }
http { access_log off; default_type text/plain; keepalive_requests 1000000;
  client_body_temp_path %(dir)s/b; proxy_temp_path %(dir)s/p;
  fastcgi_temp_path %(dir)s/f; uwsgi_temp_path %(dir)s/u;
  scgi_temp_path %(dir)s/s;
  server { listen 127.0.0.1:%(port)d backlog=1024; root %(dir)s/html;
    location = /name { return 200 "%(name)s\n"; } %(extra)s } }
""" % {"dir": self.dir, "port": self.port, "name": name, "extra": extra})
        self.child = None
        self.start()

    def start(self):
        self.child = start([self.binary, "-p", self.dir, "-c",
                            self.dir + "/nginx.conf"],
                           stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)

        def accepts():
            if self.child.poll() is not None:
                fail("nginx ended: " + open(self.dir + "/error.log").read())
            try:
                Wire(self.port).close()
                return True
            except OSError:
                return False
        wait_for(accepts, 5, "nginx to accept")
        return self

    def kill(self):
        self.child.close()              # SIGKILL


def refused_port():
    """A port nobody listens on: connections are refused."""
    return free_port()
