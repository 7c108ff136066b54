"""systemd's notifications: ready, reloading, stopping, watchdog."""
import os
import socket
import time

from harness import (SLOW, Steelyard, case, equal, fail, keep, main, once,
                     pool, temp_dir)
from origins import GoodOrigin


class Listener:
    """What systemd would hear."""

    def __init__(self):
        self.path = os.path.join(temp_dir(), "notify")
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(self.path)
        self.heard = []
        keep(self)

    def close(self):
        self.sock.close()

    def wait(self, word, timeout=5):
        """Until a datagram with that line comes; gives its lines."""
        end = time.monotonic() + timeout * SLOW
        while time.monotonic() < end:
            self.sock.settimeout(max(0.01, end - time.monotonic()))
            try:
                lines = self.sock.recv(4096).decode().split("\n")
            except (TimeoutError, socket.timeout):
                break
            self.heard += lines
            if word in lines:
                return lines
        fail("no %s; heard %r" % (word, self.heard))


@once
def ran():
    ear = Listener()
    s = Steelyard(pool(GoodOrigin(name="a")), env={
        "NOTIFY_SOCKET": ear.path, "WATCHDOG_USEC": "400000"}, wait=False)
    return s, ear


@case
def says_ready_when_it_accepts():
    s, ear = ran()
    ear.wait("READY=1")
    equal(s.get().status, 200)


@case
def pats_the_watchdog():
    _, ear = ran()
    began = time.monotonic()
    for _ in range(4):
        ear.wait("WATCHDOG=1", 1)
    took = time.monotonic() - began
    if took > 1.6 * SLOW:
        fail("four took %.2f s" % took)


@case
def says_when_it_reloads_and_has_reloaded():
    s, ear = ran()
    s.reload()
    lines = ear.wait("RELOADING=1")
    when = [x for x in lines if x.startswith("MONOTONIC_USEC=")]
    equal(len(when), 1, "MONOTONIC_USEC in %r" % lines)
    ear.wait("READY=1")


@case
def says_ready_again_after_a_reload_that_failed():
    s, ear = ran()
    s.write("rubbish")
    s.ctl("reload")
    s.write()
    heard = len(ear.heard)
    ear.wait("READY=1", 2)
    equal("RELOADING=1" in ear.heard[heard:], True, "RELOADING=1")


@case
def says_stopping():
    s, ear = ran()
    s.stop()
    ear.wait("STOPPING=1")


main()
