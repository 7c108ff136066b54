"""Started as root: the user is dropped, and low ports can still be bound."""
import os
import pwd

from harness import Steelyard, case, equal, main, pool, run, skip, wait_for
from origins import GoodOrigin
from wire import Wire

USER = "nobody"
BIND_ONLY = 1 << 10		# CAP_NET_BIND_SERVICE


def low_port():
    """A privileged port that nobody has."""
    for port in range(1023, 600, -1):
        try:
            Wire(port).close()
        except OSError:
            return port
    skip("no privileged port is free")


def needs_root():
    if os.geteuid() != 0:
        skip("not root")
    with open("/proc/self/status") as f:
        bounding = [x for x in f if x.startswith("CapBnd")][0].split()[1]
    if not int(bounding, 16) & BIND_ONLY:
        skip("no CAP_NET_BIND_SERVICE here")


def status_of(pid):
    with open("/proc/%d/status" % pid) as f:
        return dict(x.rstrip("\n").split(":\t", 1) for x in f if ":\t" in x)


def proxy(**more):
    s = Steelyard(pool(GoodOrigin(name="a")), wait=None, glob={"user": USER},
                  **more)
    os.chmod(s.dir, 0o755)
    return s


@case
def drops_the_user_and_keeps_one_capability():
    needs_root()
    with proxy() as s:
        s.start()
        st = status_of(s.pid)
        uid = str(pwd.getpwnam(USER).pw_uid)
        equal(set(st["Uid"].split()), {uid}, "uids")
        equal(int(st["CapEff"], 16), BIND_ONLY, "effective capabilities")
        equal(int(st["CapPrm"], 16), BIND_ONLY, "permitted capabilities")
        equal(st["NoNewPrivs"], "1", "no_new_privs")
        equal(s.get().status, 200)


def limited(*more):
    """On a machine that allows for 1,500 open files."""
    s = Steelyard(pool(GoodOrigin(name="a")), wait=None)
    s.conf["global"].pop("max_connections")
    s.conf["global"].update(more)
    s.write()
    plain = s.command
    s.command = lambda *a: ["prlimit", "--nofile=1500:1500"] + plain(*a)
    return s


@case
def fits_the_default_to_the_open_files_it_may_have():
    with limited() as s:
        s.start()
        with open("/proc/%d/limits" % s.pid) as f:
            if " 1500 " not in [x for x in f if "open files" in x][0]:
                skip("the limit can be raised here")
        equal(s.get().status, 200)
        most = int(s.info()["Maxconn"])
        equal(100 < most < 750, True, "%d connections" % most)
        said = [x["message"] for x in s.events() if x["level"] == "warn"]
        wanted = ("global.max_connections: %d instead of 20000, since the "
                  "hard limit of open files is 1500" % most)
        equal(len([x for x in said if wanted in x]), 1, said)
    got = run(limited(("max_connections", 20000)).command())
    equal(got.returncode, 71, "a number that is written")
    equal("need" in got.stderr and "1500" in got.stderr, True, got.stderr)


@case
def binds_a_privileged_port_in_a_reload():
    needs_root()
    with proxy() as s:
        s.start()
        port = low_port()
        s.conf["listeners"].append({"name": "low",
                                    "address": "127.0.0.1:%d" % port})
        s.write()
        s.reload()
        with Wire(port) as w:
            w.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            equal(w.response().status, 200)


@case
def reloads_and_reopens_a_log_that_root_created():
    needs_root()
    with proxy() as s:
        s.start()
        for n in (1, 2):
            equal(s.stats("reload").startswith("reloaded"), True, "worked")
            equal(s.get("/%d" % n).status, 200)
            s.access(target="/%d" % n)
        equal([e for e in s.events("log")], [], "complaints of the log")


@case
def a_user_that_is_not_there_keeps_it_from_starting():
    needs_root()
    s = Steelyard(pool(GoodOrigin(name="a")), wait=None,
                  glob={"user": "no-such-user-here"})
    got = run(s.command())
    equal(got.returncode, 71, "exit code")
    equal('there is no user "no-such-user-here"' in got.stderr, True,
          "it says so")


main()
