"""The configuration of the README does what the README says."""
import os
import re
import subprocess

from harness import ROOT, Steelyard, case, equal, fail, free_port, main, \
    once, options, run, skip, temp_dir, wait_for
from origins import GoodOrigin

DEMO = os.path.join(ROOT, "conf/demo.conf")


def demo():
    """demo.conf with free ports; its listener's port and its servers'."""
    if not os.path.exists(DEMO):
        skip("no conf/demo.conf")
    with open(DEMO) as f:
        text = f.read()
    known = {}

    def port(m):
        if m[2] not in known:
            known[m[2]] = str(free_port())
        return m[1] + known[m[2]]
    text = re.sub(r"#.*", "", text)
    text = re.sub(r'(address\s*=\s*"[^":]*:)(\d+)', port, text)
    text = re.sub(r'path\s*=\s*"/run/[^"]*"|path\s*=\s*"[^"]*\.sock"',
                  'path = "%s/s"' % temp_dir(), text)
    text = re.sub(r'(user|group)\s*=\s*"[^"]*"\s*;', "", text)
    front, _, back = text.partition("pools")
    listen = re.findall(r'address\s*=\s*"[^":]*:(\d+)"', front)
    behind = re.findall(r'address\s*=\s*"[^":]*:(\d+)"', back)
    return text, int(listen[0]), [int(x) for x in behind]


@once
def ready():
    text, port, behind = demo()
    origins = [GoodOrigin(name="s%d" % i, port=p)
               for i, p in enumerate(behind)]
    s = Steelyard(text=text)
    s.port = port
    return s, origins


@case
def six_curls_are_answered_by_all_three_servers():
    s, origins = ready()
    equal(len(origins), 3, "servers in demo.conf")

    def answered():
        try:
            return s.get().status == 200
        except OSError:
            return False
    wait_for(answered, 10, "the first answer")
    wait_for(lambda: all(o.probes or o.connections for o in origins), 5,
             "the probes of all servers")
    # until the last server's first probe has passed
    names = set()

    def six():
        names.clear()
        for _ in range(6):
            got = subprocess.run(
                ["curl", "-sS", "-m5", "http://127.0.0.1:%d/" % s.port],
                capture_output=True, text=True)
            equal(got.returncode, 0, "curl's exit code")
            found = re.search(r'"server": "(\w+)"', got.stdout)
            if not found:
                fail("curl got %r" % got.stdout[:200])
            names.add(found[1])
        return len(names) == 3
    wait_for(six, 5, "six answers of three servers", lambda: str(names))


@case
def the_demo_passes_its_own_check():
    text, _, _ = demo()
    path = os.path.join(temp_dir(), "demo.conf")
    with open(path, "w") as f:
        f.write(text)
    got = run([options.bin, "-t", "-f", path])
    equal((got.returncode, got.stderr), (0, ""), "-t")


main()
