"""holder.py PORT N http|https: N clients that make a request each, one after the other,
and then stay connected and quiet, until they are told to end."""
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
        s.sendall(REQUEST)
        if not answered(s):
            sys.exit("client %d got no good answer" % i)
        held.append(s)
    print("holding", flush=True)
    signal.pause()


main()
