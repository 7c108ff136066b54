"""origin.py - what stands behind the proxies: one nginx at several addresses.

It also counts: a page at an address of its own says how many requests it has had, whatever
made them.
"""
import os
import re
import shutil
import socket
import urllib.request

from harness import free_port
from processes import LOAD_CORE, Process, wait_port

SMALL = b"x" * 99 + b"\n"
FILES = {"16k": 16384, "1m": 1048576}
ECHO = "$request_method|$http_host|$http_x_bench|$http_x_forwarded_for" \
    "|$http_x_forwarded_proto|$server_protocol|$http_connection"

CONF = """
daemon off; master_process off; worker_processes 1; %(user)s
pid %(dir)s/pid; error_log %(dir)s/error.log;
events { worker_connections 20000; multi_accept on; }
http {
  access_log off; default_type text/plain; sendfile on; tcp_nopush on;
  keepalive_timeout 600s; keepalive_requests 1000000000;
  client_header_buffer_size 8k; large_client_header_buffers 4 32k;
  open_file_cache max=16 inactive=600s;
  client_body_temp_path %(dir)s/b; proxy_temp_path %(dir)s/p;
  fastcgi_temp_path %(dir)s/f; uwsgi_temp_path %(dir)s/u;
  scgi_temp_path %(dir)s/s;
  server {
    %(listen)s
    root %(dir)s;
    location / { return 200 "%(small)s\\n"; }
    location /file/ { }
    location = /echo { return 200 "%(echo)s"; }
  }
  server { listen %(counter)s; location / { stub_status; } }
}
"""


def body_of(path):
    """What a GET of this path must give."""
    if path.startswith("/file/"):
        return b"".join(b"%08x" % i for i in range(FILES[path[6:]] // 8))
    return SMALL


def nginx_user():
    """Root's nginx would become another, who cannot read our directory."""
    return "user root;" if os.getuid() == 0 else ""


class Origin:
    """n addresses of 127/8, one port; above 16 it listens at every address,
    for a listener each would be its own kind of slow."""

    def __init__(self, directory, n, speaks="h1"):
        self.hosts = ["127.0.%d.%d" % (1 + i // 250, 1 + i % 250)
                      for i in range(n)]
        if n <= 16:
            self.hosts = ["127.0.0.%d" % (1 + i) for i in range(n)]
        self.counter = "%s:%d" % ("127.0.0.1", free_port())
        self.port = free_port_at(self.hosts if n <= 16 else ["0.0.0.0"])
        self.servers = ["%s:%d" % (h, self.port) for h in self.hosts]
        listen = self.servers if n <= 16 else ["0.0.0.0:%d" % self.port]
        os.makedirs(directory + "/file")
        for name in FILES:
            with open(directory + "/file/" + name, "wb") as f:
                f.write(body_of("/file/" + name))
        with open(directory + "/nginx.conf", "w") as f:
            f.write(CONF % {
                "dir": directory, "user": nginx_user(), "echo": ECHO,
                "small": SMALL.decode().strip(), "counter": self.counter,
                "listen": " ".join(
                        "listen %s backlog=8192%s;" % (
                        x, " http2" if speaks == "h2" else "")
                    for x in listen)})
        self.child = Process(
            [nginx(), "-p", directory, "-c", directory + "/nginx.conf"],
            LOAD_CORE, directory + "/said")
        try:
            wait_port(self.child, self.hosts[0], self.port)
        except BaseException:
            self.child.stop()
            raise

    def status(self):
        """(open connections, requests so far), this one not counted."""
        with urllib.request.urlopen(
                "http://%s/status" % self.counter, timeout=20) as r:
            text = r.read().decode()
        active = int(re.search(r"Active connections: (\d+)", text)[1])
        requests = int(re.search(r"\d+ \d+ (\d+)", text)[1])
        self.asked += 1
        return active - 1, requests - self.asked

    asked = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.stop()


def nginx():
    return shutil.which("nginx") or "/usr/sbin/nginx"


def free_port_at(hosts):
    """A port that is free at each of these addresses."""
    while True:
        port = free_port()
        try:
            for h in hosts:
                with socket.socket() as s:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    s.bind((h, port))
            return port
        except OSError:
            continue
