"""What handshakes may take: time, a number of them, memory."""
import socket
import time

from certs import TlsWire, cert, client, hello
from harness import (SLOW, Steelyard, case, equal, fail, is_instrumented, main,
                     pool, request, rows, rss, skip, wait_for)
from origins import GoodOrigin
from wire import Wire


def start(glob=None, **more):
    return Steelyard(pool(GoodOrigin()), listener={"tls": dict(
        {"certificates": [cert("a.test").row()]}, **more)}, glob=glob)


def has_no_client(s):
    wait_for(lambda: s.info()["CurrConns"] == "0", 5 * SLOW, "no connection")
    info = s.info()
    equal((info["CurrSslConns"], info["HandshakesActive"],
           info["HandshakesWaiting"]), ("0", "0", "0"))


@case
def a_silent_client_is_let_go():
    with start(handshake_timeout="300ms") as s, Wire(s.port) as w:
        begun = time.monotonic()
        equal(w.read_eof(5 * SLOW), b"")
        equal(time.monotonic() - begun >= 0.25, True, "not at once")
        e = s.wait_event("handshake")
        equal((e["failure"], e["client"], e["reason"]),
              ("timeout", w.name, "the client said nothing in time"))
        has_no_client(s)


@case
def a_byte_now_and_then_does_not_help():
    data = hello()
    with start(handshake_timeout="2s") as s, Wire(s.port) as w:
        try:
            for at in range(len(data)):     # for ten seconds
                w.send(data[at:at + 1])
                time.sleep(0.02)
                if s.events("handshake"):
                    break
            else:
                fail("it was let go on")
        except OSError:
            pass
        e = s.wait_event("handshake")
        equal((e["failure"], e["reason"]),
              ("timeout", "the handshake was not complete in time"))
        has_no_client(s)


@case
def a_hello_in_single_bytes_is_understood():
    data = None
    with start() as s:
        w = TlsWire(s.port, shake=False)
        try:
            w.tls.do_handshake()
        except Exception:
            data = w.outgoing.read()
        for at in range(len(data)):
            w.sock.sendall(data[at:at + 1])
        w.shake(10 * SLOW)
        w.send(request("/echo"))
        equal(w.response(timeout=5 * SLOW).status, 200)
        w.close()


@rows([("answers soon a client that coalesces its packets", True),
       ("acknowledges the handshake of one who gets no ticket", False)])
def nagle(tickets):
    """Its kernel keeps the request until the end of the handshake was
    acknowledged."""
    with start(tickets=tickets) as s:
        took = []
        while min(took, default=1) > 0.035 and len(took) < 200:
            with TlsWire(s.port, shake=False) as w:
                w.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)
                begun = time.monotonic()
                w.shake()
                w.send(request("/echo"))
                equal(w.response(timeout=5 * SLOW).status, 200)
                took.append(time.monotonic() - begun)
        # An acknowledgement that is late is so by 40 ms, always.
        if min(took) > 0.035 * SLOW:
            fail("never within %.1f ms" % (min(took) * 1e3))


@case
def failed_handshakes_do_not_fill_the_log():
    n = 150
    with start() as s:
        begun = time.monotonic()
        for _ in range(n):
            with Wire(s.port) as w:
                w.send(b"?")
                w.read_eof(5 * SLOW)
        seconds = int(time.monotonic() - begun) + 1
        wait_for(lambda: sum(e.get("more", 1) for e in s.events("handshake"))
                 == n, 5 * SLOW, "all are told or counted")
        told = [e for e in s.events("handshake") if "more" not in e]
        equal(20 <= len(told) <= 20 * (seconds + 1), True,
              "%d lines in %d s" % (len(told), seconds))
        equal({e["reason"] for e in told},
              {"the first byte is not of TLS: 0x3f"})
        equal(s.info()["HandshakesFailed"], str(n))


@case
def those_past_max_handshakes_wait_or_push_out_the_oldest():
    with start({"tls": {"max_handshakes": 4}}) as s:
        data = hello()
        slow = [Wire(s.port) for _ in range(4)]
        for w in slow:
            w.send(data)                # and never goes on
        wait_for(lambda: s.info()["HandshakesActive"] == "4", 5 * SLOW,
                 "four active")
        with TlsWire(s.port, timeout=8) as w:   # after the grace of a second
            w.send(request("/echo"))
            equal(w.response(timeout=5 * SLOW).status, 200)
        e = s.wait_event("handshake")
        equal((e["failure"], e["client"]), ("shed", slow[0].name))
        info = s.info()
        equal((info["HandshakesShed"], info["HandshakesDone"]), ("1", "1"))
        for w in slow:
            w.close()
        has_no_client(s)


@case
def silent_clients_take_no_slot():
    with start({"tls": {"max_handshakes": 2}}) as s:
        idle = [Wire(s.port) for _ in range(20)]
        wait_for(lambda: s.info()["CurrConns"] == "20", 5 * SLOW, "20")
        with TlsWire(s.port) as w:
            w.send(request("/echo"))
            equal(w.response(timeout=5 * SLOW).status, 200)
        for w in idle:
            w.close()
        has_no_client(s)


@case
def a_drain_ends_handshakes():
    with start() as s, Wire(s.port) as w:
        w.send(hello()[:50])
        wait_for(lambda: s.info()["HandshakesActive"] == "1", 5 * SLOW,
                 "one active")
        s.stop()
        equal(w.read_eof(5 * SLOW), b"")


@case
def an_idle_connection_takes_little_memory():
    if is_instrumented():
        skip("memory means nothing here")
    n = 1000
    context = client()
    with start() as s:
        def more(count):
            made = []
            for _ in range(count):
                w = TlsWire(s.port, context=context, timeout=10)
                w.send(request("/echo"))
                equal(w.response(timeout=5 * SLOW).status, 200)
                made.append(w)
            return made
        warm = more(200)
        before = rss(s.pid)
        idle = more(n)
        each = (rss(s.pid) - before) / n
        print("# %d bytes an idle TLS connection" % each)
        equal(each <= 9 * 1024, True, "%d bytes, at most 9 KiB" % each)
        for w in warm + idle:
            w.close()


if __name__ == "__main__":
    main()
