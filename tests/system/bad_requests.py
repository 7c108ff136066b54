"""bad_requests.py - the shape shared by the tables of refused and served
requests: what goes in on the wire, and what the server behind saw."""
from harness import Steelyard, equal, fail, keep, once, pool, request
from origins import OK, Origin, always
from wire import Wire


@once
def proxy():
    origin = Origin(always(OK), name="a")
    return Steelyard(pool(origin)), origin


def exchange(data, method="GET", timeout=3):
    """Sends bytes to the shared proxy; (response, client's name, requests
    that the origin saw). The connection is then over."""
    s, origin = proxy()
    before = len(origin.requests)
    with s.wire() as w:
        w.send(data)
        r = w.response(method, timeout)
        r.rest = None
        r.client = w.name
        if "close" in r.tokens("Connection"):
            w.is_closed()
            r.rest = b""
    return r, origin.requests[before:]


def refused(data, status=400, method="GET"):
    """Refused: this status, the connection closes, nothing sent behind, and
    the access log says PR."""
    r, seen = exchange(data, method)
    equal(r.status, status, "status of %r" % data[:80])
    if seen:
        fail("a server saw %r" % seen[0].head)
    equal(r.rest, b"", "Connection: close, then the end; the rest")
    s, _ = proxy()
    line = s.access(client=keep_name(r))
    equal(line["status"], status, "status in the log")
    equal(line["termination"], "PR", "termination")
    return r


class keep_name:
    """Stands for a Wire that is closed."""

    def __init__(self, r):
        self.name = r.client


def served(data, method="GET"):
    """Served: 200; gives the request the server saw."""
    r, seen = exchange(data, method)
    equal(r.status, 200, "status of %r" % data[:80])
    equal(len(seen), 1, "requests at the server")
    return seen[0]


def line(first, *fields):
    """A head from its request line, with Host unless fields say more."""
    return first + b"\r\nHost: a\r\n" + b"".join(f + b"\r\n" for f in fields) \
        + b"\r\n"


__all__ = ["proxy", "exchange", "refused", "served", "line", "request",
           "Wire", "keep"]
