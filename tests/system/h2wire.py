"""h2wire.py - frames of HTTP/2 by hand, for what no decent client sends."""
import struct

from wire import Wire, fail

DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, MORE = \
    range(10)
END_STREAM, END_HEADERS, ACK = 1, 4, 1
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
CALM = 11               # ENHANCE_YOUR_CALM


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) \
        + struct.pack(">I", stream) + payload


def setting(number, value):
    return struct.pack(">HI", number, value)


def block(*fields):
    """Fields as literals without an index, and without Huffman's code."""
    out = b""
    for name, value in fields:
        out += b"\0"
        for s in (name.encode(), value.encode("latin-1")):
            if len(s) < 127:
                out += bytes([len(s)])
            else:
                n, out = len(s) - 127, out + b"\x7f"
                while n >= 128:
                    out, n = out + bytes([n % 128 + 128]), n // 128
                out += bytes([n])
            out += s
    return out


def head(method="GET", path="/echo", *more, authority="a"):
    return block((":method", method), (":scheme", "http"),
                 (":authority", authority), (":path", path), *more)


class H2Wire(Wire):
    """A connection by prior knowledge, its settings sent."""

    def __init__(self, to, settings=b"", **more):
        super().__init__(to, **more)
        self.send(PREFACE + frame(SETTINGS, payload=settings))

    def ask(self, stream, *args, end=True, **more):
        self.send(frame(HEADERS, END_HEADERS | (END_STREAM if end else 0),
                        stream, head(*args, **more)))

    def ask_websocket(self, stream, path):
        """By extended CONNECT (RFC 8441)."""
        self.send(frame(HEADERS, END_HEADERS, stream, block(
            (":method", "CONNECT"), (":protocol", "websocket"),
            (":scheme", "http"), (":authority", "a"), (":path", path),
            ("sec-websocket-version", "13"))))

    def frame(self, timeout=10):
        """kind, flags, stream, payload of the next frame; None at the end."""
        top = self.read_exactly(9, timeout)
        if len(top) < 9:
            return None
        n = int.from_bytes(top[:3], "big")
        payload = self.read_exactly(n, timeout) if n else b""
        return (top[3], top[4],
                int.from_bytes(top[5:9], "big") & 0x7fffffff, payload)

    def until(self, kind, stream=None, timeout=10):
        """The payload of the next frame of that kind, settings acknowledged."""
        while True:
            f = self.frame(timeout)
            if f is None:
                fail("the connection ended before a frame of kind %d" % kind)
            if f[0] == SETTINGS and not f[1] & ACK:
                self.send(frame(SETTINGS, ACK))
            if f[0] == kind and stream in (None, f[2]):
                return f[3]

    def goaway(self, timeout=10):
        """The code of the next GOAWAY."""
        return int.from_bytes(self.until(GOAWAY, timeout=timeout)[4:8], "big")
