"""holder.py PORT N http|https|h2: N clients that make a request each, one after
the other, and then stay connected and quiet, until they are told to end."""
import signal
import socket
import ssl
import sys

REQUEST = b"GET / HTTP/1.1\r\nHost: idle\r\n\r\n"


def answered(s):
    """Reads one answer, with Content-Length."""
    got = b""
    while b"\r\n\r\n" not in got:
        more = s.recv(65536)
        if not more:
            return False
        got += more
    head, _, body = got.partition(b"\r\n\r\n")
    lengths = [int(x.split(b":")[1]) for x in head.lower().split(b"\r\n")
               if x.startswith(b"content-length:")]
    left = lengths[0] - len(body)
    while left > 0:
        left -= len(s.recv(left))
    return head.startswith(b"HTTP/1.1 200 ")


def field(name, value):
    """For HPACK, so that it goes to the table of both ends."""
    return b"\x40" + bytes([len(name)]) + name + bytes([len(value)]) + value


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + \
        stream.to_bytes(4, "big") + payload


# Preface, SETTINGS, HEADERS of one GET as a browser says it.
H2_REQUEST = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0) + frame(
    1, 5, 1, b"\x82\x86\x84" + field(b":authority", b"idle.example.com")
    + field(b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101")
    + field(b"accept", b"text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
    + field(b"accept-language", b"en-US,en;q=0.5")
    + field(b"cookie", b"session=0123456789abcdef0123456789abcdef"))


def h2_answered(s):
    """Reads until the stream's end; acknowledges settings."""
    got, ended = b"", False
    while not ended:
        more = s.recv(65536)
        if not more:
            return False
        got += more
        while len(got) >= 9:
            n = int.from_bytes(got[:3], "big")
            if len(got) < 9 + n:
                break
            if got[3] == 4 and not got[4] & 1:
                s.sendall(frame(4, 1, 0))
            if got[3] in (3, 7):
                return False
            ended = ended or got[3] in (0, 1) and got[4] & 1
            got = got[9 + n:]
    return True


def main():
    port, n = int(sys.argv[1]), int(sys.argv[2])
    held = []
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    for i in range(n):
        s = socket.create_connection(("127.0.0.1", port), 20)
        if sys.argv[3] == "https":
            s = context.wrap_socket(s)
        s.sendall(H2_REQUEST if sys.argv[3] == "h2" else REQUEST)
        if not (h2_answered if sys.argv[3] == "h2" else answered)(s):
            sys.exit("client %d got no good answer" % i)
        held.append(s)
    print("holding", flush=True)
    signal.pause()


main()
