"""Certificates while it runs: a reload, the commands of the stats socket, what
is wrong with files, and what is told before they end."""
import json
import os
import shutil
import subprocess
import threading

from certs import (TlsWire, authority, cert, client, openssl, read, write)
from harness import (ROOT, SLOW, Steelyard, at, case, equal, free_port, main, once,
                     options, pool, request, rows, run, temp_dir, wait_for)
from origins import GoodOrigin
from wire import Wire


def place(made, folder=None):
    """A copy of it as one file, to be overwritten."""
    path = os.path.join(folder or temp_dir(), "site.pem")
    return write(path, read(made.pem))


def start(path, **more):
    return Steelyard(pool(GoodOrigin()), listener={
        "tls": dict({"certificates": [{"cert": path}]}, **more)})


def peer(s):
    with TlsWire(s.port) as w:
        return w.peer


def said(s, line, payload=None):
    """The answer of the stats socket."""
    data = line.encode() + b"\n"
    if payload is not None:
        if payload and not payload.endswith("\n"):
            payload += "\n"
        data = line.encode() + b" <<\n" + payload.encode() + b"\n"
    with Wire(s.sock) as w:
        w.send(data)
        return w.read_eof(5 * SLOW).decode()


# --- a reload

@case
def a_reload_reads_them_anew_and_connections_go_on():
    old, new = cert("a.test"), cert("a.test", days=20)
    path = place(old)
    with start(path) as s, TlsWire(s.port) as w:
        equal(w.peer, old.fingerprint)
        write(path, read(new.pem))
        s.reload()
        equal(peer(s), new.fingerprint)
        w.send(request("/echo"))
        equal(w.response().status, 200)


@case
def a_reload_with_a_bad_pair_changes_nothing():
    old, new = cert("a.test"), cert("a.test", days=20)
    path = place(old)
    with start(path) as s:
        write(path, read(new.cert) + read(old.key))
        event = s.reload()
        equal(event["level"], "error")
        equal("listener.tls.certificate.cert: %s: " % path
              in event["message"], True, event["message"])
        equal(peer(s), old.fingerprint)


@case
def tls_can_be_added_and_taken_away_by_a_reload():
    with Steelyard(pool(GoodOrigin())) as s, s.wire() as plain:
        plain.send(request("/echo"))
        equal(plain.response().status, 200)
        s.conf["listeners"][0]["tls"] = {
            "certificates": [cert("a.test").row()]}
        s.reload()
        with TlsWire(s.port) as w:
            plain.send(request("/echo"))
            equal(plain.response().status, 200)
            del s.conf["listeners"][0]["tls"]
            s.reload()
            w.send(request("/echo"))
            equal(w.response().status, 200)
        equal(s.get("/echo").status, 200)


# --- what is wrong

def encrypted():
    path = os.path.join(temp_dir(), "encrypted.key")
    openssl("pkey", "-in", cert("a.test").key, "-aes256", "-passout",
            "pass:secret", "-out", path)
    os.chmod(path, 0o600)
    return path


@rows([
    ("an encrypted key is refused",
     lambda a: {"cert": a.cert, "key": encrypted()}, ""),
    ("a missing key is refused",
     lambda a: {"cert": a.cert, "key": "/nonexistent.key"}, "key"),
    ("a missing certificate is refused",
     lambda a: {"cert": "/nonexistent.crt", "key": a.key}, "cert"),
    ("a key of another certificate is refused",
     lambda a: {"cert": a.cert, "key": cert("b.test").key}, ""),
    ("a certificate without a key is refused",
     lambda a: {"cert": a.cert}, "cert"),
    ("a file that is no PEM is refused",
     lambda a: {"cert": write(os.path.join(temp_dir(), "x"), "x")}, "cert"),
])
def wrong(row, key):
    """-t and a start say so, with the line; both find the other error too."""
    with Steelyard(pool(GoodOrigin()), wait=None) as s:
        s.conf["listeners"][0]["tls"] = {
            "certificates": [row(cert("a.test"))]}
        s.conf["pools"][0]["retires"] = 1
        s.write()
        lines = [i + 1 for i, x in enumerate(read(s.file).splitlines())
                 if "cert = " in x or "key = " in x]
        for more in (["-t"], []):
            got = run(s.command(*more))
            equal(got.returncode, 78)
            told = [x for x in got.stderr.splitlines()
                    if "listener.tls.certificate." + key in x
                    and not x.startswith("warning: ")]
            equal(len(told), 1, "lines about it in " + got.stderr)
            equal(any(told[0].startswith("%s:%d: " % (s.file, n))
                      for n in lines), True, told[0])
            equal("did you mean 'retries'" in got.stderr, True, got.stderr)


@case
def relative_paths_begin_at_the_configuration():
    with Steelyard(pool(GoodOrigin()), wait=None) as s:
        place(cert("a.test"), s.dir)
        s.conf["listeners"][0]["tls"] = {
            "certificates": [{"cert": "site.pem"}]}
        s.write()
        got = run(s.command("-T"), cwd="/")
        equal(got.returncode, 0, got.stderr)
        equal('cert = "%s/site.pem";' % s.dir in got.stdout, True)


@case
def the_example_is_valid():
    folder = temp_dir()
    made = cert("localhost")
    text = read(os.path.join(ROOT, "conf", "tls.conf"))
    for path, data in (("tls.conf", text), ("localhost.crt", read(made.cert)),
                       ("localhost.key", read(made.key))):
        write(os.path.join(folder, path), data)
    got = run([options.bin, "-t", "-f", os.path.join(folder, "tls.conf")])
    equal((got.returncode, got.stderr), (0, ""))


@case
def wrong_words_are_named():
    with Steelyard(pool(GoodOrigin()), wait=None) as s:
        s.conf["listeners"][0]["tls"] = {
            "certificates": [cert("a.test").row()], "groups": "X25519:P-257",
            "ciphers": "nonsense", "verify": "required"}
        s.write()
        got = run(s.command("-t"))
        equal(got.returncode, 78)
        for key in ("groups", "ciphers", "verify"):
            equal("listener.tls.%s: " % key in got.stderr, True,
                  key + " in " + got.stderr)
        s.conf["listeners"][0]["tls"] = {
            "certificates": [cert("a.test").row()],
            "policy": "modern", "max_version": "1.2"}
        s.write()
        got = run(s.command("-t"))
        equal((got.returncode, "_version: " in got.stderr), (78, True))


@case
def files_that_cannot_be_used_are_named_with_their_option():
    made, folder = cert("a.test"), temp_dir()
    text = write(os.path.join(folder, "text"), "no list\n")
    with Steelyard(pool(GoodOrigin()), wait=None) as s:
        tls = s.conf["listeners"][0]["tls"] = {
            "certificates": [made.row()], "directory": folder,
            "verify": "required", "ca": authority().ca, "crl": text}

        def errors():
            s.write()
            got = run(s.command("-t"))
            equal(got.returncode, 78 if got.stderr else 0, "exit code")
            return got.stderr
        told = errors()
        for wanted in ("listener.tls.crl: %s: no revocation list" % text,
                       "listener.tls.directory: %s: no file *.pem" % folder):
            equal(wanted in told, True, told)
        del tls["crl"]
        place(cert("b.test"), folder)
        equal(errors(), "", "one of the list and one of the directory")
        write(os.path.join(folder, "b.pem"), "nothing\n")
        told = errors()
        equal("listener.tls.directory: %s/b.pem: " % folder in told, True,
              told)


@case
def loose_ticket_keys_are_a_warning():
    keys = os.path.join(temp_dir(), "keys")
    with open(keys, "wb") as f:
        f.write(os.urandom(80))
    os.chmod(keys, 0o644)
    with Steelyard(pool(GoodOrigin()), wait=None, listener={
            "tls": {"certificates": [cert("a.test").row()]}},
                   glob={"tls": {"ticket_keys": keys}}) as s:
        s.write()
        got = run(s.command("-t"))
        equal((got.returncode, "warning: " + s.file in got.stderr,
               "global.tls.ticket_keys: " + keys in got.stderr),
              (0, True, True), got.stderr)


@case
def warnings_are_told_and_stop_nobody():
    loose = authority().expired("a.test")
    os.chmod(loose.key, 0o644)
    with Steelyard(pool(GoodOrigin()), listener={
            "tls": {"certificates": [loose.row()]}}) as s:
        got = run(s.command("-t"))
        equal(got.returncode, 0)
        for word in ("certificate.cert: " + loose.cert,
                     "certificate.key: " + loose.key):
            equal(any(x.startswith("warning: " + s.file) and word in x
                      for x in got.stderr.splitlines()), True, got.stderr)
        told = s.wait_log(lambda x: x["event"] == "certificate", count=3)
        equal({x["level"] for x in told}, {"warn"})
        equal(any(x.get("days", 0) < -300 for x in told), True, "days")
        equal(int(s.info()["CertExpiryDays"]) < -300, True)
        with TlsWire(s.port, context=client(verify=False)) as w:
            equal(w.peer, loose.fingerprint)


@case
def a_certificate_that_ends_soon_is_told_of():
    soon, later = cert("a.test", days=13), cert("b.test", days=16)
    with Steelyard(pool(GoodOrigin()), listener={"tls": {
            "certificates": [soon.row(), later.row()]}}) as s:
        e = s.wait_event("certificate")
        equal((e["path"], e["listener"]), (soon.cert, "web"))
        equal(e["days"] in (12, 13), True, e["days"])
        equal(s.info()["CertExpiryDays"] in ("12", "13"), True)
        s.reload()
        s.wait_log(lambda x: x["event"] == "certificate")
        equal([x["path"] for x in s.events("certificate")], [soon.cert] * 2)


# --- stapling

def response(made, days):
    """An OCSP response that says it is good."""
    a = authority()
    path = os.path.join(a.folder, "ocsp.der")
    index = write(os.path.join(a.folder, "ocsp.index"),
                  "V\t400101000000Z\t\t%s\tunknown\t/CN=a.test\n"
                  % made.serial)
    openssl("ocsp", "-index", index, "-CA", a.ca, "-issuer", a.ca,
            "-rsigner", a.ca, "-rkey", a.key, "-cert", made.cert,
            "-no_nonce", "-ndays", str(days), "-respout", path)
    return path


def stapled(s):
    got = run(["openssl", "s_client", "-connect", "127.0.0.1:%d" % s.port,
               "-servername", "a.test", "-CAfile", authority().ca,
               "-status"], stdin=subprocess.DEVNULL)
    return "Cert Status: good" in got.stdout


@case
def staples_a_response_and_reads_it_anew_with_a_reload():
    made = cert("a.test")
    path = os.path.join(temp_dir(), "response.der")
    shutil.copy(response(made, 2), path)
    chain = write(os.path.join(temp_dir(), "chain.crt"),
                  read(made.cert) + read(authority().ca))
    with Steelyard(pool(GoodOrigin()), listener={"tls": {
            "certificates": [{"cert": chain, "key": made.key,
                              "ocsp": path}]}}) as s:
        equal(stapled(s), True)
        equal("OCSP stapled until: " in said(
            s, "show ssl cert " + chain), True)
        write(path, "not a response")
        s.reload()
        equal(stapled(s), False)
        equal(path in s.wait_event("certificate")["message"], True)
        shutil.copy(response(made, 2), path)
        s.reload()
        equal(stapled(s), True)


# --- the stats socket

@case
def shows_certificates():
    a, b = cert("a.test", "*.more.test"), cert("b.test", kind="rsa")
    with Steelyard(pool(GoodOrigin()), listener={"tls": {
            "certificates": [a.row(), b.row()]}}) as s:
        equal(said(s, "show ssl cert"),
              "# filename\n%s\n%s\n\n" % (a.cert, b.cert))
        text = said(s, "show ssl cert " + b.cert)
        for line in ("Filename: " + b.cert, "Status: Used",
                     "Algorithm: RSA 2048", "Subject: CN=b.test",
                     "Issuer: CN=Test CA", "Listeners: web"):
            equal(line + "\n" in text, True, line + " in " + text)
        first = json.loads(said(s, "show ssl cert json"))[0]
        equal((first["path"], first["listener"], first["default"],
               first["key"], first["status"]),
              (a.cert, "web", True, "EC P-256", "used"))
        equal(first["names"], ["a.test", "*.more.test"])
        equal(first["fingerprint"].lower(), a.fingerprint)
        equal(first["serial"].upper(), a.serial.upper())
        equal(first["days_left"] in (29, 30), True, first["days_left"])
        got = s.ctl("show", "ssl", "cert", "/nonexistent")
        equal(got.returncode, 1, got.stdout)


@case
def replaces_one_in_a_transaction():
    old, new = cert("a.test"), cert("a.test", days=20)
    path = place(old)
    with start(path) as s:
        equal(said(s, "set ssl cert " + path, read(new.pem)),
              "Transaction created for certificate %s!\n\n" % path)
        equal(peer(s), old.fingerprint, "before the commit")
        equal(said(s, "show ssl cert"), "# transaction\n*%s\n"
              "# filename\n%s\n\n" % (path, path))
        answer = said(s, "commit ssl cert " + path)
        equal("Success!" in answer.splitlines(), True, answer)
        equal(peer(s), new.fingerprint)
        equal(s.info()["CertExpiryDays"] in ("19", "20"), True)
        equal(s.wait_event("certificate")["level"], "info")
        equal(said(s, "commit ssl cert " + path),
              "No ongoing transaction!\n\n")
        equal(read(path), read(old.pem), "the file")


@case
def an_aborted_one_is_forgotten():
    old, new = cert("a.test"), cert("a.test", days=20)
    path = place(old)
    with start(path) as s:
        said(s, "set ssl cert " + path, read(new.pem))
        equal(said(s, "abort ssl cert " + path),
              "Transaction aborted for certificate '%s'!\n\n" % path)
        equal(said(s, "commit ssl cert " + path),
              "No ongoing transaction!\n\n")
        equal(peer(s), old.fingerprint)


@case
def a_bad_one_is_refused_and_may_be_set_again():
    old, new = cert("a.test"), cert("a.test", days=20)
    path = place(old)
    with start(path) as s:
        said(s, "set ssl cert " + path, read(new.cert) + read(old.key))
        answer = said(s, "commit ssl cert " + path)
        equal(answer.startswith("Can't commit the certificate!\n"), True)
        equal(path + ": " in answer, True, answer)
        equal(peer(s), old.fingerprint)
        equal(said(s, "set ssl cert " + path, read(new.pem)),
              "Transaction updated for certificate %s!\n\n" % path)
        said(s, "commit ssl cert " + path)
        equal(peer(s), new.fingerprint)


@rows([
    ("an unknown path is refused", "set ssl cert /other", "x",
     "Can't replace a certificate"),
    ("no payload is refused", "set ssl cert %s", None,
     "set ssl cert expects"),
    ("an empty payload is refused", "set ssl cert %s", "",
     "set ssl cert expects"),
    ("a commit of nothing is refused", "commit ssl cert %s", None,
     "No ongoing transaction!"),
    ("a commit without a name is refused", "commit ssl cert", None,
     "commit ssl cert expects"),
])
def refused(line, payload, answer):
    s = running()
    path = s.conf["listeners"][0]["tls"]["certificates"][0]["cert"]
    got = said(s, line.replace("%s", path), payload)
    equal(got.startswith(answer), True, got)


@case
def a_second_path_waits_for_the_first():
    with start(place(cert("a.test"))) as s:
        path = s.conf["listeners"][0]["tls"]["certificates"][0]["cert"]
        said(s, "set ssl cert " + path, read(cert("a.test").pem))
        equal(said(s, "set ssl cert /other", "x"),
              "The ongoing transaction is about '%s' but you are trying to "
              "set '/other'\n\n" % path)


@once
def running():
    return start(place(cert("a.test")))


@case
def a_payload_that_does_not_end_is_refused():
    s = running()
    path = s.conf["listeners"][0]["tls"]["certificates"][0]["cert"]
    with Wire(s.sock) as w:
        w.send(b"set ssl cert %s <<\n-----BEGIN" % path.encode())
        w.finish()
        equal(w.read_eof().decode().startswith("The payload has no end"),
              True)
    with Wire(s.sock) as w:
        w.send(b"set ssl cert %s <<\n" % path.encode())
        try:
            for _ in range(80):
                w.send(b"x" * 79 + b"\n" + b"y" * 3999 + b"\n")
        except OSError:
            pass
        equal(w.read_eof().decode().startswith("The payload is too long"),
              True)


@case
def steelyardctl_sends_a_file():
    old, new = cert("a.test"), cert("a.test", days=20)
    path = place(old)
    with start(path) as s:
        got = run([options.ctl, "-s", s.sock, "set", "ssl", "cert", path,
                   "<<"], input=read(new.cert) + "\n\n" + read(new.key))
        equal((got.returncode, got.stdout, got.stderr), (
            0, "Transaction created for certificate %s!\n" % path, ""))
        got = s.ctl("commit", "ssl", "cert", path)
        equal(got.returncode, 0, got.stdout)
        equal(peer(s), new.fingerprint)


@case
def all_listeners_of_a_path_get_it_together():
    old, new = cert("a.test"), cert("a.test", days=20)
    path = place(old)
    ports = [free_port(), free_port()]
    with Steelyard(pool(GoodOrigin()), listeners=[
            {"name": "l%d" % p, "address": at(p),
             "tls": {"certificates": [{"cert": path}]}}
            for p in ports]) as s:
        said(s, "set ssl cert " + path, read(new.pem))
        said(s, "commit ssl cert " + path)
        for p in ports:
            with TlsWire(p) as w:
                equal(w.peer, new.fingerprint)


class Shaker(threading.Thread):
    """Makes connections one after the other until told to end."""

    def __init__(self, port, wanted):
        super().__init__(daemon=True)
        self.port, self.wanted = port, wanted
        self.done, self.failures, self.over = 0, [], False

    def run(self):
        context = client()
        while not self.over:
            try:
                with TlsWire(self.port, context=context) as w:
                    if w.peer not in self.wanted:
                        raise ValueError("a strange certificate")
                    w.send(request("/echo"))
                    if w.response(timeout=5 * SLOW).status != 200:
                        raise ValueError("not 200")
                self.done += 1
            except Exception as e:
                self.failures.append(repr(e))


@case
def a_hundred_swaps_under_load_fail_nobody():
    old, new = cert("a.test"), cert("a.test", days=20)
    path = place(old)
    with start(path) as s:
        shaker = Shaker(s.port, {old.fingerprint, new.fingerprint})
        shaker.start()
        for i in range(100):
            which = new if i % 2 == 0 else old
            said(s, "set ssl cert " + path, read(which.pem))
            answer = said(s, "commit ssl cert " + path)
            equal("Success!" in answer, True, answer)
            if i % 20 == 0:
                write(path, read(which.pem))
                s.reload()
        wait_for(lambda: shaker.done > 20, 20 * SLOW, "20 connections")
        shaker.over = True
        shaker.join(10 * SLOW)
        equal(shaker.failures, [])
        print("# %d handshakes beside 100 swaps" % shaker.done)


if __name__ == "__main__":
    main()
