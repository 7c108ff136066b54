"""Existing tools read the stats socket unchanged: hatop, the Prometheus
exporter for HAProxy, socat."""
import fcntl
import os
import pty
import select
import shutil
import struct
import subprocess
import termios
import time
import urllib.request

from harness import (SLOW, Steelyard, at, case, equal, fail, free_port, main,
                     once, pool, run, skip, start, wait_for)
from origins import GoodOrigin


@once
def proxy():
    s = Steelyard(pool(GoodOrigin(name="a"), GoodOrigin(name="b"), health={
        "type": "http", "path": "/health", "interval": "500ms",
        "timeout": "20s"}))
    for _ in range(5):
        equal(s.get().status, 200)
    return s


def need(program):
    if not shutil.which(program):
        skip(program + " is not installed")


@case
def the_prometheus_exporter_scrapes_it():
    need("prometheus-haproxy-exporter")
    s, port = proxy(), free_port()
    start(["prometheus-haproxy-exporter", "--haproxy.scrape-uri=unix:"
           + s.sock, "--web.listen-address=" + at(port)],
          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    text = []

    def scraped():
        try:
            with urllib.request.urlopen("http://%s/metrics" % at(port),
                                        timeout=2) as r:
                text[:] = r.read().decode().splitlines()
        except OSError:
            return False
        return True
    wait_for(scraped, 10 * SLOW, "the exporter")
    wanted = ["haproxy_up 1",
              'haproxy_server_up{backend="web",server="a"} 1',
              'haproxy_server_up{backend="web",server="b"} 1',
              'haproxy_backend_up{backend="web"} 1',
              'haproxy_backend_http_responses_total{backend="web",code="2xx"}'
              ' 5',
              'haproxy_exporter_csv_parse_failures_total 0']
    for line in wanted:
        if line not in text:
            near = [x for x in text if x.split("{")[0].split(" ")[0]
                    == line.split("{")[0].split(" ")[0]]
            fail("no %r but %r" % (line, near[:4]))


WORDS = (b"FRONTEND", b"BACKEND", b"web", b"UP")


@case
def hatop_shows_it():
    need("hatop")
    s = proxy()
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm", LINES="40", COLUMNS="150")
        os.execvp("hatop", ["hatop", "-s", s.sock, "-i", "1"])
    screen = b""
    try:
        fcntl.ioctl(fd, termios.TIOCSWINSZ,
                    struct.pack("HHHH", 40, 150, 0, 0))
        end = time.monotonic() + 60 * SLOW
        while time.monotonic() < end and not all(
                word in screen for word in WORDS):
            if select.select([fd], [], [], 0.1)[0]:
                try:
                    screen += os.read(fd, 65536)
                except OSError:
                    break
        os.write(fd, b"q")
        time.sleep(0.3)
        if select.select([fd], [], [], 0.1)[0]:
            try:
                screen += os.read(fd, 65536)
            except OSError:
                pass
    except OSError:
        pass
    finally:
        try:
            os.kill(pid, 9)
        except ProcessLookupError:
            pass
        os.waitpid(pid, 0)
        os.close(fd)
    for word in WORDS:
        if word not in screen:
            fail("no %r on the screen: %r" % (word, screen[-600:]))
    if b"Traceback" in screen:
        fail("hatop fell: %r" % screen[-600:])


@case
def socat_one_liners_work():
    need("socat")
    s = proxy()
    # -t: by itself it waits half a second for the answer
    socat = ["socat", "-t", "60", "stdio", s.sock]
    got = run(socat, input="show stat\n")
    equal(got.stdout.startswith("# pxname,svname,"), True, got.stdout[:80])
    got = run(socat, input="show info;show stat\n")
    equal("Uptime_sec" in got.stdout and "# pxname" in got.stdout, True)


main()
