"""cases.py - the table of cases: what clients do, and what a proxy needs for it.

A new case is a row.  options: for a proxy, lines for a place in its
configuration (peers.py names the places); "{dir}" in a line is the run's
directory.
"""
import dataclasses

from processes import descriptors


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    what: str
    path: str = "/"
    clients: int = 64
    scheme: str = "http"
    tool: str = "wrk"           # load.py: wrk | h2load | full | resumed
    args: tuple = ()            # more arguments of the tool
    curl: tuple = ("--http1.1",)        # how the check asks
    front: str = "h1"           # what clients speak: h1 | h2
    back: str = "h1"            # what servers speak
    streams: int = 1            # requests at once on a client's connection
    rivals: tuple = ("haproxy", "nginx")    # the cheapest of them counts
    log: bool = False           # an access log, JSON, to a file
    closes: bool = False        # a connection for each request
    tickets: bool = True        # for sessions of TLS; none: no resumption
    servers: int = 4
    idle: int = 0               # further clients that are connected and quiet
    host: str = ""              # Host the clients send, if another
    capacity: int = 6000        # connections of clients a proxy must allow
    reuse: int = 1024           # idle connections kept to a server
    without: tuple = ()         # proxies for which it has no meaning
    options: dict = dataclasses.field(default_factory=dict)

    @property
    def is_tls(self):
        return self.scheme == "https"


BIG = {
    # What serves each best, found by trying.
    "haproxy": {"defaults": ["option splice-response"]},
    "nginx": {"location": ["proxy_buffering off; proxy_buffer_size 16k;",
                           "proxy_buffers 4 16k;",
                           "proxy_max_temp_file_size 0;"]},
}

# As operators have it; see README.md.
BIG_AUTO = {**BIG, "haproxy": {"defaults": ["option splice-auto"]}}
BIG_TLS = {"nginx": BIG["nginx"]}       # nothing to splice


ALL_RIVALS = ("haproxy", "nginx", "h2o")


def secure(name, what, **more):
    """TLS to the client: 1.3, one suite, group and certificate (tls.py)."""
    return Case(name, what, scheme="https", without=("floor",),
                rivals=ALL_RIVALS, **more)


def multiplexed(name, what, **more):
    """HTTP/2 from clients, by prior knowledge or, with TLS, by ALPN."""
    return Case(**{
        "name": name, "what": what, "front": "h2", "tool": "h2load",
        "clients": 16, "streams": 10, "without": ("floor",),
        "rivals": ALL_RIVALS,
        "curl": ("--http2",) if more.get("scheme") == "https"
        else ("--http2-prior-knowledge",), **more})


# Who does not speak HTTP/2 to servers: no proxy but these do.
NO_H2_BACK = ("floor", "nginx", "h2o")

CASES = [
    Case("small64", "100 bytes, 64 clients"),
    Case("small1000", "100 bytes, 1,000 clients", clients=1000),
    Case("body16k", "16 KiB, 64 clients", path="/file/16k"),
    Case("body1m", "1 MiB, 16 clients", path="/file/1m", clients=16,
         options=BIG),
    Case("body1m-auto", "body1m, HAProxy with option splice-auto",
         path="/file/1m", clients=16, options=BIG_AUTO),
    Case("newconn", "a connection for each request, 64 clients", closes=True,
         args=("-H", "Connection: close"),
         curl=("--http1.1", "-H", "Connection: close"), without=("floor",)),
    Case("jsonlog", "small64 with the access log to a file", log=True,
         without=("floor",)),
    secure("tls64", "small64 by TLS"),
    secure("tls1m", "1 MiB by TLS, 16 clients", path="/file/1m", clients=16,
           options=BIG_TLS),
    secure("tlsfull", "a full handshake for each request, 64 clients",
           closes=True, tool="full", tickets=False),
    secure("tlsresumed", "a resumed handshake for each request, 64 clients",
           closes=True, tool="resumed"),
    multiplexed("h2small", "100 bytes, HTTP/2, 16 clients with 10 streams"),
    multiplexed("h2body16k", "16 KiB, HTTP/2, 16 clients with 10 streams",
                path="/file/16k"),
    multiplexed("h2tls", "h2small by TLS", scheme="https"),
    Case("h1toh2", "100 bytes, 64 clients, HTTP/2 to servers", back="h2",
         without=NO_H2_BACK, rivals=("haproxy",)),
    multiplexed("h2toh2", "h2small, HTTP/2 to servers too", back="h2",
                without=NO_H2_BACK, rivals=("haproxy",)),
]


# --- how cost grows: the name is GROUP/SIZE

def fitting(wanted):
    """As many connections as the limit of descriptors allows."""
    return min(wanted, (descriptors() - 800) // 2)


def idle(n):
    return Case("idle/%d" % n, "64 clients beside N idle connections",
                idle=n, capacity=n + 100, reuse=64)


def active(n):
    return Case("active/%d" % n, "N clients", clients=n,
                capacity=max(n + 100, 1000))


def servers(n):
    return Case("servers/%d" % n, "N servers, 64 clients", servers=n,
                capacity=4000)


def sockets(n):
    return Case("sockets/%d" % n, "4 servers, N clients: as many connections "
                "to servers as above", clients=n, capacity=4000)


def routes(kind, n):
    """n routes of a kind, of which the last matches."""
    key, acl, form = {
        "host": ("host", "hdr(host) -i", "host-%d.example.com"),
        "prefix": ("path_prefix", "path_beg", "/section/number-%d/"),
        "path": ("path", "path", "/section/page-%d"),
    }[kind]
    values = [form % (10000 + i) for i in range(n)]
    last = values[-1]
    return Case(
        "routes_by_%s/%d" % (kind, n), "N routes by %s, the last matches" % key,
        host=last if kind == "host" else "",
        path={"host": "/", "prefix": last + "page", "path": last}[kind],
        options={
            "steelyard": {"routes": [{key: v, "pool": "origins"}
                                     for v in values]},
            "haproxy": {"frontend": ["use_backend origins if { %s %s }" % (
                acl, v) for v in values]}})


def fields(n):
    args = [x for i in range(n)
            for x in ("-H", "X-Field-%d: the value of field %d" % (i, i))]
    return Case("fields/%d" % n, "N fields in a request beside Host",
                args=tuple(args), options={
                    "steelyard": {"listener": {"limits": {"fields": 200}}},
                    "haproxy": {"global": ["tune.http.maxhdr 200"]}})


def growing():
    """The cases of bench-scale."""
    return [f(n) for f, sizes in (
        (active, (10, 100, 1000, fitting(5000))),
        (idle, (10, 100, 1000, fitting(10000))),
        (servers, (2, 16, 100, 1000, 2000)),
        (sockets, (64, 100, 1000, 2000)),
        (lambda n: routes("host", n), (1, 10, 100, 1000)),
        (lambda n: routes("prefix", n), (1, 10, 100, 1000)),
        (lambda n: routes("path", n), (1, 10, 100, 1000)),
        (fields, (1, 10, 30, 100))) for n in sizes]


def named(names, table):
    """The cases of a list of names, or of groups; ValueError for none."""
    found = []
    for n in names:
        fits = [c for c in table if n in (c.name, c.name.split("/")[0])]
        if not fits:
            raise ValueError("no case %s; there are: %s" % (
                n, ", ".join(dict.fromkeys(c.name.split("/")[0]
                                           for c in table))))
        found += fits
    return found
