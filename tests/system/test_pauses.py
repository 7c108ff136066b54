"""Pauses of the loop: where many streams share connections, what comes close
together goes together; and nowhere else."""
import shutil

from harness import Steelyard, case, equal, fail, main, pool, run, skip
from origins import GoodOrigin


def load(s, clients, at_once):
    """2000 requests whose answers take 20 ms; gives how many pauses."""
    if not shutil.which("h2load"):
        skip("h2load is not installed")
    before = int(s.info()["Pauses"])
    got = run(["h2load", "-n2000", "-c%d" % clients, "-m%d" % at_once,
               "http://127.0.0.1:%d/slow?ms=20" % s.port], timeout=120)
    if "2000 succeeded" not in got.stdout:
        fail("h2load said: " + got.stdout[-400:] + got.stderr[-400:])
    return int(s.info()["Pauses"]) - before


@case
def pauses_where_many_streams_share_a_connection():
    with Steelyard(pool(GoodOrigin()), glob={"max_pause": "1ms"}) as s:
        equal(s.info()["MaxPause_us"], "1000")
        n, took = load(s, 4, 25), int(s.info()["PauseTime_us"])
        print("# %d pauses, %d us" % (n, took))
        equal(n > 0, True, "it paused")
        # who is paused may be let run late
        equal(n <= took <= 1000 * n + 10 ** 6, True, "for as long as it may")
        s.conf["global"]["max_pause"] = "0"
        s.reload()
        equal(load(s, 4, 25), 0)


@case
def does_not_pause_for_single_streams():
    with Steelyard(pool(GoodOrigin()), glob={"max_pause": "1ms"}) as s:
        equal(load(s, 100, 1), 0)


@case
def may_pause_by_default():
    with Steelyard(pool(GoodOrigin())) as s:
        equal(s.info()["MaxPause_us"], "100")


main()
