"""What hostile peers and hasty operators found."""
import signal
import threading
import time

from harness import (SLOW, Load, Steelyard, at, case, equal, main, pool,
                     request, wait_for)
from origins import GoodOrigin, Origin
from wire import WEBSOCKET, Wire


def settles(s):
    def zero():
        rows = s.stat()
        return s.info()["CurrConns"] == "0" and all(
            r["scur"] in ("0", "") and r["qcur"] in ("0", "") for r in rows)
    wait_for(zero, 5 * SLOW, "all counts at 0",
             lambda: s.stats("show sess"))


@case
def an_upgrade_whose_client_has_left_ends_without_abort_on_close():
    def script(w, n):
        w.origin.read(w)
        time.sleep(0.2)
        w.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
               b"Connection: Upgrade\r\n\r\n")
        w.read_eof(20)
    origin = Origin(script, name="a")
    with Steelyard(pool(origin, abort_on_close=False)) as s:
        w = s.wire()
        w.send(request("/", WEBSOCKET))
        origin.last()
        w.reset()
        settles(s)


@case
def a_listener_with_another_name_keeps_its_connections():
    with Steelyard(pool(GoodOrigin(name="a"))) as s, s.wire() as w:
        w.send(request("/1"))
        equal(w.response().status, 200)
        for name in ("other", "third"):
            s.conf["listeners"][0]["name"] = name
            s.reload()
            w.send(request("/" + name))
            equal(w.response().status, 200)
            equal(s.access(client=w, target="/" + name)["listener"], name)
        equal([r["pxname"] for r in s.stat() if r["svname"] == "FRONTEND"],
              ["third"])


@case
def listeners_that_swap_names_keep_their_connections():
    a = GoodOrigin(name="a")
    with Steelyard(pool(a)) as s:
        path = s.dir + "/u"
        s.conf["listeners"].append({"name": "u", "address": "unix:" + path})
        s.reload()
        with s.wire() as w, Wire(path) as u:
            for n in range(4):
                rows = s.conf["listeners"]
                rows[0]["name"], rows[1]["name"] = \
                    rows[1]["name"], rows[0]["name"]
                s.reload()
                for x in (w, u):
                    x.send(request("/"))
                    equal(x.response().status, 200)
            Wire(path).close()
        settles(s)


def hammer(s, stop):
    """Sessions that say much, and leave in the middle of the answer."""
    while not stop.is_set():
        wires = []
        try:
            for what in (b"show stat\n", b"x" * 100000, b"\xff\x00\n" * 99,
                         b"prompt\n" + b"show config\n" * 200, b"") * 5:
                w = Wire(s.sock, timeout=1)
                wires.append(w)
                w.sock.setblocking(False)
                w.sock.send(what)
        except OSError:                 # its sessions are bounded
            pass
        time.sleep(0.02)
        for w in wires:
            w.close()


@case
def abuse_of_the_stats_socket_under_load_stops_nothing():
    a, b = GoodOrigin(name="a"), GoodOrigin(name="b")
    with Steelyard(pool(a, b)) as s:
        s.get()
        stop = threading.Event()
        threads = [threading.Thread(target=hammer, args=(s, stop))
                   for _ in range(2)]
        for t in threads:
            t.start()
        load = Load("http://%s/size?n=5000000" % at(s.port), 2, 8)
        while not load.is_over():
            s.kill(signal.SIGHUP)
            time.sleep(0.02)
        stop.set()
        for t in threads:
            t.join()
        result = load.result()
        equal((result["bad"], result["errors"]), (0, ""), "bad, errors")
        settles(s)


main()
