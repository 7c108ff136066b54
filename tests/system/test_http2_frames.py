"""Each frame of HTTP/2 where it may not stand, on streams of every state
(RFC 9113 3.4, 4, 5.1, 5.3, 6), and where it may although few send it."""
from h2wire import (ACK, CALM, DATA, END_HEADERS, END_STREAM, GOAWAY, H2Wire,
                    HEADERS, MORE, PING, PREFACE, PRIORITY, RST, SETTINGS,
                    WINDOW, block, frame, head, setting)
from harness import (SLOW, Steelyard, case, equal, main, once, pool, rows,
                     wait_for)
from origins import GoodOrigin
from wire import Wire

PROTOCOL, FLOW, CLOSED, SIZE, COMPRESSION = 1, 3, 5, 6, 9
BOTH = END_HEADERS | END_STREAM
PADDED, PRIORITISED = 8, 32
# streams of the connection of each row
OVER, HALF, OPEN, BROKEN, IDLE, LAST = 1, 3, 5, 7, 9, 11
NONE = bytes(4)
MOST = b"\x7f\xff\xff\xff"


@once
def proxy():
    return Steelyard(pool(GoodOrigin(name="a")))


def is_served(w, stream):
    w.ask(stream)
    while True:
        kind, flags, of, payload = w.frame()
        equal(kind == GOAWAY or (kind, of) == (RST, stream), False,
              "an end %r" % payload)
        if of == stream and flags & END_STREAM:
            return


def prepared(s):
    """A stream in each state: OVER is closed, of HALF all has come, OPEN has
    sent a head, BROKEN was reset."""
    w = H2Wire(s.port)
    is_served(w, OVER)
    w.ask(HALF, "GET", "/slow?ms=1000")
    w.ask(OPEN, "POST", "/sha256", end=False)
    w.ask(BROKEN, "GET", "/slow?ms=1000")
    w.send(frame(RST, 0, BROKEN, b"\0\0\0\x08"))
    return w


@rows([
    ("DATA of no stream", frame(DATA, 0, 0, b"x"), PROTOCOL),
    ("PRIORITY of no stream", frame(PRIORITY, 0, 0, bytes(5)), PROTOCOL),
    ("RST_STREAM of no stream", frame(RST, 0, 0, NONE), PROTOCOL),
    ("CONTINUATION of no stream", frame(MORE, 4, 0), PROTOCOL),
    ("PING of a stream", frame(PING, 0, OPEN, bytes(8)), PROTOCOL),
    ("GOAWAY of a stream", frame(GOAWAY, 0, OPEN, bytes(8)), PROTOCOL),
    ("WINDOW_UPDATE of an idle stream", frame(WINDOW, 0, IDLE, MOST),
     PROTOCOL),
    ("CONTINUATION of an idle stream", frame(MORE, 4, IDLE), PROTOCOL),
    ("CONTINUATION where all has come", frame(MORE, 4, HALF), PROTOCOL),
    ("CONTINUATION of a closed stream", frame(MORE, 4, OVER), PROTOCOL),
    ("CONTINUATION of a reset stream", frame(MORE, 4, BROKEN), PROTOCOL),
    ("CONTINUATION behind DATA", frame(DATA, 0, OPEN, b"x")
     + frame(MORE, 4, OPEN), PROTOCOL),
    ("CONTINUATION behind the last one", frame(
        HEADERS, END_STREAM, IDLE, head()) + frame(MORE, 4, IDLE)
        + frame(MORE, 4, IDLE), PROTOCOL),
    ("CONTINUATION behind a wrong frame", frame(
        HEADERS, END_STREAM, IDLE, head()) + frame(MORE, 0, IDLE)
        + frame(DATA, 0, OPEN, b"x"), PROTOCOL),
    ("CONTINUATION of no stream within a head", frame(
        HEADERS, END_STREAM, IDLE, head()) + frame(MORE, 4, 0), PROTOCOL),
    ("PRIORITY within a head", frame(HEADERS, END_STREAM, IDLE, head())
     + frame(PRIORITY, 0, IDLE, bytes(5)), PROTOCOL),
    ("another head within a head", frame(HEADERS, END_STREAM, IDLE, head())
     + frame(HEADERS, BOTH, LAST, head()), PROTOCOL),
    ("WINDOW_UPDATE within a head", frame(HEADERS, END_STREAM, IDLE, head())
     + frame(WINDOW, 0, 0, b"\0\0\0\1"), PROTOCOL),
    ("HEADERS where all has come", frame(HEADERS, BOTH, HALF, head()),
     CLOSED),
    ("DATA where all has come", frame(DATA, 0, HALF, b"x"), CLOSED),
    ("a lower number than before", frame(HEADERS, BOTH, LAST, head())
     + frame(HEADERS, BOTH, IDLE, head()), CLOSED),
    ("HEADERS with more padding than there is", frame(
        HEADERS, BOTH | PADDED, IDLE, b"\xff" + head()), PROTOCOL),
    ("HEADERS all padding", frame(
        HEADERS, BOTH | PADDED, IDLE, b"\x01"), PROTOCOL),
    ("HEADERS too short for padding", frame(
        HEADERS, BOTH | PADDED, IDLE), PROTOCOL),
    ("HEADERS too short for a priority", frame(
        HEADERS, BOTH | PRIORITISED, IDLE, b"\0\0\0"), SIZE),
    ("DATA too short for padding", frame(DATA, PADDED, OPEN), PROTOCOL),
    ("a head too large for a frame", frame(
        HEADERS, BOTH, IDLE, head() + bytes(16384)), SIZE),
    ("CONTINUATION too large for a frame", frame(
        HEADERS, END_STREAM, IDLE, head()) + frame(
        MORE, 4, IDLE, block(("x", "y" * 126)) * 130), SIZE),
    ("a head on itself", frame(HEADERS, BOTH | PRIORITISED, IDLE,
                               b"\0\0\0\x09\0" + head()), PROTOCOL),
    ("PING too long", frame(PING, 0, 0, bytes(9)), SIZE),
    ("RST_STREAM too short", frame(RST, 0, OPEN, bytes(3)), SIZE),
    ("RST_STREAM too long", frame(RST, 0, OPEN, bytes(5)), SIZE),
    ("WINDOW_UPDATE too short", frame(WINDOW, 0, 0, bytes(3)), SIZE),
    ("WINDOW_UPDATE too long", frame(WINDOW, 0, OPEN, bytes(5)), SIZE),
    ("GOAWAY too short", frame(GOAWAY, 0, 0, bytes(7)), SIZE),
    ("SETTINGS acknowledged with words", frame(
        SETTINGS, ACK, 0, setting(3, 1)), SIZE),
    ("SETTINGS cut within one", frame(SETTINGS, 0, 0, bytes(7)), SIZE),
    ("SETTINGS of push neither on nor off", frame(
        SETTINGS, 0, 0, setting(2, 2)), PROTOCOL),
    ("SETTINGS of a window too large", frame(
        SETTINGS, 0, 0, setting(4, 1 << 31)), FLOW),
    ("SETTINGS that overflow a stream's window", frame(
        WINDOW, 0, HALF, b"\x7f\0\0\0") + frame(
        SETTINGS, 0, 0, setting(3, 9) + setting(4, (1 << 31) - 1)), FLOW),
    ("SETTINGS that overflow the windows of two", frame(
        WINDOW, 0, HALF, b"\x7f\0\0\0") + frame(
        WINDOW, 0, OPEN, b"\x7f\0\0\0") + frame(
        SETTINGS, 0, 0, setting(4, (1 << 31) - 1)), FLOW),
    ("SETTINGS of frames too small", frame(
        SETTINGS, 0, 0, setting(5, 16383)), PROTOCOL),
    ("SETTINGS of frames too large", frame(
        SETTINGS, 0, 0, setting(5, 1 << 24)), PROTOCOL),
    ("SETTINGS of CONNECT neither on nor off", frame(
        SETTINGS, 0, 0, setting(8, 2)), PROTOCOL),
    ("SETTINGS of priorities neither on nor off", frame(
        SETTINGS, 0, 0, setting(9, 2)), PROTOCOL),
    ("SETTINGS that change priorities", frame(
        SETTINGS, 0, 0, setting(9, 1)), PROTOCOL),
    ("WINDOW_UPDATE of nothing", frame(WINDOW, 0, 0, NONE), PROTOCOL),
    ("a window that overflows", frame(WINDOW, 0, 0, MOST), FLOW),
    ("a head that is no fields", frame(
        HEADERS, BOTH, IDLE, b"\x00\x00\x00\x00\x00"), COMPRESSION),
    ("an index of nothing with a value", frame(
        HEADERS, BOTH, IDLE, head() + b"\x7f\x00\x01x"), COMPRESSION),
    ("a string longer than its frame", frame(
        HEADERS, BOTH, IDLE, head() + b"\x00\x01x\x7f\x80\x80\x01"),
     COMPRESSION),
    ("a string cut at the end of its frame", frame(
        HEADERS, BOTH, IDLE, head() + b"\x00\x01x\x05abc"), COMPRESSION),
])
def ends_the_connection(bytes_, code):
    s = proxy()
    with prepared(s) as w:
        w.send(bytes_)
        equal(w.goaway(), code, "the code")
        w.read_eof()
    equal(s.access(client=w, target=None, status=400)["termination"], "PR")


@rows([
    ("trailers that do not end", OPEN, frame(
        HEADERS, END_HEADERS, OPEN, block(("x", "y"))), PROTOCOL),
    ("a stream's window that overflows", HALF, frame(
        WINDOW, 0, HALF, MOST), FLOW),
    ("HEADERS of a closed stream below one that was reset", OVER, frame(
        HEADERS, BOTH, OVER, head()), CLOSED),
    ("HEADERS of a reset stream", BROKEN, frame(
        HEADERS, BOTH, BROKEN, head()), CLOSED),
])
def ends_the_stream(stream, bytes_, code):
    """It alone: the connection goes on."""
    with prepared(proxy()) as w:
        w.send(bytes_)
        equal(w.until(RST, stream), code.to_bytes(4, "big"), "the code")
        is_served(w, 101)


@case
def a_head_of_a_stream_that_both_have_ended_ends_the_connection():
    """RFC 9113 5.1.  prepared() does reset one."""
    s = proxy()
    with H2Wire(s.port) as w:
        is_served(w, OVER)
        w.send(frame(HEADERS, BOTH, OVER, head()))
        equal(w.goaway(), CLOSED, "the code")
        w.read_eof()
    equal(s.access(client=w, target=None, status=400)["termination"], "PR")


@rows([
    ("PRIORITY where all has come", frame(PRIORITY, 0, HALF, bytes(5))),
    ("PRIORITY of a closed stream", frame(PRIORITY, 0, OVER, bytes(5))),
    ("PRIORITY of a reset stream", frame(PRIORITY, 0, BROKEN, bytes(5))),
    ("PRIORITY, exclusive, on one that is idle", frame(
        PRIORITY, 0, OPEN, b"\x80\0\0\x63\xff")),
    ("WINDOW_UPDATE where all has come", frame(
        WINDOW, 0, HALF, b"\0\0\0\1")),
    ("WINDOW_UPDATE of a closed stream", frame(
        WINDOW, 0, OVER, b"\0\0\0\1")),
    ("WINDOW_UPDATE of a reset stream", frame(
        WINDOW, 0, BROKEN, b"\0\0\0\1")),
    ("RST_STREAM where all has come", frame(RST, 0, HALF, b"\0\0\0\x08")),
    ("RST_STREAM of a closed stream", frame(RST, 0, OVER, NONE)),
    ("RST_STREAM of an unknown error", frame(RST, 0, HALF, b"\0\0\0\xff")),
    ("DATA of a reset stream", frame(DATA, 0, BROKEN, b"x")),
    ("DATA of a closed stream", frame(DATA, 0, OVER, b"x")),
    ("DATA all padding", frame(DATA, PADDED, OPEN, b"\3abc")),
    ("DATA as large as may be", frame(DATA, 0, OPEN, bytes(16384))),
    ("HEADERS padded and with a priority", frame(
        HEADERS, BOTH | PADDED | PRIORITISED, IDLE,
        b"\2\x80\0\0\5\xff" + head() + bytes(2))),
    ("a head in many parts", frame(HEADERS, END_STREAM, IDLE, head()[:9])
     + frame(MORE, 0, IDLE, head()[9:10]) + frame(MORE, 0, IDLE)
     + frame(MORE, END_HEADERS, IDLE, head()[10:])),
    ("a head as large as may be in one frame", frame(
        HEADERS, BOTH, IDLE, head() + block(("x", "y" * 126)) * 90)),
    ("PING acknowledged unasked", frame(PING, ACK, 0, bytes(8))),
    ("SETTINGS of nothing", frame(SETTINGS)),
    ("SETTINGS said twice in one frame", frame(
        SETTINGS, 0, 0, setting(4, 1) + setting(4, 65535))),
    ("SETTINGS of the largest windows there may be", frame(
        WINDOW, 0, HALF, b"\x7f\0\0\0") + frame(
        WINDOW, 0, OPEN, b"\x7f\0\0\0") + frame(
        SETTINGS, 0, 0, setting(4, 0xffffff))),
    ("SETTINGS of no push", frame(SETTINGS, 0, 0, setting(2, 0))),
    ("SETTINGS of the largest frames", frame(
        SETTINGS, 0, 0, setting(5, (1 << 24) - 1))),
    ("SETTINGS again and again", frame(SETTINGS, 0, 0, setting(3, 0)) * 3),
])
def goes_on(bytes_):
    with prepared(proxy()) as w:
        w.send(bytes_)
        is_served(w, 101)


@rows([
    ("a GOAWAY is answered", NONE),
    ("a GOAWAY of an unknown error is answered", b"\0\0\0\xff"),
])
def leaves(code):
    """A client that says so is served what it asked before."""
    with prepared(proxy()) as w:
        w.send(frame(GOAWAY, 0, 0, NONE + code))
        equal(w.until(GOAWAY), bytes([0, 0, 0, BROKEN]) + NONE)
        w.ask(LAST)
        w.send(frame(DATA, END_STREAM, OPEN))
        equal({of for kind, _, of, _ in iter(w.frame, None)
               if kind == HEADERS}, {HALF, OPEN}, "the streams answered")


@rows([
    ("text", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nGET / HTTP/1.1\r\n\r\n"),
    ("a request before its SETTINGS", PREFACE + frame(
        HEADERS, BOTH, 1, head())),
    ("a PING before its SETTINGS", PREFACE + frame(PING, 0, 0, bytes(8))),
    ("an acknowledgement before its SETTINGS", PREFACE + frame(SETTINGS, ACK)),
])
def begins_with(bytes_):
    """SETTINGS come first (RFC 9113 3.4)."""
    s = proxy()
    with Wire(s.port) as w:
        w.__class__ = H2Wire
        w.send(bytes_)
        equal(w.goaway() in (PROTOCOL, SIZE), True, "the code")
        w.read_eof()
    line = s.access(client=w, status=400)
    equal((line["termination"], line["reason"]),
          ("PR", "no SETTINGS behind the preface"))


def answer_of(w, stream):
    """How many bytes of DATA each frame had, until it ends."""
    sizes = []
    while True:
        kind, flags, of, payload = w.frame()
        if (kind, of) == (DATA, stream):
            sizes.append(len(payload))
        if of == stream and flags & END_STREAM:
            return sizes


def until_quiet(w, stream):
    """The bytes of DATA that come before the answer to a PING does."""
    w.send(frame(PING, 0, 0, b"are you?"))
    n = 0
    while True:
        kind, flags, of, payload = w.frame()
        n += len(payload) if (kind, of) == (DATA, stream) else 0
        if kind == PING and flags & ACK:
            return n


@case
def a_window_of_one_byte_is_kept_to_and_may_be_opened():
    """RFC 9113 6.9.1."""
    with H2Wire(proxy().port, setting(4, 1)) as w:
        w.ask(1, "GET", "/size?n=3")
        w.until(HEADERS, 1)
        equal(len(w.until(DATA, 1)), 1)
        equal(until_quiet(w, 1), 0)
        w.send(frame(SETTINGS, 0, 0, setting(4, 100)))
        equal(sum(answer_of(w, 1)), 2)


@case
def a_window_may_become_negative():
    """RFC 9113 6.9.2."""
    with H2Wire(proxy().port, setting(4, 10)) as w:
        w.ask(1, "GET", "/size?n=100")
        w.until(HEADERS, 1)
        equal(len(w.until(DATA, 1)), 10)
        w.send(frame(SETTINGS, 0, 0, setting(4, 3)))        # it is -7
        w.send(frame(WINDOW, 0, 1, b"\0\0\0\7"))           # and 0
        equal(until_quiet(w, 1), 0)
        w.send(frame(WINDOW, 0, 1, b"\0\0\0\1"))
        equal(len(w.until(DATA, 1)), 1)
        w.send(frame(WINDOW, 0, 1, b"\0\0\1\0"))
        equal(sum(answer_of(w, 1)), 89)


@case
def the_window_of_all_is_kept_to():
    with H2Wire(proxy().port, setting(4, 1 << 20)) as w:
        w.ask(1, "GET", "/size?n=70000")
        w.until(HEADERS, 1)
        n = 0
        while n < 65535:
            n += len(w.until(DATA, 1))
        equal((n, until_quiet(w, 1)), (65535, 0))
        w.send(frame(WINDOW, 0, 0, b"\0\0\xff\xff"))
        equal(sum(answer_of(w, 1)), 70000 - 65535)


@rows([("no frame is larger than by default", b"", 16384),
       ("no frame is larger than the client allows", setting(5, 20000),
        20000)])
def frames_fit(settings, most):
    with H2Wire(proxy().port, settings) as w:
        w.ask(1, "GET", "/size?n=60000")
        sizes = answer_of(w, 1)
        equal((sum(sizes), max(sizes) <= most), (60000, True), str(sizes))


@case
def a_ping_gets_its_own_bytes_back_and_settings_an_answer():
    with H2Wire(proxy().port) as w:
        w.send(frame(PING, 0, 0, b"8 bytes."))
        seen = {}
        while PING not in seen:
            kind, flags, _, payload = w.frame()
            if flags & ACK:
                seen[kind] = payload
        equal(seen, {SETTINGS: b"", PING: b"8 bytes."})


@case
def a_table_of_no_size_is_kept_to():
    """SETTINGS_HEADER_TABLE_SIZE 0: nothing is put there, and that is said
    first (RFC 7541 4.2)."""
    with H2Wire(proxy().port, setting(1, 0)) as w:
        w.ask(1)
        first = w.until(HEADERS, 1)
        equal(first[0], 0x20, "the size of the table, before all fields")
        w.until(DATA, 1)
        w.ask(3)
        again = w.until(HEADERS, 3)
        equal(len(again), len(first) - 1, "the same in full, " + again.hex())


def line_of_a_request_before(bytes_):
    """What the log says of it, once they came while it was under way."""
    s = proxy()
    with H2Wire(s.port) as w:
        w.ask(HALF, "GET", "/slow?ms=1000")
        wait_for(lambda: s.row("web/a")["scur"] != "0", 5 * SLOW, "a request")
        w.send(bytes_)
        return s.access(client=w, target="/slow?ms=1000")


@rows([
    ("the log has what a client reset with", frame(RST, 0, HALF, NONE[:3]
     + b"\1"), "it reset the stream with PROTOCOL_ERROR"),
    ("the log has an unknown error", frame(RST, 0, HALF, MOST),
     "it reset the stream with an unknown error"),
])
def tells_why_a_client_left(bytes_, reason):
    line = line_of_a_request_before(bytes_)
    before = {"CC": "a server was reached", "CH": "its answer was complete"}
    equal(line["reason"], "the client left before %s: %s" % (
        before.get(line["termination"]), reason))


@rows([
    ("a window of its stream", frame(WINDOW, 0, HALF, MOST),
     "it broke the rules of windows"),
    ("DATA of an idle stream", frame(DATA, 0, 77, b"x"),
     "a frame that breaks the rules of HTTP/2"),
    ("a flood", frame(PING, 0, 0, bytes(8)) * 2000,
     "a flood of frames that ask for nothing"),
])
def the_log_says_that_we_cut_a_client_off(bytes_, reason):
    """Its request did not end because it left."""
    line = line_of_a_request_before(bytes_)
    equal(line["termination"][0], "P")
    equal(line["reason"].partition(" (")[0],
          "the client was cut off: " + reason)


def gone_away(w):
    """A stream is held, and a first GOAWAY has come."""
    w.ask(1, "GET", "/held")
    w.until(GOAWAY)


@once
def one_request():
    origin = GoodOrigin(name="a")
    return Steelyard(pool(origin), listener={"limits": {
        "requests": 1, "control": 100}}), origin


HEARD = frame(PING, ACK, 0, bytes(8))


@case
def what_is_asked_until_a_goaway_was_heard_is_served():
    """Clients put the answer to a PING before what waits to be sent.  What is
    served must not be named as left alone, or it is asked once more."""
    s, origin = one_request()
    with H2Wire(s.port) as w:
        gone_away(w)
        w.send(HEARD)
        w.until(PING)                   # it asks again
        w.send(frame(HEADERS, BOTH, 3, head("GET", "/late")) + HEARD
               + frame(HEADERS, BOTH, 5, head("GET", "/later")))
        equal(w.until(GOAWAY), b"\0\0\0\5" + NONE, "the second step")
        ended = []
        while len(ended) < 2:
            kind, flags, of, _ = w.frame()
            equal(kind == RST, False, "a reset of %d" % of)
            if flags & END_STREAM:
                ended.append(of)
        equal(sorted(ended), [3, 5])
        origin.gate.set()
        w.until(HEADERS, 1)
        origin.gate.clear()


@rows([
    ("what is asked behind a GOAWAY is dropped", 50, None),
    ("a flood behind a GOAWAY ends", 200, CALM),
])
def asks_too_late(n, code):
    """Some of it was on its way; more is a flood."""
    s, origin = one_request()
    with H2Wire(s.port) as w:
        gone_away(w)
        w.send(HEARD * 2)
        equal(w.until(GOAWAY), b"\0\0\0\1" + NONE, "the second step")
        w.send(b"".join(frame(HEADERS, BOTH, 3 + 2 * i, head())
                        for i in range(n)))
        if code is None:
            equal(until_quiet(w, 1), 0)
        else:
            equal(w.goaway(), code)
        origin.gate.set()
        if code is None:
            w.until(HEADERS, 1)
        origin.gate.clear()


main()
