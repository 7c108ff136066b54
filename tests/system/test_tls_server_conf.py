"""TLS to servers: what is said of a configuration, and reloads."""
import os
import re
import ssl
import threading

from certs import LONG_AGO, Authority, authority, cert, read, write
from harness import (SLOW, Steelyard, at, case, equal, fail, free_port, main,
                     options, pool, rows, run, server, temp_dir, wait_for)
from origins import Origin
from tls_origins import TlsOrigin, server_context
from wire import Closed, Wire

WRONG = """listeners = ( { name = "web"; address = "127.0.0.1:%(port)d"; } );
routes = ( { pool = "a"; } );
pools = (
  { name = "a"; servers = ( { address = "127.0.0.1:1"; } );
    tls = { ca = "%(dir)s/absent.pem";
      crl = "%(dir)s/text";
      cert = "%(dir)s/more";
      ciphers = "NO-SUCH-CIPHER";
      groups = "P-1"; }; },
  { name = "b"; servers = ( { address = "127.0.0.1:2"; } );
    tls = { ca = "%(dir)s/text";
      min_version = "1.3"; max_version = "1.2"; }; },
  { name = "c"; servers = ( { address = "127.0.0.1:3"; } );
    tls = { cert = "%(cert)s";
      key = "%(key)s"; }; },
  { name = "d"; servers = ( { address = "unix:/tmp/none";
        sni = "no/name"; },
      { address = "127.0.0.1:4";
        sni = "none"; } );
    tls = { }; },
  { name = "e"; servers = ( { address = "127.0.0.1:5";
        sni = "a.test"; } );
    health = { type = "tcp";
      tls = true; }; },
  { name = "f"; servers = ( { address = "unix:/tmp/none"; } );
    tls = { verify = true;
      sni = "a:b"; }; },
  { name = "g"; servers = ( { address = "127.0.0.1:6"; } );
    tls = { verify = false;
      verify_name = "a.test"; }; },
  { name = "h"; servers = ( {
        address = "unix:/tmp/none"; } );
    tls = { key = "k"; }; }
);
"""
SAID = [
    (5, "pool.tls.ca: .*absent.pem: "), (6, "pool.tls.crl: .*text: "),
    (7, "pool.tls.cert: .*more: "), (8, "pool.tls.ciphers: .*NO-SUCH"),
    (9, "pool.tls.groups: .*P-1"), (11, "pool.tls.ca: .*text: "),
    (12, "pool.tls.min_version: is later"), (14, "pool.tls.cert: .*does not belong"),
    (17, 'pool.server.sni: "no/name" is not a name'),
    (19, "pool.server.sni: without a name"),
    (22, "pool.server.sni: does nothing without TLS"),
    (24, "pool.health.tls: "), (27, 'pool.tls.sni: "a:b" is not a name'),
    (30, "pool.tls.verify_name: does nothing"),
    (32, "pool.server.address: a UNIX socket has no name"),
    (33, "pool.tls.key: is the key of nothing"),
]


def check(text, flag="-t"):
    path = os.path.join(temp_dir(), "conf")
    write(path, text)
    return run([options.bin, flag, "-f", path]), path


@case
def all_that_is_wrong_is_said_at_once():
    folder = temp_dir()
    for name in ("text", "more"):
        write(os.path.join(folder, name), "no PEM\n")
    one, other = cert("a.test"), cert("b.test")
    got, path = check(WRONG % {
        "dir": folder, "port": free_port(), "cert": one.cert,
        "key": other.key})
    equal(got.returncode, 78)
    for line, said in SAID:
        if not re.search("^%s:%d: %s" % (re.escape(path), line, said),
                         got.stderr, re.M):
            fail("no %d %r in %s" % (line, said, got.stderr))


FINE = """listeners = ( { name = "web"; address = "127.0.0.1:%d"; } );
routes = ( { pool = "a"; } );
pools = ( { name = "a"; servers = ( { address = "127.0.0.1:1";
      sni = "b.test"; } );
    health = { type = "http"; };
    tls = { ca = "%s"; sni = "host"; depth = 3; min_version = "1.3";
      ciphersuites = "TLS_AES_256_GCM_SHA384"; resumption = false; }; },
  { name = "b"; servers = ( { address = "127.0.0.1:2"; } ); } );
"""


@case
def the_effective_configuration_is_printed_and_reads_back():
    text = FINE % (free_port(), authority().ca)
    got, _ = check(text, "-T")
    equal((got.returncode, got.stderr), (0, ""))
    for part in ('sni = "host"', "verify = true", "depth = 3", 'ca = "',
                 'min_version = "1.3"', "resumption = false", "tls = true",
                 'sni = "b.test"', "tls = false"):
        if part not in got.stdout:
            fail("no %r in %s" % (part, got.stdout))
    equal(got.stdout.count("ca = "), 1, "groups of TLS")
    again, _ = check(got.stdout, "-T")
    equal(again.stdout, got.stdout)


@case
def what_will_soon_be_wrong_is_a_warning():
    """A client certificate that has expired, in the log and with -t."""
    old = authority().expired("client.test")
    o = TlsOrigin(cert("a.test"), name="a")
    settings = {"ca": authority().ca, "sni": "a.test", "cert": old.cert,
                "key": old.key}
    with Steelyard(pool(o, tls=settings)) as s:
        equal(s.get().status, 200)
        s.wait_log(lambda x: "pool.tls.cert: " in x.get("message", "")
                   and "expired" in x["message"])
        got = run([options.bin, "-t", "-f", s.file])
        equal(got.returncode, 0)
        equal("pool.tls.cert: " in got.stderr, True, got.stderr)


# --- reloads

def secure(o, tls=None, **more):
    return pool(o, tls=dict({"ca": authority().ca, "sni": "a.test"},
                            **(tls or {})), **more)


class Both(TlsOrigin):
    """Speaks plain HTTP and TLS, by the first byte."""
    plain = 0

    def _serve(self, sock, number):
        try:
            sock.settimeout(20 * SLOW)
            first = sock.recv(1, 2)     # MSG_PEEK
        except OSError:
            first = b""
        if first == b"\x16":
            TlsOrigin._serve(self, sock, number)
            return
        with self.lock:
            self.plain += 1
        Origin._serve(self, sock, number)


def idle(s):
    return int(s.stats("show servers conn").splitlines()[1].split()[-1])


@case
def a_reload_without_a_change_keeps_connections():
    o = TlsOrigin(cert("a.test"), name="a")
    with Steelyard(secure(o)) as s:
        equal(s.get().status, 200)
        s.reload()
        equal(s.get().status, 200)
        equal(o.connections, 1)


CHANGES = [
    ("another version closes idle connections", {"max_version": "1.2"}),
    ("no verification closes idle connections", {"verify": False,
                                                 "ca": None}),
    ("another name is asked for", {"sni": "b.test"}),
]


@rows(CHANGES)
def changed(tls):
    o = TlsOrigin(cert("a.test", "b.test"), name="a")
    with Steelyard(secure(o)) as s:
        equal(s.get().status, 200)
        s.conf["pools"][0]["tls"].update(tls)
        s.reload()
        equal(s.get().status, 200)
        equal(o.connections, 2)
        if "max_version" in tls:
            equal(o.shaken[1]["version"], "TLSv1.2")
        # settings of another kind void sessions too
        equal(o.shaken[1]["resumed"], False)


@case
def authorities_are_read_anew():
    """The same path, other bytes."""
    other = Authority("Other CA")
    path = os.path.join(temp_dir(), "ca.pem")
    write(path, read(authority().ca))
    o = TlsOrigin(cert("a.test"), name="a")
    with Steelyard(secure(o, tls={"ca": path}, retries=0)) as s:
        equal(s.get().status, 200)
        write(path, read(other.ca))
        s.reload()
        wait_for(lambda: idle(s) == 0, 5 * SLOW, "no idle connection")
        equal(s.get().status, 502)
        write(path, read(authority().ca) + read(other.ca))
        s.reload()
        equal(s.get().status, 200)


@rows([
    ("a revoked certificate is refused after a reload",
     lambda ca, bad: ca.crl(bad), "revoked"),
    ("a list of revocations that has expired trusts nobody",
     lambda ca, bad: ca.crl(until=LONG_AGO), "CRL has expired"),
    ("a list of another authority trusts nobody",
     lambda ca, bad: Authority("Other CA").crl(),
     "unable to get certificate CRL"),
])
def is_held_against_a_list(crl, reason):
    ca = Authority("Revoking CA")
    bad = ca.issue("a.test")
    o = TlsOrigin(bad, name="a")
    with Steelyard(secure(o, tls={"ca": ca.ca}, retries=0)) as s:
        equal(s.get().status, 200)
        s.conf["pools"][0]["tls"]["crl"] = crl(ca, bad)
        s.reload()
        equal(s.get().status, 502)
        line = s.access(count=2)[1]
        equal(reason in line["reason"], True, line["reason"])


@case
def a_file_that_is_gone_changes_nothing():
    path = os.path.join(temp_dir(), "ca.pem")
    write(path, read(authority().ca))
    o = TlsOrigin(cert("a.test"), name="a")
    with Steelyard(secure(o, tls={"ca": path})) as s:
        equal(s.get().status, 200)
        os.unlink(path)
        equal(s.reload()["level"], "error")
        said = " ".join(x["message"] for x in s.events("reload"))
        equal("pool.tls.ca: " + path in said, True, said)
        equal(s.get().status, 200)
        equal(o.connections, 1)


@case
def tls_is_switched_on_and_off_under_load():
    """Servers keep their health and counters, no request is lost."""
    o = Both(cert("a.test"), name="a")
    check = {"type": "http", "path": "/health", "interval": "100ms",
             "timeout": "20s"}
    with Steelyard(secure(o, health=check)) as s:
        settings = s.conf["pools"][0].pop("tls")
        s.conf["pools"][0]["tls"] = settings
        done, bad, stop = [0], [], threading.Event()

        def client():
            w = s.wire()
            while not stop.is_set():
                try:
                    w.send(b"POST / HTTP/1.1\r\nHost: a\r\n"
                           b"Content-Length: 3\r\n\r\nabc")
                    r = w.response(timeout=10 * SLOW)
                    done[0] += 1
                    if r.status != 200:
                        bad.append(r.status)
                except (Closed, OSError) as e:
                    bad.append(str(e))
                    return
            w.close()

        threads = [threading.Thread(target=client) for _ in range(4)]
        for t in threads:
            t.start()
        for i in range(6):
            s.conf["pools"][0]["tls"] = settings if i % 2 else None
            at_least = done[0] + 40
            s.reload()
            wait_for(lambda: done[0] >= at_least or bad, 20 * SLOW,
                     "40 more requests")
        stop.set()
        for t in threads:
            t.join(20 * SLOW)
        equal(bad, [])
        row = s.row("web/a")
        equal((row["status"], row["chkdown"], row["econ"]), ("UP", "0", "0"))
        equal(o.plain > 0 and len(o.shaken) > 1, True, "both were used")


@case
def a_server_that_goes_takes_its_sessions_along():
    """A leak would be told by the sanitizer."""
    a, b = (TlsOrigin(cert("a.test"), name=n) for n in "ab")
    with Steelyard(secure(a)) as s:
        for _ in range(3):
            equal(s.get().status, 200)
        s.conf["pools"][0]["servers"] = [server(b)]
        s.reload()
        equal(s.get().status, 200)
        equal(len(b.shaken), 1)


main()
