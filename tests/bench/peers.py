"""peers.py - the proxies: one configuration each, as alike as they can be.

One thread on one core; least connections over the same servers; connections
to servers kept; no health checks, no access log unless the case wants one.
All send the client's Host, X-Forwarded-For and X-Forwarded-Proto, and no
further field.

A class has a name, the places into which a case may put lines (Case.options),
write(), which gives the command to start, and version().
"""
import os
import re
import shutil
import subprocess

from harness import free_port, libconfig
import tls
from origin import nginx, nginx_user
from processes import PROXY_CORE, Process, descendants, wait_port
from wire import fail

FIELDS = ("time", "client", "listener", "pool", "server", "method", "target",
          "version", "host", "status", "bytes_in", "bytes_out")


class Peer:
    """One run of one proxy, for one case; "with" starts and ends it."""
    name = program = None
    places = ()
    most_servers = 1 << 30

    def __init__(self, case, servers, directory, settings=None):
        self.case, self.servers, self.dir = case, servers, directory
        self.settings = settings        # of the bench: where our programs are
        self.port = free_port()
        self.log = os.path.join(directory, "access.log")
        self.child = None

    @property
    def url(self):
        return "%s://127.0.0.1:%d%s" % (self.case.scheme, self.port,
                                        self.case.path)

    def lines(self, place, indent="    "):
        """What the case wants in a place of the configuration."""
        wanted = self.case.options.get(self.name, {})
        strange = set(wanted) - set(self.places)
        if strange:
            fail("%s has no place %s" % (self.name, strange))
        return "".join("\n" + indent + x.replace("{dir}", self.dir)
                       for x in wanted.get(place, ()))

    def file(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w") as f:
            f.write(text)
        return path

    def write(self):
        raise NotImplementedError

    def more(self):
        """How else to start it."""
        return {}

    def __enter__(self):
        if self.case.is_tls:
            self.cert, self.key, self.both = tls.make_certificate(self.dir)
        argv = self.write()
        self.said = os.path.join(self.dir, "said")
        more = self.more()
        if self.name == "haproxy" and self.case.log:
            more["stdout"] = self.log_out = open(self.log, "wb")
        self.child = Process(argv, PROXY_CORE, self.said, **more)
        try:
            wait_port(self.child, "127.0.0.1", self.port)
        except BaseException:
            self.child.stop()
            raise
        return self

    def __exit__(self, *_):
        self.child.stop()

    @property
    def family(self):
        """The pids of its processes.  nginx listens before it has a worker:
        all are there when a request has been answered."""
        return descendants(self.child.pid)

    @classmethod
    def find(cls, settings):
        """The program's path, or None."""
        return shutil.which(cls.program) or shutil.which(
            cls.program, path="/usr/sbin:/sbin")

    @classmethod
    def version(cls, settings):
        return ""


def first_version(argv):
    r = subprocess.run(argv, capture_output=True, text=True, timeout=20)
    found = re.search(r"\d+\.\d+[\w.+~-]*", r.stdout + r.stderr)
    return found[0] if found else "?"


class Steelyard(Peer):
    name = "steelyard"
    places = ("global", "listener", "pool", "routes")

    def conf(self):
        c = self.case
        conf = {
            "global": {
                "max_connections": c.capacity,
                "log": {"target": self.log if c.log else "stderr",
                        "access": c.log}},
            "listeners": [{
                "name": "bench", "address": "127.0.0.1:%d" % self.port,
                "max_connections": c.capacity,
                "timeouts": {"keep_alive": "600s"},
                "limits": {"requests": 1000000000},
                "forward": {"x_forwarded_host": False, "via": False,
                            "request_id": "off"}}],
            "routes": [{"pool": "origins"}],
            "pools": [{
                "name": "origins", "balance": "least_conn",
                "servers": [{"address": a} for a in self.servers],
                "reuse": {"max": c.reuse, "timeout": "600s"}}]}
        if c.back == "h2":
            conf["pools"][0]["protocol"] = "h2"
        if c.is_tls:
            conf["listeners"][0]["tls"] = {
                "certificates": [{"cert": self.cert, "key": self.key}],
                "min_version": "1.3", "max_version": "1.3",
                "ciphersuites": tls.SUITE, "groups": tls.GROUP,
                "tickets": c.tickets}
        wanted = c.options.get(self.name, {})
        merge(conf["global"], wanted.get("global", {}))
        merge(conf["listeners"][0], wanted.get("listener", {}))
        merge(conf["pools"][0], wanted.get("pool", {}))
        conf["routes"] = wanted.get("routes", []) + conf["routes"]
        return conf

    def write(self):
        text = "".join("%s = %s;\n" % (k, libconfig(v))
                       for k, v in self.conf().items())
        return [self.settings.bin, "-f", self.file("steelyard.conf", text)]

    @classmethod
    def find(cls, settings):
        return settings.bin if os.access(settings.bin, os.X_OK) else None

    @classmethod
    def version(cls, settings):
        return first_version([settings.bin, "-V"])


def merge(into, more):
    for k, v in more.items():
        if isinstance(v, dict) and isinstance(into.get(k), dict):
            merge(into[k], v)
        else:
            into[k] = v


class Floor(Peer):
    """Not a proxy: what copying alone costs (floor.c)."""
    name = "floor"

    def write(self):
        return [self.settings.floor, "127.0.0.1:%d" % self.port,
                *self.servers]

    @classmethod
    def find(cls, settings):
        return settings.floor if os.access(settings.floor, os.X_OK) else None


class Haproxy(Peer):
    name = program = "haproxy"
    places = ("global", "defaults", "bind", "frontend", "backend")

    LOG = """    log stdout len 4096 format raw local0
    http-request capture req.hdr(host) len 64
    log-format '{"time":"%t","client":"%ci:%cp","listener":"%ft","pool":"%b",\
"server":"%s","method":"%HM","target":"%{+E}HU","version":"%HV",\
"host":"%[capture.req.hdr(0)]","status":%ST,"bytes_in":%U,"bytes_out":%B,\
"termination":"%ts","retries":%rc,"times":{"request":%TR,"queue":%Tw,\
"connect":%Tc,"response":%Tr,"total":%Ta},"active":{"process":%ac,\
"listener":%fc,"pool":%bc,"server":%sc}}'
"""

    def protocol(self):
        """On the line "bind"."""
        if self.case.front == "h1":
            return ""
        return " alpn h2" if self.case.is_tls else " proto h2"

    def tls(self):
        """On the line "bind"."""
        return " ssl crt %s ssl-min-ver %s ssl-max-ver %s ciphersuites %s " \
            "curves %s %s" % (self.both, tls.VERSION, tls.VERSION, tls.SUITE,
                              tls.GROUP, "" if self.case.tickets
                              else "no-tls-tickets")

    def write(self):
        c = self.case
        return [self.find(None), "-db", "-f", self.file("haproxy.cfg", """
global
    nbthread 1
    maxconn %(capacity)d%(sessions)s%(global)s
defaults
    mode http
    timeout connect 5s
    timeout client 600s
    timeout server 600s
    timeout http-keep-alive 600s
    retries 2
    http-reuse always
    option http-keep-alive%(defaults)s
frontend bench
    bind 127.0.0.1:%(port)d backlog 4096 %(bind)s
    option forwardfor
    http-request set-header X-Forwarded-Proto %(scheme)s
%(log)s%(frontend)s
    default_backend origins
backend origins
    balance leastconn%(backend)s
%(servers)s
""" % {"capacity": c.capacity, "port": self.port, "scheme": c.scheme,
       "log": self.LOG if c.log else "",
       "bind": self.lines("bind", " ").replace("\n", "")
       + self.protocol() + (self.tls() if c.is_tls else ""),
       "sessions": "" if c.tickets else "\n    tune.ssl.cachesize 0",
       "global": self.lines("global"), "defaults": self.lines("defaults"),
       "frontend": self.lines("frontend"), "backend": self.lines("backend"),
       "servers": "\n".join("    server s%d %s%s" % (
           i, a, " proto h2" if c.back == "h2" else "")
           for i, a in enumerate(self.servers))})]

    @classmethod
    def version(cls, settings):
        return first_version([cls.find(None), "-v"])


class Nginx(Peer):
    name = program = "nginx"
    places = ("http", "listen", "server", "location")

    LOG = """
  log_format bench escape=json '{"time":"$time_iso8601",'
    '"client":"$remote_addr:$remote_port","listener":"$server_port",'
    '"pool":"origins","server":"$upstream_addr","method":"$request_method",'
    '"target":"$request_uri","version":"$server_protocol","host":"$host",'
    '"status":$status,"bytes_in":$request_length,'
    '"bytes_out":$body_bytes_sent,"times":{"connect":"$upstream_connect_time",'
    '"response":"$upstream_header_time","total":"$request_time"},'
    '"connection":$connection,"requests":$connection_requests}';
  access_log %s bench buffer=64k flush=1s;"""

    def tls(self):
        """In the block "server"."""
        return """
    ssl_certificate %s; ssl_certificate_key %s;
    ssl_protocols %s; ssl_conf_command Ciphersuites %s;
    ssl_ecdh_curve %s; ssl_session_tickets %s;""" % (
            self.cert, self.key, tls.VERSION, tls.SUITE, tls.GROUP,
            "on" if self.case.tickets else "off; ssl_session_cache off")

    def write(self):
        c = self.case
        return [nginx(), "-p", self.dir, "-c", self.file("nginx.conf", """
daemon off; worker_processes 1; %(user)s
pid %(dir)s/pid; error_log %(dir)s/error.log;
events { worker_connections %(connections)d; }
http {
  %(log)s
  default_type text/plain; tcp_nodelay on;
  keepalive_timeout 600s; keepalive_requests 1000000000;
  client_body_temp_path %(dir)s/b; proxy_temp_path %(dir)s/p;
  fastcgi_temp_path %(dir)s/f; uwsgi_temp_path %(dir)s/u;
  scgi_temp_path %(dir)s/s;%(http)s
  upstream origins {
    least_conn;
    %(servers)s
    keepalive %(keep)d; keepalive_requests 1000000000;
    keepalive_timeout 600s;
  }
  server {
    listen 127.0.0.1:%(port)d backlog=4096 %(listen)s;%(server)s
    location / {
      proxy_pass http://origins; proxy_http_version 1.1;
      proxy_set_header Connection ""; proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;%(location)s
    }
  }
}
""" % {"user": nginx_user(), "dir": self.dir, "port": self.port,
       "connections": 3 * c.capacity, "keep": c.reuse,
       "log": self.LOG % self.log if c.log else "access_log off;",
       "http": self.lines("http"), "server": self.lines("server")
       + (self.tls() if c.is_tls else ""),
       "listen": self.lines("listen", " ").replace("\n", "")
       + (" ssl" if c.is_tls else "")
       + (" http2" if c.front == "h2" else ""),
       "location": self.lines("location", "      "),
       "servers": "\n    ".join("server %s max_fails=0;" % a
                                for a in self.servers)})]

    @classmethod
    def find(cls, settings):
        return nginx() if os.access(nginx(), os.X_OK) else None

    @classmethod
    def version(cls, settings):
        return first_version([nginx(), "-v"])


class H2o(Peer):
    """Its 2.2 has one address for a backend: it does no balancing here."""
    name = program = "h2o"
    most_servers = 1
    places = ("listen", "global", "path")

    LOG = """
access-log:
  path: %s
  escape: json
  format: '{"time":"%%{%%Y-%%m-%%dT%%H:%%M:%%S}t","client":"%%h",\
"listener":"%%p","pool":"origins","method":"%%m","target":"%%U%%q",\
"version":"%%H","host":"%%V","status":%%s,"bytes_out":%%b,\
"times":{"connect":"%%{connect-time}x","request":"%%{request-total-time}x",\
"process":"%%{process-time}x","response":"%%{response-time}x",\
"total":"%%{duration}x"},"connection":%%{connection-id}x}'"""

    def tls(self):
        """In the group "listen"; the rest is for the library."""
        return """
  ssl:
    certificate-file: %s
    key-file: %s
    ocsp-update-interval: 0""" % (self.cert, self.key)

    def more(self):
        if not self.case.is_tls:
            return {}
        return {"env": {**os.environ, "OPENSSL_CONF": self.file(
            "openssl.cnf", tls.LIBRARY)}}

    def write(self):
        c = self.case
        return [self.find(None), "-c", self.file("h2o.conf", """
%(user)s
num-threads: 1
max-connections: %(capacity)d
http1-request-timeout: 600
http2-idle-timeout: 600
proxy.timeout.keepalive: 600000
proxy.preserve-host: ON
proxy.emit-x-forwarded-headers: ON
proxy.emit-via-header: OFF
error-log: %(dir)s/error.log
pid-file: %(dir)s/pid%(log)s%(global)s
listen:
  host: 127.0.0.1
  port: %(port)d%(listen)s
hosts:
  "default:%(port)d":
    paths:
      "/":
        proxy.reverse.url: "http://%(server)s/"%(path)s
""" % {"user": "user: root" if os.getuid() == 0 else "", "dir": self.dir,
       "capacity": c.capacity, "port": self.port, "server": self.servers[0],
       "log": self.LOG % self.log if c.log else "",
       "listen": self.lines("listen", "  ")
       + (self.tls() if c.is_tls else ""),
       "global": self.lines("global", "") + (
           "" if c.tickets else "\nssl-session-resumption:\n  mode: off"),
       "path": self.lines("path", "        ")})]

    @classmethod
    def version(cls, settings):
        return first_version([cls.find(None), "-v"])


ALL = {p.name: p for p in (Steelyard, Floor, Haproxy, Nginx, H2o)}
