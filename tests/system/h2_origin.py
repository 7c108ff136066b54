"""h2_origin.py - a server of HTTP/2 by Debian's python3-h2, which judges what
it gets more strictly than others do.  Run by Debian's Python:

    h2_origin.py PORT [streams=N] [goaway=N] [die=N] [reset=N] [cert=F key=F]

goaway: each connection ends gently after so many requests, without asking;
die, reset: the connection breaks, or the stream, at each so-manyth request.

    /            the request as JSON        /size?n=      so many bytes
    /sha256      digest of the upload       /trailers     with x-sum behind
    /early       413, before the body       /interim      103, then 200
    /slow?ms=    later                      /break        RST_STREAM
    /cut         the same, in the body      /die          no answer at all
    /ws          echoes, by extended CONNECT
"""
import asyncio
import hashlib
import json
import ssl
import sys
from urllib.parse import parse_qs, urlsplit

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
from h2.settings import SettingCodes

PIECE = bytes(range(256)) * 256         # as pattern() of origins.py


class Stream:
    def __init__(self, number, fields):
        self.number = number
        self.fields = fields
        self.pseudo = {k: v for k, v in fields if k[0] == ":"}
        url = urlsplit(self.pseudo.get(":path", "/"))
        self.path = url.path
        self.query = {k: v[0] for k, v in parse_qs(url.query).items()}
        self.digest, self.size = hashlib.sha256(), 0
        self.trailers = []
        self.out, self.out_end, self.out_trailers = b"", False, None
        self.answered = False


class Connection(asyncio.Protocol):
    count = 0
    requests = 0

    def __init__(self, options):
        self.options = options
        self.streams = {}
        self.served, self.goaway = 0, None
        Connection.count += 1
        self.number = Connection.count
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=False, header_encoding="utf-8"))
        self.h2.local_settings = h2.settings.Settings(
            client=False, initial_values={
                SettingCodes.MAX_CONCURRENT_STREAMS:
                    int(options.get("streams", 100)),
                SettingCodes.ENABLE_CONNECT_PROTOCOL: 1})

    def connection_made(self, transport):
        self.transport = transport
        self.h2.initiate_connection()
        self.flush()

    def flush(self):
        self.transport.write(self.h2.data_to_send())

    def data_received(self, data):
        try:
            events = self.h2.receive_data(data)
        except h2.exceptions.ProtocolError as e:
            print("PROTOCOL ERROR: %s" % e, flush=True)
            self.flush()
            self.transport.close()
            return
        for e in events:
            self.take(e)
        self.push()

    def take(self, e):
        s = self.streams.get(getattr(e, "stream_id", None))
        if isinstance(e, h2.events.RequestReceived):
            s = self.streams[e.stream_id] = Stream(e.stream_id, e.headers)
            self.begin(s)
        elif isinstance(e, h2.events.DataReceived):
            self.h2.acknowledge_received_data(e.flow_controlled_length,
                                              e.stream_id)
            if s and s.path == "/ws":
                s.out += e.data
            elif s:
                s.digest.update(e.data)
                s.size += len(e.data)
        elif isinstance(e, h2.events.TrailersReceived):
            s.trailers = e.headers
        elif isinstance(e, h2.events.StreamEnded) and s:
            if s.path == "/ws":
                s.out_end = True
            elif not s.answered:
                self.end(s)
        elif isinstance(e, h2.events.StreamReset):
            self.streams.pop(e.stream_id, None)

    def is_time(self, what):
        return what in self.options and \
            Connection.requests % int(self.options[what]) == 0

    def begin(self, s):
        self.served += 1
        Connection.requests += 1
        if self.is_time("die") or s.path == "/die":
            self.transport.abort()
        elif self.is_time("reset"):
            self.h2.reset_stream(s.number, h2.errors.ErrorCodes.INTERNAL_ERROR)
            self.streams.pop(s.number)
        elif self.served > int(self.options.get("goaway", 1 << 30)):
            self.streams.pop(s.number)      # behind the last one
        elif s.path == "/ws":
            self.head(s, 200)
        elif s.path == "/early":
            self.answer(s, b"too large", status=413)
        elif s.path == "/interim":
            self.h2.send_headers(s.number, [(":status", "103"),
                                            ("link", "</x>")])
        if self.served == int(self.options.get("goaway", 0)):
            self.goaway = s.number

    def end(self, s):
        if s.path == "/sha256":
            self.answer(s, b"%s %d" % (s.digest.hexdigest().encode(), s.size))
        elif s.path == "/size":
            n = int(s.query["n"])
            self.answer(s, (PIECE * (n // len(PIECE) + 1))[:n])
        elif s.path == "/trailers":
            self.answer(s, b"body", trailers=[("x-sum", "2"), (
                "x-got", dict(s.trailers).get("x-sum", "none"))])
        elif s.path == "/slow":
            asyncio.get_running_loop().call_later(
                int(s.query["ms"]) / 1000, self.echo_later, s)
        elif s.path == "/break":
            self.h2.reset_stream(s.number,
                                 h2.errors.ErrorCodes.INTERNAL_ERROR)
        elif s.path == "/cut":
            self.head(s, 200, [("content-length", "100")])
            self.h2.send_data(s.number, b"some")
            asyncio.get_running_loop().call_later(0.2, self.cut, s)
        else:
            self.echo(s)

    def cut(self, s):
        self.h2.reset_stream(s.number, h2.errors.ErrorCodes.INTERNAL_ERROR)
        self.flush()

    def echo_later(self, s):
        if s.number in self.streams and not self.transport.is_closing():
            self.echo(s)
            self.push()

    def echo(self, s):
        self.answer(s, json.dumps({
            "method": s.pseudo[":method"], "target": s.pseudo[":path"],
            "scheme": s.pseudo[":scheme"], "host": s.pseudo[":authority"],
            "fields": s.fields, "body": s.size, "trailers": s.trailers,
            "connection": self.number, "stream": s.number}).encode())

    def head(self, s, status, fields=()):
        s.answered = True
        self.h2.send_headers(s.number, [(":status", str(status)), *fields])

    def answer(self, s, body, status=200, trailers=None):
        self.head(s, status, [] if trailers else [
            ("content-length", str(len(body)))])
        if s.pseudo[":method"] != "HEAD":
            s.out = body
        s.out_end, s.out_trailers = True, trailers

    def push(self):
        """What the windows allow; then GOAWAY, if it is time."""
        for s in list(self.streams.values()):
            try:
                self.push_stream(s)
            except h2.exceptions.StreamClosedError:
                self.streams.pop(s.number, None)
        self.flush()
        if self.goaway:                 # by hand: the library would stop
            self.transport.write(b"\0\0\x08\x07\0\0\0\0\0"
                                 + self.goaway.to_bytes(4, "big") + bytes(4))
            self.goaway = None

    def push_stream(self, s):
        n = min(self.h2.local_flow_control_window(s.number), len(s.out)) \
            if s.out else 0
        most = self.h2.max_outbound_frame_size
        for at in range(0, n, most):
            self.h2.send_data(s.number, s.out[at:min(at + most, n)])
        s.out = s.out[n:]
        if s.out or not s.out_end or not s.answered:
            return
        if s.out_trailers:
            self.h2.send_headers(s.number, s.out_trailers, end_stream=True)
        else:
            self.h2.end_stream(s.number)
        self.streams.pop(s.number)


async def serve(port, options):
    context = None
    if "cert" in options:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options["cert"], options["key"])
        context.set_alpn_protocols(["h2"])
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(options),
                                      "127.0.0.1", port, ssl=context)
    print("ready", flush=True)
    await server.serve_forever()


asyncio.run(serve(int(sys.argv[1]),
                  dict(x.split("=", 1) for x in sys.argv[2:])))
