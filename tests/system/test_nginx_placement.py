"""Keys are placed where nginx's "hash ... consistent" places them."""
import os
import random
import re
import subprocess

from harness import (Steelyard, at, case, equal, fail, free_port, main, once,
                     skip, start, temp_dir, wait_for)
from wire import Wire

# More with STEELYARD_KEYS=100000 and STEELYARD_SERVERS=200.
KEYS = int(os.environ.get("STEELYARD_KEYS", "21000"))
SERVERS = int(os.environ.get("STEELYARD_SERVERS", "12"))
SEED = int(os.environ.get("STEELYARD_SEED", "0")) or random.getrandbits(32)
BATCH = 50
KINDS = [("$uri", "path"), ("$request_uri", "uri"),
         ("$http_x_key", "header:X-Key")]


class Group:
    """A pool of both, with random weights; one server of it is down."""

    def __init__(self, number, rng, dir):
        self.name = "p%d" % number
        self.variable, self.key = KINDS[number % len(KINDS)]
        self.port = free_port()
        count = rng.randint(1, SERVERS - 2)
        self.servers = [at(free_port()) for _ in range(count)]
        self.servers.append(at(free_port("::1"), "::1"))
        self.servers.append("unix:%s/o%d.sock" % (dir, number))
        rng.shuffle(self.servers)
        self.weights = [rng.choice([1, 1, 2, 3, 7]) for _ in self.servers]
        # nginx gives up after 20 points of servers that are down.
        self.down = rng.choice([
            s for s, w in zip(self.servers, self.weights)
            if 3 * w <= sum(self.weights)])

    def nginx(self):
        rows = "".join("server %s weight=%d max_fails=0%s;\n" % (
            s, w, " down" if s == self.down else "")
            for s, w in zip(self.servers, self.weights))
        origins = "".join("server { listen %s; location / { "
                          "add_header X-Server %s; return 204; } }\n" % (s, s)
                          for s in self.servers)
        return """
upstream %s { hash %s consistent; %s keepalive 8; }
server { listen 127.0.0.1:%d; location / { proxy_pass http://%s;
  proxy_http_version 1.1; proxy_set_header Connection ""; } }
%s""" % (self.name, self.variable, rows, self.port, self.name, origins)

    def pool(self):
        return {"name": self.name, "balance": "hash",
                "hash": {"key": self.key},
                "servers": [{"name": "s%d" % i, "address": s, "weight": w}
                            for i, (s, w) in
                            enumerate(zip(self.servers, self.weights))]}

    def requests(self, rng, n):
        for _ in range(n):
            yield ("GET /%x/%x%s HTTP/1.1\r\nHost: %s\r\nX-Key: %x\r\n\r\n" % (
                rng.getrandbits(rng.choice([4, 16, 64, 200])),
                rng.getrandbits(32), rng.choice(["", "?a=%x" %
                                                 rng.getrandbits(20)]),
                self.name, rng.getrandbits(rng.choice([8, 40, 128])))).encode()


class Both:
    def __init__(self):
        self.rng = random.Random(SEED)
        self.dir = temp_dir()
        self.groups = [Group(i, self.rng, self.dir) for i in range(6)]
        self.start_nginx()
        self.steelyard = Steelyard(
            *[g.pool() for g in self.groups], glob={"log": {"access": False}},
            listener={"limits": {"requests": 1000000}},
            routes=[{"host": g.name, "pool": g.name} for g in self.groups])
        for g in self.groups:
            self.steelyard.stats("set server %s/s%d state maint" % (
                g.name, g.servers.index(g.down)))

    def start_nginx(self):
        binary = "/usr/sbin/nginx"
        if not os.path.exists(binary):
            skip("nginx is not installed")
        with open(self.dir + "/nginx.conf", "w") as f:
            f.write("""
daemon off; master_process off; pid %(dir)s/pid; error_log %(dir)s/error.log;
worker_rlimit_nofile 4096; events { worker_connections 2048; }
http { access_log off; keepalive_requests 1000000;
  client_body_temp_path %(dir)s/b; proxy_temp_path %(dir)s/p;
  fastcgi_temp_path %(dir)s/f; uwsgi_temp_path %(dir)s/u;
  scgi_temp_path %(dir)s/s; %(rest)s }
""" % {"dir": self.dir, "rest": "".join(g.nginx() for g in self.groups)})
        child = start([binary, "-p", self.dir, "-c", self.dir + "/nginx.conf"],
                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def accepts():
            if child.poll() is not None:
                fail("nginx ended: " + open(self.dir + "/error.log").read())
            try:
                Wire(self.groups[-1].port).close()
                return True
            except OSError:
                return False
        wait_for(accepts, 5, "nginx to accept")


@once
def both():
    return Both()


def placements(wire, requests):
    """The X-Server of each answer, in order."""
    wire.send(b"".join(requests))
    got = b""
    while got.count(b"\r\n\r\n") < len(requests):
        more = wire.recv()
        if not more:
            fail("closed after: " + repr(got[-200:]))
        got += more
    found = re.findall(rb"\r\nX-Server: (\S+)", got)
    equal(len(found), len(requests), "answers of servers")
    return found


def compare(group, keys):
    seen = set()
    with Wire(group.port) as a, both().steelyard.wire() as b:
        requests = list(group.requests(both().rng, keys))
        for i in range(0, keys, BATCH):
            part = requests[i:i + BATCH]
            for r, x, y in zip(part, placements(a, part),
                               placements(b, part)):
                if x != y:
                    fail("%r is at %s, nginx has it at %s (seed %d)" % (
                        r, y.decode(), x.decode(), SEED))
                seen.add(x.decode())
    return seen


@case
def keys_go_where_nginx_sends_them():
    for g in both().groups:
        seen = compare(g, KEYS // len(both().groups))
        equal(seen, set(g.servers) - {g.down}, "servers that got keys")


main()
