"""cases.py - the table of cases: what clients do, and what a proxy needs for it.

A new case is a row.  options: for a proxy, lines for a place in its
configuration (peers.py names the places); "{dir}" in a line is the run's
directory.
"""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    what: str
    path: str = "/"
    clients: int = 64
    scheme: str = "http"
    tool: str = "wrk"           # load.py: wrk | h2load
    args: tuple = ()            # more arguments of the tool
    curl: tuple = ("--http1.1",)        # how the check asks
    log: bool = False           # an access log, JSON, to a file
    closes: bool = False        # a connection for each request
    capacity: int = 6000        # connections of clients a proxy must allow
    reuse: int = 1024           # idle connections kept to a server
    without: tuple = ()         # proxies for which it has no meaning
    options: dict = dataclasses.field(default_factory=dict)


BIG = {
    # What serves each best: a copy less, no file in between.
    "haproxy": {"defaults": ["option splice-auto"]},
    "nginx": {"location": ["proxy_buffers 16 64k; proxy_buffer_size 64k;",
                           "proxy_busy_buffers_size 128k;",
                           "proxy_max_temp_file_size 0;"]},
}

CASES = [
    Case("small64", "100 bytes, 64 clients"),
    Case("small1000", "100 bytes, 1,000 clients", clients=1000),
    Case("body16k", "16 KiB, 64 clients", path="/file/16k"),
    Case("body1m", "1 MiB, 16 clients", path="/file/1m", clients=16,
         options=BIG),
    Case("newconn", "a connection for each request, 64 clients", closes=True,
         args=("-H", "Connection: close"),
         curl=("--http1.1", "-H", "Connection: close"), without=("floor",)),
    Case("jsonlog", "small64 with the access log to a file", log=True,
         without=("floor",)),
]


def named(names, table=None):
    """The cases of a comma list; ValueError for one that is not there."""
    table = table or CASES
    known = {c.name: c for c in table}
    for n in names:
        if n not in known:
            raise ValueError("no case %s; there are: %s" % (
                n, ", ".join(known)))
    return [known[n] for n in names]
