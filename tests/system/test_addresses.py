"""UNIX sockets and IPv6, in front and behind."""
import json
import os
import stat

from harness import Steelyard, at, case, equal, free_port, main, pool, \
    request, temp_dir
from origins import GoodOrigin
from wire import Wire


def ask(wire):
    with wire as w:
        w.send(request("/"))
        return w.response()


@case
def serves_clients_over_ipv6():
    port = free_port("::1")
    origin = GoodOrigin(name="a")
    with Steelyard(pool(origin), listeners=[
            {"name": "six", "address": "[::1]:%d" % port}]) as s:
        w = Wire(port, "::1")
        equal(ask(w).status, 200)
        equal(origin.last().get("X-Forwarded-For").strip("[]"), "::1")
        equal(s.access(status=200)["client"].startswith("[::1]:"), True,
              "client in the log")


@case
def serves_clients_over_a_unix_socket():
    path = os.path.join(temp_dir(), "front.sock")
    with Steelyard(pool(GoodOrigin(name="a")), listeners=[
            {"name": "local", "address": "unix:" + path, "mode": "0600"}]
    ) as s:
        equal(ask(Wire(path)).status, 200)
        equal(stat.S_IMODE(os.stat(path).st_mode), 0o600, "mode")
        equal(s.access(status=200)["listener"], "local")
    equal(os.path.exists(path), False, "the socket is left behind")


@case
def reaches_servers_over_ipv6():
    origin = GoodOrigin(name="a", host="::1")
    with Steelyard(pool({"name": "a", "address": origin.address})) as s:
        equal(s.get().status, 200)


@case
def reaches_servers_over_a_unix_socket():
    path = os.path.join(temp_dir(), "back.sock")
    origin = GoodOrigin(name="a", path=path)
    with Steelyard(pool({"name": "a", "address": origin.address},
                        health={"type": "http", "path": "/health",
                                "interval": "200ms"})) as s:
        said = [json.loads(s.get().body)["connection"] for _ in range(2)]
        equal(said[1], said[0], "the second one's connection")


@case
def takes_over_a_unix_socket_left_by_a_dead_process():
    path = os.path.join(temp_dir(), "front.sock")
    rows = [{"name": "local", "address": "unix:" + path}]
    s = Steelyard(pool(GoodOrigin(name="a")), listeners=rows)
    s.child.close()
    s.child = None
    equal(os.path.exists(path), True, "the test's own premise")
    s.start()
    equal(ask(Wire(path)).status, 200)
    s.stop()


@case
def listens_on_all_addresses():
    port = free_port()
    with Steelyard(pool(GoodOrigin(name="a")), listeners=[
            {"name": "all", "address": "*:%d" % port}], wait=False) as s:
        s.conf["listeners"] = [{"name": "all", "address": at(port)}]
        s.wait_ready()
        equal(ask(Wire(port)).status, 200)


main()
