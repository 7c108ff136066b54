"""What servers are told about the client, and what each switch does."""
import re

from harness import (Steelyard, case, equal, fail, main, once, pool, rows)
from origins import OK, Origin, always

ALL = {"x_forwarded_for": True, "x_forwarded_proto": True,
       "x_forwarded_host": True, "x_forwarded_port": True,
       "x_real_ip": True, "forwarded": True, "via": True,
       "via_response": True, "request_id": "make"}
NONE = {k: "off" if k == "request_id" else False for k in ALL}


def proxy_with(**listener):
    origin = Origin(always(OK), name="a")
    return Steelyard(pool(origin), listener=listener), origin


@once
def plain():
    return proxy_with()


@once
def full():
    return proxy_with(forward=ALL)


@once
def trusting():
    return proxy_with(forward=ALL, trusted=["127.0.0.0/8"])


@once
def silent():
    return proxy_with(forward=NONE)


def seen(where, *fields, host="www.example:81"):
    s, origin = where()
    equal(s.get("/", fields, host=host).status, 200)
    return origin.requests[-1]


@rows([
    ("says who the client is", "X-Forwarded-For", "127.0.0.1"),
    ("says by what scheme", "X-Forwarded-Proto", "http"),
    ("says what host was asked for", "X-Forwarded-Host", "www.example:81"),
    ("says no port by default", "X-Forwarded-Port", None),
    ("says no X-Real-IP by default", "X-Real-IP", None),
    ("says no Forwarded by default", "Forwarded", None),
])
def by_default(field, value):
    equal(seen(plain).get(field), value, field)


@case
def says_all_that_is_switched_on():
    r = seen(full)
    s, _ = full()
    equal(r.get("X-Real-IP"), "127.0.0.1")
    equal(r.get("X-Forwarded-Port"), str(s.port))
    said = dict(x.split("=", 1) for x in r.get("Forwarded").split(";"))
    said = {k.strip().lower(): v for k, v in said.items()}
    equal(said["for"], "127.0.0.1")
    equal(said["proto"], "http")
    equal(said["host"], '"www.example:81"')


@rows([(f + " is not sent when switched off", f) for f in (
    "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host",
    "X-Forwarded-Port", "X-Real-IP", "Forwarded", "Via", "X-Request-Id")])
def switched_off(field):
    equal(seen(silent).all(field), [], field)


@rows([
    ("replaces a stranger's X-Forwarded-For", "X-Forwarded-For", "6.6.6.6",
     "127.0.0.1"),
    ("replaces a stranger's X-Forwarded-Proto", "X-Forwarded-Proto",
     "https", "http"),
    ("replaces a stranger's X-Forwarded-Host", "X-Forwarded-Host", "evil",
     "www.example:81"),
    ("replaces a stranger's X-Real-IP", "X-Real-IP", "6.6.6.6",
     "127.0.0.1"),
])
def from_a_stranger(field, sent, wanted):
    equal(seen(full, (field, sent)).get(field), wanted, field)


@case
def replaces_a_strangers_forwarded():
    said = seen(full, ("Forwarded", "for=6.6.6.6")).get("Forwarded")
    if "6.6.6.6" in said:
        fail("Forwarded is %r" % said)


@rows([(f + " of a stranger does not pass where it is switched off", f)
       for f in ("X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP",
                 "X-Forwarded-Host", "Forwarded")])
def stranger_switched_off(field):
    equal(seen(silent, (field, "6.6.6.6")).all(field), [], field)


@case
def replaces_every_line_of_a_repeated_field():
    r = seen(full, ("X-Forwarded-For", "6.6.6.6"),
             ("X-Forwarded-For", "7.7.7.7"))
    equal(r.all("X-Forwarded-For"), ["127.0.0.1"])


@case
def appends_to_what_a_trusted_peer_says():
    r = seen(trusting, ("X-Forwarded-For", "6.6.6.6"),
             ("Forwarded", "for=6.6.6.6;proto=https"),
             ("X-Forwarded-Proto", "https"))
    said = ", ".join(r.all("X-Forwarded-For"))
    equal(said, "6.6.6.6, 127.0.0.1")
    said = ", ".join(r.all("Forwarded"))
    if not re.match(r"for=6\.6\.6\.6;proto=https, .*for=127\.0\.0\.1", said):
        fail("Forwarded is %r" % said)
    equal(r.get("X-Forwarded-Proto"), "https", "X-Forwarded-Proto")


@case
def makes_a_request_id_and_logs_it():
    s, origin = plain()
    ids = set()
    for _ in range(3):
        r = s.get()
        said = origin.requests[-1].get("X-Request-Id")
        equal(s.access(request_id=said)["status"], 200)
        ids.add(said)
    equal(len(ids), 3, "different ids")
    if not all(len(x) >= 16 for x in ids):
        fail("ids %r" % ids)


@case
def replaces_a_strangers_request_id():
    r = seen(plain, ("X-Request-Id", "evil"))
    equal(r.get("X-Request-Id") == "evil", False, "the stranger's stands")


@case
def keeps_a_trusted_peers_request_id():
    forward = dict(request_id="keep")
    s, origin = proxy_with(forward=forward, trusted=["127.0.0.1"])
    with s:
        s.get("/", [("X-Request-Id", "mine-42")])
        equal(origin.last().get("X-Request-Id"), "mine-42")
        equal(s.access(request_id="mine-42")["status"], 200)


@case
def names_itself_in_via():
    via = seen(plain).get("Via")
    if not re.fullmatch(r"1\.1 \S+", via):
        fail("Via is %r" % via)
    s, _ = plain()
    equal(s.get().has("Via"), False, "Via to clients by default")
    s, _ = full()
    equal(s.get().has("Via"), True, "Via to clients when switched on")


@case
def says_the_version_of_the_client_in_via():
    s, origin = plain()
    s.ask(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n")
    if not origin.requests[-1].get("Via").startswith("1.0 "):
        fail("Via is %r" % origin.requests[-1].get("Via"))


main()
