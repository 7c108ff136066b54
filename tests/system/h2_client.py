"""h2_client.py - a client of HTTP/2 by Debian's python3-h2, which judges what
it gets more strictly than others do.  Run by Debian's Python; port as argument.

Twenty requests at once on one connection: with bodies, without, and with
trailers; prints what each got as JSON, ordered by stream.
"""
import json
import socket
import sys

import h2.config
import h2.connection
import h2.events

BODY = b"0123456789" * 10000


class Client:
    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port), 20)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=True, header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.unsent, self.got = {}, {}

    def ask(self, method, path, body=b"", trailers=()):
        stream = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream, [
            (":method", method), (":scheme", "http"), (":authority", "a"),
            (":path", path), ("te", "trailers")],
            end_stream=not body and not trailers)
        self.got[stream] = {"body": 0, "done": False}
        if body or trailers:
            self.unsent[stream] = (body, trailers)

    def push(self):
        """What the windows allow."""
        for stream, (body, trailers) in list(self.unsent.items()):
            n = min(self.h2.local_flow_control_window(stream), len(body))
            most = self.h2.max_outbound_frame_size
            for at in range(0, n, most):
                self.h2.send_data(stream, body[at:min(at + most, n)])
            body = body[n:]
            self.unsent[stream] = (body, trailers)
            if body:
                continue
            del self.unsent[stream]
            if trailers:
                self.h2.send_headers(stream, trailers, end_stream=True)
            else:
                self.h2.end_stream(stream)
        self.sock.sendall(self.h2.data_to_send())

    def take(self, e):
        got = self.got.get(getattr(e, "stream_id", None))
        if isinstance(e, h2.events.ResponseReceived):
            got["status"] = dict(e.headers)[":status"]
        elif isinstance(e, h2.events.DataReceived):
            got["body"] += len(e.data)
            self.h2.acknowledge_received_data(e.flow_controlled_length,
                                              e.stream_id)
        elif isinstance(e, h2.events.StreamEnded):
            got["done"] = True
        elif isinstance(e, (h2.events.StreamReset,
                            h2.events.ConnectionTerminated)):
            sys.exit("%r" % e)

    def run(self):
        while not all(g["done"] for g in self.got.values()):
            self.push()
            said = self.sock.recv(65536)
            if not said:
                sys.exit("the connection ended")
            for e in self.h2.receive_data(said):
                self.take(e)
        self.h2.close_connection()
        self.sock.sendall(self.h2.data_to_send())


client = Client(int(sys.argv[1]))
for i in range(20):
    if i % 4 == 0:
        client.ask("GET", "/size?n=%d" % (100000 * i))
    elif i % 4 == 1:
        client.ask("POST", "/sha256", BODY)
    elif i % 4 == 2:
        client.ask("POST", "/sha256", BODY, [("x-sum", "1")])
    else:
        client.ask("GET", "/chunked?n=30000")
client.run()
print(json.dumps([client.got[k] for k in sorted(client.got)]))
