"""Attacks by HTTP/2 end soon, cost little, and stand in the log."""
import threading
import time

import h2attacks
from h2wire import CALM, HEADERS, RST, H2Wire, frame
from harness import (SLOW, Steelyard, case, cpu, equal, fail, is_instrumented,
                     main, once, pool, rows, rss, run, wait_for)
from origins import GoodOrigin

PATIENT = 30 * SLOW     # an attack that ends does so in much less
MEMORY = 4 << 20
CPU = 0.5


@once
def proxy():
    return Steelyard(pool(GoodOrigin(name="a")))


@once
def hasty():
    return Steelyard(
        pool(GoodOrigin(name="a"), timeouts={"request": "2s"}),
        listener={"timeouts": {"send": "2s", "head": "2s",
                               "keep_alive": "2s"}})


def is_alive(s):
    for version in ("--http2-prior-knowledge", "--http1.1"):
        got = run(["curl", "-sS", version, "--max-time", "20", "-o",
                   "/dev/null", "-w", "%{http_code}",
                   "http://127.0.0.1:%d/echo" % s.port])
        equal((got.stdout, got.stderr), ("200", ""), version)


def abuses(s, kind="Abuse"):
    return sum(int(v) for k, v in s.info().items() if k.startswith(kind))


def named(name):
    return [a for a in h2attacks.FLOODS if a.name == name][0]


def judge(attack, out):
    if not out.ended and out.code is None:
        fail("%s: still there after %.1f s and %d frames" % (
            attack.name, out.seconds, out.frames))
    if out.code not in attack.codes:
        fail("%s: ended with %s, not %s" % (attack.name, out.code,
                                            attack.codes))


@rows([(a.name, a) for a in h2attacks.FLOODS])
def ends(attack):
    s = proxy()
    memory, busy = rss(s.pid), cpu(s.pid)
    counted = abuses(s)
    out = h2attacks.run(s.port, attack, PATIENT)
    judge(attack, out)
    is_alive(s)
    if out.code == CALM:
        wait_for(lambda: abuses(s) == counted + 1, 5 * SLOW, "the count")
    if is_instrumented():
        return
    if rss(s.pid) - memory > MEMORY:
        fail("memory grew by %d KiB" % ((rss(s.pid) - memory) >> 10))
    if cpu(s.pid) - busy > CPU:
        fail("it took %.2f s" % (cpu(s.pid) - busy))


@rows([(a.name, a) for a in h2attacks.STEADY])
def goes_on_but_holds_little(attack):
    """Others are served meanwhile."""
    s = proxy()
    memory = rss(s.pid)
    attacker = threading.Thread(target=h2attacks.run,
                                args=(s.port, attack, 1))
    attacker.start()
    while attacker.is_alive():
        is_alive(s)
    if not is_instrumented() and rss(s.pid) - memory > MEMORY:
        fail("memory grew by %d KiB" % ((rss(s.pid) - memory) >> 10))


@case
def a_busy_client_may_give_some_up():
    """2,000 requests, each fifth of them given up."""
    with Steelyard(pool(GoodOrigin(name="a")),
                   routes=[{"path": "/echo", "respond": {"status": 204}},
                           {"pool": "web"}]) as s, H2Wire(s.port) as w:
        for first in range(1, 4000, 50):
            w.send(b"".join(h2attacks.get(first + 2 * i)
                            if i % 5 else h2attacks.get(
                                first + 2 * i, "/slow?ms=5000") + frame(
                                RST, 0, first + 2 * i, h2attacks.CANCEL)
                            for i in range(25)))
            for i in range(20):
                w.until(HEADERS)
        equal(abuses(s), 0)


@case
def those_that_hold_what_they_have_end_too():
    s, results = hasty(), {}
    memory = rss(s.pid)

    def one(attack):
        results[attack.name] = h2attacks.run(s.port, attack, PATIENT)
    threads = [threading.Thread(target=one, args=(a,))
               for a in h2attacks.HELD]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for attack in h2attacks.HELD:
        judge(attack, results[attack.name])
    is_alive(s)
    # 500 bodies down and 200 up, within their windows.
    if not is_instrumented() and rss(s.pid) - memory > 24 << 20:
        fail("memory grew by %d KiB" % ((rss(s.pid) - memory) >> 10))


@case
def each_kind_is_counted_and_told():
    with Steelyard(pool(GoodOrigin(name="a"))) as s:
        for name, kind, word in (
                ("rapid reset", "AbuseResets", "streams"),
                ("WINDOW_UPDATE", "AbuseFrames", "frames"),
                ("bomb of references", "AbuseFields", "section")):
            equal(abuses(s, kind), 0, kind)
            h2attacks.run(s.port, named(name), PATIENT)
            event = s.wait_event("abuse", lambda e: word in e["reason"])
            equal((event["level"], event["listener"], event["untold"]),
                  ("warn", "web", 0))
            equal(event["client"].startswith("127.0.0.1:"), True, "client")
            equal(abuses(s, kind), 1, kind)


@case
def the_log_is_not_filled():
    with Steelyard(pool(GoodOrigin(name="a")),
                   glob={"log": {"access": False}}) as s:
        begun = time.monotonic()
        for _ in range(200):
            h2attacks.run(s.port, named("PING"), PATIENT)
        wait_for(lambda: abuses(s) == 200, 5 * SLOW, "two hundred attacks",
                 lambda: s.stats("show info"))
        seconds = int(time.monotonic() - begun) + 1
        events = s.events("abuse")
        if not 10 <= len(events) <= 10 * (seconds + 1):
            fail("%d lines in %d s" % (len(events), seconds))
        told = len(events) + sum(x["untold"] for x in events)
        equal(told <= 200, True, "%d attacks are told" % told)


main()
