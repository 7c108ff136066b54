"""What hostile peers and hasty operators found."""
import time

from harness import (SLOW, Steelyard, case, equal, main, pool, request,
                     wait_for)
from origins import GoodOrigin, OK, Origin
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


main()
