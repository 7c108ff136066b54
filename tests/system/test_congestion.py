"""The congestion control of TCP that a configuration asks for: what ss(8) sees
in our sockets, and what is said of one that cannot be had."""
import shutil

from harness import (Steelyard, case, equal, fail, main, pool, request, run,
                     skip, wait_for)
from origins import GoodOrigin
from wire import Wire

SETTINGS = "/proc/sys/net/ipv4/"


def setting(name):
    with open(SETTINGS + name) as f:
        return f.read().split()


def other():
    """One that we may choose and that is not the system's own."""
    usual = setting("tcp_congestion_control")
    rest = [n for n in setting("tcp_allowed_congestion_control")
            if [n] != usual]
    if not rest:
        skip("the kernel allows none but %s" % usual[0])
    return usual[0], rest[0]


def used(end, port):
    """By those connections of which this end has this port."""
    r = run(["ss", "-tinH", "state", "established",
             "%s = :%d" % (end, port)])
    words = r.stdout.split()
    found = {w for w in words if w in setting(
        "tcp_available_congestion_control")}
    if len(found) != 1:
        fail("ss says: " + r.stdout + r.stderr)
    return found.pop()


@case
def clients_and_servers_have_their_own():
    if not shutil.which("ss"):
        skip("ss is not installed")
    usual, name = other()
    origin = GoodOrigin(name="a")

    def seen():
        with Wire(s.port) as w:
            w.send(request("/"))
            equal(w.response().status, 200)
            wait_for(lambda: len(origin.open) == 1, 5,
                     "one connection to the server")
            return used("sport", s.port), used("dport", origin.port)
    with Steelyard(pool(origin), listener={"congestion": name}) as s:
        equal(seen(), (name, usual), "towards clients, servers")
        del s.conf["listeners"][0]["congestion"]
        s.conf["pools"] = [pool(origin, name="other", congestion=name)]
        s.conf["routes"] = [{"pool": "other"}]
        s.reload()
        equal(seen(), (usual, name), "after a reload, towards clients, "
              "servers")


@case
def refuses_one_that_the_kernel_does_not_allow():
    with Steelyard(pool(GoodOrigin(name="a"))) as s:
        for where in ("listener", "pool"):
            row = s.conf[where + "s"][0]
            row["congestion"] = "no-such"
            s.write()
            r = run(s.command("-t"))
            del row["congestion"]
            equal(r.returncode, 78, "status")
            if "%s.congestion: \"no-such\" is none that the kernel allows; " \
                    "write one of %s, or add" % (where, " ".join(
                        setting("tcp_allowed_congestion_control"))) \
                    not in r.stderr:
                fail("it says: " + r.stderr)


@case
def is_told_what_is_allowed_without_the_settings_of_the_kernel():
    """As the unit of systemd has it: ProcSubset=pid."""
    hidden = ["unshare", "-m", "sh", "-c", "mount -t proc -o subset=pid proc "
              "/proc || exit 99; exec \"$@\"", "sh"]
    _, name = other()
    with Steelyard(pool(GoodOrigin(name="a"))) as s:
        for asked, code in (name, 0), ("no-such", 78):
            s.conf["listeners"][0]["congestion"] = asked
            s.write()
            r = run(hidden + s.command("-t"))
            if r.returncode in (1, 99) or "unshare" in r.stderr:
                skip("no /proc of our own: " + r.stderr.strip())
            equal((asked, r.returncode), (asked, code), r.stderr)


main()
