"""Answers come in the order that their priorities say (RFC 9218)."""
import fcntl
import sys
import termios

from h2wire import (DATA, END_HEADERS, END_STREAM, GOAWAY, H2Wire, HEADERS,
                    WINDOW, frame, head, setting)
from harness import (Steelyard, case, equal, fail, main, once, pool, rows,
                     tcp_queues, wait_for)
from origins import GoodOrigin, pattern

PRIORITY_UPDATE = 0x10
SIZE = 30000              # what is held of each at once


class Origin(GoodOrigin):
    asked = sent = 0

    def is_done(self):
        """Has all that was asked for been sent, and read?"""
        return self.sent == self.asked and not any(
            tx or rx for ours, theirs, tx, rx in tcp_queues()
            if self.port in (ours, theirs))

    def do_body(self, wire, r, q):
        """A body, and what the server thinks of its priority."""
        said = "Priority: %s\r\n" % q["says"] if "says" in q else ""
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n" % (
            SIZE, said.encode()) + b"".join(pattern(SIZE)), 60)
        with self.lock:
            self.sent += 1
        return True


@once
def proxy():
    origin = Origin(name="a")
    return Steelyard(pool(origin)), origin


def update(stream, value):
    return frame(PRIORITY_UPDATE, 0, 0,
                 stream.to_bytes(4, "big") + value.encode())


class Client(H2Wire):
    """Its window of all streams is closed, until order() opens it."""

    def __init__(self):
        s, self.origin = proxy()
        super().__init__(s.port, setting(4, 1 << 20))
        self.ask(1, "GET", "/size?n=65535")
        left = 65535
        while left > 0:
            left -= len(self.until(DATA, 1))
        self.streams = []

    def want(self, stream, priority=None, says=None):
        path = "/body" + ("?says=" + says if says else "")
        more = [("priority", priority)] if priority is not None else []
        self.send(frame(HEADERS, END_HEADERS | END_STREAM, stream,
                        head("GET", path, *more)))
        self.streams.append(stream)
        self.origin.asked += 1
        self.until(HEADERS, stream)

    def order(self):
        """Of streams, as pieces of their bodies came; all whole."""
        wait_for(self.origin.is_done, 5, "all bodies to be there")
        self.send(frame(WINDOW, 0, 0, (1 << 24).to_bytes(4, "big")))
        seen, left = [], {s: SIZE for s in self.streams}
        while any(left.values()):
            kind, _, stream, payload = self.frame()
            if kind == DATA and payload:
                left[stream] -= len(payload)
                if seen[-1:] != [stream]:
                    seen.append(stream)
            elif kind == GOAWAY:
                fail("GOAWAY")
        return seen


@rows([
    ("the urgent first", [(3, "u=7"), (5, "u=0"), (7, None)], [5, 7, 3]),
    ("one after the other as they were asked",
     [(3, "u=2"), (5, "u=2"), (7, "u=2")], [3, 5, 7]),
    ("not those first that are malformed",
     [(3, "u=5"), (5, "u=0,"), (7, "u=9")], [5, 7, 3]),
])
def sends(asked, wanted):
    with Client() as w:
        for stream, priority in asked:
            w.want(stream, priority)
        equal(w.order(), wanted)


@case
def sends_incremental_ones_in_turns():
    with Client() as w:
        w.want(3, "u=5")
        w.want(5, "u=2, i")
        w.want(7, "u=2, i")
        got = w.order()
        equal(got[-1], 3, "the last")
        if len(got) < 4:                # one after the other
            fail("they come as %s" % got)


@case
def a_frame_changes_the_order():
    with Client() as w:
        w.want(3, "u=6")
        w.want(5)
        w.send(update(3, "u=1"))
        equal(w.order(), [3, 5])


@case
def a_frame_before_the_request_counts_more_than_its_field():
    with Client() as w:
        w.want(3)
        w.send(update(5, "u=1"))
        w.want(5, "u=7")
        equal(w.order(), [5, 3])


@case
def the_server_has_the_last_word():
    with Client() as w:
        w.want(3, "u=4", says="u=0")
        w.want(5, "u=1", says="u=6")
        w.send(update(5, "u=0"))
        equal(w.order(), [3, 5])
    with Client() as w:           # and keeps what it does not say
        w.want(3, "u=2")
        w.want(5, "u=1", says="i=?0")
        equal(w.order(), [5, 3])


def unread(wire):
    got = fcntl.ioctl(wire.sock, termios.FIONREAD, bytes(4))
    return int.from_bytes(got, sys.byteorder)


def settled(wire):
    """Bytes that have come, once no more come: all buffers are full."""
    seen = []

    def is_still():
        seen.append(unread(wire))
        return seen[-1] > 0 and seen[-20:] == [seen[-1]] * 20
    wait_for(is_still, 10, "a full buffer")
    return seen[-1]


@case
def little_is_sent_ahead_of_what_is_urgent():
    """A client reads slowly, and the kernel would take megabytes of what it
    asked for first."""
    s, origin = proxy()
    with H2Wire(s.port, setting(4, 1 << 28), rcvbuf=65536) as w:
        w.send(frame(WINDOW, 0, 0, (1 << 28).to_bytes(4, "big")))
        w.ask(1, "GET", "/size?n=30000000", ("priority", "u=7"))
        here = settled(w)
        origin.asked += 1
        w.ask(3, "GET", "/body", ("priority", "u=0"))
        wait_for(lambda: origin.sent == origin.asked, 5, "the other's answer")
        s.get("/echo")          # and by now it has been read
        ahead = -here
        while True:
            kind, _, stream, payload = w.frame()
            if stream == 3:
                break
            ahead += 9 + len(payload)
        print("# %d KiB were ahead of it" % (ahead >> 10))
        if ahead > 512 << 10:
            fail("%d bytes were sent ahead" % ahead)


@case
def servers_and_clients_are_told():
    _, origin = proxy()
    with Client() as w:
        w.want(3, "u=4, i")
    equal([r.get("Priority") for r in origin.requests if r.has("Priority")]
          [-1:], ["u=4, i"])


@rows([
    ("of no stream", frame(PRIORITY_UPDATE, 0, 0, bytes(4) + b"u=1"), 1),
    ("of a pushed stream", update(2, "u=1"), 1),
    ("on a stream", frame(PRIORITY_UPDATE, 0, 1, b"\0\0\0\1u=1"), 1),
    ("without a stream", frame(PRIORITY_UPDATE, 0, 0, b"\0\0\0"), 6),
])
def refuses(bytes_, code):
    s, _ = proxy()
    with H2Wire(s.port) as w:
        w.send(bytes_)
        equal(w.goaway(), code)


@case
def long_ones_and_those_of_closed_streams_say_nothing():
    with Client() as w:
        w.send(update(1, "u=0"))
        w.want(3, "u=2")
        w.want(5)
        w.send(update(5, "u=0, " + "x" * 200))
        for n in range(7, 60, 2):       # more than it remembers
            w.send(update(n, "u=0"))
        equal(w.order(), [3, 5])


main()
