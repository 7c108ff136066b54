"""namespace.py - a network of our own, with another congestion control than
the machine's.
"""
import ctypes
import fcntl
import os
import socket
import struct

CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
IPV4 = "/proc/sys/net/ipv4/"
ALLOWED = "tcp_allowed_congestion_control"
TIME_WAITS = 1 << 20            # more than any run leaves behind


class Refused(Exception):
    """It cannot be had, and why."""


def setting(name):
    with open(IPV4 + name) as f:
        return f.read().strip()


def set_to(name, value):
    with open(IPV4 + name, "w") as f:
        f.write(str(value))


def enter(congestion):
    """This process, and all that it starts, has this network from now on:
    a loopback, nothing else, and it ends with the last of them."""
    choice = setting(ALLOWED).split()
    if congestion not in choice:
        raise Refused(
            "no congestion control %s; the kernel allows %s there, more with "
            "sysctl -w net.ipv4.%s='%s ...'" % (
                congestion, ", ".join(choice), ALLOWED, " ".join(choice)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        raise Refused("a network of our own: %s; it takes root" %
                      os.strerror(ctypes.get_errno()))
    with socket.socket() as s:
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))
    set_to("tcp_congestion_control", congestion)
    set_to("tcp_max_tw_buckets", TIME_WAITS)
