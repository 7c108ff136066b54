"""report.py - medians, ratios, the table, and the file of results."""
import json
import os
import platform
import statistics
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
CONGESTION = "/proc/sys/net/ipv4/tcp_congestion_control"


class Results:
    """What each run gave, by case and proxy; a failed run is a string."""

    def __init__(self):
        self.runs = {}

    def add(self, case, peer, outcome):
        self.runs.setdefault(case, {}).setdefault(peer, []).append(outcome)

    def good(self, case, peer):
        return [r for r in self.runs.get(case, {}).get(peer, [])
                if isinstance(r, dict)]

    def failures(self):
        return [(c, p, r) for c, peers in self.runs.items()
                for p, rs in peers.items() for r in rs if isinstance(r, str)]

    def median(self, case, peer):
        """Of each figure on its own; None when no run was good."""
        good = self.good(case, peer)
        return good and {k: statistics.median(r[k] for r in good)
                         for k in good[0]} or None

    def spread(self, case, peer):
        us = [r["us"] for r in self.good(case, peer)]
        return min(us), max(us)

    def ratio(self, case, name, to):
        """What name costs a request, in parts of what "to" costs."""
        a, b = self.median(case, name), self.median(case, to)
        return a["us"] / b["us"] if a and b else None

    def rival(self, case, rivals=("haproxy", "nginx")):
        """The cheapest of the rivals; None when one is missing."""
        found = [(m["us"], p) for p in rivals
                 if (m := self.median(case, p))]
        return min(found)[1] if len(found) == len(rivals) else None

    def kept(self):
        """For the file: all runs, and their medians."""
        return {"runs": self.runs, "median": {
            c: {p: self.median(c, p) for p in peers}
            for c, peers in self.runs.items()}}


def seconds(s):
    """A latency, short."""
    return "%.0f us" % (s * 1e6) if s < 1e-3 else "%.2f ms" % (s * 1e3) \
        if s < 0.1 else "%.0f ms" % (s * 1e3)


def percent(x):
    return "%.0f%%" % (100 * x)


def failed_lines(results, case, peer):
    said = [r for r in results.runs[case][peer] if isinstance(r, str)]
    return ["%-10s FAILED %d times: %s" % (peer, said.count(r), r)
            for r in dict.fromkeys(said)]


def case_table(results, case, me="steelyard"):
    """One case: a row for each proxy."""
    form = "%-10s %8s %7s %7s %15s %8s %9s %9s %6s %6s %6s %10s"
    out = ["", "%s: %s" % (case.name, case.what), form % (
        "", "us/req", "user", "system", "lowest-highest", "req/s", "p50",
        "p99", "busy", "others", "MiB", me + "/")]
    for peer in results.runs[case.name]:
        m = results.median(case.name, peer)
        if m:
            ratio = results.ratio(case.name, me, peer)
            out.append(form % (
                peer, "%.2f" % m["us"], "%.2f" % m["user"],
                "%.2f" % m["system"],
                "%.2f-%.2f" % results.spread(case.name, peer),
                "%.0f" % m["rate"], seconds(m["p50"]), seconds(m["p99"]),
                percent(m["busy"]), percent(m["others"]),
                "%.1f" % (m["pss"] / 1048576),
                "" if ratio is None or peer == me else "%.2f" % ratio))
        out += failed_lines(results, case.name, peer)
    return out


def scale_tables(results, cases, peers):
    """A table for each group: a row for each size, and for each proxy what a
    request costs and how many times what it costs at the smallest size."""
    out, group, smallest = [], None, {}
    for case in cases:
        name, size = case.name.split("/")
        if case.name not in results.runs:
            continue
        if name != group:
            group, smallest = name, {}
            out += ["", "%s: %s" % (name, case.what), "%8s" % "N" + "".join(
                "%10s %15s %7s %8s" % (p[:10], "lowest-highest", "times",
                                       "sockets") for p in peers)]
        line = "%8s" % size
        failed = []
        for p in peers:
            m = results.median(case.name, p)
            failed += failed_lines(results, case.name, p)
            if not m:
                line += "%43s" % "-"
                continue
            smallest.setdefault(p, m["us"])
            line += "%10.2f %15s %7.2f %8d" % (
                m["us"], "%.2f-%.2f" % results.spread(case.name, p),
                m["us"] / smallest[p], m["server_connections"])
        out += [line] + failed
    return out + ["", "us of processor time a request (median of the rounds),"
                  " times the smallest N;", "sockets: connections to servers"]


def summary(results, cases, peers, me="steelyard"):
    """us a request, and the ratio to the cheapest of the case's rivals."""
    out = ["", "us of processor time a request (median of the rounds)",
           "%-10s" % "" + "".join("%10s" % p for p in peers)
           + "   %s / the cheapest rival" % me]
    for case in cases:
        line = "%-10s" % case.name
        for p in peers:
            m = results.median(case.name, p)
            line += "%10s" % ("%.2f" % m["us"] if m else "-")
        rival = results.rival(case.name, case.rivals)
        ratio = rival and results.ratio(case.name, me, rival)
        if ratio:
            line += "   %.2f (%s)" % (ratio, rival)
        out.append(line)
    return out


def machine(peers, settings):
    """Where and with what this was measured."""
    def first(path, key):
        with open(path) as f:
            for line in f:
                if line.startswith(key):
                    return line.split(":", 1)[-1].strip()
        return ""
    try:
        git = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--tags"],
            capture_output=True, text=True, timeout=20,
            cwd=HERE).stdout.strip()
    except OSError:
        git = ""
    return {"kernel": platform.release(), "git": git,
            "cpu": first("/proc/cpuinfo", "model name"),
            "congestion": first(CONGESTION, ""),
            "cores": os.cpu_count(), "load": os.getloadavg(),
            "date": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "versions": {p.name: p.version(settings) for p in peers}}


def machine_line(m):
    return "%s, %d cores, Linux %s, %s, load %.1f; %s" % (
        m["cpu"], m["cores"], m["kernel"], m["congestion"], m["load"][0],
        ", ".join(
            ("%s %s" % x).strip() for x in m["versions"].items()))


def save(directory, name, content):
    """Writes a file of results; gives its path."""
    os.makedirs(directory, exist_ok=True)
    path = os.path.join(directory, "%s-%s.json" % (
        name, time.strftime("%Y%m%d-%H%M%S")))
    with open(path, "w") as f:
        json.dump(content, f, indent=1)
        f.write("\n")
    return path
