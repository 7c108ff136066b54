"""Under load one of three servers is killed and comes back: no client sees
it, and the log tells the story.  STEELYARD_SECONDS makes it longer."""
import time

from harness import (SECONDS, Steelyard, at, case, equal, fail, main, once,
                     pool, sleep_until, Load)
from origins import Nginx

TOTAL = max(8.0, SECONDS)


@once
def ran():
    servers = [Nginx(n) for n in "abc"]
    s = Steelyard(pool(*servers, health={
        "type": "http", "path": "/health", "interval": "250ms",
        "timeout": "10s", "fall": 2, "rise": 2},
        retry_budget=100))      # however many the killed one was at
    before = {n: int(s.row("web/" + n)["stot"]) for n in "abc"}
    began = time.monotonic()
    load = Load("http://%s/" % at(s.port), TOTAL)
    sleep_until(began + TOTAL / 4)
    servers[1].kill()
    down = s.wait_event("health", lambda x: " DOWN" in story(x)
                        or "down" in story(x).lower(), 5)
    sleep_until(began + TOTAL / 8 * 5)
    health = s.stats("show health")
    middle = int(s.row("web/b")["stot"])
    servers[1].start()
    s.wait_servers(timeout=5)
    result = load.result()
    Load("http://%s/" % at(s.port), 1).result()
    return s, before, middle, down, health, result


def story(event):
    return " ".join(str(v) for v in event.values())


@case
def no_client_sees_the_outage():
    _, _, _, _, _, result = ran()
    equal((result["bad"], result["errors"]), (0, ""), "bad answers, errors")
    if result["requests"] < 1000:
        fail("only %d requests" % result["requests"])
    print("# %d requests, %.0f a second" % (result["requests"],
                                            result["rate"]))


@case
def the_log_tells_the_story():
    s, _, _, down, _, _ = ran()
    if "web/b" not in story(down):
        fail("the event says %r" % down)
    s.wait_event("health", lambda x: "web/b" in story(x)
                 and "up" in story(x).lower()
                 and x["time"] > down["time"])


@case
def show_health_tells_the_story():
    _, _, _, _, health, _ = ran()
    lines = [x for x in health.splitlines() if "b" in x and "DOWN" in x]
    if not lines:
        fail("show health said %r" % health)


@case
def the_server_works_again_after_its_return():
    s, before, middle, _, _, _ = ran()
    after = int(s.row("web/b")["stot"])
    if not before["b"] < middle < after:
        fail("requests of b: %d, %d, %d" % (before["b"], middle, after))


@case
def retries_are_counted_and_logged():
    s, _, _, _, _, _ = ran()
    row = s.row("web/BACKEND")
    errors = [x for x in s.access_lines() if x["status"] != 200]
    equal(errors, [], "access lines of other statuses")
    retried = [x for x in s.access_lines() if x["retries"]]
    if bool(retried) != bool(int(row["wretr"]) + int(row["wredis"])):
        fail("%d lines with retries, wretr %s, wredis %s" % (
            len(retried), row["wretr"], row["wredis"]))


main()
