"""The access log: each field, three formats, reopening, a stuck reader."""
import os
import re
import signal
import time

from harness import (ACCESS_ACTIVE, ACCESS_FIELDS, ACCESS_MAYBE, ACCESS_TIMES,
                     Steelyard, at, case, equal, fail, free_port, main,
                     once, pool, request, wait_for)
from origins import GoodOrigin


@once
def proxy():
    return Steelyard(pool(GoodOrigin(name="a")))


@case
def json_has_every_field_and_no_other():
    s = proxy()
    with s.wire() as w:
        w.send(request("/x?y=z", host="www.example"))
        equal(w.response().status, 200)
        line = s.access(client=w)
    names = set(line)
    equal(set(ACCESS_FIELDS) - names, set(), "missing fields")
    equal(names - set(ACCESS_FIELDS) - set(ACCESS_MAYBE), set(),
          "unknown fields")
    equal(sorted(line["times"]), sorted(ACCESS_TIMES), "times")
    equal(sorted(line["active"]), sorted(ACCESS_ACTIVE), "active")


@case
def json_says_what_happened():
    s = proxy()
    with s.wire() as w:
        began = time.monotonic()
        w.send(request("/slow?ms=120", method="PUT", body=b"x" * 10,
                       host="www.example"))
        r = w.response()
        line = s.access(client=w)
        took = (time.monotonic() - began) * 1000
    wanted = dict(client=w.name, listener="web", pool="web", server="a",
                  method="PUT", target="/slow?ms=120", host="www.example",
                  status=200, termination="--", retries=0)
    for k, v in wanted.items():
        equal(line[k], v, k)
    equal(line["version"] in ("HTTP/1.1", "1.1"), True, line["version"])
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
                        line["time"]):
        fail("time is %r" % line["time"])
    equal(line["bytes_out"], len(r.head) + len(r.body), "bytes_out")
    t = dict(line["times"])
    total = t.pop("total")
    if not (115 <= t["response"] and min(t.values()) >= 0
            and sum(t.values()) - len(t) <= total <= took + 1):
        fail("times %r of %.1f ms" % (line["times"], took))
    equal(all(v >= 0 for v in line["active"].values()), True, "active")
    equal(len(line["request_id"]) >= 16, True, "request_id")


@case
def json_escapes_what_a_client_sends():
    s = proxy()
    s.get('/"\\<>', host="a")
    equal(s.access(target='/"\\<>')["status"], 200)


@case
def a_client_that_leaves_is_logged():
    origin = GoodOrigin(name="a")
    with Steelyard(pool(origin)) as s:
        w = s.wire()
        w.send(request("/held"))
        origin.last()
        w.reset()
        line = s.access(client=w)
    equal(line["termination"], "CH")
    equal(line["status"] in (0, -1, 499), True, "status %s" % line["status"])
    equal(line["times"]["response"], -1, "time of the response")


@case
def a_client_that_leaves_within_the_answer_is_logged():
    s = proxy()
    with s.wire(rcvbuf=8192) as w:
        w.send(request("/size?n=30000000"))
        w.recv()
        w.reset()
    equal(s.access(client=w)["termination"], "CD")


@case
def a_connection_without_a_request_is_not_logged():
    s = proxy()
    w = s.wire()
    name = w.name
    w.close()
    s.get("/mark")
    s.access(target="/mark")
    equal([x for x in s.access_lines() if x["client"] == name], [], "lines")


@case
def the_haproxy_format_is_its_httplog():
    dead = {"name": "dead", "address": at(free_port())}
    with Steelyard(pool(GoodOrigin(name="a")),
                   pool(dead, name="none", retries=0), routes=[
            {"path": "/none", "pool": "none"}, {"pool": "web"}],
            log="haproxy") as s:
        s.get("/x y".replace(" ", "%20"))
        s.get("/none")

        def lines():
            return [x for x in s.raw_log() if '" ' in x or x.endswith('"')]
        wait_for(lambda: len(lines()) >= 2, 3, "two lines")
        form = (r'(.* )?127\.0\.0\.1:\d+ \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d'
                r'\.\d{3}\] %s %s (-?\d+)/(-?\d+)/(-?\d+)/(-?\d+)/\+?(-?\d+) '
                r'%d \d+ - - %s-- \d+/\d+/\d+/\d+/\+?\d+ \d+/\d+ '
                r'"GET %s HTTP/1\.1"')
        good = re.fullmatch(form % ("web", "web/a", 200, "--", "/x%20y"),
                            lines()[0])
        if not good:
            fail("the line is %r" % lines()[0])
        if not re.fullmatch(form % ("web", "none/(dead|<NOSRV>)", 503, "SC",
                                    "/none"), lines()[1]):
            fail("the line is %r" % lines()[1])


@case
def the_common_format_is_common():
    with Steelyard(pool(GoodOrigin(name="a")), log="common") as s:
        s.get("/x?y")

        def lines():
            return [x for x in s.raw_log() if '"GET ' in x]
        wait_for(lines, 3, "a line")
        if not re.fullmatch(
                r'127\.0\.0\.1 - - \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d '
                r'[+-]\d{4}\] "GET /x\?y HTTP/1\.1" 200 \d+', lines()[0]):
            fail("the line is %r" % lines()[0])


@case
def access_lines_can_be_switched_off():
    with Steelyard(pool(GoodOrigin(name="a")),
                   glob={"log": {"access": False}}) as s:
        s.get("/x")
        s.reload()
        equal(s.access_lines(), [], "access lines")


@case
def usr1_reopens_the_file():
    with Steelyard(pool(GoodOrigin(name="a"))) as s:
        s.get("/one")
        s.access(target="/one")
        moved = s.log_file + ".1"
        os.rename(s.log_file, moved)
        s.get("/two")

        def has(path, word):
            return os.path.exists(path) and word in open(path).read()
        wait_for(lambda: has(moved, "/two"), 3, "the line in the old file")
        s.kill(signal.SIGUSR1)
        wait_for(lambda: os.path.exists(s.log_file), 3, "the new file")
        s.get("/three")
        wait_for(lambda: has(s.log_file, "/three"), 3, "the new file's line")
        equal(has(moved, "/three"), False, "in the old file")


@case
def a_reload_reopens_the_file():
    with Steelyard(pool(GoodOrigin(name="a"))) as s:
        s.get("/one")
        s.access(target="/one")
        os.rename(s.log_file, s.log_file + ".1")
        s.kill(signal.SIGHUP)
        wait_for(lambda: os.path.exists(s.log_file), 3, "the new file")


@case
def a_stuck_reader_of_the_log_blocks_nothing():
    r, w = os.pipe()
    s = None
    try:
        s = Steelyard(pool(GoodOrigin(name="a")), stderr=w, glob={
            "log": {"target": "stderr"}})
        with s.wire() as c:
            for i in range(1200):       # ~400 KiB of lines, the pipe has 64
                c.send(request("/%s" % ("x" * 1500)))
                equal(c.response().status, 200)
        dropped = int([v for k, v in s.info().items()
                       if re.search("drop", k, re.I)][0])
        if dropped == 0:
            fail("nothing was dropped")
        os.set_blocking(r, False)
        said = b""

        def is_told():
            nonlocal said
            try:
                said += os.read(r, 1 << 20)
            except BlockingIOError:
                s.get("/after")
            return re.search(rb"(?i)dropped|missing|lost", said)
        wait_for(is_told, 5, "the log to say that lines are missing")
        for line in said.split(b"\n")[:-1]:
            if not (line.startswith(b"{") and line.endswith(b"}")):
                fail("a torn line %r" % line[:200])
    finally:
        os.close(w)
        os.close(r)
        if s:
            s.stop()


main()
