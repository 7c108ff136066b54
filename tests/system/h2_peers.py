"""h2_peers.py - servers of HTTP/2 that others wrote: nginx, h2o and Apache.

Each serves the files of a folder, and passes /o/ on to an origin of ours.
"""
import os
import shutil
import subprocess

from harness import fail, free_port, skip, start, temp_dir, wait_for
from origins import pattern
from wire import Wire

BIG = 1 << 20


class Peer:
    """Running; in clear, by prior knowledge, or over TLS with a certificate.
    write() gives the arguments that start it."""

    def __init__(self, origin, cert=None, **options):
        self.binary = next((p for p in self.programs if shutil.which(p)
                            or os.path.exists(p)), None)
        if not self.binary:
            skip(self.name + " is not installed")
        self.origin = origin
        self.cert = cert
        self.port = free_port()
        self.dir = temp_dir()
        os.chmod(self.dir, 0o755)       # some of them give up being root
        self.options = options
        self.files = os.path.join(self.dir, "files")
        os.mkdir(self.files)
        self.put("small", b"hello\n")
        self.put("big", b"".join(pattern(BIG)))
        self.child = start([self.binary, *self.write()],
                           stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
        wait_for(self.accepts, 10, self.name)

    def put(self, name, data):
        with open(os.path.join(self.files, name), "wb") as f:
            f.write(data)

    def conf(self, text):
        path = os.path.join(self.dir, "conf")
        with open(path, "w") as f:
            f.write(text)
        return path

    def accepts(self):
        if self.child.poll() is not None:
            log = os.path.join(self.dir, "error.log")
            said = open(log).read() if os.path.exists(log) else ""
            fail("%s ended: %s" % (self.name, said[-500:]))
        try:
            Wire(self.port).close()
            return True
        except OSError:
            return False


class Nginx(Peer):
    """options: requests, after which it ends a connection."""
    name = "nginx"
    programs = ("nginx", "/usr/sbin/nginx")

    def write(self):
        tls = "" if not self.cert else (
            "ssl_certificate %s; ssl_certificate_key %s;" % (
                self.cert.cert, self.cert.key))
        return ["-p", self.dir, "-c", self.conf("""
daemon off; master_process off; pid %(dir)s/pid; error_log %(dir)s/error.log;
events { worker_connections 1024; }
http { access_log off; client_max_body_size 10m; default_type text/plain;
  keepalive_requests %(requests)d;
  client_body_temp_path %(dir)s/b; proxy_temp_path %(dir)s/p;
  fastcgi_temp_path %(dir)s/f; uwsgi_temp_path %(dir)s/u;
  scgi_temp_path %(dir)s/s;
  server { listen 127.0.0.1:%(port)d %(ssl)s http2; %(tls)s root %(files)s;
    location /o/ { proxy_pass http://127.0.0.1:%(origin)d/; }
    location = /early { return 413 "too large\n"; }
    location = /trailers { add_trailer X-Sum 1; alias %(files)s/small; } } }
""" % {"dir": self.dir, "port": self.port, "tls": tls, "files": self.files,
       "ssl": "ssl" if tls else "", "origin": self.origin.port,
       "requests": self.options.get("requests", 1000000)})]


class H2o(Peer):
    name = "h2o"
    programs = ("h2o",)

    def write(self):
        tls = "" if not self.cert else (
            "\n  ssl: { certificate-file: %s, key-file: %s,"
            " ocsp-update-interval: 0 }" % (self.cert.cert, self.cert.key))
        return ["-c", self.conf("""
%(user)s
num-threads: 1
error-log: %(dir)s/error.log
pid-file: %(dir)s/pid
listen:
  host: 127.0.0.1
  port: %(port)d%(tls)s
hosts:
  default:
    paths:
      "/": { file.dir: %(files)s }
      "/o/": { proxy.reverse.url: "http://127.0.0.1:%(origin)d/" }
""" % {"dir": self.dir, "port": self.port, "tls": tls, "files": self.files,
       "user": "user: root" if os.getuid() == 0 else "",
       "origin": self.origin.port})]


class Apache(Peer):
    name = "apache2"
    programs = ("/usr/sbin/apache2",)
    modules = "/usr/lib/apache2/modules/mod_%s.so"

    def write(self):
        names = ["mpm_event", "authz_core", "http2", "ssl", "proxy",
                 "proxy_http"]
        load = "".join("LoadModule %s_module %s\n" % (
            n, self.modules % n) for n in names)
        tls = "" if not self.cert else (
            "SSLEngine on\nSSLCertificateFile %s\nSSLCertificateKeyFile %s"
            % (self.cert.cert, self.cert.key))
        return ["-X", "-f", self.conf("""
%(load)s
ServerName a.test
DefaultRuntimeDir %(dir)s
PidFile %(dir)s/pid
ErrorLog %(dir)s/error.log
Listen 127.0.0.1:%(port)d
%(user)s
Protocols %(protocols)s http/1.1
%(tls)s
DocumentRoot %(files)s
<Directory %(files)s>
Require all granted
</Directory>
ProxyPass /o/ http://127.0.0.1:%(origin)d/
""" % {"load": load, "dir": self.dir, "port": self.port, "tls": tls,
       "user": "User nobody\nGroup nogroup" if os.getuid() == 0 else "",
       "protocols": "h2" if tls else "h2c", "files": self.files,
       "origin": self.origin.port})]
