"""The configuration of the README does what the README says."""
import os
import re
import subprocess

from harness import ROOT, Steelyard, case, equal, free_port, main, once, \
    options, run, skip, temp_dir, wait_for

DEMO = os.path.join(ROOT, "conf/demo.conf")

WANTED = {"hello from server %d\n" % i for i in (1, 2, 3)}


def demo():
    """demo.conf with free ports in place of its own."""
    if not os.path.exists(DEMO):
        skip("no conf/demo.conf")
    with open(DEMO) as f:
        text = re.sub(r"#.*", "", f.read())
    known = {}

    def port(m):
        if m[2] not in known:
            known[m[2]] = str(free_port())
        return m[1] + known[m[2]] + '"'
    text = re.sub(r'(address\s*=\s*"[^":]*:)(\d+)"', port, text)
    text = re.sub(r'(path\s*=\s*)"[^"]*\.sock"', r'\1"%s/s"' % temp_dir(),
                  text)
    return text


@once
def ready():
    text = demo()
    s = Steelyard(text=text)
    s.port = int(re.search(r':(\d+)"', text)[1])
    return s


def curl(port):
    got = subprocess.run(
        ["curl", "-sS", "-m60", "http://127.0.0.1:%d/" % port],
        capture_output=True, text=True)
    return got.stdout if got.returncode == 0 else None


@case
def six_curls_are_answered_by_all_three_servers():
    s = ready()
    said = []

    def six():                  # once the first probes of all have passed
        said[:] = [curl(s.port) for _ in range(6)]
        return set(said) == WANTED
    wait_for(six, 10, "six answers of three servers", lambda: str(said))
    six()
    equal([said.count(x) for x in WANTED], [2, 2, 2], "answers of each")


@case
def the_demo_passes_its_own_check():
    text = demo()
    path = os.path.join(temp_dir(), "demo.conf")
    with open(path, "w") as f:
        f.write(text)
    got = run([options.bin, "-t", "-f", path])
    equal((got.returncode, got.stderr), (0, ""), "-t")


main()
