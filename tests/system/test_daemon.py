"""The process: options, pid file, ends gentle and sudden."""
import os
import re
import signal
import socket
import subprocess
import time

from harness import (SLOW, WRAP, Steelyard, at, case, equal, fail, main,
                     options, pool, request, rows, run, start, temp_dir, wait_for)
from origins import GoodOrigin
from wire import Wire


def proxy(**more):
    return Steelyard(pool(GoodOrigin(name="a")), **more)


def refuses(port):
    try:
        Wire(port).close()
        return False
    except OSError:
        return True


@case
def says_its_version_and_what_it_was_built_with():
    got = run(WRAP + [options.bin, "-V"])
    equal(got.returncode, 0, "exit code")
    if not re.match(r"(?i)steelyard \S*\d+\.\d+", got.stdout):
        fail("it says %r" % got.stdout[:200])
    equal("libevent" in got.stdout, True, "libevent is named")


@case
def an_unknown_option_is_refused_with_the_usage():
    got = run(WRAP + [options.bin, "-Z"])
    equal(got.returncode in (1, 2, 64), True, "exit code %d" %
          got.returncode)
    equal("-f" in got.stderr, True, "the usage: %r" % got.stderr[:200])


@case
def the_check_of_a_good_file_says_nothing():
    s = proxy(wait=None)
    got = run(WRAP + [options.bin, "-t", "-f", s.file])
    equal((got.returncode, got.stderr), (0, ""), "code and stderr")
    equal(os.path.exists(s.sock), False, "a socket was made")


@case
def a_missing_file_is_told():
    got = run(WRAP + [options.bin, "-t", "-f", "/nonexistent/x.conf"])
    equal(got.returncode, 78, "exit code")
    equal("/nonexistent/x.conf" in got.stderr, True, got.stderr[:200])


@case
def a_bad_file_is_refused_at_the_start():
    s = proxy(wait=None)
    s.write("listeners = 5;\n")
    got = run(WRAP + [options.bin, "-f", s.file])
    equal(got.returncode, 78, "exit code")
    equal("steelyard.conf:1" in got.stderr, True, got.stderr[:200])


@case
def the_effective_configuration_loads_to_the_same():
    s = proxy(wait=None)
    s.conf["routes"].insert(0, {"host": "*.x", "path": "/a\"b", "redirect": {
        "status": 308, "location": "/$path"}})
    s.conf["pools"][0]["health"] = {"type": "http", "expect": "200-299,404"}
    s.write()
    first = run(WRAP + [options.bin, "-T", "-f", s.file])
    equal(first.returncode, 0, "exit code: " + first.stderr[:200])
    s.write(first.stdout)
    second = run(WRAP + [options.bin, "-T", "-f", s.file])
    equal(second.returncode, 0, "exit code: " + second.stderr[:200])
    equal(second.stdout, first.stdout, "the second dump")
    equal("keep_alive" in first.stdout, True, "defaults stand in it")


@case
def becomes_a_daemon_with_a_pid_file():
    s = proxy(wait=None)
    pidfile = os.path.join(s.dir, "pid")
    link = os.path.join(s.dir, "link")
    os.symlink(s.file, link)
    child = start(WRAP + [options.bin, "-f", "link", "-D", "-p", "pid"],
                  cwd=s.dir, stderr=subprocess.DEVNULL)
    code = child.wait(10 * SLOW)
    if not os.path.exists(pidfile):
        fail("no pid file; the exit code is %d" % code)
    pid = int(open(pidfile).read())
    try:
        equal(code, 0, "exit code")
        wait_for(lambda: not refuses(s.port), 5 * SLOW, "the listener")
        equal(s.get().status, 200)
        stat = open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()
        equal(int(stat[3]) != os.getsid(0), True, "a session of its own")
        equal(s.stats("reload").startswith("reloaded"), True,
              "it finds its file, which was named from where it was started")
        os.unlink(link)
        equal(link in s.stats("reload"), True, "it follows the link anew")
        os.kill(pid, signal.SIGTERM)

        def gone():
            try:
                return open("/proc/%d/stat" % pid).read().rsplit(
                    ")", 1)[1].split()[0] == "Z"
            except OSError:
                return True
        wait_for(gone, 5 * SLOW, "its end")
        equal(os.path.exists(pidfile), False, "the pid file is left behind")
    finally:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


@case
def a_second_instance_on_the_port_is_refused():
    with proxy() as s:
        other = proxy(wait=None)
        other.conf["listeners"][0]["address"] = at(s.port)
        other.write()
        got = run(other.command())
        equal(got.returncode != 0, True, "exit code")
        said = got.stderr + other.errors(3000)
        equal(str(s.port) in said and "in use" in said.lower(), True,
              "it says %r" % said[:300])
        equal(s.get().status, 200, "the first goes on")


@case
def one_start_tells_all_that_cannot_be_opened():
    with proxy() as s:
        other = proxy(wait=None)
        other.conf["listeners"][0]["address"] = at(s.port)
        other.conf["global"]["stats_socket"]["path"] = "/nowhere/stats.sock"
        other.conf["global"]["log"]["target"] = "/nowhere/log"
        other.write()
        said = run(other.command()).stderr
        for what in ("log.target", "stats_socket.path", "listener web"):
            equal(what in said, True, "%s in %r" % (what, said))


@case
def a_second_instance_does_not_take_the_stats_socket():
    with proxy() as s:
        other = proxy(wait=None)
        other.conf["global"]["stats_socket"]["path"] = s.sock
        other.write()
        got = run(other.command())
        equal(got.returncode != 0, True, "exit code")
        equal("Uptime" in s.stats("show info"), True, "the first's socket")


def holding(**more):
    """It, and an origin that will hold what asks for /held."""
    origin = GoodOrigin(name="a")
    return Steelyard(pool(origin), **more), origin


def ask_held(w, origin):
    w.send(request("/held"))
    origin.last()


@case
def term_lets_an_answer_in_flight_complete():
    s, origin = holding()
    with s.wire() as w, s.wire() as idle, s.wire() as fresh:
        idle.send(request())
        equal(idle.response().status, 200)
        ask_held(w, origin)
        s.kill(signal.SIGTERM)
        wait_for(lambda: refuses(s.port), 3, "the listener to close")
        idle.is_closed()
        fresh.read_eof()
        origin.gate.set()
        r = w.response(timeout=5 * SLOW)
        equal((r.status, r.complete), (200, True))
        equal(r.tokens("Connection"), ["close"], "Connection")
        w.is_closed()
        log = s.access(client=w)
        equal(log["termination"], "--")
    s.wait_end(5)
    equal(os.path.exists(s.sock), False, "the stats socket is left behind")


@case
def int_drains_too():
    s = proxy()
    s.stop(signal.SIGINT, 5)


@case
def what_lasts_longer_than_the_drain_is_cut():
    s, origin = holding(glob={"drain_timeout": "300ms"})
    with s.wire() as w:
        ask_held(w, origin)
        began = time.monotonic()
        s.kill(signal.SIGTERM)
        s.wait_end()
        if time.monotonic() - began < 0.29:
            fail("it was cut at once")
        w.read_eof()


@rows([
    ("half a head at the end of a drain is not said to have left",
     signal.SIGTERM, "drain_timeout was over"),
    ("half a head is not said to have left a process that stops",
     signal.SIGQUIT, "the process was told to stop at once"),
])
def half_a_head_was_cut(number, reason):
    with Steelyard(glob={"drain_timeout": "300ms"}) as s, s.wire() as w:
        w.send(b"GET / HT")
        wait_for(lambda: int(s.row("web/FRONTEND")["scur"]) == 1, 5 * SLOW,
                 "the client to be accepted")
        s.kill(number)
        s.wait_end()
        line = s.access(client=w)
        equal((line["method"], line["termination"], line["reason"]),
              (None, "KR", reason))


@case
def quit_ends_a_drain_now():
    s, origin = holding(glob={"drain_timeout": "1h"})
    with s.wire() as w:
        ask_held(w, origin)
        s.kill(signal.SIGTERM)
        wait_for(lambda: refuses(s.port), 3, "the listener to close")
        s.kill(signal.SIGQUIT)
        s.wait_end()


@case
def quit_ends_it_now():
    s, origin = holding(glob={"drain_timeout": "1h"})
    with s.wire() as w:
        ask_held(w, origin)
        s.stop(signal.SIGQUIT)
        w.read_eof()


@case
def events_tell_its_life():
    with proxy() as s:
        s.reload()
    names = [x["event"] for x in s.events()]
    for name in ("start", "reload", "drain", "stop"):
        if name not in names:
            fail("no event %s in %s" % (name, names))
    equal(names.index("start") < names.index("reload") < names.index("drain")
          < names.index("stop"), True, "order %s" % names)
    for x in s.events():
        for member in ("time", "level", "event", "message"):
            if member not in x:
                fail("no %s in %s" % (member, x))


def holds_back(pid, signo):
    with open("/proc/%d/status" % pid) as f:
        mask = re.search(r"SigBlk:\s*(\w+)", f.read()).group(1)
    return int(mask, 16) >> (signo - 1) & 1


@case
def a_reload_while_it_starts_is_made_up_for():
    s = proxy(wait=None)
    with open(s.file, "a") as f:        # takes a while to read
        f.write("# a long comment\n" * 800000)
    s.start(None)
    wait_for(lambda: holds_back(s.pid, signal.SIGHUP), 5 * SLOW,
             "its being held back")
    os.kill(s.pid, signal.SIGHUP)
    os.kill(s.pid, signal.SIGUSR1)
    wait_for(lambda: [x["event"] for x in s.events()].count("reload") == 1,
             20 * SLOW, "the reload")
    s.write()
    s.stop()


@case
def a_process_that_drains_reads_nothing_and_may_be_hurried():
    origin = GoodOrigin(name="a")
    with Steelyard(pool(origin)) as s, s.wire() as w:
        w.send(request("/held"))
        wait_for(lambda: w.name in s.stats("show sess"), 5 * SLOW, "it")
        s.kill(signal.SIGTERM)
        s.wait_event("drain")
        s.kill(signal.SIGHUP)
        s.wait_event("reload", lambda x: x["level"] == "warn"
                     and "is stopping" in x["message"])
        s.kill(signal.SIGTERM)
        s.wait_event("stop", lambda x: "not waiting for 1 connections"
                     in x["message"])
        s.wait_end()


@case
def a_second_instance_does_not_take_the_pid_file():
    with proxy(wait=None) as s, proxy(wait=None) as other:
        pidfile = os.path.join(s.dir, "pid")
        s.args = ["-p", pidfile]
        s.start()
        for path, why in ((pidfile, "another steelyard that runs holds it"),
                          ("/nonexistent/pid", "No such file or directory")):
            got = run(other.command("-p", path))
            equal(got.returncode, 71, "exit code")
            equal("pidfile %s: %s\n" % (path, why) in got.stderr, True,
                  got.stderr[:200])
        equal(int(open(pidfile).read()), s.pid, "the number in the file")
        got = run(other.command("-D", "-p", pidfile))
        equal((got.returncode, "holds it" in got.stderr), (71, True),
              "a daemon that fails: " + got.stderr[:200])


@case
def steelyardctl_says_what_may_have_to_be_done():
    def ctl(*args):
        return run([options.ctl, *args])
    place = temp_dir()
    dead = os.path.join(place, "dead")
    with socket.socket(socket.AF_UNIX) as x:
        x.bind(dead)
    for path, why in (
            (os.path.join(place, "no"), "No such file or directory; is "
             "steelyard running? -s names another socket"),
            (dead, "Connection refused; nobody listens there, is steelyard "
             "running?"),
            (place + "/" + "x" * 110, "File name too long")):
        got = ctl("-s", path, "show", "info")
        equal((got.returncode, got.stderr),
              (69, "steelyardctl: %s: %s\n" % (path, why)), "code and stderr")
    equal((ctl("-h").returncode, ctl("-h").stdout[:6]), (0, "usage:"))
    equal(ctl("-V").stdout.startswith("steelyardctl "), True, "its version")
    for wrong in [], ["-x"]:
        got = ctl(*wrong)
        equal((got.returncode, "usage:" in got.stderr), (64, True), "usage")


@case
def goes_on_with_a_log_that_cannot_be_opened_anew():
    place = temp_dir()
    new, old = os.path.join(place, "new"), os.path.join(place, "old")
    os.mkdir(new)
    with proxy(glob={"log": {"target": new + "/log"}}) as s:
        os.rename(new, old)
        for ask in (lambda: s.kill(signal.SIGUSR1),
                    lambda: s.stats("reload")):
            before = open(old + "/log").read().count("cannot open the log")
            ask()
            wait_for(lambda: open(old + "/log").read().count(
                "cannot open the log") == before + 1, 5 * SLOW, "the error")
        equal(s.get().status, 200)


@case
def does_not_start_where_its_log_cannot_be_opened():
    s = proxy(wait=None, glob={"log": {"target": "/nonexistent/dir/log"}})
    got = run(s.command())
    equal(got.returncode != 0, True, "exit code")
    equal("/nonexistent/dir/log" in got.stderr, True, got.stderr[:200])


@case
def a_user_that_is_not_there_is_told_with_its_place():
    for what in "user", "group":
        s = proxy(wait=None, glob={what: "no-such-one"})
        wanted = "global.%s: there is no %s \"no-such-one\"" % (what, what)
        for more, code in (["-t"], 78), ([], 71):
            got = run(s.command(*more))
            equal(got.returncode, code, "exit code")
            equal(s.file + ":1: " + wanted in got.stderr, True,
                  got.stderr[:200])


@case
def help_is_no_error():
    got = run(WRAP + [options.bin, "-h"])
    equal((got.returncode, got.stderr), (0, ""), "code and stderr")
    equal("-p pidfile" in got.stdout, True, got.stdout[:200])


@case
def a_byte_order_mark_is_read_over():
    s = proxy(wait=None)
    with open(s.file, "rb+") as f:
        text = f.read()
        f.seek(0)
        f.write(b"\xef\xbb\xbf" + text)
    got = run(s.command("-t"))
    equal((got.returncode, got.stderr), (0, ""), "code and stderr")


@case
def says_what_is_in_the_place_of_a_socket():
    s = proxy(wait=None)
    other = os.path.join(s.dir, "other")
    open(other, "w").close()
    for name, path in ("file", other), ("dir", "/nope/x"):
        s.conf["listeners"].append({"name": name, "address": "unix:" + path})
    s.write()
    got = run(s.command())
    equal(got.returncode, 71, "exit code")
    for line in ("other: Address already in use; a file that is no socket is "
                 "there\n", "x: No such file or directory; make its directory "
                 "first\n"):
        equal(line in got.stderr, True, got.stderr)
    equal("\n\n" in got.stderr, False, "an empty line: %r" % got.stderr)
    s.conf["listeners"][1:] = [{"name": "far", "address": "192.0.2.1:80"}]
    s.write()
    equal("Cannot assign requested address; no interface here has this "
          "address" in run(s.command()).stderr, True, "the address")
    s.conf["global"]["stats_socket"]["path"] = s.file
    s.write()
    equal("a file that is no socket is there" in run(s.command()).stderr,
          True, "the stats socket")


main()
