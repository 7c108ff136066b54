"""victims.py - who is attacked: steelyard and its peers, each with one core,
as alike as they can be, and the server behind them.

A class says where clients of HTTP/2 and of HTTP/1.1 connect (nginx wants a
port for each) and which process to look at.  GET /ping is answered by the
proxy itself.
"""
import os
import shutil

from harness import free_port, libconfig
from origin import nginx, nginx_user
from processes import (LOAD_CORE, PROXY_CORE, Process, descendants, wait_port)

BIG = 10000000

ORIGIN = """
daemon off; master_process off; worker_processes 1; %(user)s
pid %(dir)s/pid; error_log /dev/null;
events { worker_connections 20000; }
http {
  access_log off; default_type text/plain; sendfile on;
  client_max_body_size 0; client_body_buffer_size 64k;
  client_body_temp_path %(dir)s/b; proxy_temp_path %(dir)s/p;
  fastcgi_temp_path %(dir)s/f; uwsgi_temp_path %(dir)s/u;
  scgi_temp_path %(dir)s/s;
  server {
    listen 127.0.0.1:%(port)d backlog=8192; root %(dir)s;
    location / { return 200 "small\\n"; }
    location = /size { try_files /big =404; }
    # 401, but not at once.
    location = /slow { auth_delay 100ms; auth_basic "a";
      auth_basic_user_file %(dir)s/none; try_files /big =404; }
    # Read to its end before it is answered.
    location = /sha256 { proxy_pass http://127.0.0.1:%(port)d/; }
  }
}
"""


class Origin:
    """An nginx: /size is large, /slow comes late, /sha256 reads a body."""

    def __init__(self, directory):
        self.port = free_port()
        with open(directory + "/big", "wb") as f:
            f.truncate(BIG)
        open(directory + "/none", "w").close()
        with open(directory + "/origin.conf", "w") as f:
            f.write(ORIGIN % {"user": nginx_user(), "dir": directory,
                              "port": self.port})
        self.child = Process([nginx(), "-p", directory, "-c",
                              directory + "/origin.conf"], LOAD_CORE,
                             directory + "/origin.said")
        wait_port(self.child, "127.0.0.1", self.port)


class Victim:
    name = None

    def __init__(self, directory, origin, settings):
        self.dir, self.origin, self.settings = directory, origin, settings
        self.port = self.plain = free_port()
        self.child = Process(self.write(), PROXY_CORE,
                             "%s/%s.said" % (directory, self.name))
        wait_port(self.child, "127.0.0.1", self.port)

    def file(self, text):
        path = "%s/%s.conf" % (self.dir, self.name)
        with open(path, "w") as f:
            f.write(text)
        return path

    @property
    def pids(self):
        return descendants(self.child.pid)


class Steelyard(Victim):
    name = "steelyard"

    def write(self):
        return [self.settings.bin, "-f", self.file("".join(
            "%s = %s;\n" % (k, libconfig(v)) for k, v in {
                "global": {"log": {"target": "/dev/null"},
                           "max_connections": 2000},
                "listeners": [{
                    "name": "web", "address": "127.0.0.1:%d" % self.port,
                    "limits": {"requests": BIG},
                    "timeouts": {"send": "1s", "head": "1s",
                                 "keep_alive": "1s"}}],
                "routes": [{"path": "/ping", "respond": {
                    "status": 200, "body": "pong\n"}}, {"pool": "web"}],
                "pools": [{"name": "web", "timeouts": {"request": "1s"},
                           "servers": [{"address": "127.0.0.1:%d"
                                        % self.origin.port}]}],
            }.items()))]


class Haproxy(Victim):
    """Its log is off, for it would be written to a terminal."""
    name = "haproxy"

    @staticmethod
    def find():
        return shutil.which("haproxy") or shutil.which("haproxy",
                                                       path="/usr/sbin")

    def write(self):
        return [self.find(), "-db", "-f", self.file("""
global
    nbthread 1
    maxconn 2000
defaults
    mode http
    timeout connect 5s
    timeout client 1s
    timeout http-request 1s
    timeout server 60s
    http-reuse always
frontend web
    bind 127.0.0.1:%d backlog 4096
    option forwardfor
    http-request return status 200 content-type text/plain string pong \
if { path /ping }
    default_backend web
backend web
    server a 127.0.0.1:%d
""" % (self.port, self.origin.port))]


class Nginx(Victim):
    name = "nginx"

    @staticmethod
    def find():
        return nginx() if os.access(nginx(), os.X_OK) else None

    def write(self):
        self.plain = free_port()
        return [nginx(), "-p", self.dir, "-c", self.file("""
daemon off; worker_processes 1; %(user)s
pid %(dir)s/nginx.pid; error_log /dev/null;
events { worker_connections 20000; multi_accept on; }
http {
  access_log off; default_type text/plain; client_max_body_size 0;
  client_header_timeout 1s; client_body_timeout 1s; send_timeout 1s;
  client_body_temp_path %(dir)s/nb; proxy_temp_path %(dir)s/np;
  fastcgi_temp_path %(dir)s/nf; uwsgi_temp_path %(dir)s/nu;
  scgi_temp_path %(dir)s/ns;
  upstream web { server 127.0.0.1:%(origin)d max_fails=0; keepalive 200; }
  server {
    listen 127.0.0.1:%(port)d backlog=4096 http2;
    listen 127.0.0.1:%(plain)d backlog=4096;
    keepalive_requests 1000000000; proxy_request_buffering off;
    location = /ping { return 200 "pong\\n"; }
    location / { proxy_pass http://web; proxy_http_version 1.1;
      proxy_set_header Connection ""; }
  }
}
""" % {"user": nginx_user(), "dir": self.dir, "origin": self.origin.port,
       "port": self.port, "plain": self.plain})]


PEERS = (Haproxy, Nginx)
