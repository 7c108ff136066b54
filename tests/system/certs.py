"""certs.py - certificates for tests, made by openssl(1), and a Wire over TLS.

One authority a test file; each certificate is made once a file.
"""
import functools
import os
import socket
import ssl
import struct
import subprocess
import time

from harness import SLOW, fail, temp_dir
from wire import Deadline, PATIENCE, Wire


def openssl(*args, **more):
    got = subprocess.run(["openssl", *args], capture_output=True,
                         timeout=60 * SLOW, **more)
    if got.returncode != 0:
        fail("openssl %s: %s" % (args[0], got.stderr.decode()[-300:]))
    return got.stdout


def read(path):
    with open(path) as f:
        return f.read()


def write(path, text, mode=0o600):
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, mode)
    return path


LONG_AGO = "20200102000000Z"

KINDS = {"ec": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
         "rsa": ["-newkey", "rsa:2048"]}


class Cert:
    """cert, key: paths of its files; pem: of one with both."""

    def __init__(self, folder, label):
        self.cert = os.path.join(folder, label + ".crt")
        self.key = os.path.join(folder, label + ".key")
        self.pem = os.path.join(folder, label + ".pem")

    def join(self):
        write(self.pem, read(self.cert) + read(self.key))

    @property
    def serial(self):
        said = openssl("x509", "-in", self.cert, "-noout", "-serial")
        return said.decode().strip().partition("=")[2]

    @property
    def fingerprint(self):
        said = openssl("x509", "-in", self.cert, "-noout", "-fingerprint",
                       "-sha256").decode()
        return said.strip().partition("=")[2].replace(":", "").lower()

    def row(self):
        """As it stands in listener.tls.certificates."""
        return {"cert": self.cert, "key": self.key}


class Authority:
    def __init__(self, name="Test CA"):
        self.folder = temp_dir()
        self.number = 0
        self.ca = os.path.join(self.folder, "ca.crt")
        self.key = os.path.join(self.folder, "ca.key")
        openssl("req", "-x509", "-nodes", *KINDS["ec"], "-subj",
                "/CN=" + name, "-days", "30", "-keyout", self.key,
                "-out", self.ca)

    def crl(self, *revoked, until=None):
        """The path of a new list of those; it ends in 9 days, or until then,
        such as LONG_AGO."""
        work = temp_dir()
        conf = write(os.path.join(work, "conf"), "[ca]\ndefault_ca = us\n"
                     "[us]\ndatabase = %s/index\ndefault_md = sha256\n"
                     "default_crl_days = 9\n" % work)
        write(os.path.join(work, "index"), "")
        base = ["ca", "-config", conf, "-cert", self.ca, "-keyfile", self.key]
        for c in revoked:
            openssl(*base, "-revoke", c.cert)
        out = os.path.join(work, "crl.pem")
        openssl(*base, "-gencrl", "-out", out, *([
            "-crl_lastupdate", "20200101000000Z", "-crl_nextupdate", until]
            if until else []))
        return out

    def issue(self, *names, kind="ec", days=30, subject=None):
        """A certificate for these names ("a.test", "IP:127.0.0.1")."""
        self.number += 1
        made = Cert(self.folder, "%d-%s" % (
            self.number, names[0].replace("*", "any").replace(":", "-")))
        sans = ",".join(n if ":" in n else "DNS:" + n for n in names)
        openssl("req", "-x509", "-nodes", *KINDS[kind],
                "-subj", subject or "/CN=" + names[0].rpartition(":")[2],
                "-days", str(days), "-CA", self.ca, "-CAkey", self.key,
                "-addext", "subjectAltName=" + sans,
                "-addext", "basicConstraints=critical,CA:FALSE",
                "-keyout", made.key, "-out", made.cert)
        os.chmod(made.key, 0o600)
        made.join()
        return made

    def expired(self, *names):
        """One that ended a year ago."""
        made = self.issue(*names)
        work = os.path.join(self.folder, "work%d" % self.number)
        os.mkdir(work)
        conf = write(os.path.join(work, "conf"), """
[ca]
default_ca = us
[us]
database = %s/index
new_certs_dir = %s
rand_serial = yes
default_md = sha256
policy = any
x509_extensions = v3
copy_extensions = copyall
[any]
commonName = supplied
[v3]
basicConstraints = critical,CA:FALSE
""" % (work, work))
        write(os.path.join(work, "index"), "")
        request = os.path.join(work, "csr")
        openssl("req", "-new", "-key", made.key, "-subj", "/CN=" + names[0],
                "-addext", "subjectAltName=DNS:" + names[0], "-out", request)
        openssl("ca", "-batch", "-notext", "-config", conf, "-cert", self.ca,
                "-keyfile", self.key, "-startdate", "20240101000000Z",
                "-enddate", "20250101000000Z", "-in", request,
                "-out", made.cert)
        made.join()
        return made


@functools.lru_cache(None)
def authority():
    return Authority()


@functools.lru_cache(None)
def cert(*names, **more):
    return authority().issue(*names, **more)


def client(verify=True, min_version=None, max_version=None, identity=None,
           alpn=None, tickets=True, ca=None):
    """An ssl.SSLContext of a client that trusts our authority."""
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.load_verify_locations(ca or authority().ca)
    if not verify:
        c.check_hostname = False
        c.verify_mode = ssl.CERT_NONE
    if min_version:
        c.minimum_version = min_version
    if max_version:
        c.maximum_version = max_version
    if identity:
        c.load_cert_chain(identity.cert, identity.key)
    if alpn:
        c.set_alpn_protocols(alpn)
    if not tickets:
        c.options |= ssl.OP_NO_TICKET
    return c


class TlsWire(Wire):
    """A Wire over TLS, by memory BIOs, so that each byte and each end is the
    test's.  After the end, .goodbye says whether the peer announced it."""

    def __init__(self, to, name="a.test", context=None, session=None,
                 host="127.0.0.1", shake=True, timeout=5, before=b"", **more):
        super().__init__(to, host=host, timeout=timeout, **more)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.goodbye = None
        self.tls = (context or client()).wrap_bio(
            self.incoming, self.outgoing, server_hostname=name,
            session=session)
        if before:
            self.sock.sendall(before)
        if shake:
            try:
                self.shake(timeout * SLOW)
            except BaseException:
                self.sock.close()
                raise

    def _flush(self):
        data = self.outgoing.read()
        if data:
            self.sock.sendall(data)

    def _fill(self, end):
        """False at the end of the connection."""
        self.sock.settimeout(end.left())
        try:
            data = self.sock.recv(1 << 16)
        except (ConnectionResetError, BrokenPipeError):
            self.was_reset = True
            data = b""
        if data:
            self.incoming.write(data)
        else:
            self.incoming.write_eof()
        return bool(data)

    def _do(self, step, end):
        while True:
            try:
                got = step()
                self._flush()
                return got
            except ssl.SSLWantReadError:
                self._flush()
                self._fill(end)

    def shake(self, timeout=5):
        end = Deadline(timeout)
        try:
            self._do(self.tls.do_handshake, end)
        except ssl.SSLError:
            try:
                self._flush()
            except OSError:
                pass
            raise
        except (TimeoutError, socket.timeout):
            end.fail("no handshake")

    def send(self, data, timeout=10):
        self.sock.settimeout(timeout * PATIENCE)
        view = memoryview(data)
        for at in range(0, len(view), 1 << 16):
            self.tls.write(view[at:at + (1 << 16)])
            self._flush()

    def _recv(self, end, most=1 << 16):
        try:
            got = self._do(lambda: self.tls.read(most), end)
            if not got:
                self.goodbye = True
            return got
        except ssl.SSLZeroReturnError:
            self.goodbye = True
            return b""
        except ssl.SSLEOFError:
            self.goodbye = False
            return b""
        except (TimeoutError, socket.timeout):
            end.fail("nothing came")

    def is_silent(self, seconds=0.2):
        if self.buffer:
            return False
        try:
            self.buffer = self._do(lambda: self.tls.read(1 << 16),
                                   Deadline(seconds / PATIENCE))
            return False
        except (TimeoutError, socket.timeout):
            return True
        except OSError:
            return False

    def farewell(self):
        """Says goodbye (close_notify), and reads on."""
        try:
            self.tls.unwrap()
        except ssl.SSLError:
            pass
        self._flush()

    def finish(self):
        self.farewell()
        self.sock.shutdown(socket.SHUT_WR)

    def cut(self):
        """A FIN without a goodbye."""
        self.sock.shutdown(socket.SHUT_WR)

    @property
    def session(self):
        return self.tls.session

    @property
    def resumed(self):
        return self.tls.session_reused

    @property
    def peer(self):
        """SHA-256 of the certificate of the server."""
        from hashlib import sha256
        return sha256(self.tls.getpeercert(True)).hexdigest()


def hello(name="a.test", context=None):
    """The bytes of a ClientHello."""
    out = ssl.MemoryBIO()
    tls = (context or client()).wrap_bio(ssl.MemoryBIO(), out,
                                         server_hostname=name)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    data = out.read()
    if struct.unpack(">H", data[3:5])[0] + 5 != len(data):
        fail("a ClientHello in more than one record")
    return data
