"""The bench measures: a quick run of it, and that it sees what goes wrong."""
import glob
import json
import os
import sys

from harness import (ROOT, Failure, case, equal, fail, is_instrumented, main,
                     needs, options, rows, run, skip, temp_dir)

BENCH = os.path.join(ROOT, "tests/bench")
sys.path.insert(0, BENCH)

import cases            # noqa: E402
import load             # noqa: E402
import namespace        # noqa: E402
import origin           # noqa: E402
import peers            # noqa: E402
import processes        # noqa: E402
import report           # noqa: E402
import syscalls         # noqa: E402
import tls              # noqa: E402

WRK = """Running 3600m test @ http://127.0.0.1:10/
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     5.00ms    6.83ms  91.60ms   89.40%
  Latency Distribution
     50%  640.00us
     75%    1.05ms
     99%    1.20s
  113366 requests in 1.41s, 27.35MB read
"""
H2LOAD = """finished in 1.00s, 13366.00 req/s, 3.08MB/s
requests: 13400 total, 13380 started, 13366 done, 13366 succeeded, %d failed, \
0 errored, 0 timeout
status codes: %d 2xx, 0 3xx, 0 4xx, %d 5xx
"""


def bench(*more):
    """A run as short as can be; gives its status and what it kept."""
    needs("wrk", "nginx", "curl")
    where = temp_dir()
    r = run([sys.executable, os.path.join(BENCH, "run"), "--rounds", "1",
             "--seconds", "0.3", "--out", where, *more], timeout=150)
    files = glob.glob(where + "/*.json")
    if len(files) != 1:
        fail("no results; it said: " + (r.stdout + r.stderr)[-600:])
    with open(files[0]) as f:
        return r, json.load(f)


@case
def measures_steelyard_and_the_floor():
    if not os.path.exists(os.path.join(os.path.dirname(options.bin),
                                       "tests/bench/floor")):
        skip("the floor is not built: make tests")
    r, kept = bench("--bin", options.bin, "--peers", "floor", "--case",
                    "small64,body1m")
    equal((r.returncode, r.stderr), (0, ""), "status and stderr: " + r.stdout)
    for name in ("small64", "body1m"):
        for peer in ("steelyard", "floor"):
            m = kept["median"][name][peer]
            if not (m["us"] > 1 and m["rate"] > 0 and m["p99"] >= m["p50"]
                    > 0 and m["pss"] > 100000 and m["requests"] > 0):
                fail("%s of %s: %s" % (name, peer, m))


@case
def measures_with_another_congestion_control():
    if os.geteuid() != 0:
        skip("a network of its own takes root")
    there = namespace.setting(namespace.ALLOWED).split()
    mine = namespace.setting("tcp_congestion_control")
    other = [name for name in there if name != mine]
    if not other:
        skip("this kernel allows %s alone" % mine)
    r, kept = bench("--bin", options.bin, "--peers", "", "--case", "newconn",
                    "--congestion", other[0])
    equal((r.returncode, r.stderr), (0, ""), "status and stderr: " + r.stdout)
    equal(kept["machine"]["congestion"], other[0], "what it measured with")
    equal(namespace.setting("tcp_congestion_control"), mine, "the machine's")


@case
def refuses_a_congestion_control_that_is_not_there():
    r = run([sys.executable, os.path.join(BENCH, "run"), "--congestion",
             "no-such"], timeout=60)
    equal(r.returncode, 2, "status")
    if not r.stderr.startswith(
            "run: no congestion control no-such; the kernel allows %s there, "
            % ", ".join(namespace.setting(namespace.ALLOWED).split())):
        fail("it says: " + r.stderr)


@case
def measures_tls():
    needs("openssl")
    if not os.path.exists(os.path.join(os.path.dirname(options.bin),
                                       "tests/bench/handshakes")):
        skip("the client is not built: make tests")
    names = ("tls64", "tls1m", "tlsfull", "tlsresumed")
    r, kept = bench("--bin", options.bin, "--peers", "", "--case",
                    ",".join(names + ("tlsidle",)), "--seconds", "1")
    equal((r.returncode, r.stderr), (0, ""), "status and stderr: " + r.stdout)
    made = {name: kept["median"][name]["steelyard"] for name in names}
    for name, m in made.items():
        if not (m["us"] > 1 and m["p99"] >= m["p50"] > 0):
            fail("%s: %s" % (name, m))
    full, resumed = made["tlsfull"], made["tlsresumed"]
    equal((full["resumed"], full["tickets"]), (0, 0), "without tickets")
    # the first of each client's, and in so short a time not of all
    if not (full["full"] > 0 and resumed["resumed"] > 0
            and 0 < resumed["full"] <= 64
            and resumed["tickets"] >= resumed["resumed"]):
        fail("handshakes: %s, %s" % (full, resumed))
    each = kept["tlsidle"]["steelyard"]["each"]
    if not (100 < each < 100000 or is_instrumented()):
        fail("idle: %s" % kept["tlsidle"])


@case
def a_handshake_of_another_kind_is_a_failed_run():
    """Tickets are off: the clients that would resume cannot."""
    needs("openssl")
    where = temp_dir()
    fake = os.path.join(where, "fake")
    with open(fake, "w") as f:
        f.write("""#!/bin/sh
sed -i 's/tickets = true/tickets = false/' "$2"
exec %s -f "$2"
""" % options.bin)
    os.chmod(fake, 0o755)
    r, kept = bench("--bin", fake, "--peers", "", "--case", "tlsresumed",
                    "--floor", os.path.join(os.path.dirname(options.bin),
                                            "tests/bench/floor"))
    equal(r.returncode, 1, "status")
    if " full handshakes, 0 resumed" not in \
            kept["runs"]["tlsresumed"]["steelyard"][0]:
        fail("it says %r" % kept["runs"])


@rows([
    ("another suite is seen", "SUITE", "TLS_AES_256_GCM_SHA384"),
    ("another version is seen", "VERSION", "TLSv1.2"),
    ("another group is seen", "GROUP", "X448"),
])
def _(what, other):
    class settings:
        bin = options.bin
    needs("nginx", "openssl")
    secure = [c for c in cases.CASES if c.name == "tls64"][0]
    with processes.temp_dir() as there, processes.temp_dir() as here:
        with origin.Origin(there, 1) as o, \
                peers.ALL["steelyard"](secure, o.servers, here,
                                       settings) as p:
            tls.check(p.port, p.dir)
            kept = getattr(tls, what)
            setattr(tls, what, other)
            try:
                must_fail(tls.check, p.port, p.dir)
            finally:
                setattr(tls, what, kept)


@rows([
    ("a resumed handshake among full ones fails", 5, 1, False),
    ("full handshakes among resumed ones fail", 5, 99, True),
    ("none resumed fails", 4, 0, True),
])
def _(full, resumed, resumes):
    said = '{"requests": 9, "full": %d, "resumed": %d}'
    equal(load.read_handshakes(said % ((4, 99) if resumes else (9, 0)),
                               resumes, 4)["requests"], 9, "requests")
    must_fail(load.read_handshakes, said % (full, resumed), resumes, 4)


@case
def a_proxy_that_does_not_start_is_a_failed_run():
    r, kept = bench("--bin", "/bin/false", "--peers", "", "--case", "small64")
    equal(r.returncode, 1, "status")
    if not kept["runs"]["small64"]["steelyard"][0].startswith(
            "false ended"):
        fail("it says %r" % kept["runs"])


@case
def a_wrong_answer_is_a_failed_run():
    """A proxy that answers by itself never reaches the origin."""
    where = temp_dir()
    fake = os.path.join(where, "fake")
    with open(fake, "w") as f:
        f.write("""#!/bin/sh
sed -i 's/^routes = (/routes = ( { respond = { status = 200; \
body = "no"; }; }, /' "$2"
exec %s -f "$2"
""" % options.bin)
    os.chmod(fake, 0o755)
    r, kept = bench("--bin", fake, "--peers", "", "--case", "small64")
    equal(r.returncode, 1, "status")
    equal(kept["runs"]["small64"]["steelyard"],
          ["the check got '200 2', not 200 with 100 bytes"], "the run")


@case
def reads_what_wrk_says():
    got = load.read_wrk(WRK)
    equal(got["requests"], 113366, "requests")
    equal((round(got["p50"] * 1e6), got["p99"]), (640, 1.2), "times")


@rows([
    ("wrk with socket errors fails",
     "  Socket errors: connect 0, read 3, write 0, timeout 0\n"),
    ("wrk with bad answers fails", "  Non-2xx or 3xx responses: 17\n"),
])
def _(line):
    must_fail(load.read_wrk, WRK + line)


@case
def reads_what_h2load_says():
    got = load.read_h2load(H2LOAD % (0, 13366, 0), range(1, 101))
    equal((got["requests"], round(got["p50"] * 1e6)), (13366, 51), "figures")


@rows([
    ("h2load with failed requests fails", (2, 13366, 0)),
    ("h2load with bad answers fails", (0, 13365, 1)),
])
def _(figures):
    must_fail(load.read_h2load, H2LOAD % figures, [1])


@case
def reads_what_strace_counts():
    equal(syscalls.read_strace("""
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.00    0.100000           1    200000        12 recvfrom
 40.00    0.060000           1    100000           epoll_wait
------ ----------- ----------- --------- --------- ----------------
100.00    0.160000           1    300000        12 total
"""), {"recvfrom": 200000, "epoll_wait": 100000}, "calls")


@case
def the_median_leaves_failed_runs_out():
    results = report.Results()
    for outcome in ({"us": 9.0}, "it broke", {"us": 2.0}, {"us": 3.0}):
        results.add("x", "steelyard", outcome)
    for us in (6.0, 8.0, 1.0):
        results.add("x", "haproxy", {"us": us})
    results.add("x", "nginx", {"us": 4.0})
    equal(results.median("x", "steelyard"), {"us": 3.0}, "median")
    equal(results.rival("x"), "nginx", "the cheaper rival")
    equal(results.ratio("x", "steelyard", "nginx"), 0.75, "ratio")
    equal(len(results.failures()), 1, "failures")
    results.add("x", "h2o", {"us": 3.5})
    equal(results.rival("x"), "nginx", "the cheaper rival, h2o being none")
    equal(results.rival("x", cases.ALL_RIVALS), "h2o", "with it")


def must_fail(function, *args):
    try:
        got = function(*args)
    except Failure:
        return
    fail("gave %s" % got)


@case
def attacks_are_measured():
    flood = os.path.join(os.path.dirname(options.bin), "tests/bench/flood")
    if not os.access(flood, os.X_OK):
        skip("tests/bench/flood is not built")
    if os.getuid():
        skip("a bystander of real-time priority needs root")
    r = run([sys.executable, os.path.join(BENCH, "attacks.py"), "--bin",
             options.bin, "--peers", "", "--rounds", "1", "--seconds", "0.2",
             "PING acknowledged"], timeout=60)
    equal((r.returncode, r.stderr), (0, ""), "the end of it")
    got = [line.split() for line in r.stdout.splitlines()
           if line.startswith("PING ack")]
    equal(len(got), 1, "rows")
    equal(got[0][2], "CALM", "how it ended")
    waits = [float(x) for x in got[0][9:13]]
    if not all(x > 0 for x in waits):
        fail("no figures: " + r.stdout)
    for x, times in zip(waits, map(float, got[0][14:17])):
        wanted = waits[3] / x           # of rounded figures, and rounded
        if abs(times - wanted) > 0.01 + 0.05 * wanted:
            fail("%.2f times, not %.2f: %s" % (times, wanted, r.stdout))


main()
