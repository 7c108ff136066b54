"""What HTTP/2 says of streams, of errors, of HPACK and of what is unknown
(RFC 9113 4.1, 5.4, 5.5, 8; RFC 7541).  Fields one by one: test_h2_block.c."""
from h2wire import (DATA, END_HEADERS, END_STREAM, GOAWAY, H2Wire, HEADERS,
                    MORE, PING, RST, SETTINGS, block, frame, head)
from harness import Steelyard, case, equal, main, once, pool, rows
from origins import GoodOrigin, Origin

PROTOCOL, SIZE, COMPRESSION = 1, 6, 9
BOTH = END_HEADERS | END_STREAM


@once
def proxy():
    origin = GoodOrigin(name="a")
    return Steelyard(pool(origin)), origin


def is_served(w, stream):
    w.ask(stream)
    equal(w.until(HEADERS, stream) != b"", True)
    while True:
        kind, flags, of, _ = w.frame()
        if of == stream and flags & END_STREAM:
            return


def post(stream, *more, end=False):
    return frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream,
                 head("POST", "/sha256", *more))


@rows([
    ("a body longer than its Content-Length",
     post(1, ("content-length", "3")) + frame(DATA, END_STREAM, 1, b"four"),
     PROTOCOL),
    ("a body shorter than its Content-Length",
     post(1, ("content-length", "3")) + frame(DATA, END_STREAM, 1, b"tw"),
     PROTOCOL),
    ("trailers that do not end", post(1) + frame(
        HEADERS, END_HEADERS, 1, block(("x", "y"))), PROTOCOL),
    ("a pseudo-field in trailers", post(1) + frame(
        HEADERS, BOTH, 1, block((":path", "/"))), PROTOCOL),
    ("a capital letter in trailers", post(1) + frame(
        HEADERS, BOTH, 1, block(("X", "y"))), PROTOCOL),
    ("Connection in trailers", post(1) + frame(
        HEADERS, BOTH, 1, block(("connection", "close"))), PROTOCOL),
])
def ends_a_stream(bytes_, code):
    """A malformed message is answered 400, and its stream ends; the others
    go on (RFC 9113 8.1.1)."""
    s, origin = proxy()
    with H2Wire(s.port) as w:
        w.ask(99, "GET", "/slow?ms=300")
        w.send(renumbered(bytes_))
        ended = {}
        while 99 not in ended or 101 not in ended:
            kind, flags, stream, payload = w.frame()
            if kind == RST:
                ended[stream] = int.from_bytes(payload, "big")
            elif kind in (HEADERS, DATA) and flags & END_STREAM:
                ended.setdefault(stream, 0)
            equal(kind != GOAWAY, True, "no GOAWAY")
        equal(ended[99], 0, "the other stream")
        equal(ended[101] in (0, code), True, "the code %d" % ended[101])
        is_served(w, 103)
    equal(s.access(client=w, status=400)["termination"][0], "P")


def renumbered(frames):
    """The same frames, of stream 101."""
    out = b""
    while frames:
        n = 9 + int.from_bytes(frames[:3], "big")
        out += frames[:5] + (101).to_bytes(4, "big") + frames[9:n]
        frames = frames[n:]
    return out


@rows([
    ("DATA of an idle stream", frame(DATA, 0, 7, b"x"), PROTOCOL),
    ("RST_STREAM of an idle stream", frame(RST, 0, 7, bytes(4)), PROTOCOL),
    ("an even stream", frame(HEADERS, BOTH, 2, head()), PROTOCOL),
    ("HEADERS of no stream", frame(HEADERS, BOTH, 0, head()), PROTOCOL),
    ("SETTINGS on a stream", frame(SETTINGS, 0, 1), PROTOCOL),
    ("SETTINGS of a wrong size", frame(SETTINGS, 0, 0, b"x"), SIZE),
    ("PING of a wrong size", frame(PING, 0, 0, b"x"), SIZE),
    ("a frame that is too large", frame(DATA, 0, 1, bytes(16385)), SIZE),
    ("more padding than there is", frame(DATA, 8, 1, b"\x05abc"), PROTOCOL),
    ("CONTINUATION without HEADERS", frame(MORE, 4, 1, head()), PROTOCOL),
    ("another frame within a head", frame(HEADERS, 1, 7, head())
     + frame(PING, 0, 0, bytes(8)), PROTOCOL),
    ("an unknown frame within a head", frame(HEADERS, 1, 7, head())
     + frame(0x42, 0, 7, b"x"), PROTOCOL),
    ("another stream's CONTINUATION", frame(HEADERS, 1, 7, head())
     + frame(MORE, 4, 9), PROTOCOL),
    ("PUSH_PROMISE from a client", frame(5, 4, 1, b"\0\0\0\2" + head()),
     PROTOCOL),
    ("a table larger than allowed", frame(
        HEADERS, BOTH, 7, b"\x3f\xe2\x1f" + head()), COMPRESSION),
    ("a size of the table in the middle", frame(
        HEADERS, BOTH, 7, head() + b"\x20"), COMPRESSION),
    ("an index of nothing", frame(
        HEADERS, BOTH, 7, head() + b"\xbe"), COMPRESSION),
    ("index 0", frame(HEADERS, BOTH, 7, head() + b"\x80"), COMPRESSION),
    ("an integer without an end", frame(
        HEADERS, BOTH, 7, head() + b"\xff" + b"\xff" * 10), COMPRESSION),
    ("Huffman's padding of 8 bits", frame(
        HEADERS, BOTH, 7, head() + b"\x00\x01x\x82\x07\xff"), COMPRESSION),
    ("Huffman's padding of zeros", frame(
        HEADERS, BOTH, 7, head() + b"\x00\x01x\x81\x00"), COMPRESSION),
    ("the end of Huffman's strings", frame(
        HEADERS, BOTH, 7, head() + b"\x00\x01x\x84\xff\xff\xff\xff"),
     COMPRESSION),
])
def ends_the_connection(bytes_, code):
    """GOAWAY with the last stream that was served (RFC 9113 5.4.1)."""
    s, _ = proxy()
    with H2Wire(s.port) as w:
        is_served(w, 1)
        is_served(w, 3)
        w.send(renumber_first(bytes_))
        said = w.until(GOAWAY)
        equal(int.from_bytes(said[4:8], "big"), code, "the code")
        last = int.from_bytes(said[:4], "big")
        equal(3 <= last <= 9, True, "the last stream, %d" % last)
    equal(s.access(client=w, target=None, status=400)["termination"], "PR")


def renumber_first(frames):
    """Stream 1 was served already: what says 1 is of stream 5."""
    out = b""
    while frames:
        n = 9 + int.from_bytes(frames[:3], "big")
        stream = int.from_bytes(frames[5:9], "big")
        out += frames[:5] + (5 if stream == 1 else stream).to_bytes(4, "big") \
            + frames[9:n]
        frames = frames[n:]
    return out


@rows([
    ("unknown frames", frame(0x42, 0xff, 0, b"x" * 100)),
    ("unknown frames of idle streams", frame(0x42, 0, 77, b"x")),
    ("unknown frames of even streams", frame(0xfe, 0, 2)),
    ("unknown settings", frame(SETTINGS, 0, 0, b"\xff\xff\0\0\0\1")),
    ("unknown flags", frame(PING, 0xfe, 0, bytes(8))),
    ("the reserved bit", frame(PING, 0, 1 << 31, bytes(8))
     + frame(HEADERS, BOTH | 0xc2, 5 | 1 << 31, head())),
    ("the size of the table at the start", frame(
        HEADERS, BOTH, 5, b"\x20\x3f\xe1\x1f" + head())),
    ("Huffman's padding of 7 bits", frame(
        HEADERS, BOTH, 5, head() + b"\x00\x01x\x81\x07")),
    ("PRIORITY of idle streams", frame(2, 0, 77, b"\0\0\0\3\0")),
])
def takes(bytes_):
    s, _ = proxy()
    with H2Wire(s.port) as w:
        is_served(w, 1)
        w.send(bytes_)
        is_served(w, 7)


@case
def a_head_of_a_closed_stream_harms_no_other():
    """A client may send trailers before it hears that its stream has ended."""
    s = Steelyard(pool(GoodOrigin(name="a")), listener={
        "timeouts": {"head": "2s"}}, routes=[
            {"path": "/no", "respond": {"status": 403}}, {"pool": "web"}])
    with s, H2Wire(s.port) as w:
        w.ask(7, "POST", "/no", end=False)
        equal(w.until(RST, 7), bytes(4), "NO_ERROR")
        w.ask(9)
        w.until(DATA, 9)
        w.send(frame(HEADERS, BOTH, 7, block(("x", "y"))))
        equal(w.until(RST, 7), b"\0\0\0\5", "STREAM_CLOSED")
        w.ask(11)
        w.until(DATA, 11)
        equal(w.is_silent(2.5), True, "it stays open")
        is_served(w, 13)


@case
def a_head_that_is_refused_still_counts_for_the_table():
    """RFC 7541 4.2: or all that follow would mean something else."""
    origin = GoodOrigin(name="a")
    with Steelyard(pool(origin), listener={"limits": {"streams": 1}}) as s:
        with H2Wire(s.port) as w:
            w.ask(1, "GET", "/held")
            w.send(frame(HEADERS, BOTH, 3,
                         head() + b"\x40\x05x-one\x05first"))
            equal(w.until(RST, 3), b"\0\0\0\7", "REFUSED_STREAM")
            origin.gate.set()
            w.until(HEADERS, 1)
            w.until(DATA, 1)
            w.send(frame(HEADERS, BOTH, 5, head() + b"\xbe"))
            w.until(HEADERS, 5)
        equal(origin.requests[-1].get("x-one"), "first")


@case
def interim_responses_are_forwarded_and_101_is_not():
    def script(w, n):
        r = w.origin.read(w)
        w.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        if r.target == "/101":
            w.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n"
                   b"Connection: Upgrade\r\n\r\n")
        else:
            w.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
                   b"Connection: close\r\n\r\nok")
    with Steelyard(pool(Origin(script, name="a"))) as s, \
            H2Wire(s.port) as w:
        w.ask(1, "GET", "/103")
        kinds = []
        while kinds[-1:] != [DATA]:
            kind, _, stream, payload = w.frame()
            if stream == 1:
                kinds.append(kind)
        equal((kinds, payload), ([HEADERS, HEADERS, DATA], b"ok"))
        w.ask(3, "GET", "/101")
        equal(s.access(target="/101")["status"], 502)
        w.ask(5)
        w.until(DATA, 5)


main()
