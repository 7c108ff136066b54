"""Clients of HTTP/2 that others wrote: nghttp, h2load, curl, python3-h2."""
import json
import os
import re
import shutil
import subprocess

from certs import authority, cert
from harness import (HERE, Steelyard, at, case, equal, fail, main, once, pool,
                     run, skip)
from origins import GoodOrigin

PYTHON = "/usr/bin/python3"             # Debian's, which has Debian's h2


@once
def plain():
    return Steelyard(pool(GoodOrigin(name="a")))


@once
def secure():
    return Steelyard(pool(GoodOrigin(name="a")), listener={"tls": {
        "certificates": [cert("a.test", "IP:127.0.0.1").row()]}})


def installed(name):
    if not shutil.which(name):
        skip(name + " is not installed")
    return name


def versions(s, path):
    return {x["version"] for x in s.access_lines()
            if x["target"].startswith(path)}


@case
def nghttp_posts_by_alpn_and_by_prior_knowledge():
    for s, scheme in ((plain(), "http"), (secure(), "https")):
        got = run([installed("nghttp"), "-nsv", "-m", "20", "-d",
                   os.path.join(HERE, "harness.py"),
                   "%s://%s/sha256" % (scheme, at(s.port))], 60)
        equal(len(re.findall(r":status: 200", got.stdout)), 20, "answers")
        s.access(target="/sha256", status=200, count=20)
        equal(versions(s, "/sha256"), {"HTTP/2.0"})


@case
def h2load_fills_many_connections():
    for s, scheme in ((plain(), "http"), (secure(), "https")):
        got = run([installed("h2load"), "-n", "2000", "-c", "10", "-m", "100",
                   "%s://%s/load" % (scheme, at(s.port))], 60)
        if "2000 succeeded, 0 failed, 0 errored" not in got.stdout:
            fail(got.stdout[-900:])
        equal(versions(s, "/load"), {"HTTP/2.0"})


@case
def curl_asks_for_an_upgrade_in_clear_and_is_served_by_http_1():
    installed("curl")
    got = run(["curl", "-sS", "--http2", "-o", "/dev/null", "-w",
               "%{http_code} %{http_version}",
               "http://%s/upgrade" % at(plain().port)])
    equal((got.stdout, got.stderr), ("200 1.1", ""))


@case
def curl_sends_many_at_once():
    installed("curl")
    s = secure()
    got = run(["curl", "-sS", "--http2", "--parallel", "--parallel-max", "50",
               "--cacert", authority().ca, "-o", "/dev/null", "-w",
               "%{http_code} %{http_version}\\n",
               "https://%s/size?n=20000&i=[1-200]" % at(s.port)], 60)
    equal(got.stdout.split("\n"), ["200 2"] * 200 + [""])


@case
def python_h2_finds_no_fault():
    found = subprocess.run([PYTHON, "-c", "import h2"], capture_output=True)
    if found.returncode != 0:
        skip("python3-h2 is not installed")
    got = run([PYTHON, "-B", os.path.join(HERE, "h2_client.py"),
               str(plain().port)], 60)
    equal(got.stderr, "")
    answers = json.loads(got.stdout)
    equal({x["status"] for x in answers}, {"200"})
    equal([x["body"] for x in answers][::4],
          [100000 * i for i in range(0, 20, 4)])
    equal([x["body"] for x in answers][3::4], [30000] * 5)


main()
