"""Two thousand idle connections cost little and disturb nobody."""
import resource

from harness import (Load, Steelyard, at, case, equal, fail, is_instrumented,
                     main, pool, request, rss, skip, wait_for)
from origins import Nginx
from wire import Wire

MANY = 2000


@case
def two_thousand_idle_connections_and_traffic():
    resource.setrlimit(resource.RLIMIT_NOFILE,
                       (6000, max(6000, resource.getrlimit(
                           resource.RLIMIT_NOFILE)[1])))
    with Steelyard(pool(Nginx("a")), listener={
            "timeouts": {"keep_alive": "1h"}}) as s:
        for _ in range(50):
            equal(s.get().status, 200)
        before = rss(s.pid)
        wires = []
        for _ in range(MANY):
            w = Wire(s.port)
            w.send(request())
            equal(w.response().status, 200)
            wires.append(w)
        equal(s.info()["CurrConns"], str(MANY), "CurrConns")
        each = (rss(s.pid) - before) / MANY
        result = Load("http://%s/" % at(s.port), 2, 16).result()
        equal((result["bad"], result["errors"]), (0, ""), "bad, errors")
        for w in wires[::100]:
            w.send(request())
            equal(w.response().status, 200)
        for w in wires:
            w.close()
        wait_for(lambda: s.info()["CurrConns"] == "0", 5, "CurrConns 0")
        equal(s.row("web/FRONTEND")["scur"], "0", "scur")
        print("# %d bytes an idle connection, %d requests a second beside" %
              (each, result["rate"]))
        if is_instrumented():
            skip("memory means nothing under a sanitizer")
        if each > 512 + 64:             # 64: what else has grown meanwhile
            fail("%d bytes an idle connection" % each)


main()
