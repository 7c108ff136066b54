"""A browser loads a page with many parts, and talks by WebSocket, over TLS:
with HTTP/2, and with HTTP/1.1."""
import base64
import hashlib
import os
import shutil
import signal
import struct
import subprocess
from urllib.parse import parse_qs, urlsplit

from certs import cert, openssl
from harness import (SLOW, Steelyard, equal, fail, main, pool, rows, skip, start,
                     temp_dir, wait_for)
from origins import GoodOrigin, accept_key

PARTS = 50
HEAD = b"<!doctype html><title>x</title><script>let n = 0;</script>"
# Reports what was loaded by which protocol, and what the WebSocket echoed.
TAIL = b"""<script>
onload = () => {
  const ws = new WebSocket('wss://' + location.host + '/ws');
  const protocols = [...new Set(performance.getEntriesByType('resource')
      .map(e => e.nextHopProtocol))].join();
  const done = said => fetch('/done?n=' + n + '&by=' + protocols +
      '&said=' + said, { method: 'POST', body: 'y'.repeat(300000) });
  ws.onopen = () => ws.send('hello '.repeat(2000));
  ws.onmessage = e => { done(e.data.length); ws.close(); };
  ws.onerror = () => done('error');
};
</script>"""


def ws_frame(wire):
    """Opcode and bytes of the next frame of a client."""
    kind, n = wire.read_exactly(2, 60)
    n &= 0x7f
    if n > 125:
        n = int.from_bytes(wire.read_exactly(2 if n == 126 else 8), "big")
    mask = wire.read_exactly(4)
    bytes_ = wire.read_exactly(n) if n else b""
    return kind & 15, bytes(x ^ mask[i % 4] for i, x in enumerate(bytes_))


class Site(GoodOrigin):
    """The page, its parts, and an echo that speaks WebSocket properly."""

    def __init__(self):
        self.done = []
        super().__init__(name="a")

    def do_page(self, wire, r, q):
        parts = b"".join(b"<script src='/part?i=%d'></script>" % i
                         for i in range(PARTS))
        return self.send(wire, r, HEAD + parts + TAIL, "text/html")

    def do_part(self, wire, r, q):
        said = b"n++; // part " + q["i"].encode() + b" x" * 5000
        return self.send(wire, r, said, "text/javascript")

    def do_done(self, wire, r, q):
        wire.body_of(r, 20)
        self.done.append((q, len(r.body)))
        return self.send(wire, r, b"")

    def do_ws(self, wire, r, q):
        accept = accept_key(r.get("Sec-WebSocket-Key", ""))
        wire.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket"
                  b"\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
                  + accept.encode() + b"\r\n\r\n")
        while True:
            kind, said = ws_frame(wire)
            size = bytes([len(said)]) if len(said) < 126 else \
                b"\x7e" + struct.pack(">H", len(said))
            wire.send(bytes([0x80 | kind]) + size + said)
            if kind == 8:
                return False


class Browser:
    """Chromium without a window, which trusts one certificate more."""

    def __init__(self, made, url):
        program = shutil.which("chromium")
        if not program:
            skip("chromium is not installed")
        here = temp_dir()
        self.child = start([
            program, "--headless", "--no-sandbox", "--disable-gpu",
            "--disable-quic", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--disable-extensions", "--no-proxy-server",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            "--ignore-certificate-errors-spki-list=" + pin(made),
            "--remote-debugging-port=0", "--user-data-dir=" + here, url],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
            env=dict(os.environ, HOME=here, XDG_CONFIG_HOME=here))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.send_signal(signal.SIGTERM)
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self.child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.child.close()


def pin(made):
    """The hash of a certificate's public key."""
    key = openssl("x509", "-in", made.cert, "-noout", "-pubkey")
    der = openssl("pkey", "-pubin", "-outform", "der", input=key)
    return base64.b64encode(hashlib.sha256(der).digest()).decode()


@rows([
    ("a browser speaks HTTP 2", True, "h2", "HTTP/2.0"),
    ("a browser speaks HTTP 1", False, "http/1.1", "HTTP/1.1"),
])
def browses(http2, name, version):
    if not shutil.which("chromium"):
        skip("chromium is not installed")
    made, site = cert("a.test", "IP:127.0.0.1"), Site()
    with Steelyard(pool(site), listener={
            "http2": http2, "tls": {"certificates": [made.row()]}}) as s:
        with Browser(made, "https://127.0.0.1:%d/page" % s.port):
            wait_for(lambda: site.done, 40 * SLOW, "the page to report",
                     lambda: str([r.target for r in site.requests][-3:]))
            q, body = site.done[0]
            equal((q, body), ({"n": str(PARTS), "by": name, "said": "12000"},
                              300000), "what the browser reports")
            ws = s.access(target="/ws")
        equal((ws["version"], ws["status"]), (version, 101), "the WebSocket")
        lines = [x for x in s.access_lines() if x["target"] and
                 urlsplit(x["target"]).path in ("/page", "/part", "/done")]
        equal({x["version"] for x in lines}, {version}, "versions")
        equal({x["status"] for x in lines}, {200}, "statuses")
        if len(lines) < PARTS + 1:
            fail("%d lines" % len(lines))
        if http2:
            clients = {x["client"] for x in lines}
            # a browser tries a second one where the first is slow to come
            equal(len(clients) <= 2, True, "%d connections" % len(clients))
            equal(ws["client"] in clients, True,
                  "the WebSocket shares the connection")


main()
