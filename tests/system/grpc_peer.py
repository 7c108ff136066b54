"""grpc_peer.py - a service and a client of gRPC, each a process of its own.

    python3 grpc_peer.py serve PORT NAME [nohealth] [tls KEY CERT]
    python3 grpc_peer.py calls ADDRESS [CA]           one JSON line a call
    python3 grpc_peer.py spread ADDRESS N THREADS     who answered how many
    python3 grpc_peer.py call ADDRESS METHOD BODY [SECONDS]
    python3 grpc_peer.py cancel ADDRESS N             a stream, after N messages
    python3 grpc_peer.py storm ADDRESS SECONDS        calls that are given up

Messages are raw bytes, so that nothing has to be generated.  It is run by the
python that can import grpc, which need not be the one that runs the tests.
"""
import collections
import hashlib
import json
import sys
import threading
import time
from concurrent import futures

import grpc

ECHO = "/test.Echo/"
SIZES = [("grpc.max_receive_message_length", -1),
         ("grpc.max_send_message_length", -1)]
HEALTH = {b"": b"\x08\x01", b"up": b"\x08\x01", b"down": b"\x08\x02",
          b"odd": b"\x08", b"empty": b""}


# --- the service -----------------------------------------------------------

class Service(grpc.GenericRpcHandler):
    """/test.Echo/... and, unless told otherwise, the health service."""

    def __init__(self, name, health):
        self.name = name.encode()
        self.health = health
        self.cancelled = 0
        self.asked = collections.Counter()
        self.lock = threading.Lock()

    def service(self, details):
        where, _, method = details.method.rpartition("/")
        if where == "/grpc.health.v1.Health" and self.health:
            return grpc.unary_unary_rpc_method_handler(self.check)
        handler = getattr(self, method, None) if where == ECHO[:-1] else None
        if handler is None:
            return None
        kind = {"ClientStream": grpc.stream_unary_rpc_method_handler,
                "ServerStream": grpc.unary_stream_rpc_method_handler,
                "Drip": grpc.unary_stream_rpc_method_handler,
                "FailLate": grpc.unary_stream_rpc_method_handler,
                "Bidi": grpc.stream_stream_rpc_method_handler,
                "Silent": grpc.stream_stream_rpc_method_handler}
        return kind.get(method, grpc.unary_unary_rpc_method_handler)(handler)

    def check(self, body, context):
        with self.lock:
            self.asked["health"] += 1
        name = body[2:] if body else b""
        if name == b"hangs":
            time.sleep(3)
        if name not in HEALTH:
            context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
        return HEALTH[name]

    def Unary(self, body, context):
        context.set_trailing_metadata((("x-trail", "t"),
                                       ("x-trail-bin", b"\0\xff")))
        return body

    def Who(self, _body, _context):
        return self.name

    def Digest(self, body, _context):
        return hashlib.sha256(body).hexdigest().encode()

    def Metadata(self, _body, context):
        got = sorted((k, v if isinstance(v, str) else v.hex())
                     for k, v in context.invocation_metadata()
                     if k.startswith("x-own"))
        context.send_initial_metadata((("x-first", "f"),
                                       ("x-first-bin", b"\1\2")))
        return json.dumps(got).encode()

    def Left(self, _body, context):
        left = context.time_remaining()
        return b"none" if left is None or left > 1e9 else b"%f" % left

    def Fail(self, body, context):
        code, _, text = body.decode().partition(" ")
        context.set_trailing_metadata((("x-why", "because"),))
        context.abort([c for c in grpc.StatusCode if c.value[0] == int(code)]
                      [0], text)

    def Raise(self, _body, _context):
        raise ValueError("on purpose")

    def Slow(self, body, context):
        context.add_callback(self._count(context))
        end = time.monotonic() + float(body)
        while time.monotonic() < end and context.is_active():
            time.sleep(0.01)
        context.whole = context.is_active()
        return b"slow"

    def Cancelled(self, _body, _context):
        return str(self.cancelled).encode()

    def _count(self, context):
        context.whole = False

        def over():
            with self.lock:
                self.cancelled += not context.whole
        return over

    def ClientStream(self, bodies, _context):
        n, total = 0, 0
        for body in bodies:
            n, total = n + 1, total + len(body)
        return b"%d %d" % (n, total)

    def ServerStream(self, body, context):
        n, size = map(int, body.split())
        for i in range(n):
            yield b"%d" % i + bytes(size)
        context.set_trailing_metadata((("x-trail", "t"),))

    def Drip(self, body, context):
        """A message each 20 ms, until somebody has enough."""
        context.add_callback(self._count(context))
        for i in range(int(body)):
            if not context.is_active():
                return
            yield b"%d" % i
            time.sleep(0.02)
        context.whole = True

    def FailLate(self, body, context):
        for i in range(int(body)):
            yield b"%d" % i
        context.abort(grpc.StatusCode.ABORTED, "after %d" % int(body))

    def Bidi(self, bodies, _context):
        for body in bodies:
            yield body.upper()

    def Silent(self, bodies, _context):
        """Says nothing before its client has ended, not even a head."""
        n = len(list(bodies))
        yield b"%d" % n


def serve(port, name, *more):
    health = "nohealth" not in more
    server = grpc.server(futures.ThreadPoolExecutor(64), options=SIZES + [
        ("grpc.so_reuseport", 0)])
    server.add_generic_rpc_handlers((Service(name, health),))
    where = "127.0.0.1:" + port
    if "tls" in more:
        pair = []
        for path in more[-2:]:
            with open(path, "rb") as f:
                pair.append(f.read())
        done = server.add_secure_port(
            where, grpc.ssl_server_credentials([tuple(pair)]))
    else:
        done = server.add_insecure_port(where)
    if not done:
        sys.exit("cannot listen on " + where)
    server.start()
    print("ready", flush=True)
    server.wait_for_termination()


# --- the client ------------------------------------------------------------

def channel(address, ca=None):
    if ca is None:
        return grpc.insecure_channel(address, options=SIZES)
    with open(ca, "rb") as f:
        root = grpc.ssl_channel_credentials(f.read())
    return grpc.secure_channel(address, root, options=SIZES + [
        ("grpc.ssl_target_name_override", "localhost")])


def shown(body):
    """Short enough for a line."""
    if len(body) <= 100:
        return body.decode("latin-1")
    return "%d bytes %s" % (len(body), hashlib.sha256(body).hexdigest()[:16])


def metadata(pairs):
    return sorted((k, v if isinstance(v, str) else v.hex())
                  for k, v in pairs or () if k.startswith("x-")
                  and k != "x-request-id")


def outcome(call, streams):
    """All that a client sees of a call: messages, metadata, status."""
    got = []
    try:
        for body in call if streams else [call.result()]:
            got.append(shown(body))
    except grpc.RpcError as e:
        if e is not call and not streams:
            call = e
    return {"got": got, "code": call.code().name, "details": call.details(),
            "first": metadata(call.initial_metadata()),
            "last": metadata(call.trailing_metadata())}


def later(bodies, pause=0.0):
    for body in bodies:
        time.sleep(pause)
        yield body


class Calls:
    def __init__(self, chan):
        self.chan = chan

    def unary(self, method, body=b"", **more):
        more.setdefault("timeout", 20)
        call = self.chan.unary_unary(ECHO + method).future(body, **more)
        return outcome(call, False)

    def client_stream(self, bodies, **more):
        more.setdefault("timeout", 20)
        return outcome(self.chan.stream_unary(ECHO + "ClientStream").future(
            iter(bodies), **more), False)

    def server_stream(self, method, body, **more):
        more.setdefault("timeout", 20)
        return outcome(self.chan.unary_stream(ECHO + method)(body, **more),
                       True)

    def bidi(self, bodies, method="Bidi", **more):
        more.setdefault("timeout", 20)
        return outcome(self.chan.stream_stream(ECHO + method)(
            iter(bodies), **more), True)

    def ping_pong(self, n):
        """Each message is sent once the one before has been answered."""
        got, turn = [], threading.Semaphore(1)

        def bodies():
            for i in range(n):
                turn.acquire()
                yield b"m%d" % i
        for body in self.chan.stream_stream(ECHO + "Bidi")(
                bodies(), timeout=20):
            got.append(shown(body))
            turn.release()
        return got

    def cancel(self, after):
        """A stream of which the client has had enough."""
        before = int(self.unary("Cancelled")["got"][0])
        call = self.chan.unary_stream(ECHO + "Drip")(b"500", timeout=20)
        got = [shown(next(call)) for _ in range(after)]
        call.cancel()
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if int(self.unary("Cancelled")["got"][0]) > before:
                return got, call.code().name, "the server noticed"
            time.sleep(0.02)
        return got, call.code().name, "the server did not notice"


def calls(address, ca=None):
    with channel(address, ca) as chan:
        c = Calls(chan)
        big = bytes(range(256)) * (4 << 12)         # 4 MiB
        table = [
            ("unary", lambda: c.unary("Unary", b"hello")),
            ("empty", lambda: c.unary("Unary", b"")),
            ("metadata", lambda: c.unary("Metadata", metadata=(
                ("x-own", "a"), ("x-own", "b"), ("x-own-bin", b"\0\1\xfe"),
                ("x-own-long", "v" * 3000)))),
            ("no deadline", lambda: c.unary("Left", timeout=None)),
            ("big up", lambda: c.unary("Digest", big)),
            ("big both ways", lambda: c.unary("Unary", big)),
            ("compressed", lambda: c.unary(
                "Unary", b"z" * 100000, compression=grpc.Compression.Gzip)),
            ("client stream", lambda: c.client_stream(
                b"x" * i for i in range(200))),
            ("client stream of nothing", lambda: c.client_stream([])),
            ("client stream, slow", lambda: c.client_stream(
                later([b"a", b"b", b"c"], 0.05))),
            ("client stream of big ones", lambda: c.client_stream(
                [big, big, big])),
            ("server stream", lambda: c.server_stream(
                "ServerStream", b"200 1000")),
            ("server stream of nothing", lambda: c.server_stream(
                "ServerStream", b"0 0")),
            ("server stream of big ones", lambda: c.server_stream(
                "ServerStream", b"3 4000000")),
            ("bidi", lambda: c.bidi([b"a", b"bc", b"def"])),
            ("bidi of nothing", lambda: c.bidi([])),
            ("bidi, many", lambda: c.bidi([b"m%d" % i for i in range(500)])),
            ("bidi, one at a time", lambda: c.ping_pong(50)),
            ("bidi, silent to the end", lambda: c.bidi(
                later([b"a"] * 4, 0.1), "Silent")),
            ("deadline of a call", lambda: c.unary("Slow", b"5",
                                                   timeout=0.3)),
            ("deadline of a stream", lambda: {**c.server_stream(
                "Drip", b"500", timeout=0.3), "got": None}),
            ("cancel", lambda: c.cancel(3)),
            ("raises", lambda: c.unary("Raise")),
            ("no such method", lambda: c.unary("Nothing")),
            ("no such service", lambda: outcome(chan.unary_unary(
                "/a.B/C").future(b"", timeout=20), False)),
            ("fails late", lambda: c.server_stream("FailLate", b"7")),
            ("fails at once", lambda: c.server_stream("FailLate", b"0")),
        ] + [("fails with %d" % i, lambda i=i: c.unary(
            "Fail", ("%d 100%% gr\u00fc\u00dfe %d" % (i, i)).encode()))
            for i in range(1, 17)]
        for name, call in table:
            print(json.dumps([name, call()]), flush=True)


def spread(address, n, threads):
    """n calls on one connection, and who answered them."""
    with channel(address) as chan, \
            futures.ThreadPoolExecutor(threads) as pool:
        who = chan.unary_unary(ECHO + "Who")
        got = pool.map(lambda _: who(b"", timeout=20).decode(), range(n))
        print(json.dumps(collections.Counter(got)))


def call(address, method, body, seconds="20"):
    """One call; a stream is told message by message."""
    streams = method in ("ServerStream", "Drip", "FailLate")
    with channel(address) as chan:
        if not streams:
            print(json.dumps(Calls(chan).unary(
                method, body.encode(), timeout=float(seconds))))
            return
        made = chan.unary_stream(ECHO + method)(
            body.encode(), timeout=float(seconds))
        print(json.dumps(outcome(tell(made), True)))


class tell:
    """The same call, which says when its first message is here."""

    def __init__(self, made):
        self.made, self.first = made, True

    def __iter__(self):
        for body in self.made:
            if self.first:
                print('"begun"', flush=True)
            self.first = False
            yield body

    def __getattr__(self, name):
        return getattr(self.made, name)


def storm(address, seconds):
    """Calls that are cancelled, or too slow for their deadlines; and what
    becomes of them."""
    end = time.monotonic() + float(seconds)
    codes = collections.Counter()

    def one(i):
        with channel(address) as chan:
            c = Calls(chan)
            while time.monotonic() < end:
                if i % 2:
                    made = chan.unary_stream(ECHO + "Drip")(b"50", timeout=9)
                    try:
                        next(made)
                        made.cancel()
                    except grpc.RpcError:
                        pass
                    code = made.code().name
                else:
                    code = c.unary("Slow", b"2", timeout=0.05)["code"]
                codes[code] += 1
    with futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(one, range(16)))
    print(json.dumps(codes))


if __name__ == "__main__":
    what, rest = sys.argv[1], sys.argv[2:]
    if what == "serve":
        serve(*rest)
    elif what == "calls":
        calls(*rest)
    elif what == "spread":
        spread(rest[0], int(rest[1]), int(rest[2]))
    elif what == "cancel":
        with channel(rest[0]) as made:
            for said in Calls(made).cancel(int(rest[1])):
                print(json.dumps(said))
    elif what == "storm":
        storm(*rest[:2])
    else:
        call(*rest)
