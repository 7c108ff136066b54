"""h2attacks.py - what hostile clients of HTTP/2 send, one row an attack.

An attack is a generator of (bytes, how many frames they are), without an end:
whoever runs it sends until the connection ends or its patience does.  The
first piece follows the preface.

test_http2_attacks.py looks how each ends; tests/bench/attacks.py what it costs.
"""
import itertools
import socket
import time
from select import POLLIN, POLLOUT, poll

from h2wire import (CALM, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, MORE, PING,
                    PREFACE, PRIORITY, RST, SETTINGS, WINDOW, block, frame,
                    head, setting)

PROTOCOL, FLOW_CONTROL, STREAM_CLOSED, FRAME_SIZE = 1, 3, 5, 6
PRIORITY_UPDATE = 0x10
ONE = b"\0\0\0\1"
CANCEL = b"\0\0\0\x08"
BODY = "/size?n=10000000"


def odd():
    return itertools.count(1, 2)


def get(stream, path="/echo", end=True, method="GET", more=()):
    return frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream,
                 head(method, path, *more))


def slow(stream):
    return get(stream, "/slow?ms=100")


def repeated(first, bytes_, frames=1, at_once=50):
    """First some bytes, then the same ones for ever."""
    def attack():
        yield first, 1
        while True:
            yield bytes_ * at_once, frames * at_once
    return attack


def each_stream(make, frames=2, at_once=10):
    """For ever: what make(stream) gives."""
    def attack():
        streams = odd()
        while True:
            yield b"".join(make(next(streams)) for _ in range(at_once)), \
                frames * at_once
    return attack


def held(pieces, every=None):
    """All at once, and then nothing, or a piece now and then."""
    def attack():
        yield pieces, 100
        while True:
            if every:
                time.sleep(0.05)
            yield every or b"", 1 if every else 0
    return attack


def with_streams(first, bytes_, frames=1, n=50):
    return repeated(b"".join(get(1 + 2 * i, BODY) for i in range(n)) + first,
                    bytes_, frames)


def ever_new(kind, make, stream=0):
    def attack():
        for n in itertools.count(1):
            yield b"".join(frame(kind, 0, stream, make(50 * n + i))
                           for i in range(50)), 50
    return attack


def bomb(stream):
    """One long field in the table, then thousands of references to it."""
    return frame(HEADERS, END_HEADERS | END_STREAM, stream, head()
                 + b"\x40\x01x\x7f\xa1\x1e" + b"v" * 4000 + b"\xbe" * 10000)


def small_bomb(stream):
    """As large as may be, so that each is answered 431."""
    return frame(HEADERS, END_HEADERS | END_STREAM, stream, head()
                 + b"\x40\x01x\x7f\xa1\x1e" + b"v" * 4000 + b"\xbe" * 50)


def crumbs(stream):
    """A cookie in the smallest pieces there are."""
    return frame(HEADERS, END_HEADERS | END_STREAM, stream, head()
                 + b"\x40\6cookie\3c=1" + b"\xbe" * 10000)


def resized(stream):
    """The table made small and large again, each time."""
    return frame(HEADERS, END_HEADERS | END_STREAM, stream,
                 b"\x20\x3f\xe1\x1f" + head())


def many_parts(stream):
    return frame(HEADERS, END_STREAM, stream, head()) + \
        frame(MORE, 0, stream) * 20 + frame(MORE, END_HEADERS, stream)


ZERO = setting(4, 0)
POST = get(1, "/sha256", False, "POST")


class Attack:
    """codes: of the GOAWAY that fits; None: closed without one."""

    def __init__(self, name, pieces, settings=b"", codes=(CALM,)):
        self.name, self.pieces = name, pieces
        self.settings, self.codes = settings, codes


FLOODS = [
    Attack("rapid reset", each_stream(
        lambda s: slow(s) + frame(RST, 0, s, CANCEL))),
    Attack("rapid reset of bodies", each_stream(
        lambda s: get(s, BODY) + frame(RST, 0, s, CANCEL))),
    Attack("WINDOW_UPDATE of 0", each_stream(
        lambda s: slow(s) + frame(WINDOW, 0, s, bytes(4))),
        codes=(CALM, PROTOCOL)),
    Attack("WINDOW_UPDATE overflow", each_stream(
        lambda s: slow(s) + frame(WINDOW, 0, s, b"\x7f\xff\xff\xff"))),
    Attack("DATA on half-closed", each_stream(
        lambda s: slow(s) + frame(DATA, 0, s, b"x")),
        codes=(CALM, STREAM_CLOSED)),
    Attack("HEADERS on half-closed", each_stream(
        lambda s: slow(s) + get(s)), codes=(CALM, STREAM_CLOSED)),
    Attack("PRIORITY on itself", each_stream(
        lambda s: slow(s)
        + frame(PRIORITY, 0, s, s.to_bytes(4, "big") + b"\0"))),
    Attack("PRIORITY of a wrong size", each_stream(
        lambda s: slow(s) + frame(PRIORITY, 0, s, ONE)),
        codes=(CALM, FRAME_SIZE)),
    Attack("malformed heads", each_stream(
        lambda s: get(s, more=[("connection", "x")]), 1)),
    Attack("heads without a method", each_stream(
        lambda s: frame(HEADERS, 5, s, block((":path", "/"))), 1)),
    # So much stands behind the last one that the connection may break.
    Attack("too large heads", each_stream(small_bomb, 1, 1),
           codes=(CALM, None)),
    Attack("too many streams", each_stream(
        lambda s: get(s, "/slow?ms=2000"), 1, 50)),
    Attack("malformed trailers", each_stream(
        lambda s: get(s, "/sha256", False, "POST")
        + frame(HEADERS, 5, s, block((":path", "/"))), 2)),
    Attack("CONTINUATION", repeated(
        frame(HEADERS, 0, 1, head()), frame(MORE, 0, 1, block(("x", "y"))))),
    Attack("CONTINUATION, large", repeated(
        frame(HEADERS, 0, 1, head()),
        frame(MORE, 0, 1, block(("x", "y" * 8000))), 1, 1)),
    Attack("CONTINUATION, empty", repeated(
        frame(HEADERS, 0, 1, head()), frame(MORE, 0, 1))),
    Attack("CONTINUATION, ended", each_stream(many_parts, 22)),
    Attack("SETTINGS", repeated(b"", frame(SETTINGS))),
    Attack("SETTINGS of windows", with_streams(
        b"", frame(SETTINGS, payload=setting(4, 1))
        + frame(SETTINGS, payload=setting(4, 2)), 2), ZERO),
    Attack("SETTINGS acknowledged", repeated(b"", frame(SETTINGS, 1)),
           codes=(CALM, PROTOCOL)),
    Attack("SETTINGS of a table", repeated(
        b"", frame(SETTINGS, payload=setting(1, 0) + setting(1, 4096)))),
    Attack("PING", repeated(b"", frame(PING, 0, 0, b"12345678"))),
    Attack("PING acknowledged", repeated(
        b"", frame(PING, 1, 0, b"12345678"))),
    Attack("PRIORITY", repeated(b"", frame(PRIORITY, 0, 1, b"\0\0\0\3\0"))),
    Attack("PRIORITY of new streams", each_stream(
        lambda s: frame(PRIORITY, 0, s, b"\0\0\0\0\x10"), 1, 50)),
    Attack("PRIORITY_UPDATE", with_streams(b"", frame(
        PRIORITY_UPDATE, 0, 0, ONE + b"u=1, i")), ZERO),
    Attack("PRIORITY_UPDATE of new streams", ever_new(
        PRIORITY_UPDATE, lambda n: (2 * n + 1).to_bytes(4, "big") + b"u=1")),
    Attack("WINDOW_UPDATE", repeated(b"", frame(WINDOW, 0, 0, ONE))),
    Attack("WINDOW_UPDATE of a stream", with_streams(
        b"", frame(WINDOW, 0, 1, ONE)), ZERO),
    Attack("tiny windows, fast", with_streams(b"", b"".join(
        frame(WINDOW, 0, 1 + 2 * i, ONE) for i in range(50)), 50), ZERO),
    Attack("DATA, empty", repeated(POST, frame(DATA, 0, 1))),
    Attack("DATA, padding alone", repeated(POST, frame(DATA, 8, 1, b"\0"))),
    Attack("DATA, much padding", repeated(POST, frame(
        DATA, 8, 1, b"\xff" + bytes(255)))),
    Attack("DATA on closed streams", repeated(
        get(1) + frame(RST, 0, 1, CANCEL), frame(DATA, 0, 1))),
    Attack("RST_STREAM of closed streams", repeated(
        get(1), frame(RST, 0, 1, CANCEL))),
    Attack("HEADERS of streams that were reset", repeated(
        get(1) + frame(RST, 0, 1, CANCEL), get(1))),
    Attack("GOAWAY", repeated(b"", frame(GOAWAY, 0, 0, bytes(8))),
           codes=(CALM, 0, None)),
    Attack("GOAWAY, large", repeated(
        b"", frame(GOAWAY, 0, 0, bytes(16000)), 1, 1), codes=(CALM, 0, None)),
    Attack("unknown frames", repeated(b"", frame(0x42, 0, 0, b"x"))),
    Attack("unknown frames of a stream", repeated(
        POST, frame(0x42, 0, 1, b"x" * 100))),
    Attack("bomb of references", each_stream(bomb, 1, 1)),
    Attack("crumbs of cookies", each_stream(crumbs, 1, 1)),
    Attack("table resized", each_stream(resized, 1)),
    Attack("bodies of a wrong length", each_stream(
        lambda s: get(s, more=[("content-length", "5")]), 1)),
    Attack("bodies longer than they say", each_stream(
        lambda s: get(s, "/slow?ms=100", False, "POST",
                      [("content-length", "1")])
        + frame(DATA, 0, s, b"xx"))),
    Attack("SETTINGS of tiny frames", repeated(
        b"", frame(SETTINGS, payload=setting(5, 1))), codes=(PROTOCOL,)),
    Attack("SETTINGS of a huge window", repeated(
        b"", frame(SETTINGS, payload=setting(4, 1 << 31))),
        codes=(FLOW_CONTROL,)),
    Attack("SETTINGS of huge frames", repeated(
        frame(SETTINGS, payload=setting(5, (1 << 24) - 1)),
        frame(DATA, 0, 1, bytes(16385)), 1, 1), codes=(FRAME_SIZE,)),
]

# Nothing that an honest client would not do: they may go on.
STEADY = [
    Attack("DATA, a byte at a time", repeated(POST, frame(DATA, 0, 1, b"x"))),
    Attack("DATA, a byte and padding", repeated(POST, frame(
        DATA, 8, 1, b"\xff" + bytes(256)))),
]

HELD = [
    Attack("windows of 0", held(b"".join(
        get(1 + 2 * i, BODY) for i in range(100))), ZERO, (0,)),
    Attack("windows of 1, opened slowly", held(b"".join(
        get(1 + 2 * i, BODY) for i in range(20)), b"".join(
            frame(WINDOW, 0, 1 + 2 * i, ONE) for i in range(3))), ZERO,
        (0, CALM)),
    Attack("window of all never opened", held(b"".join(
        get(1 + 2 * i, BODY) for i in range(100))), setting(4, 1 << 20),
        (0,)),
    Attack("streams never finished", held(b"".join(
        get(1 + 2 * i, "/sha256", False, "POST") for i in range(100))),
        codes=(0,)),
    Attack("bodies that wait", held(b"".join(
        get(1 + 2 * i, "/sha256", False, "POST")
        + frame(DATA, 0, 1 + 2 * i, bytes(10000)) for i in range(100))),
        codes=(0,)),
    Attack("a head that never ends", held(frame(HEADERS, 0, 1, head())),
           codes=(0,)),
    Attack("a head that ends slowly", held(
        frame(HEADERS, 0, 1, head()), frame(MORE, 0, 1, b"\0\1a\1b")),
        codes=(0, CALM)),
    Attack("nothing but the preface", held(b""), codes=(0,)),
    Attack("a PING now and then", held(b"", frame(PING, 0, 0, bytes(8))),
           codes=(0,)),
]


class Outcome:
    def __init__(self):
        self.seconds = self.frames = 0
        self.code = None                # of GOAWAY
        self.ended = False              # the connection is gone


class Reader:
    """Finds GOAWAY in what comes."""

    def __init__(self):
        self.rest = b""

    def take(self, more, out):
        b = self.rest + more
        while len(b) >= 9 and len(b) >= 9 + int.from_bytes(b[:3], "big"):
            n = int.from_bytes(b[:3], "big")
            if b[3] == GOAWAY:
                out.code = int.from_bytes(b[13:17], "big")
            b = b[9 + n:]
        self.rest = b


def run(port, attack, patience=5.0):
    """One connection of an attack, until it ends or patience does."""
    out, reader = Outcome(), Reader()
    sock = socket.create_connection(("127.0.0.1", port), 5)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setblocking(False)
    waits = poll()
    waits.register(sock)
    begin = time.monotonic()
    pieces = attack.pieces()
    todo = PREFACE + frame(SETTINGS, payload=attack.settings)
    try:
        while not out.ended and time.monotonic() - begin < patience:
            if not todo and out.code is None:
                todo, n = next(pieces)
                out.frames += n
            waits.modify(sock, POLLIN | (POLLOUT if todo else 0))
            events = dict(waits.poll(20)).get(sock.fileno(), 0)
            r, w = events & ~POLLOUT, events & POLLOUT
            if r:
                got = sock.recv(1 << 16)
                out.ended = not got
                reader.take(got, out)
            if w and not out.ended:
                todo = todo[sock.send(todo):] if out.code is None else b""
    except OSError:
        out.ended = True
        try:
            while got := sock.recv(1 << 16):
                reader.take(got, out)
        except OSError:
            pass
    out.seconds = time.monotonic() - begin
    sock.close()
    return out
