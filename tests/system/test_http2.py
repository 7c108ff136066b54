"""HTTP/2 to clients: by prior knowledge and by ALPN, bodies, resets, limits."""
import hashlib
import os
import signal
import socket
import subprocess
import sys
import time

from certs import authority, cert
from harness import (SLOW, Steelyard, case, equal, fail, main, once, pool,
                     run, skip, wait_for)
from origins import GoodOrigin, pattern, pattern_sha256

PLAIN = ["curl", "-sS", "--http2-prior-knowledge", "--max-time", "30"]


@once
def proxy():
    origin = GoodOrigin(name="a")
    return Steelyard(pool(origin)), origin


@once
def secure():
    origin = GoodOrigin(name="a")
    return Steelyard(pool(origin), listener={"tls": {
        "certificates": [cert("a.test", "IP:127.0.0.1").row()]}}), origin


def curl(s, path, *more, http="--http2-prior-knowledge"):
    return run(["curl", "-sS", http, "--max-time", "30", *more,
                "http://127.0.0.1:%d%s" % (s.port, path)])


@case
def curl_speaks_it_by_prior_knowledge():
    s, _ = proxy()
    got = curl(s, "/echo?h2", "-o", "/dev/null", "-w",
               "%{http_code} %{http_version}")
    equal((got.stdout, got.stderr), ("200 2", ""))
    log = wait_for(lambda: [x for x in s.accesses()
                            if x["target"] == "/echo?h2"])[0]
    equal((log["version"], log["status"], log["termination"]),
          ("HTTP/2.0", 200, "--"))


main()
