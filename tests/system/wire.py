"""wire.py - a socket that speaks bytes, and HTTP/1.1 read strictly.

Wire is a client's or an accepted server's end.  What it reads it judges: a
message that is not well-formed is a failure, one cut short is .complete
False.
"""
import socket
import struct
import time


# The fields that ask for a WebSocket (the key is RFC 6455's).
WEBSOCKET = [("Upgrade", "websocket"), ("Connection", "Upgrade"),
             ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
             ("Sec-WebSocket-Version", "13")]


# A machine with other work may stand still for seconds.  Who waits for what
# must come waits so many times as long as it says: that costs nothing where it
# comes.  What must not take long is measured by the test, and not by this.
PATIENCE = 6


class Failure(Exception):
    pass


def fail(why):
    raise Failure(why)


def equal(got, wanted, what="value"):
    if got != wanted:
        fail("%s is %r, not %r" % (what, got, wanted))


def wait_for(condition, timeout=5, what="a condition", more=None):
    """Polls until the condition holds; gives what it gave."""
    end = time.monotonic() + timeout * PATIENCE
    while True:
        late = time.monotonic() > end   # before we look: we may be slow too
        got = condition()
        if got:
            return got
        if late:
            said = more() if more else ""
            fail("waited %.1f s for %s%s" % (timeout * PATIENCE, what,
                                             said and "; " + said))
        time.sleep(0.01)


class Deadline:
    """When a wait of so many seconds, said without patience, is over."""

    def __init__(self, seconds):
        self.seconds = seconds * PATIENCE
        self.at = time.monotonic() + self.seconds

    def left(self):
        return max(self.at - time.monotonic(), 0.001)

    def fail(self, what):
        fail("%s for %.1f s" % (what, self.seconds))


class Message:
    """A request or a response."""

    def __init__(self, head):
        self.head = head                # raw bytes, with the empty line
        lines = head[:-4].split(b"\r\n")
        self.line = lines[0].decode("latin-1")
        self.fields = []
        for x in lines[1:]:
            name, colon, value = x.partition(b":")
            if not colon or not name or name != name.strip() \
                    or b"\n" in x or b"\r" in x:
                fail("a bad field line %r" % x)
            self.fields.append((name.decode("latin-1"),
                                value.strip(b" \t").decode("latin-1")))
        self.body = b""
        self.trailers = []
        self.complete = False
        self.interim = []               # responses 1xx that came before
        self.framing = None             # "none", "length", "chunked", "eof"

    def all(self, name):
        return [v for n, v in self.fields if n.lower() == name.lower()]

    def get(self, name, default=None):
        got = self.all(name)
        if len(got) > 1:
            fail("%s stands %d times: %r" % (name, len(got), got))
        return got[0] if got else default

    def has(self, name):
        return bool(self.all(name))

    def tokens(self, name):
        return [t.strip().lower() for v in self.all(name)
                for t in v.split(",")]


class Request(Message):
    def __init__(self, head):
        super().__init__(head)
        self.method, self.target, self.version = self.line.split(" ")


class Response(Message):
    def __init__(self, head):
        super().__init__(head)
        part = self.line.split(" ", 2)
        if len(part) < 3 or part[0] not in ("HTTP/1.1", "HTTP/1.0") \
                or not part[1].isdigit() or len(part[1]) != 3:
            fail("a bad status line %r" % self.line)
        self.version = part[0]
        self.status = int(part[1])
        self.reason = part[2]


class Closed(Exception):
    """The peer closed where a message would begin."""


class Cut(Failure):
    """The peer closed within a message's head, or a line of its chunks."""


class Wire:
    def __init__(self, to, host="127.0.0.1", rcvbuf=None, timeout=5):
        """to: a port, the path of a UNIX socket, or an accepted socket."""
        self.buffer = b""
        self.was_reset = False
        if isinstance(to, socket.socket):
            self.sock = to
        elif isinstance(to, str):
            self.sock = socket.socket(socket.AF_UNIX)
            self._connect(to, timeout)
        else:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self.sock = socket.socket(family)
            if rcvbuf:
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                     rcvbuf)
            self._connect((host, to), timeout)
        if self.sock.family != socket.AF_UNIX:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.name = self._name()

    def _connect(self, to, timeout):
        try:
            self.sock.settimeout(timeout * PATIENCE)
            self.sock.connect(to)
        except OSError:
            self.sock.close()
            raise

    def _name(self):
        """As the access log names this client."""
        if self.sock.family == socket.AF_UNIX:
            return "unix"
        name = self.sock.getsockname()
        if self.sock.family == socket.AF_INET6:
            return "[%s]:%d" % name[:2]
        return "%s:%d" % name[:2]

    @property
    def local_port(self):
        return self.sock.getsockname()[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def reset(self):
        """Closes with RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))
        self.sock.close()

    def finish(self):
        """Sends FIN; reading goes on."""
        self.sock.shutdown(socket.SHUT_WR)

    def send(self, data, timeout=10):
        self.sock.settimeout(timeout * PATIENCE)
        self.sock.sendall(data)

    def send_pieces(self, pieces, delay=0.02):
        for x in pieces:
            self.send(x)
            time.sleep(delay)

    def recv(self, timeout=5, most=1 << 16):
        """Some bytes, b"" at the end.  A reset is an end too."""
        return self._recv(Deadline(timeout), most)

    def _recv(self, end, most=1 << 16):
        self.sock.settimeout(end.left())
        try:
            return self.sock.recv(most)
        except (ConnectionResetError, BrokenPipeError):
            self.was_reset = True
            return b""
        except (TimeoutError, socket.timeout):
            end.fail("nothing came")

    def read_until(self, mark, timeout=5):
        """Bytes up to and with the mark."""
        end = Deadline(timeout)
        while mark not in self.buffer:
            more = self._recv(end)
            if not more:
                if not self.buffer:
                    raise Closed("closed, nothing came")
                raise Cut("closed before %r; came %r" % (
                    mark, self.buffer[:300]))
            self.buffer += more
        at = self.buffer.index(mark) + len(mark)
        got, self.buffer = self.buffer[:at], self.buffer[at:]
        return got

    def read_exactly(self, n, timeout=5):
        """n bytes; fewer only when the peer closes."""
        end = Deadline(timeout)
        parts = [self.buffer]
        have = len(self.buffer)
        while have < n:
            more = self._recv(end)
            if not more:
                break
            parts.append(more)
            have += len(more)
        got = b"".join(parts)
        self.buffer = got[n:]
        return got[:n]

    def read_eof(self, timeout=5):
        """Everything until the peer closes."""
        end = Deadline(timeout)
        got, self.buffer = [self.buffer], b""
        while True:
            more = self._recv(end)
            if not more:
                return b"".join(got)
            got.append(more)

    def is_closed(self, timeout=3):
        """Does the peer close, sending nothing more?"""
        got = self.read_eof(timeout)
        if got:
            fail("bytes before the close: %r" % got[:300])
        return True

    def is_silent(self, seconds=0.2):
        """Does nothing come, and does it stay open?"""
        if self.buffer:
            return False
        self.sock.settimeout(seconds)
        try:
            self.buffer = self.sock.recv(1 << 16)
            return False
        except (TimeoutError, socket.timeout):
            return True
        except OSError:
            return False

    # -- messages

    def response(self, method="GET", timeout=5, keep_interim=True):
        """The next final response; interim ones stand in .interim."""
        interim = []
        while True:
            r = Response(self.read_until(b"\r\n\r\n", timeout))
            if r.status < 200 and r.status != 101:
                interim.append(r)
                continue
            r.interim = interim
            bodyless = method == "HEAD" or r.status in (101, 204, 304) \
                or (method == "CONNECT" and r.status < 300)
            self._body(r, "none" if bodyless else "eof", timeout)
            return r

    def request(self, timeout=5, body=True):
        r = Request(self.read_until(b"\r\n\r\n", timeout))
        if body:
            self.body_of(r, timeout)
        return r

    def body_of(self, r, timeout=5):
        self._body(r, "none", timeout)

    def _body(self, m, otherwise, timeout):
        coding = m.get("Transfer-Encoding")
        length = m.get("Content-Length")
        if coding is not None and length is not None:
            fail("Transfer-Encoding and Content-Length in %r" % m.head)
        m.framing = otherwise
        if m.framing == "none" and isinstance(m, Response):
            pass
        elif coding is not None:
            equal(coding.lower(), "chunked", "Transfer-Encoding")
            m.framing = "chunked"
        elif length is not None:
            if not length.isdigit():
                fail("Content-Length %r" % length)
            m.framing = "length"
        if m.framing == "none":
            m.complete = True
        elif m.framing == "length":
            m.body = self.read_exactly(int(length), timeout)
            m.complete = len(m.body) == int(length)
        elif m.framing == "chunked":
            self._chunks(m, timeout)
        else:
            m.body = self.read_eof(timeout)
            m.complete = not self.was_reset

    def _chunks(self, m, timeout):
        parts = []
        try:
            while True:
                line = self.read_until(b"\r\n", timeout)[:-2]
                size = int(line, 16)
                if size == 0:
                    break
                piece = self.read_exactly(size + 2, timeout)
                parts.append(piece[:size])
                if len(piece) < size + 2:
                    raise Closed
                equal(piece[size:], b"\r\n", "the end of a chunk")
            while True:
                line = self.read_until(b"\r\n", timeout)[:-2]
                if not line:
                    break
                name, _, value = line.partition(b":")
                m.trailers.append((name.decode(), value.strip().decode()))
            m.complete = True
        except (Closed, Cut):
            m.complete = False
        finally:
            m.body = b"".join(parts)
