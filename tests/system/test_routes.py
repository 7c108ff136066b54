"""Routes: which pool, or which answer, a request gets."""
from harness import (Steelyard, at, case, equal, free_port, main, once, pool,
                     rows, run)
from origins import GoodOrigin


@once
def proxy():
    pools = [pool(GoodOrigin(name=n), name=n) for n in
             ("api", "wild", "img", "post", "vip", "other", "rest")]
    second = free_port()
    s = Steelyard(*pools, listeners=[
        {"name": "web", "address": at(free_port())},
        {"name": "second", "address": at(second)}],
        routes=[
            {"listener": "second", "path": "/here", "pool": "other"},
            {"host": "api.example.com", "path_prefix": "/v1/",
             "pool": "api"},
            {"host": "*.wild.example", "pool": "wild"},
            {"path_prefix": "/img/", "pool": "img"},
            {"method": "POST", "path": "/form", "pool": "post"},
            {"field": {"name": "X-Vip", "value": "yes"}, "pool": "vip"},
            {"field": {"name": "X-Any"}, "pool": "other"},
            {"path": "/ping", "respond": {
                "status": 200, "body": "pong\n",
                "fields": [{"name": "X-By", "value": "route"}]}},
            {"path": "/old", "redirect": {
                "status": 301,
                "location": "https://$host/new$path?$query"}},
            {"path": "/plain", "redirect": {"location": "/there"}},
            {"path": "/secret", "respond": {"status": 403}},
            {"host": "none.example", "respond": {"status": 410}},
            {"method": "DELETE", "respond": {"status": 405}},
            {"host": "a", "pool": "rest"}])
    s.port = int(s.conf["listeners"][0]["address"].rpartition(":")[2])
    s.second = second
    return s


@rows([
    ("matches an exact host and a prefix", "api.example.com", "/v1/x", "api"),
    ("matches the prefix itself", "api.example.com", "/v1/", "api"),
    ("folds the case of a host", "API.Example.COM", "/v1/x", "api"),
    ("drops the default port of a host", "api.example.com:80", "/v1/x",
     "api"),
    ("matches a wildcard host", "a.wild.example", "/", "wild"),
    ("matches a wildcard over several labels", "a.b.wild.example", "/",
     "wild"),
    ("matches a path prefix", "a", "/img/a.png", "img"),
    ("does not match a prefix cut short", "a", "/img", "rest"),
    ("does not match another method", "a", "/form", "rest"),
    ("falls to the last route", "a", "/", "rest"),
    ("does not route another listener's", "a", "/here", "rest"),
    ("decodes unreserved escapes to match", "a", "/%69mg/a", "img"),
    ("removes dot segments to match", "a", "/x/../img/./a", "img"),
    ("keeps the query out of matching", "a", "/img/?/v1/", "img"),
    ("does not decode an escaped slash to match", "a", "/img%2Fa", "rest"),
])
def to_pool(host, target, name):
    r = proxy().get(target, host=host)
    equal(r.status, 200)
    equal(b'"server": "%s"' % name.encode() in r.body, True, name)
    equal(b'"target": "%s"' % target.encode() in r.body, True, "target")


@rows([
    ("matches an equal field", [("X-Vip", "yes")], "vip"),
    ("matches a field in any case of its name", [("x-vip", "yes")], "vip"),
    ("does not match a field with another value", [("X-Vip", "no")], "rest"),
    ("matches a field that is there", [("X-Any", "")], "other"),
])
def by_field(fields, name):
    r = proxy().get("/", fields)
    equal(b'"server": "%s"' % name.encode() in r.body, True, name)


@case
def matches_a_method():
    r = proxy().get("/form", method="POST", body=b"x")
    equal(b'"server": "post"' in r.body, True, "post")


@case
def matches_a_listener():
    s = proxy()
    first, s.port = s.port, s.second
    try:
        r = s.get("/here")
    finally:
        s.port = first
    equal(b'"server": "other"' in r.body, True, "other")


@case
def does_not_match_the_bare_domain_of_a_wildcard():
    equal(proxy().get("/x", host="wild.example").status, 404)


@case
def gives_404_where_no_route_matches():
    s = proxy()
    r = s.get("/lost", host="nobody")
    equal(r.status, 404)
    log = s.access(target="/lost")
    equal((log["status"], log["termination"]), (404, "LR"))


@case
def responds_by_itself():
    s = proxy()
    r = s.get("/ping")
    equal((r.status, r.body, r.get("X-By")), (200, b"pong\n", "route"))
    log = s.access(target="/ping")
    equal((log["status"], log["termination"]), (200, "LR"))


@rows([
    ("protects a path written in escapes", "/%73ecret", 403),
    ("protects a path written with dots", "/a/../secret", 403),
    ("protects a path written with escaped dots", "/%2e/secret", 403),
])
def protects(target, status):
    equal(proxy().get(target).status, status)


@rows([
    ("redirects with host path and query", "/old?a=b&c", "www.example", 301,
     "https://www.example/new/old?a=b&c"),
    ("redirects with 302 by default", "/plain", "a", 302, "/there"),
])
def redirects(target, host, status, location):
    r = proxy().get(target, host=host)
    equal((r.status, r.get("Location")), (status, location))


@case
def reads_the_body_of_a_request_it_answers_itself():
    with proxy().wire() as w:
        w.send(b"POST /ping HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n")
        r = w.response()
        equal(r.status, 200)
        if "close" not in r.tokens("Connection"):
            w.send(b"bodyGET /ping HTTP/1.1\r\nHost: a\r\n\r\n")
            equal(w.response().status, 200)


@case
def sends_the_normalised_path_where_told_to():
    origin = GoodOrigin(name="a")
    with Steelyard(pool(origin), routes=[
            {"pool": "web", "normalize": True}]) as s:
        s.get("/%7Ea/./b/../c?q=%41")
        equal(origin.last().target, "/~a/c?q=%41")


@case
def a_route_that_is_never_reached_is_a_warning():
    s = Steelyard(pool(GoodOrigin(name="a")), wait=None)
    s.conf["listeners"].append({"name": "b", "address": "unix:/tmp/sy-b"})
    whole = {"pool": "web"}
    some = {"path": "/x", "pool": "web"}
    of_b = {"listener": "b", "pool": "web"}
    for routes, warned in (
            ([whole, some], True), ([of_b, some, of_b], True),
            ([whole, of_b], True), ([some, whole], False),
            ([of_b, some, whole], False)):
        s.conf["routes"] = routes
        s.write()
        got = run(s.command("-t"))
        equal(got.returncode, 0, "exit code")
        equal(got.stderr.count("warning: ") == 1 and "is never reached" in
              got.stderr, warned, "%s: %s" % (routes, got.stderr))


main()
