"""systemd's notifications: ready, reloading, stopping, watchdog."""
import os
import socket
import threading
import time

from harness import (SLOW, Steelyard, case, equal, fail, main, once, pool,
                     temp_dir, wait_for)
from origins import GoodOrigin


class Listener:
    """What systemd would hear; it listens all the time, as systemd does."""

    def __init__(self):
        self.path = os.path.join(temp_dir(), "notify")
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(self.path)
        self.heard, self.at = [], 0     # (when, lines); how many were looked at
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            lines = self.sock.recv(4096).decode().split("\n")
            self.heard.append((time.monotonic(), lines))

    def wait(self, word):
        """Until a datagram with that line comes; when it did, its lines."""
        def comes():
            for when, lines in self.heard[self.at:]:
                self.at += 1
                if word in lines:
                    return when, lines
            return None
        return wait_for(comes, 5 * SLOW, word, lambda: str(self.heard))


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
    times = [ear.wait("WATCHDOG=1")[0] for _ in range(10)]
    gaps = sorted(b - a for a, b in zip(times, times[1:]))
    # the middle one: the machine may stand still for a few of them
    if not 0.1 < gaps[4] < 0.4 * SLOW:
        fail("they come %s s apart" % gaps)


@case
def says_when_it_reloads_and_has_reloaded():
    s, ear = ran()
    s.reload()
    _, lines = ear.wait("RELOADING=1")
    when = [x for x in lines if x.startswith("MONOTONIC_USEC=")]
    equal(len(when), 1, "MONOTONIC_USEC in %r" % lines)
    ear.wait("READY=1")


@case
def says_ready_again_after_a_reload_that_failed():
    s, ear = ran()
    heard = ear.at
    s.write("rubbish")
    s.ctl("reload")
    s.write()
    ear.wait("READY=1")
    equal(any("RELOADING=1" in lines for _, lines in ear.heard[heard:]), True,
          "RELOADING=1")


@case
def says_stopping():
    s, ear = ran()
    s.stop()
    ear.wait("STOPPING=1")


main()
