"""Sessions that go on: by tickets and by ids, over a reload, over a restart,
and between machines that share the keys of their tickets."""
import os
import ssl

from certs import TlsWire, authority, cert, client
from harness import (SLOW, Steelyard, case, equal, main, once, pool, request,
                     rows, temp_dir)
from origins import GoodOrigin

ONE_2, ONE_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


def tls(**more):
    return {"tls": dict({"certificates": [cert("a.test").row()]}, **more)}


@once
def proxy():
    return Steelyard(pool(GoodOrigin()), listener=tls())


def ask(w):
    w.send(request("/echo"))
    equal(w.response(timeout=5 * SLOW).status, 200)


def first(s, context):
    """A session of a connection on which a request was made."""
    with TlsWire(s.port, context=context) as w:
        ask(w)
        equal(w.resumed, False, "resumed")
        return w.session


def resumes(s, context, session):
    with TlsWire(s.port, context=context, session=session) as w:
        ask(w)
        equal(s.access(client=w)["tls"]["resumed"], w.resumed, "in the log")
        return w.resumed


def context_of(version, tickets=True):
    return client(min_version=version, max_version=version, tickets=tickets)


@rows([("resumes by tickets of TLS 1.3", ONE_3, True),
       ("resumes by tickets of TLS 1.2", ONE_2, True),
       ("resumes by ids of TLS 1.2", ONE_2, False)])
def resumption(version, tickets):
    s = proxy()
    c = context_of(version, tickets)
    session = first(s, c)
    before = int(s.info()["HandshakesResumed"])
    equal(resumes(s, c, session), True)
    equal(int(s.info()["HandshakesResumed"]), before + 1)


@case
def a_resumed_session_gets_a_ticket_of_its_own():
    s = proxy()
    c = context_of(ONE_3)
    session = first(s, c)
    for _ in range(3):
        with TlsWire(s.port, context=c, session=session) as w:
            ask(w)
            equal(w.resumed, True)
            session = w.session


@rows([("tickets of 1.3 outlive a reload", ONE_3, True),
       ("tickets of 1.2 outlive a reload", ONE_2, True),
       ("ids of 1.2 outlive a reload", ONE_2, False)])
def over_a_reload(version, tickets):
    s = proxy()
    c = context_of(version, tickets)
    session = first(s, c)
    s.reload()
    equal(resumes(s, c, session), True)


@case
def without_tickets_1_3_does_not_resume():
    with Steelyard(pool(GoodOrigin()), listener=tls(tickets=False)) as s:
        c = context_of(ONE_3)
        with TlsWire(s.port, context=c) as w:
            ask(w)
            session = w.session
        if session is not None:
            equal(resumes(s, c, session), False)


def keys_file(data=None):
    path = os.path.join(temp_dir(), "tickets.key")
    with open(path, "wb") as f:
        f.write(data or os.urandom(80))
    os.chmod(path, 0o600)
    return path


@case
def a_restart_forgets_keys_of_its_own():
    with Steelyard(pool(GoodOrigin()), listener=tls()) as s:
        c = context_of(ONE_3)
        session = first(s, c)
        s.stop()
        s.start()
        equal(resumes(s, c, session), False)


@rows([("a shared file resumes 1.3 after a restart", ONE_3, 80),
       ("a shared file resumes 1.2 after a restart", ONE_2, 80),
       ("a file of 48 bytes does so too", ONE_3, 48)])
def over_a_restart(version, size):
    path = keys_file(os.urandom(size))
    with Steelyard(pool(GoodOrigin()), listener=tls(),
                   glob={"tls": {"ticket_keys": path}}) as s:
        c = context_of(version)
        session = first(s, c)
        s.stop()
        s.start()
        equal(resumes(s, c, session), True)


@case
def machines_that_share_the_file_resume_each_other():
    path = keys_file()
    glob = {"tls": {"ticket_keys": path}}
    with Steelyard(pool(GoodOrigin()), listener=tls(), glob=glob) as one, \
            Steelyard(pool(GoodOrigin()), listener=tls(), glob=glob) as two:
        c = context_of(ONE_3)
        equal(resumes(two, c, first(one, c)), True)


@case
def a_reload_reads_the_keys_anew():
    old, new = os.urandom(80), os.urandom(80)
    path = keys_file(old)
    with Steelyard(pool(GoodOrigin()), listener=tls(),
                   glob={"tls": {"ticket_keys": path}}) as s:
        c = context_of(ONE_3)
        session = first(s, c)
        with open(path, "wb") as f:
            f.write(new + old)          # the new one seals, the old one opens
        s.reload()
        equal(resumes(s, c, session), True)
        with open(path, "wb") as f:
            f.write(new)
        s.reload()
        equal(resumes(s, c, session), False)


@case
def keys_of_a_wrong_size_are_refused():
    path = keys_file(b"too short")
    with Steelyard(pool(GoodOrigin()), listener=tls()) as s:
        s.conf["global"]["tls"] = {"ticket_keys": path}
        s.write()
        said = s.ctl("reload")
        equal(said.returncode, 1, said.stdout)
        equal("global.tls.ticket_keys: " + path in said.stdout, True,
              said.stdout)


@case
def a_session_of_another_authority_is_not_taken_for_verified():
    """What was agreed with one set of authorities holds for it alone."""
    mine = cert("client", subject="/CN=alice")
    with Steelyard(pool(GoodOrigin()), listener=tls(
            verify="required", ca=authority().ca)) as s:
        c = client(identity=mine, min_version=ONE_3)
        session = first(s, c)
        equal(resumes(s, c, session), True)
        other = cert("other.test")
        s.conf["listeners"][0]["tls"]["ca"] = other.cert
        s.reload()
        try:
            resumed = resumes(s, c, session)
        except Exception:               # refused outright is as good
            resumed = False
        equal(resumed, False)


if __name__ == "__main__":
    main()
