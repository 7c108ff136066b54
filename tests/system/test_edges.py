"""Where two things happen at once: a drain and a body, a limit and a move,
a client that leaves and an answer that goes on."""
import os
import signal
import socket
import threading

from harness import (SLOW, Steelyard, at, case, equal, fail, free_port, main,
                     options, pool, request, run, temp_dir, wait_for)
from origins import GoodOrigin, Origin
from wire import Wire


def half_then(gate, first, rest):
    """An origin that sends the rest when the gate opens."""
    def script(w, n):
        w.origin.read(w)
        w.send(first)
        gate.wait(20)
        w.send(rest)
        w.origin.read(w)
    return Origin(script, name="a")


@case
def a_drain_behind_a_response_head_ends_with_the_answer():
    gate = threading.Event()
    origin = half_then(gate, b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n"
                       b"\r\n12345", b"67890")
    with Steelyard(pool(origin), glob={"drain_timeout": "20s"}) as s:
        with s.wire() as w:
            w.send(request())
            w.read_until(b"12345")
            s.kill(signal.SIGTERM)
            s.wait_event("drain")
            gate.set()
            equal(w.read_exactly(5), b"67890")
            equal(w.is_closed(3 * SLOW), True, "closed after the answer")
        s.wait_end(timeout=5 * SLOW)


@case
def a_listener_that_moves_while_full_stays_limited():
    other = free_port()
    with Steelyard(routes=[{"respond": {"status": 200, "body": "x"}}],
                   listener={"max_connections": 2}) as s:
        held = [Wire(s.port), Wire(s.port)]
        wait_for(lambda: s.row("web/FRONTEND")["scur"] == "2", 5, "two")
        s.conf["listeners"][0]["address"] = at(other)
        s.reload()
        late = Wire(other)
        late.send(request())
        equal(late.is_silent(0.5), True, "silent while the limit is reached")
        for w in held:
            w.close()
        equal(late.response().status, 200)


@case
def a_failed_reload_leaves_no_socket_file():
    path = os.path.join(temp_dir(), "new.sock")
    taken = socket.create_server(("127.0.0.1", 0))
    with Steelyard(pool(GoodOrigin(name="a"))) as s:
        s.conf["listeners"] += [
            {"name": "u", "address": "unix:" + path},
            {"name": "z", "address": at(taken.getsockname()[1])}]
        s.write()
        equal("reload failed" in s.stats("reload"), True, "it failed")
        equal(os.path.exists(path), False, "the file is there")
        equal(s.get().status, 200)
    taken.close()


@case
def a_failed_start_leaves_no_pid_file():
    taken = socket.create_server(("127.0.0.1", 0))
    pid = os.path.join(temp_dir(), "pid")
    s = Steelyard(routes=[{"respond": {"status": 200}}], wait=None,
                  listeners=[{"name": "web",
                              "address": at(taken.getsockname()[1])}])
    got = run(s.command("-p", pid))
    equal(got.returncode, 71, "exit code")
    equal("Address already in use" in got.stderr, True, "it says why")
    equal(os.path.exists(pid), False, "the file is there")
    taken.close()


@case
def a_server_is_let_finish_for_a_client_that_left():
    size, done = 8 << 20, threading.Event()

    def script(w, n):
        w.origin.read(w)
        w.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        w.send(b"x" * size, 20)
        done.set()
        w.origin.read(w)
    with Steelyard(pool(Origin(script, name="a"), abort_on_close=False),
                   listener={"timeouts": {"send": "60s"}}) as s:
        w = s.wire(rcvbuf=4096)
        w.send(request())
        w.read_until(b"\r\n\r\n")
        w.reset()
        if not done.wait(10 * SLOW):
            fail("the server could not finish")
        wait_for(lambda: s.row("web/a")["scur"] == "0", 5, "scur 0")
        equal(s.access(target="/")["termination"][0], "C", "who")


@case
def a_server_that_is_silent_after_an_expectation_is_blamed():
    def script(w, n):
        w.read_until(b"\r\n\r\n", 20)
        w.recv(20)
    with Steelyard(pool(Origin(script, name="a"),
                        timeouts={"response": "300ms", "request": "20s"})
                   ) as s, s.wire() as w:
        w.send(request("/", [("Expect", "100-continue"),
                             ("Content-Length", "5")], method="POST"))
        equal(w.response().status, 504)
        equal(s.access(target="/")["termination"], "sH")


main()
