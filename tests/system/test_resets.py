"""Clients and servers that vanish at any point leave nothing behind."""
import random
import time

from harness import (SLOW, Steelyard, case, equal, fail, main, once, pool,
                     request, wait_for)
from origins import GoodOrigin, OK, Origin
from wire import Closed

KINDS = [
    request("/"), request("/size?n=500000"), request("/chunked?n=300000"),
    request("/slow?ms=50"), request("/", method="POST", body=b"x" * 50000),
    request("/", method="HEAD"), request("/eof?n=100000"),
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nhello\r\n0\r\n\r\n",
    request("/1") + request("/size?n=100000") + request("/3"),
    b"GET / HTTP/1.1\r\nHost : bad\r\n\r\n",
]


@once
def proxy():
    return Steelyard(pool(GoodOrigin(name="a"), GoodOrigin(name="b")))


def settles(s):
    """The counts of what is current return to nothing."""
    def zero():
        rows = s.stat()
        return s.info()["CurrConns"] == "0" and all(
            r["scur"] in ("0", "") and r["qcur"] in ("0", "") for r in rows)
    wait_for(zero, 8 * SLOW, "all counts at 0", lambda: str(
        [(r["svname"], r["scur"], r["qcur"]) for r in s.stat()]
        + [s.info()["CurrConns"]]))
    equal(s.get().status, 200, "service after it")


@case
def clients_that_reset_anywhere_leave_nothing():
    s = proxy()
    rng = random.Random(7)
    for i in range(250):
        w = s.wire(rcvbuf=rng.choice([None, 4096]))
        data = rng.choice(KINDS)
        cut = rng.choice([len(data), rng.randrange(1, len(data))])
        try:
            w.send(data[:cut])
            what = rng.random()
            if what < 0.4:
                w.sock.settimeout(rng.choice([0.001, 0.01, 0.05]))
                try:
                    w.sock.recv(rng.choice([1, 500, 20000]))
                except OSError:
                    pass
            elif what < 0.6:
                time.sleep(rng.random() * 0.01)
            if rng.random() < 0.15:
                w.finish()
        except OSError:
            pass
        w.reset() if rng.random() < 0.7 else w.close()
    settles(s)


@case
def a_crowd_that_leaves_at_once_leaves_nothing():
    s = proxy()
    wires = [s.wire() for _ in range(150)]
    for i, w in enumerate(wires):
        w.send(KINDS[i % len(KINDS)])
    for w in wires:
        w.reset()
    settles(s)


@case
def servers_that_reset_anywhere_leave_nothing():
    rng = random.Random(11)

    def script(w, n):
        while True:
            w.request(20)
            said = rng.choice([OK, b"HTTP/1.1 200 OK\r\nContent-Length: "
                               b"10000\r\n\r\n" + b"x" * 10000])
            cut = rng.choice([len(said)] * 3 + [rng.randrange(len(said))])
            w.send(said[:cut])
            if cut < len(said):
                w.reset() if rng.random() < 0.5 else w.close()
                return
    with Steelyard(pool(Origin(script, name="a"),
                        Origin(script, name="b"), retries=3,
                        retry_min=100)) as s:
        statuses = set()
        for _ in range(200):
            try:
                statuses.add(s.get().status)
            except Closed:              # cut before its head had gone
                pass
        if not statuses <= {200, 502}:
            fail("statuses %s" % statuses)
        wait_for(lambda: s.info()["CurrConns"] == "0", 5 * SLOW,
                 "CurrConns 0")
        equal(s.row("web/BACKEND")["scur"], "0", "scur")


@case
def a_client_that_sends_forever_is_cut():
    s = proxy()
    with s.wire() as w:
        try:
            for _ in range(200):
                w.send(b"x" * 65536, 2)
        except OSError:
            return                      # as it should be
        fail("13 MB of no request were taken")


main()
