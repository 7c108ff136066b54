"""The stats socket: protocol, words and errors that existing tools know."""
import json
import os
import stat

from harness import (SLOW, Steelyard, case, equal, fail, main, once, pool,
                     request, rows, wait_for)
from h2wire import DATA, H2Wire
from origins import GoodOrigin
from wire import Wire

HEADER = (
    "pxname svname qcur qmax scur smax slim stot bin bout dreq dresp ereq "
    "econ eresp wretr wredis status weight act bck chkfail chkdown lastchg "
    "downtime qlimit pid iid sid throttle lbtot tracked type rate rate_lim "
    "rate_max check_status check_code check_duration hrsp_1xx hrsp_2xx "
    "hrsp_3xx hrsp_4xx hrsp_5xx hrsp_other hanafail req_rate req_rate_max "
    "req_tot cli_abrt srv_abrt comp_in comp_out comp_byp comp_rsp lastsess "
    "last_chk last_agt qtime ctime rtime ttime agent_status agent_code "
    "agent_duration check_desc agent_desc check_rise check_fall check_health "
    "agent_rise agent_fall agent_health addr cookie mode algo conn_rate "
    "conn_rate_max conn_tot intercepted dcon dses wrew connect reuse "
    "cache_lookups cache_hits srv_icur src_ilim qtime_max ctime_max "
    "rtime_max ttime_max eint idle_conn_cur safe_conn_cur used_conn_cur "
    "need_conn_est uweight agg_server_status agg_server_status_check "
    "agg_check_status srid sess_other h1sess h2sess h3sess req_other h1req "
    "h2req h3req proto priv_idle_cur reqbin reqbout resbin resbout "
    "cache_hint_hits - ssl_sess ssl_reused_sess ssl_failed_handshake").split()


@once
def proxy():
    a, b = GoodOrigin(name="a"), GoodOrigin(name="b")
    s = Steelyard(pool(a, b, health={"type": "http", "path": "/health",
                                     "interval": "500ms", "timeout": "20s"}))
    s.origins = a, b
    for _ in range(4):
        equal(s.get().status, 200)
    return s


def talk(data, timeout=3):
    with Wire(proxy().sock) as w:
        w.send(data)
        return w.read_eof(timeout * SLOW).decode()


@case
def an_answer_ends_with_an_empty_line():
    for command in ("show info", "show stat", "show errors", "help",
                    "show servers state"):
        said = talk(command.encode() + b"\n")
        equal(said[-2:], "\n\n", "the end of " + command)


@case
def an_answer_of_success_is_an_empty_line():
    equal(talk(b"set server web/a state ready\n"), "\n")


@case
def connections_and_requests_are_counted_by_protocol():
    with Steelyard(pool(GoodOrigin(name="a"))) as s:
        # The harness has looked whether the listener accepts.
        with s.wire() as one, H2Wire(s.port) as two:
            for n in (1, 3):
                one.send(request())
                equal(one.response().status, 200)
            for n in (1, 3, 5):
                two.ask(n)
                two.until(DATA, n)
            wait_for(lambda: s.row("web/FRONTEND")["req_tot"] == "5", 5,
                     "five requests")
        wait_for(lambda: s.row("web/FRONTEND")["scur"] == "0", 5, "scur 0")
        row = s.row("web/FRONTEND")
        equal([row[x] for x in ("h1sess", "h2sess", "h1req", "h2req",
                                "req_other", "proto")],
              ["1", "1", "2", "3", "0", "h2"])
        equal(int(row["sess_other"]), int(row["stot"]) - 2, "sess_other")
    with Steelyard(pool(GoodOrigin(name="a")), listener={"http2": False}) as s:
        equal(s.row("web/FRONTEND")["proto"], "h1")


@case
def several_commands_stand_on_one_line():
    said = talk(b"show info; show backend\n")
    equal("Uptime" in said and "# name" in said, True, said[:300])


@case
def the_connection_closes_after_one_line():
    said = talk(b"show backend\nshow info\n")
    equal("Uptime" in said, False, "the second line was answered")


@case
def a_prompt_keeps_the_connection_open():
    with Wire(proxy().sock) as w:
        w.send(b"prompt\n")
        equal(w.read_until(b"> ")[-2:], b"> ")
        for _ in range(2):
            w.send(b"show info\n")
            said = w.read_until(b"\n\n> ")
            equal(b"Uptime" in said, True, "show info")
        w.send(b"quit\n")
        w.read_eof()


@case
def an_unknown_command_gets_the_help():
    said = talk(b"frobnicate\n")
    equal("Unknown command" in said or "show info" in said, True, said[:200])
    equal("show stat" in said, True, "the help names show stat")


@case
def commands_come_in_pieces():
    with Wire(proxy().sock) as w:
        w.send_pieces([b"sh", b"ow in", b"fo", b"\n"])
        equal(b"Uptime" in w.read_eof(), True, "show info")


@case
def a_command_without_end_is_refused():
    with Wire(proxy().sock) as w:
        try:
            w.send(b"x" * 500000)
        except OSError:
            pass
        w.read_eof()
    equal(proxy().stats("show info")[:4], "Name", "it still answers")


@case
def the_socket_has_its_mode():
    equal(stat.S_IMODE(os.stat(proxy().sock).st_mode), 0o600, "mode")


@case
def show_info_says_who_and_how_much():
    info = proxy().info()
    equal(info["Name"].lower(), "steelyard", "Name") if "steelyard" in \
        info["Name"].lower() else equal(info["Name"], "HAProxy", "Name")
    for name in ("Version", "Uptime", "Uptime_sec", "Pid", "Maxconn",
                 "CurrConns", "CumConns", "CumReq"):
        if name not in info:
            fail("no %s in %s" % (name, sorted(info)))
    equal(int(info["Pid"]), proxy().pid, "Pid")
    equal(int(info["CumReq"]) >= 4, True, "CumReq")


@case
def the_header_of_show_stat_is_exact():
    first = talk(b"show stat\n").split("\n")[0]
    equal(first.rstrip(","), "# " + ",".join(HEADER), "the header")
    equal(len(HEADER), 123, "columns")


@case
def each_row_of_show_stat_has_all_columns():
    lines = talk(b"show stat\n").rstrip("\n").split("\n")[1:]
    for line in lines:
        equal(line.count(","), 122 if not line.endswith(",") else 123,
              "commas of " + line[:40])
    equal([",".join(x.split(",")[:2]) for x in lines],
          ["web,FRONTEND", "web,a", "web,b", "web,BACKEND"], "rows")


@case
def rows_say_what_they_are():
    s = proxy()
    got = {r["svname"]: r for r in s.stat()}
    equal({k: r["type"] for k, r in got.items()},
          {"FRONTEND": "0", "BACKEND": "1", "a": "2", "b": "2"}, "type")
    equal(got["FRONTEND"]["status"], "OPEN")
    equal([got[n]["status"] for n in ("a", "b", "BACKEND")], ["UP"] * 3)
    equal(int(got["a"]["stot"]) + int(got["b"]["stot"]),
          int(got["BACKEND"]["stot"]), "stot")
    equal(got["BACKEND"]["act"], "2", "act")
    equal(got["BACKEND"]["algo"], "leastconn", "algo")
    equal(got["a"]["check_status"].lstrip("* "), "L7OK")
    equal(got["a"]["check_code"], "200")
    equal(int(got["BACKEND"]["hrsp_2xx"]) >= 4, True, "hrsp_2xx")
    equal(got["a"]["addr"].startswith("127.0.0.1:"), True, "addr")


@case
def show_stat_selects_rows():
    s = proxy()
    said = s.stats("show stat web 4 -1")
    rows_said = [x for x in said.split("\n")[1:] if x]
    equal([x.split(",")[1] for x in rows_said], ["a", "b"], "servers only")


@rows([("show stat speaks json", "show stat json"),
       ("show info speaks json", "show info json")])
def speaks_json(command):
    json.loads(proxy().stats(command))


@case
def show_servers_state_has_the_words_of_its_header():
    lines = proxy().stats("show servers state").split("\n")
    equal(lines[0], "1")
    equal(lines[1], (
        "# be_id be_name srv_id srv_name srv_addr srv_op_state "
        "srv_admin_state srv_uweight srv_iweight srv_time_since_last_change "
        "srv_check_status srv_check_result srv_check_health srv_check_state "
        "srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port "
        "srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr "
        "srv_agent_port"))
    row = dict(zip(lines[1][2:].split(), lines[2].split()))
    equal((row["be_name"], row["srv_name"], row["srv_op_state"],
           row["srv_admin_state"], row["srv_addr"]),
          ("web", "a", "2", "0", "127.0.0.1"))
    equal(len(lines[2].split()), 25, "words of a row")


@rows([
    ("asks for a server's full name", "set server web state ready",
     "Require 'backend/server'."),
    ("knows no such pool", "set server nope/a state ready",
     "No such backend."),
    ("knows no such server", "set server web/nope state ready",
     "No such server."),
    ("knows three states", "set server web/a state off",
     "'set server <srv> state' expects 'ready', 'drain' and 'maint'."),
    ("enable knows no such server", "enable server web/nope",
     "No such server."),
    ("get weight knows no such server", "get weight web/nope",
     "No such server."),
])
def exact_errors(command, wanted):
    equal(proxy().stats(command).strip("\n"), wanted)


@case
def a_server_in_maintenance_gets_no_traffic():
    s = proxy()
    equal(s.stats("set server web/a state maint"), "\n")
    equal(s.row("web/a")["status"], "MAINT")
    for _ in range(6):
        equal(b'"server": "b"' in s.get().body, True, "only b")
    equal(s.stats("set server web/a state ready"), "\n")
    s.wait_servers()
    wait_for(lambda: b'"server": "a"' in s.get().body, 3, "a")


@case
def a_draining_server_gets_no_new_traffic():
    s = proxy()
    s.stats("set server web/a state drain")
    equal(s.row("web/a")["status"].startswith("DRAIN"), True, "DRAIN")
    for _ in range(6):
        equal(b'"server": "b"' in s.get().body, True, "only b")
    s.stats("set server web/a state ready")
    s.wait_servers()


@case
def health_is_set_until_probes_say_otherwise():
    check = {"type": "tcp", "interval": "1h", "fast_interval": "200ms",
             "down_interval": "200ms"}
    with Steelyard(pool(GoodOrigin(name="a"), health=check)) as s:
        equal(s.stats("set server web/a health down"), "\n")
        event = s.wait_event("health", lambda e: "operator" in e["message"])
        equal((event["from"], event["to"]), ("UP", "DOWN"))
        s.wait_servers()                # its probes pass, and soon
        s.wait_event("health", lambda e: e["from"] == "DOWN")
        equal(s.get().status, 200)
    with Steelyard(pool(GoodOrigin(name="a"))) as s:
        equal(s.stats("set server web/a health down").strip(),
              "Can't set the health of a server without a check.")
        equal(s.get().status, 200)


@case
def disable_and_enable_are_maint_and_ready():
    s = proxy()
    equal(s.stats("disable server web/b"), "\n")
    equal(s.row("web/b")["status"], "MAINT")
    equal(s.stats("enable server web/b"), "\n")
    s.wait_servers()


@case
def weights_are_set_and_got():
    s = proxy()
    equal(s.stats("set server web/a weight 50"), "\n")
    equal(s.row("web/a")["weight"], "50")
    equal(s.stats("get weight web/a").split("\n")[0], "50 (initial 1)")
    equal(s.stats("set weight web/a 1"), "\n")
    equal(s.row("web/a")["weight"], "1")
    if s.stats("set server web/a weight 300").strip() == "":
        fail("a weight of 300 was taken")


@case
def counters_are_cleared():
    with Steelyard(pool(GoodOrigin(name="a"))) as s:
        names = "web/a", "web/BACKEND", "web/FRONTEND"

        def column(key):
            return [s.row(n)[key] for n in names]
        for _ in range(3):
            equal(s.get().status, 200)
        wait_for(lambda: column("scur") == ["0"] * 3, 5 * SLOW, "the ends")
        equal(("0" in column("smax"), column("hrsp_2xx")),
              (False, ["3"] * 3))
        equal(s.stats("clear counters").strip(), "")
        equal((column("smax"), column("rate_max"), column("hrsp_2xx")),
              (["0"] * 3, ["0"] * 3, ["3"] * 3))
        equal("Permission denied" in s.stats(
            "operator; clear counters all"), True, "level operator")
        equal(column("hrsp_2xx"), ["3"] * 3)
        equal(s.stats("clear counters some").strip(),
              "'clear counters' expects nothing, or 'all'.")
        equal(s.stats("clear counters all").strip(), "")
        equal((column("hrsp_2xx"), column("bin")), (["0"] * 3, ["0"] * 3))
        equal(s.info()["CumReq"], "3", "of the process")
        equal(s.get().status, 200)
        equal(column("hrsp_2xx"), ["1"] * 3)


@case
def show_sess_shows_what_is_in_flight():
    s = proxy()
    with s.wire() as w:
        w.send(request("/held"))
        wait_for(lambda: w.name in s.stats("show sess"), 2, "the exchange")
        for origin in s.origins:
            origin.gate.set()
        w.response()
    wait_for(lambda: w.name not in s.stats("show sess"), 2, "its end")


def sessions(s):
    return json.loads(s.stats("show sess json"))


@case
def sessions_are_shut_down_by_number_and_by_server():
    with Steelyard(pool(GoodOrigin(name="a"))) as s:
        for how in "session %s", "sessions server web/a":
            with s.wire() as w:
                w.send(request("/held"))
                wait_for(lambda: [x["state"] for x in sessions(s)] ==
                         ["FORWARD"], 5 * SLOW, "the exchange")
                x = sessions(s)[0]
                equal((x["src"], x["listener"], x["pool"], x["server"]),
                      (w.name, "web", "web", "a"))
                equal(s.stats("shutdown " + how.replace("%s", x["id"])), "\n")
                w.read_eof()
            wait_for(lambda: sessions(s) == [], 5 * SLOW, "its end")
        for wrong in x["id"], x["id"] + "x", "0", "":
            equal("No such session" in s.stats("shutdown session " + wrong),
                  True, "an answer to %r" % wrong)


@rows([("answers " + c, c) for c in (
    "show health", "show version", "show config", "show servers conn")])
def answers_something(command):
    said = proxy().stats(command)
    if "Unknown command" in said or not said.endswith("\n\n"):
        fail("it says %r" % said[:200])


@case
def steelyardctl_speaks_to_the_socket():
    s = proxy()
    got = s.ctl("show", "info")
    equal((got.returncode, "Uptime" in got.stdout), (0, True), got.stderr)
    got = s.ctl("set", "server", "web/nope", "state", "ready")
    equal(got.returncode != 0, True, "exit code of an error")


@case
def many_sessions_at_once_are_served():
    s = proxy()
    wires = [Wire(s.sock) for _ in range(20)]
    for w in wires:
        w.send(b"show stat\n")
    for w in wires:
        equal(w.read_eof()[:10], b"# pxname,s")
        w.close()


main()
