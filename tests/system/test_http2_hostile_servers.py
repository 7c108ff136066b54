"""A hostile server of HTTP/2 harms nobody but those who ask for it."""
import re
import threading
import time

from h2wire import (DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, MORE, PING,
                    PREFACE, PRIORITY, PUSH, RST, SETTINGS, WINDOW, block,
                    frame, setting)
from harness import (SLOW, Steelyard, case, cpu, equal, fail, is_instrumented,
                     main, once, pool, request, rows, rss, wait_for)
from origins import GoodOrigin, Origin

MEMORY = 4 << 20
CPU = 0.5
PATIENCE = 5
OK = b"\x88"                            # :status 200
FIRST, SECOND = b"\0\0\0\1", b"\0\0\0\2"


def answer(end=False, kind=HEADERS, flags=END_HEADERS, head=OK):
    return frame(kind, flags | (END_STREAM if end else 0), 1, head)


def interim():
    return answer(head=block((":status", "103"), ("link", "</" + "x" * 500)))


class Hostile(Origin):
    """Its settings, and, once it is asked, first, then again for ever."""

    def __init__(self, name, first=b"", again=b"", settings=b""):
        super().__init__(name=name)
        self.first, self.again, self.settings = first, again, settings
        self.took = []                  # seconds, a connection that ended

    def script(self, wire, number):
        begin = time.monotonic()
        try:
            self.attack(wire)
            wire.read_eof(4 * PATIENCE * SLOW)
        except OSError:
            pass
        self.took.append(time.monotonic() - begin)

    def attack(self, wire):
        wire.read_exactly(len(PREFACE), 5 * SLOW)
        wire.send(frame(SETTINGS, payload=self.settings))
        while True:
            top = wire.read_exactly(9, PATIENCE * SLOW)
            if len(top) < 9:
                return
            wire.read_exactly(int.from_bytes(top[:3], "big"), 5 * SLOW)
            if top[3] == HEADERS:
                break
        wire.send(self.first)
        while self.again:
            wire.send(self.again * 50)


FLOODS = [
    ("SETTINGS", b"", frame(SETTINGS), 502),
    ("SETTINGS of windows", b"", frame(SETTINGS, payload=setting(4, 1))
     + frame(SETTINGS, payload=setting(4, 2)), 502),
    ("PING", b"", frame(PING, 0, 0, bytes(8)), 502),
    ("PING acknowledged", b"", frame(PING, 1, 0, bytes(8)), 502),
    ("PRIORITY", b"", frame(PRIORITY, 0, 1, b"\0\0\0\3\0"), 502),
    ("WINDOW_UPDATE", b"", frame(WINDOW, 0, 0, FIRST), 502),
    ("WINDOW_UPDATE of the stream", b"", frame(WINDOW, 0, 1, FIRST), 502),
    ("unknown frames", b"", frame(0x42, 0, 1, b"x"), 502),
    ("RST_STREAM of other streams", b"", b"".join(
        frame(RST, 0, 1001 + 2 * i, bytes(4)) for i in range(50)), 502),
    ("GOAWAY that leaves it", b"", frame(
        GOAWAY, 0, 0, b"\x7f\xff\xff\xff" + bytes(4)), 502),
    ("CONTINUATION", answer(flags=0), frame(
        MORE, 0, 1, block(("x", "y"))), 502),
    ("CONTINUATION, empty", answer(flags=0), frame(MORE, 0, 1), 502),
    ("CONTINUATION, large", answer(flags=0), frame(
        MORE, 0, 1, block(("x", "y" * 8000))), 502),
    ("interim responses", b"", interim(), 502),
    ("a bomb of references", answer(
        head=OK + b"\x40\x01x\x7f\xa1\x1e" + b"v" * 4000 + b"\xbe" * 10000),
     b"", 502),
    ("cookies without end", answer(
        head=OK + (b"\0\x0aset-cookie\1a") * 1000), b"", 502),
    ("PUSH_PROMISE", b"", frame(PUSH, END_HEADERS, 1, SECOND + OK), 502),
    ("DATA before the head", b"", frame(DATA, 0, 1, b"x"), 502),
    ("a RST_STREAM", frame(RST, 0, 1, FIRST), b"", 502),
    ("a WINDOW_UPDATE of 0", frame(WINDOW, 0, 1, bytes(4)), b"", 502),
    ("a window that overflows", frame(WINDOW, 0, 0, b"\x7f\xff\xff\xff"),
     b"", 502),
    ("SETTINGS of a wrong size", frame(SETTINGS, payload=b"x"), b"", 502),
    ("a refusal of each stream", frame(RST, 0, 1, b"\0\0\0\7"), b"", 502),
    ("a GOAWAY of each connection", frame(GOAWAY, 0, 0, bytes(8)), b"", 502),
    ("a head that never ends", answer(flags=0), b"", 504),
    ("silence", b"", b"", 504),
]

RULES = "a frame that breaks the rules of HTTP/2"
FRAME_SIZE = "a frame of a wrong size"
BLOCK = "a field section that cannot be decompressed"
WINDOWS = "more DATA than a window allows, or a window too large"
MOST = b"\x7f\xff\xff\xff"
NONE = bytes(4)
X = block(("x", "y"))

# Instead of an answer.
FAULTS = [
    ("DATA of no stream", frame(DATA, 0, 0, b"x"), RULES),
    ("DATA of an idle stream", frame(DATA, 0, 99, b"x"), RULES),
    ("DATA of a pushed stream", frame(DATA, 0, 2, b"x"), RULES),
    ("DATA with too much padding", answer() + frame(DATA, 8, 1, b"\5abc"),
     RULES),
    ("DATA too large", answer() + frame(DATA, 0, 1, bytes(16385)),
     FRAME_SIZE),
    ("HEADERS of no stream", frame(HEADERS, END_HEADERS, 0, OK), RULES),
    ("HEADERS of an idle stream", frame(HEADERS, END_HEADERS, 99, OK), RULES),
    ("HEADERS of an even stream", frame(HEADERS, END_HEADERS, 2, OK), RULES),
    ("RST_STREAM of no stream", frame(RST, 0, 0, NONE), RULES),
    ("RST_STREAM of an idle stream", frame(RST, 0, 99, NONE), RULES),
    ("RST_STREAM too short", frame(RST, 0, 1, bytes(3)), FRAME_SIZE),
    ("WINDOW_UPDATE of an idle stream", frame(WINDOW, 0, 99, FIRST), RULES),
    ("WINDOW_UPDATE of 0 for all", frame(WINDOW, 0, 0, NONE), RULES),
    ("WINDOW_UPDATE too short", frame(WINDOW, 0, 0, bytes(3)), FRAME_SIZE),
    ("PRIORITY of no stream", frame(PRIORITY, 0, 0, bytes(5)), RULES),
    ("PRIORITY too short", frame(PRIORITY, 0, 1, NONE), FRAME_SIZE),
    ("SETTINGS of a stream", frame(SETTINGS, 0, 1), RULES),
    ("SETTINGS acknowledged with words", frame(SETTINGS, 1, 0, setting(3, 1)),
     FRAME_SIZE),
    ("SETTINGS that allow push", frame(SETTINGS, 0, 0, setting(2, 1)), RULES),
    ("SETTINGS of a window too large", frame(
        SETTINGS, 0, 0, setting(4, 1 << 31)), WINDOWS),
    ("SETTINGS that overflow a stream's window", frame(
        WINDOW, 0, 1, b"\x7f\0\0\0") + frame(
        SETTINGS, 0, 0, setting(4, 0x7fffffff)), WINDOWS),
    ("SETTINGS of frames too small", frame(SETTINGS, 0, 0, setting(5, 1)),
     RULES),
    ("SETTINGS of CONNECT neither on nor off", frame(
        SETTINGS, 0, 0, setting(8, 2)), RULES),
    ("SETTINGS that take CONNECT back", frame(SETTINGS, 0, 0, setting(8, 1))
     + frame(SETTINGS, 0, 0, setting(8, 0)), RULES),
    ("PING of a stream", frame(PING, 0, 1, bytes(8)), RULES),
    ("PING too short", frame(PING, 0, 0, bytes(7)), FRAME_SIZE),
    ("GOAWAY of a stream", frame(GOAWAY, 0, 1, bytes(8)), RULES),
    ("GOAWAY too short", frame(GOAWAY, 0, 0, bytes(7)), FRAME_SIZE),
    ("GOAWAY of an even stream", frame(GOAWAY, 0, 0, SECOND + NONE), RULES),
    ("GOAWAY that takes more than before", frame(GOAWAY, 0, 0, FIRST + NONE)
     + frame(GOAWAY, 0, 0, b"\0\0\0\3" + NONE), RULES),
    ("CONTINUATION alone", frame(MORE, END_HEADERS, 1, OK), RULES),
    ("CONTINUATION of another stream", answer(flags=0)
     + frame(MORE, END_HEADERS, 3), RULES),
    ("CONTINUATION too large", answer(flags=0) + frame(
        MORE, END_HEADERS, 1, block(("x", "y" * 126)) * 130), FRAME_SIZE),
    ("PING within a head", answer(flags=0) + frame(PING, 0, 0, bytes(8)),
     RULES),
    ("an index of nothing", answer(head=OK + b"\xbe"), BLOCK),
    ("index 0", answer(head=OK + b"\x80"), BLOCK),
    ("a table larger than allowed", answer(head=b"\x3f\xe2\x1f" + OK),
     BLOCK),
    ("Huffman's padding of zeros", answer(head=OK + b"\0\1x\x81\0"), BLOCK),
    ("the end of Huffman's strings", answer(
        head=OK + b"\0\1x\x84\xff\xff\xff\xff"), BLOCK),
    ("a head of no fields", answer(True, head=b""),
     "a malformed :status, or none"),
    ("a capital letter", answer(True, head=OK + block(("X", "y"))),
     "a field name with a capital letter"),
    ("a second head", answer() + answer(), "a pseudo-field in trailers"),
    ("trailers that do not end", answer() + answer(head=X),
     "trailers that do not end the message"),
    ("a 103 that ends it", answer(True, head=block((":status", "103"))),
     "an interim response that ends the message"),
]

# Few servers send it, but any may.
LEGAL = [
    ("frames of unknown types", frame(0x42, 0xff, 0, b"x")
     + frame(0xa, 0, 1, b"\0\0x") + frame(0xc) + answer(True)),
    ("SETTINGS unknown, and again", frame(SETTINGS, 0, 0, setting(3, 5)
     + setting(0xff, 9) + setting(2, 0)) + answer(True)),
    ("PRIORITY and WINDOW_UPDATE", frame(PRIORITY, 0, 1, bytes(5))
     + frame(WINDOW, 0, 1, FIRST) + answer(True)),
    ("padding and a priority", frame(
        HEADERS, END_HEADERS | 8 | 32, 1, b"\2\0\0\0\0\1" + OK + bytes(2))
        + frame(DATA, 8 | END_STREAM, 1, b"\3" + bytes(3))),
    ("a head in many parts", answer(flags=0, head=b"") + frame(MORE, 0, 1)
     + frame(MORE, END_HEADERS, 1, OK) + frame(DATA, END_STREAM, 1)),
    ("a table made small and large", answer(
        True, head=b"\x20\x3f\xe1\x1f" + OK)),
    ("trailers of no fields", answer() + answer(True, head=b"")),
    ("interim responses and 100", interim() + answer(
        head=block((":status", "100"))) + answer(True)),
    ("RST_STREAM behind the end", answer(True) + frame(RST, 0, 1, NONE)),
    ("DATA behind the end", answer(True) + frame(DATA, 0, 1, b"x")),
    ("a head behind the end", answer(True) + answer(True)),
    ("WINDOW_UPDATE behind the end", answer(True)
     + frame(WINDOW, 0, 1, FIRST)),
    ("GOAWAY before its answer", frame(GOAWAY, 0, 0, FIRST + NONE)
     + answer(True)),
    ("GOAWAY in two steps", frame(GOAWAY, 0, 0, MOST + NONE)
     + frame(GOAWAY, 0, 0, FIRST + NONE) + answer(True)),
]


@once
def proxy():
    """Behind it a good server, and one that each case puts there anew."""
    return Steelyard(pool(GoodOrigin(name="good"), name="good"),
                     pool(GoodOrigin(name="a"), name="bad"),
                     routes=[{"path": "/good", "pool": "good"},
                             {"pool": "bad"}])


def behind(hostile, patience="1s"):
    """It is the pool's only server now, and waited for so long."""
    s = proxy()
    s.conf["pools"][1] = pool(
        hostile, name="bad", protocol="h2", timeouts={
            x: patience for x in ("connect", "request", "response", "idle",
                                  "queue")})
    s.reload()
    return s


class Bystander:
    """Asks the good server again and again, until it is told to stop."""

    def __init__(self, s):
        self.s, self.took, self.over = s, [], False
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def watch(self):
        with self.s.wire() as w:
            while not self.over:
                begin = time.monotonic()
                w.send(request("/good"))
                equal(w.response(timeout=10 * SLOW).status, 200)
                self.took.append(time.monotonic() - begin)
                time.sleep(0.01)

    def stop(self):
        self.over = True
        self.thread.join()


def survives(s, hostile, ask, wanted):
    """Who asked is answered, others are served, and what it took is little."""
    memory, busy = rss(s.pid), cpu(s.pid)
    other = Bystander(s)
    try:
        status = ask()
        wait_for(lambda: len(other.took) >= 5, 5 * SLOW, "another's answers")
    finally:
        other.stop()
    equal(status, wanted, "status")
    # the middle one: the machine may stand still for a few of them
    middle = sorted(other.took)[len(other.took) // 2]
    if middle > 0.5 * SLOW:
        fail("another waited %.2f s" % middle)
    if not is_instrumented():
        if rss(s.pid) - memory > MEMORY:
            fail("memory grew by %d KiB" % ((rss(s.pid) - memory) >> 10))
        if cpu(s.pid) - busy > CPU:
            fail("it took %.2f s" % (cpu(s.pid) - busy))
    if hostile.again:                   # and the attacker is gone
        wait_for(lambda: len(hostile.took) == hostile.connections,
                 PATIENCE * SLOW, "the end of its connections")


@rows([(x[0], *x) for x in FLOODS])
def ends(name, first, again, wanted):
    hostile = Hostile("h", first, again)
    # who is told of a fault is not to be told of a time that was over
    s = behind(hostile, "1s" if wanted == 504 else "30s")
    survives(s, hostile, lambda: s.get("/" + name.replace(" ", "-"),
                                       timeout=PATIENCE * SLOW).status,
             wanted)
    line = s.access(target="/" + name.replace(" ", "-"))
    equal((line["status"], line["termination"][0] in "SsP"), (wanted, True),
          line["termination"])
    if not line["reason"]:
        fail("no reason in the log")
    # A refusal may be tried again, a few times.
    if hostile.connections > 20:
        fail("%d connections" % hostile.connections)


@rows([(x[0], *x) for x in FAULTS])
def breaks_a_rule(name, first, reason):
    """Who asked gets 502, once, and the log says what was wrong."""
    hostile = Hostile("h", first)
    s = behind(hostile, "30s")
    target = "/fault-" + re.sub(r"\W+", "-", name)
    with s.wire() as w:
        w.send(request(target))
        head = w.read_until(b"\r\n\r\n", PATIENCE * SLOW)
        line = s.access(target=target)
        equal(line["client"], w.name)
    said, _, detail = line["reason"].partition(" (")
    equal((line["termination"][0], said), ("P", reason))
    if name == "DATA of an idle stream" and "DATA" not in detail:
        fail("which frame it was is not said: " + line["reason"])
    # what had begun is cut
    equal((head[:12], line["status"]), (b"HTTP/1.1 %d" % line["status"],
          200 if line["termination"] == "PD" else 502))
    equal((hostile.connections, line["retries"]), (1, 0))


@rows([(x[0], *x) for x in LEGAL])
def is_legal(name, first):
    hostile = Hostile("h", first)
    s = behind(hostile, "30s")
    target = "/legal-" + re.sub(r"\W+", "-", name)
    with s.wire() as w:
        w.send(request(target))
        equal(w.response(timeout=PATIENCE * SLOW).status, 200)
        line = s.access(target=target)
        equal((line["client"], line["termination"]), (w.name, "--"))
    equal(hostile.connections, 1)


@case
def no_stream_for_ever():
    """It allows none: who waits for one is told so in time."""
    hostile = Hostile("h", settings=setting(3, 0))
    s = behind(hostile)
    begin = time.monotonic()
    survives(s, hostile, lambda: s.get("/none",
                                       timeout=PATIENCE * SLOW).status, 504)
    equal(time.monotonic() - begin < 20 * SLOW, True, "in time")
    equal(s.access(target="/none")["termination"][0], "s")


@case
def no_window_for_ever():
    """A body that it never takes."""
    hostile = Hostile("h", settings=setting(4, 0))
    s = behind(hostile)
    survives(s, hostile, lambda: s.get(
        "/window", method="POST", body=b"x" * 100000,
        timeout=PATIENCE * SLOW).status, 504)


@case
def a_body_that_never_ends_or_comes_byte_by_byte():
    """The head was passed on: the client's connection is cut."""
    hostile = Hostile("h", answer())
    s = behind(hostile)
    with s.wire() as w:
        w.send(request("/body"))
        equal(w.read_until(b"\r\n\r\n", 5 * SLOW)[:12], b"HTTP/1.1 200")
        equal(w.is_closed(5 * SLOW), True, "cut")
    equal(s.access(target="/body")["termination"], "sD")


main()
