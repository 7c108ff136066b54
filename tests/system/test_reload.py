"""SIGHUP: a file with errors changes nothing; listeners move; certificates
of what stands stay."""
import os
import signal

from harness import (SLOW, WRAP, Steelyard, at, case, equal, fail, free_port,
                     main, options, pool, request, run)
from origins import GoodOrigin
from wire import Wire

BROKEN = """global = { log = { target = "%(log)s"; }; stats_socket =
  { path = "%(sock)s"; }; };
listeners = ( { name = "web"; address = "127.0.0.1:%(port)d"; } );
routes = ( { pool = "nowhere"; } );
pools = (
  { name = "web"; balanse = "least_conn";
    servers = ( { address = "127.0.0.1:99999"; } );
    timeouts = { connect = "5 parsecs"; }; } );
"""
# The line of each mistake and a word of it.
WRONG = [(4, "nowhere"), (6, "balanse"), (7, "99999"), (8, "connect")]


def broken(s):
    return BROKEN % {"log": s.log_file, "sock": s.sock, "port": s.port}


def named(text):
    """Are all mistakes named, each with file and line?"""
    for line, word in WRONG:
        mark = "steelyard.conf:%d:" % line
        if not any(mark in x and word in x for x in
                   text.replace("\\n", "\n").splitlines()):
            fail("no %r with %r in %r" % (mark, word, text[:1500]))


def proxy(origin=None):
    return Steelyard(pool(origin or GoodOrigin(name="a")))


@case
def a_broken_file_changes_nothing_and_is_told_in_the_log():
    with proxy() as s, s.wire() as w:
        w.send(request())
        equal(w.response().status, 200)
        s.write(broken(s))
        s.kill(signal.SIGHUP)
        s.wait_event("reload", lambda x: x["level"] == "error"
                     and "not put in force" in x["message"])
        named("\n".join(" ".join(str(v) for v in x.values())
                        for x in s.events() if x["level"] == "error"))
        w.send(request())
        equal(w.response().status, 200, "traffic on the old connection")
        equal(s.get().status, 200, "traffic on a new one")
        equal(s.reload()["level"], "info", "the mended file")
        equal(s.get().status, 200)


@case
def steelyardctl_reload_prints_the_errors():
    with proxy() as s:
        s.write(broken(s))
        got = s.ctl("reload")
        if got.returncode == 0:
            fail("it exits with 0")
        named(got.stdout + got.stderr)
        equal(s.get().status, 200)
        s.write()
        got = s.ctl("reload")
        equal(got.returncode, 0, "exit code: " + got.stdout + got.stderr)


@case
def check_prints_the_same_and_exits_78():
    with proxy() as s:
        s.write(broken(s))
        got = run(WRAP + [options.bin, "-t", "-f", s.file])
        equal(got.returncode, 78, "exit code")
        named(got.stderr)
        s.write()
        got = run(WRAP + [options.bin, "-t", "-f", s.file])
        equal(got.returncode, 0, "exit code: " + got.stderr)


@case
def an_unknown_key_is_answered_with_the_nearest():
    with proxy() as s:
        s.write(broken(s))
        got = run([options.bin, "-t", "-f", s.file])
        line = [x for x in got.stderr.splitlines() if "balanse" in x]
        if not line or "balance\"" not in line[0].replace("'", '"') \
                and "balance" not in line[0].replace("balanse", ""):
            fail("it says %r" % line)


@case
def a_syntax_error_and_a_missing_file_change_nothing():
    with proxy() as s:
        for text in ("listeners = ( {", "", "garbage"):
            equal(s.get().status, 200)
            s.write(text or "\n")
            got = s.ctl("reload")
            equal(got.returncode == 0, False, "it exits with 0")
        os.unlink(s.file)
        equal(s.ctl("reload").returncode == 0, False, "it exits with 0")
        equal(s.get().status, 200)


@case
def an_option_that_would_do_nothing_is_refused_with_its_cure():
    with proxy() as s:
        web = s.conf["pools"][0]
        web["max_streams"] = 7
        s.write()
        got = s.ctl("reload")
        equal(got.returncode == 0, False, "it exits with 0")
        equal("pool.max_streams: is for HTTP/2" in got.stderr + got.stdout and
              'protocol = "h2";' in got.stderr + got.stdout, True,
              got.stderr + got.stdout)
        equal(s.get().status, 200)
        s.wait_event("reload", lambda e: e["level"] == "error")
        web["protocol"] = "h1"          # chosen: so it waits
        equal(s.reload()["level"], "info", "beside a protocol")
        equal("max_streams = 7;" in s.stats("show config"), True,
              "show config")


@case
def a_listener_moves_to_another_port():
    origin = GoodOrigin(name="a")
    with proxy(origin) as s, s.wire() as w:
        w.send(request("/held"))
        origin.last()
        old, s.port = s.port, free_port()
        s.conf["listeners"][0]["address"] = at(s.port)
        s.reload()
        equal(s.get().status, 200, "at the new port")
        try:
            Wire(old).close()
            fail("the old port accepts")
        except OSError:
            pass
        origin.gate.set()
        r = w.response(timeout=5 * SLOW)
        equal(r.status, 200, "the answer in flight")


@case
def a_listener_is_added_and_taken_away():
    with proxy() as s:
        port = free_port()
        s.conf["listeners"].append({"name": "more", "address": at(port)})
        s.reload()
        Wire(port).close()
        s.conf["listeners"].pop()
        s.reload()
        try:
            Wire(port).close()
            fail("it accepts")
        except OSError:
            pass
        equal(s.get().status, 200)


@case
def a_port_in_use_makes_the_whole_reload_fail():
    with proxy() as s:
        taken = GoodOrigin(name="taken")
        more = free_port()
        s.conf["listeners"] += [{"name": "more", "address": at(more)},
                                {"name": "bad", "address": at(taken.port)}]
        s.write()
        got = s.ctl("reload")
        equal(got.returncode == 0, False, "it exits with 0")
        if str(taken.port) not in got.stdout + got.stderr:
            fail("it says %r" % (got.stdout + got.stderr))
        try:
            Wire(more).close()
            fail("the other new listener stayed open")
        except OSError:
            pass
        equal(s.get().status, 200)


@case
def routes_and_limits_follow_the_file():
    with proxy() as s:
        s.conf["routes"].insert(0, {"path": "/x", "respond": {
            "status": 200, "body": "new"}})
        s.reload()
        equal(s.get("/x").body, b"new")
        equal(s.get("/y").status, 200)


@case
def what_was_set_at_run_time_stands():
    with proxy() as s:
        s.stats("set server web/a weight 7")
        s.stats("set maxconn server web/a 12")
        s.stats("set maxconn frontend web 34; set maxconn global 56")
        s.reload()
        equal(s.row("web/a")["slim"], "12", "limit")
        equal(s.row("web/FRONTEND")["slim"], "34", "limit of the listener")
        equal(s.info()["Maxconn"], "56", "limit of the process")
        equal(s.row("web/a")["weight"], "7", "weight")
        s.stats("set server web/a state drain")
        s.reload()
        equal(s.row("web/a")["status"][:5], "DRAIN")


main()
