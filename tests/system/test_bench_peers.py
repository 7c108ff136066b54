"""Each proxy of the bench starts, and gives the right answer, in each case."""
import os
import sys

from harness import ROOT, Failure, fail, main, needs, options, rows

sys.path.insert(0, os.path.join(ROOT, "tests/bench"))

import cases            # noqa: E402
import measure          # noqa: E402
import origin           # noqa: E402
import peers            # noqa: E402
import processes        # noqa: E402


def answers(name, table):
    """One proxy, started for each of these cases and asked once."""
    class settings:
        bin = options.bin
    needs("nginx", "curl", "openssl",
          options.bin if name == "steelyard" else name)
    for c in table:
        with processes.temp_dir() as there, processes.temp_dir() as here:
            with origin.Origin(there, 1 if name == "h2o" else c.servers,
                               c.back) as o:
                try:
                    with peers.ALL[name](c, o.servers, here, settings) as p:
                        measure.check(p)
                except Failure as e:
                    fail("%s: %s" % (c.name, e))


def smallest(table):
    """One case of each group that grows."""
    return {c.name.split("/")[0]: c for c in reversed(table)}.values()


@rows([("%s starts and answers in each case" % n, n)
       for n in ("steelyard", "haproxy", "nginx", "h2o")])
def _(name):
    answers(name, [c for c in cases.CASES if name not in c.without])


@rows([("%s starts and answers in the growing cases" % n, n)
       for n in ("steelyard", "haproxy")])
def _(name):
    answers(name, smallest(cases.growing()))


main()
