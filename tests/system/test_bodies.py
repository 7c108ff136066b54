"""Big bodies, up and down; they pass, and are never held.
STEELYARD_BIG=1: 1 GiB."""
import hashlib
import threading
import time

from harness import (BIG, Steelyard, case, equal, fail, is_instrumented,
                     main, once, pool, request, rows, rss, skip, tcp_queues)
from origins import GoodOrigin, OK, Origin, pattern, pattern_sha256

SIZE = (1 << 30) if BIG else (64 << 20)


@once
def proxy():
    return Steelyard(pool(GoodOrigin(name="a")))


@once
def wanted():
    return pattern_sha256(SIZE)


class Watch:
    """The largest RSS of a process while it runs."""

    def __init__(self, pid):
        self.pid, self.most, self.on = pid, 0, True
        self.thread = threading.Thread(target=self.look, daemon=True)
        self.thread.start()

    def look(self):
        while self.on:
            self.most = max(self.most, rss(self.pid))
            time.sleep(0.05)

    def stop(self):
        self.on = False
        self.thread.join()
        if not is_instrumented() and self.most > 32 << 20:
            fail("it took %d MiB" % (self.most >> 20))


@rows([("takes a big body down with Content-Length", "/size?n=%d", "length"),
       ("takes a big body down in chunks", "/chunked?n=%d", "chunked"),
       ("takes a big body down until close", "/eof?n=%d", "chunked")])
def down(target, framing):
    s = proxy()
    watch = Watch(s.pid)
    with s.wire() as w:
        w.send(request(target % SIZE))
        head = w.read_until(b"\r\n\r\n").lower()
        equal(b"transfer-encoding: chunked" in head, framing == "chunked",
              "chunked")
        digest = hashlib.sha256()
        left = SIZE
        if framing == "length":
            while left:
                piece = w.read_exactly(min(left, 1 << 18), 20)
                if not piece:
                    fail("cut, %d bytes left" % left)
                digest.update(piece)
                left -= len(piece)
        else:
            while True:
                n = int(w.read_until(b"\r\n", 20), 16)
                piece = w.read_exactly(n + 2, 20)
                if n == 0:
                    break
                digest.update(memoryview(piece)[:n])
                left -= n
            equal(left, 0, "bytes left")
    watch.stop()
    equal(digest.hexdigest(), wanted(), "sha256")


@rows([("takes a big body up with Content-Length", False),
       ("takes a big body up in chunks", True)])
def up(chunked):
    s = proxy()
    watch = Watch(s.pid)
    with s.wire() as w:
        fields = b"Transfer-Encoding: chunked" if chunked \
            else b"Content-Length: %d" % SIZE
        w.send(b"POST /sha256 HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n\r\n")
        for piece in pattern(SIZE):
            if chunked:
                piece = b"%x\r\n%s\r\n" % (len(piece), piece)
            w.send(piece, 20)
        if chunked:
            w.send(b"0\r\n\r\n")
        r = w.response(timeout=20)
    watch.stop()
    equal(r.body.decode(), "%s %d" % (wanted(), SIZE), "sha256 and length")


@case
def logs_the_bytes_of_both_directions():
    s = proxy()
    with s.wire() as w:
        w.send(request("/sha256", method="POST", body=b"x" * 100000))
        w.response()
        w.send(request("/size?n=50000"))
        w.response()
        up_line, down_line = s.access(client=w, count=2)
    if not 100000 <= up_line["bytes_in"] < 100500:
        fail("bytes_in %d" % up_line["bytes_in"])
    if not 50000 <= down_line["bytes_out"] < 50500:
        fail("bytes_out %d" % down_line["bytes_out"])


@case
def holds_little_for_a_slow_reader():
    sent = [0]

    def script(w, n):
        if w.origin.read(w).target == "/warm":
            w.send(OK)
            w.origin.read(w)
        size = 100 << 20
        w.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for piece in pattern(size, 16384):
            w.send(piece, 30)
            sent[0] += len(piece)
    origin = Origin(script, name="a", sndbuf=65536)
    with Steelyard(pool(origin)) as s:
        with s.wire() as w:             # warm up
            w.send(request("/warm"))
            w.response()
        before = rss(s.pid)
        with s.wire(rcvbuf=8192) as w:
            w.send(request("/"))
            got = len(w.read_until(b"\r\n\r\n") + w.buffer)
            for _ in range(25):         # 10 KiB/s
                got += len(w.recv(5, 1024))
                time.sleep(0.1)
            grown = rss(s.pid) - before
            time.sleep(0.2)
            queued = sum(
                tx + rx for ours, theirs, tx, rx in tcp_queues()
                if {ours, theirs} & {s.port, origin.port})
            held = sent[0] - got - queued
        print("# sent %d KiB, read %d, held %d, RSS grew %d" % (
            sent[0] >> 10, got >> 10, held >> 10, grown >> 10))
        if held > 1 << 20:
            fail("%d KiB are held" % (held >> 10))
        if is_instrumented():
            skip("memory means nothing under a sanitizer")
        if grown > 1 << 20:
            fail("RSS grew by %d KiB" % (grown >> 10))


@case
def holds_little_for_a_server_that_reads_slowly():
    def script(w, n):
        w.request(body=False)
        for _ in range(20):
            w.recv(5, 1024)
            time.sleep(0.05)
    origin = Origin(script, name="a", rcvbuf=8192)
    with Steelyard(pool(origin)) as s:
        before = rss(s.pid)
        with s.wire() as w:
            size = 100 << 20
            w.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
                   % size)
            w.sock.settimeout(0.5)
            try:
                for piece in pattern(size):
                    w.sock.sendall(piece)
                fail("100 MiB went into a server that reads slowly")
            except OSError:
                pass
            grown = rss(s.pid) - before
        if is_instrumented():
            skip("memory means nothing under a sanitizer")
        if grown > 1 << 20:
            fail("RSS grew by %d KiB" % (grown >> 10))


main()
