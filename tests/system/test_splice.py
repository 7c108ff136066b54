"""Long bodies and tunnels pass through pipes, uncopied; all else is as when
they are copied (max_pipes = 0), and every pipe is given back."""
import hashlib
import os
import pwd
import resource
import socket
import threading
import time

from harness import (BIG, SLOW, Steelyard, case, equal, fail,
                     is_instrumented, keep, main, once, pool, request, rows,
                     rss, skip, tcp_queues, temp_dir, wait_for)
from origins import GoodOrigin, Origin, pattern, pattern_sha256
from wire import Closed, WEBSOCKET, Wire

SIZE = (1 << 30) if BIG else (64 << 20)
PIECE = 1 << 18
USER = "daemon"         # whom no other test becomes: his pipes are counted
PATIENCE = 60 * SLOW


@once
def origin():
    return GoodOrigin(name="a")


@once
def proxy():
    return Steelyard(pool(origin()))


@once
def wanted():
    return pattern_sha256(SIZE)


def used(s):
    return int(s.info()["PipesUsed"])


def spliced(s):
    return int(s.info()["TotalSplicedBytes"])


def assert_given_back(s):
    wait_for(lambda: used(s) == 0, 5 * SLOW, "the pipes to be given back",
             lambda: s.stats("show info"))


class Spliced:
    """While it is open so many bytes at least go through pipes: half, for those
    that come a few at a time are copied.  All pipes are given back."""

    def __init__(self, s, least):
        self.s, self.least = s, least

    def __enter__(self):
        self.before = spliced(self.s)

    def __exit__(self, kind, *_):
        if kind is not None:
            return
        assert_given_back(self.s)
        got = spliced(self.s) - self.before
        if got < self.least:
            fail("%d bytes went through pipes, not %d" % (got, self.least))


def digest_of(w, n):
    """sha256 of the next n bytes of a wire."""
    digest = hashlib.sha256()
    while n:
        piece = w.read_exactly(min(n, PIECE), 20 * SLOW)
        if not piece:
            fail("cut, %d bytes are missing" % n)
        digest.update(piece)
        n -= len(piece)
    return digest.hexdigest()


def get(w, n=SIZE):
    """A body of known length, all of it; gives its digest."""
    w.send(request("/size?n=%d" % n))
    head = w.read_until(b"\r\n\r\n", 20 * SLOW)
    equal(b"Content-Length: %d\r\n" % n in head, True, "%r" % head)
    return digest_of(w, n)


def post(w, n=SIZE):
    w.send(b"POST /sha256 HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
           % n)
    for piece in pattern(n):
        w.send(piece, 20 * SLOW)
    return w.response(timeout=20 * SLOW).body.decode()


@case
def takes_a_big_body_down_and_another_after_it():
    s = proxy()
    with s.wire() as w, Spliced(s, SIZE):
        equal(get(w), wanted(), "sha256")
        equal(get(w), wanted(), "sha256 of the second")
        w.send(request("/"))
        equal(w.response().status, 200)


@case
def takes_a_big_body_up_and_another_after_it():
    s = proxy()
    with s.wire() as w, Spliced(s, SIZE):
        for _ in range(2):
            equal(post(w), "%s %d" % (wanted(), SIZE), "sha256 and length")
        w.send(request("/"))
        equal(w.response().status, 200)


@case
def takes_a_body_until_close_down_in_chunks():
    s = proxy()
    with s.wire() as w, Spliced(s, SIZE // 2):
        w.send(request("/eof?n=%d" % SIZE))
        w.read_until(b"\r\n\r\n", 20 * SLOW)
        digest, total = hashlib.sha256(), 0
        while True:
            try:
                n = int(w.read_until(b"\r\n", 20 * SLOW), 16)
            except Closed:
                fail("cut after %d bytes: %s" % (total, s.access(client=w)))
            piece = w.read_exactly(n + 2, 20 * SLOW)
            equal(piece[n:], b"\r\n", "the end of a chunk")
            if n == 0:
                break
            digest.update(memoryview(piece)[:n])
            total += n
        equal((digest.hexdigest(), total), (wanted(), SIZE), "sha256, length")


@case
def carries_a_tunnel_both_ways_at_once():
    s = proxy()
    with s.wire() as w, Spliced(s, SIZE):
        w.send(request("/ws", WEBSOCKET))
        equal(w.response().status, 101)
        for i in range(3):              # small ones are not in the way
            w.send(b"hello %d" % i)
            equal(w.read_exactly(7), b"hello %d" % i)

        def say():
            for piece in pattern(SIZE):
                w.sock.sendall(piece)
            w.sock.shutdown(socket.SHUT_WR)
        w.sock.settimeout(PATIENCE)
        thread = threading.Thread(target=say, daemon=True)
        thread.start()
        digest, left = hashlib.sha256(), SIZE
        while left:                     # w.recv would set another timeout
            piece = w.sock.recv(PIECE)
            if not piece:
                fail("cut, %d bytes are missing" % left)
            digest.update(piece)
            left -= len(piece)
        thread.join(PATIENCE)
        equal(digest.hexdigest(), wanted(), "sha256")
        w.is_closed()
        equal(s.access(client=w)["termination"], "--")


@case
def goes_over_unix_sockets_too():
    path = temp_dir()
    behind = GoodOrigin(name="a", path=path + "/origin")
    with Steelyard(pool({"name": "a", "address": behind.address}),
                   listeners=[{"name": "web",
                               "address": "unix:" + path + "/web"}]) as s:
        with Wire(path + "/web") as w, Spliced(s, SIZE):
            equal(get(w), wanted(), "sha256 down")
            equal(post(w), "%s %d" % (wanted(), SIZE), "sha256 up")


def unread(w):
    """Bytes that the kernel has for a client of 127.0.0.1 that reads nothing:
    all that was sent to it."""
    ends = {w.local_port, w.sock.getpeername()[1]}
    return sum(tx + rx for ours, theirs, tx, rx in tcp_queues()
               if {ours, theirs} == ends)


def stalled(s, held):
    """A client that does not read on.  What it leaves lies in a pipe if held
    is 1; where it stopped may be in bytes that were copied: then another."""
    while True:
        slow = s.wire(rcvbuf=8192)
        slow.send(request("/size?n=%d" % SIZE))
        slow.read_until(b"\r\n\r\n")

        def is_still():
            """Its buffer in the kernel may grow for a while."""
            seen = []
            for _ in range(2):
                seen.append((used(s), spliced(s), unread(slow)))
                time.sleep(0.3)
            return seen[0] == seen[1]
        wait_for(is_still, 10 * SLOW, "a client to be full")
        if used(s) == held:
            return slow
        slow.reset()
        assert_given_back(s)


@rows([("copies when told to", 0, 0),
       ("copies what passes the limit of pipes", 1, 1)])
def copies(most, held):
    with Steelyard(pool(origin()), glob={"max_pipes": most}) as s:
        equal(s.info()["Maxpipes"], str(most))
        moved = True
        while moved:                    # the slow one's pipe became free
            with stalled(s, held) as slow, s.wire() as w:
                at, before = unread(slow), spliced(s)
                equal(get(w), wanted(), "sha256 down")
                equal(post(w), "%s %d" % (wanted(), SIZE), "sha256 up")
                pipes, after = used(s), spliced(s)
                moved = held and unread(slow) != at
                slow.reset()
            assert_given_back(s)
        equal((pipes, after - before), (held, 0), "pipes in use, bytes in them")


def lines_of(most, script, play):
    """What the access log says of what play does, with so many pipes."""
    with Steelyard(pool(Origin(script, name="a")),
                   glob={"max_pipes": most}) as s, s.wire() as w:
        play(s, w)
        line = s.access(client=w)
        assert_given_back(s)
        if (spliced(s) > 0) != (most > 0):
            fail("%d bytes were spliced" % spliced(s))
        return {k: line.get(k) for k in (
            "status", "termination", "reason", "bytes_in", "bytes_out")}


def same_with_and_without(script, play, letters):
    line = lines_of(256, script, play)
    equal(line["termination"], letters)
    equal(line, lines_of(0, script, play), "the line")
    return line


def answer_part(w, sent, said=SIZE):
    w.origin.read(w)
    w.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % said)
    for piece in pattern(sent):
        w.send(piece, PATIENCE)


@case
def counts_the_bytes_of_both_directions():
    def script(w, n):
        r = w.origin.read(w, PATIENCE)
        equal(len(r.body), 5 << 20)
        w.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (3 << 20))
        for piece in pattern(3 << 20):
            w.send(piece)
        w.origin.read(w)

    def play(s, w):
        w.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
               % (5 << 20))
        for piece in pattern(5 << 20):
            w.send(piece)
        equal(len(w.response(timeout=20 * SLOW).body), 3 << 20)
    line = same_with_and_without(script, play, "--")
    if not 5 << 20 < line["bytes_in"] < (5 << 20) + 500:
        fail("bytes_in %d" % line["bytes_in"])
    if not 3 << 20 < line["bytes_out"] < (3 << 20) + 500:
        fail("bytes_out %d" % line["bytes_out"])


@case
def gives_the_client_all_that_came_before_the_server_broke_off():
    sent = SIZE // 2 + 12345

    def script(w, n):
        answer_part(w, sent)

    def play(s, w):
        w.send(request("/"))
        r = w.response(timeout=PATIENCE)
        equal((r.complete, len(r.body)), (False, sent), "complete, bytes")
        equal(hashlib.sha256(r.body).hexdigest(), pattern_sha256(sent))
    line = same_with_and_without(script, play, "SD")
    equal(line["reason"], "the server cut its response short")


@case
def never_makes_a_cut_body_look_whole():
    """Until close, for a client of 1.0: only a reset can say that it is cut."""
    came = threading.Event()

    def script(w, n):
        w.origin.read(w)
        w.send(b"HTTP/1.1 200 OK\r\n\r\n")
        for piece in pattern(4 << 20):
            w.send(piece)
        came.wait()                     # so that it is not lost in the RST
        w.reset()

    def play(s, w):
        came.clear()
        w.send(request("/", version="1.0"))
        w.read_until(b"\r\n\r\n")
        equal(len(w.read_exactly(4 << 20)), 4 << 20)
        came.set()
        w.read_eof(PATIENCE)
        equal(w.was_reset, True, "reset")
    for most in (256, 0):
        line = lines_of(most, script, play)
        equal((line["termination"], line["reason"]),
              ("SD", "the server cut its response short"))


@case
def ends_well_when_the_client_leaves_in_the_middle():
    def script(w, n):
        answer_part(w, SIZE)

    def play(s, w):
        w.send(request("/"))
        w.read_exactly(1 << 20)
        w.reset()
    for most in (256, 0):
        line = lines_of(most, script, play)
        equal((line["termination"], line["status"]), ("CD", 200))


@case
def lets_a_server_finish_for_a_client_that_left():
    sent = []

    def script(w, n):
        answer_part(w, SIZE)
        sent.append(n)
        w.origin.read(w)
    with Steelyard(pool(Origin(script, name="a"),
                        abort_on_close=False)) as s, s.wire() as w:
        w.send(request("/"))
        w.read_exactly(1 << 20)
        wait_for(lambda: spliced(s) > 0, 5 * SLOW, "a pipe to be used")
        w.reset()
        wait_for(lambda: sent, PATIENCE, "the server to finish")
        equal(s.access(client=w)["reason"],
              "the client left; the server was let finish")
        assert_given_back(s)


@case
def ends_well_when_the_server_leaves_in_the_middle_of_an_upload():
    def script(w, n):
        w.origin.read(w, body=False)
        w.read_exactly(4 << 20)
        w.reset()
    with Steelyard(pool(Origin(script, name="a"))) as s, s.wire() as w:
        w.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
               % SIZE)
        try:
            for piece in pattern(SIZE):
                w.send(piece, PATIENCE)
        except OSError:
            pass
        line = s.access(client=w)
        equal((line["status"], line["termination"]), (502, "SH"))
        if spliced(s) == 0:
            fail("no pipe was used")
        assert_given_back(s)


@case
def holds_little_for_a_slow_reader():
    s = proxy()
    with s.wire() as w:                 # warm up
        get(w, 1 << 20)
    before = rss(s.pid)
    with stalled(s, 1) as w:
        for _ in range(20):
            w.read_exactly(1024, 20 * SLOW)
            time.sleep(0.02)
        grown = rss(s.pid) - before
        at_first = spliced(s)
        for _ in range(SIZE >> 21):     # the sockets hold some of it
            w.read_exactly(1 << 20, 20 * SLOW)
            if spliced(s) > at_first:
                break
        else:
            fail("nothing more came through the pipe")
    assert_given_back(s)
    if not is_instrumented() and grown > 1 << 20:
        fail("RSS grew by %d KiB" % (grown >> 10))


@case
def holds_no_pipe_for_a_tunnel_that_is_quiet():
    s = proxy()
    with s.wire() as w:
        w.send(request("/ws", WEBSOCKET))
        equal(w.response().status, 101)
        before = spliced(s)
        for _ in range(10):
            w.send(b"x" * 100000)
            equal(len(w.read_exactly(100000, 20 * SLOW)), 100000)
            wait_for(lambda: used(s) == 0, 5 * SLOW, "no pipe in use")
        if spliced(s) == before:
            fail("no pipe was used")


@case
def a_reload_in_the_middle_harms_nothing():
    s = Steelyard(pool(origin()))
    with s.wire() as w:
        w.send(request("/size?n=%d" % SIZE))
        w.read_until(b"\r\n\r\n")
        digest, n = hashlib.sha256(), 0
        for most in (256, 0, 1, 256):
            s.conf["global"]["max_pipes"] = most
            equal(s.reload()["level"], "info")
            piece = w.read_exactly(SIZE // 8, 20 * SLOW)
            digest.update(piece)
            n += len(piece)
            if int(s.info()["PipesFree"]) + used(s) > max(most, 1):
                fail("more pipes than %d: %s" % (most, s.stats("show info")))
        while n < SIZE:
            piece = w.read_exactly(min(PIECE, SIZE - n), 20 * SLOW)
            digest.update(piece)
            n += len(piece)
        equal(digest.hexdigest(), wanted(), "sha256")
        assert_given_back(s)
    s.stop()


@case
def a_drain_waits_for_a_long_body():
    s = Steelyard(pool(origin()))
    with s.wire() as w:
        w.send(request("/size?n=%d" % SIZE))
        w.read_until(b"\r\n\r\n")
        s.kill(15)
        equal(digest_of(w, SIZE), wanted(), "sha256")
    s.wait_end()


@case
def counts_two_descriptors_a_pipe():
    was = resource.getrlimit(resource.RLIMIT_NOFILE)
    need = []
    for most in (0, 100):
        s = Steelyard(pool(origin()), wait=None, glob={"max_pipes": most})
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, was[1]))
        try:
            s.start(False)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, was)
        s.wait_ready()
        need.append(int(s.info()["Ulimit-n"]))
        s.stop()
    equal(need[1] - need[0], 200, "further descriptors")


@case
def does_without_when_the_kernel_gives_none():
    """An unprivileged user's pipes together are bounded by the kernel."""
    if os.getuid() != 0:
        skip("needs root, to become somebody else")
    soft = "/proc/sys/fs/pipe-user-pages-soft"
    with open(soft) as f:
        most = int(f.read()) // 64
    if not 0 < most <= 1024:
        skip("%s allows %d pipes" % (soft, most))
    hog = []
    s = Steelyard(pool(origin()), wait=None, glob={
        "user": USER, "max_pipes": 2 * most})
    os.chmod(s.dir, 0o777)
    pid = os.fork()
    if pid == 0:                        # holds all that nobody may have
        import fcntl
        os.setuid(pwd.getpwnam(USER).pw_uid)
        try:
            for _ in range(2 * most):
                hog.append(os.pipe())
                fcntl.fcntl(hog[-1][1], 1031, 1 << 18)
        except OSError:
            pass
        open(s.dir + "/hogged", "w").close()
        time.sleep(PATIENCE)
        os._exit(0)
    keep(Hog(pid))
    wait_for(lambda: os.path.exists(s.dir + "/hogged"), 10, "the hog")
    s.start()
    with s.wire() as w:
        equal(get(w), wanted(), "sha256")
    equal((used(s), spliced(s)), (0, 0), "pipes in use, bytes spliced")
    s.stop()


class Hog:
    def __init__(self, pid):
        self.pid = pid

    def close(self):
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)


main()
