"""tls_origins.py - servers behind that speak TLS, well or badly."""
import socket
import ssl

from certs import authority
from harness import SLOW, wait_for
from origins import GoodOrigin, Origin
from wire import Closed, Failure, Wire


def server_context(cert, clients=None, version=None, alpn=("http/1.1",),
                   least=None):
    """clients: whether a certificate of ours is needed."""
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain(cert.cert, cert.key)
    if version:
        c.minimum_version = c.maximum_version = version
    if alpn:
        c.set_alpn_protocols(list(alpn))
    if clients:
        c.load_verify_locations(authority().ca)
        c.verify_mode = ssl.CERT_REQUIRED
    return c


class TlsOrigin(GoodOrigin):
    """A GoodOrigin over TLS.  .shaken has what each handshake agreed on (sni,
    version, resumed, alpn, subject), .refused the errors of those that failed.
    goodbye False: connections end without a close_notify."""

    def __init__(self, cert, goodbye=True, script=None, **more):
        naming = {k: more.pop(k) for k in ("name", "port", "path", "host")
                  if k in more}
        self.context = server_context(cert, **more)
        self.context.sni_callback = self._on_name
        self.goodbye = goodbye
        self.shaken, self.refused = [], []
        super().__init__(script=script, **naming)

    def _on_name(self, sock, name, _context):
        sock.asked = name

    def _serve(self, sock, number):
        try:
            sock.settimeout(20 * SLOW)
            tls = self.context.wrap_socket(sock, server_side=True,
                                           do_handshake_on_connect=False)
            tls.asked = None
            tls.do_handshake()
        except OSError as e:            # ssl.SSLError too
            self.refused.append(str(e))
            with self.lock:
                self.open.discard(sock)
            sock.close()
            return
        with self.lock:
            self.open.discard(sock)
            self.open.add(tls)
            self.shaken.append({
                "sni": tls.asked, "version": tls.version(),
                "resumed": tls.session_reused, "number": number,
                "alpn": tls.selected_alpn_protocol(),
                "subject": (tls.getpeercert() or {}).get("subject")})
        self._play(tls, number)

    def _play(self, tls, number):
        wire = Wire(tls)
        wire.origin = self
        try:
            self.script(wire, number)
            if self.goodbye:
                tls.settimeout(2)
                tls.unwrap()
        except (Closed, OSError, ValueError):
            pass
        except Failure as e:
            self.faults.append(str(e))
        finally:
            with self.lock:
                self.open.discard(tls)
            tls.close()

    def names(self):
        with self.lock:
            return [x["sni"] for x in self.shaken]

    def wait_shaken(self, n=1):
        wait_for(lambda: len(self.shaken) >= n, 5 * SLOW,
                 "%d handshakes at the origin" % n, lambda: str(self.refused))
        return self.shaken


def silent():
    """Accepts, reads, and never says anything."""
    def script(wire, _number):
        while wire.recv(3600):
            pass
    return Origin(script, name="silent")


def leaving(after=1):
    """Reads a little of the handshake, and closes."""
    def script(wire, _number):
        wire.read_exactly(after, 20)
    return Origin(script, name="leaving")


def plain_speaker():
    """Says plain HTTP whatever comes."""
    def script(wire, _number):
        wire.recv(20)
        wire.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\n"
                  b"Connection: close\r\n\r\nno\n")
        wire.sock.shutdown(socket.SHUT_WR)
        wire.recv(5)
    return Origin(script, name="plain")
