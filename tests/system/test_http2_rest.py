"""HTTP/2: connections of clients that ask for nothing hold next to nothing, and
go on as if nothing had been."""
import time

from h2wire import ACK, END_HEADERS, H2Wire, HEADERS, PING, SETTINGS, frame
from harness import (SLOW, Steelyard, case, equal, is_instrumented, main, once,
                     pool, rss, skip, wait_for)
from origins import GoodOrigin

MOST = 7 * 1024         # bytes of an idle connection
LATER = 12 * 1024       # once more have been busy at a time: what they took is
                        # not all given back, but without a rest it is 17 KB


@once
def proxy():
    origin = GoodOrigin(name="a")
    return Steelyard(pool(origin)), origin


def kept(name, value):
    """A field that goes to the table of both ends."""
    return b"\x40" + bytes([len(name)]) + name.encode() + bytes([len(value)]) \
        + value.encode()


FIRST = b"\x82\x86" + kept(":path", "/echo") + \
    kept(":authority", "idle.example.com") + \
    kept("user-agent", "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101") + \
    kept("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8") + \
    kept("x-kept", "that which stands in the table")
AGAIN = b"\x82\x86" + bytes([0x80 + n for n in (66, 65, 64, 63, 62)])


def ask(w, stream, fields):
    w.send(frame(HEADERS, END_HEADERS | 1, stream, fields))


def answered(w, stream):
    ended = False
    while not ended:
        kind, flags, of, _ = w.frame(10 * SLOW)
        if kind == SETTINGS and not flags & ACK:
            w.send(frame(SETTINGS, ACK))
        ended = kind in (0, 1) and of == stream and flags & 1


def opened(s):
    w = H2Wire(s.port)
    ask(w, 1, FIRST)
    answered(w, 1)
    return w


@case
def the_tables_of_fields_are_what_they_were():
    s, origin = proxy()
    with opened(s) as w:
        for i in range(4):
            time.sleep(0.15)            # longer than a quick client takes
            ask(w, 3 + 2 * i, AGAIN)
            answered(w, 3 + 2 * i)
    wait_for(lambda: len(origin.requests) >= 5, 5 * SLOW, "five requests")
    equal({dict(r.fields)["x-kept"] for r in origin.requests},
          {"that which stands in the table"})


@case
def an_idle_connection_takes_little_memory():
    if is_instrumented():
        skip("memory means nothing here")
    n = 1000
    with Steelyard(pool(GoodOrigin(name="a"))) as s:
        warm = [opened(s) for _ in range(200)]
        before = rss(s.pid)
        idle = [opened(s) for _ in range(n)]
        print("# %d bytes an idle connection of HTTP/2"
              % ((rss(s.pid) - before) / n))

        def each():
            return (rss(s.pid) - before) / n
        wait_for(lambda: each() <= MOST, 5 * SLOW, "little memory",
                 lambda: str(each()))
        for w in idle:
            ask(w, 3, AGAIN)
            answered(w, 3)
        wait_for(lambda: each() <= LATER, 5 * SLOW, "little memory, again",
                 lambda: str(each()))
        for w in idle:
            w.send(frame(PING, 0, 0, b"12345678"))
            equal(w.until(PING, timeout=10 * SLOW), b"12345678")
        wait_for(lambda: each() <= LATER, 5 * SLOW,
                 "little memory after a PING", lambda: str(each()))
        for w in warm + idle:
            w.close()


main()
