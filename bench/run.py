#!/usr/bin/env python3
# The benchmark in one command: nginx, bare and denrei under the same load, in turns, with medians, spread and verdict.
#
# Exit    0 measured; 1 something went wrong (an event lost, a backlog that stays, a server that failed);
#         2 the command line is wrong or something is not built; 99 a threshold was missed
import argparse
import json
import os
import pathlib
import secrets
import shlex
import shutil
import subprocess
import sys
import tempfile

from support import machine, placement, report, servers

ROOT = pathlib.Path(__file__).resolve().parent.parent
CONNECTIONS = (64, 256)
DRAIN_SECONDS = 10
DENREI_RATE_MAX = 160_000  # events are signed for this rate; a faster denrei ends its window early and says so
FOREIGN_MAX = 0.2  # cores that other programs may use before the report warns
APPLIED = "denrei_events_applied_total"


def parse_arguments():
    parser = argparse.ArgumentParser(description="Measures nginx, bare and denrei in turns under the same load.")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build", help="where load, bare and denrei are (build)")
    parser.add_argument("--servers", default="nginx,bare,denrei", help="which to measure (nginx,bare,denrei)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5, help="measured time of each load (5)")
    parser.add_argument("--warmup", type=float, default=1)
    parser.add_argument("--keys", type=int, default=10_000, help="different staffIds (10000)")
    parser.add_argument("--quick", action="store_true", help="one round of 3 s")
    parser.add_argument("--json", type=pathlib.Path, help="write everything that was measured to this file, too")
    parser.add_argument("--max-cpu-us", type=float, help="threshold: gateway + redis CPU µs an event at 64 connections")
    parser.add_argument("--min-rate", type=float, help="threshold: events a second at 64 connections")
    parser.add_argument("--max-p99-ms", type=float, help="threshold: p99 of the open loop at half the closed rate")
    parser.add_argument("--denrei-arg", action="append", default=[], help="a further argument for denrei serve")
    parser.add_argument("--place", choices=("apart", "free"), default="apart", help="server and load on different cores (apart)")
    parser.add_argument("--nginx", default=shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin") or "nginx")
    parser.add_argument("--work-folder", type=pathlib.Path, help="where data and logs go: a real disk (the build folder)")
    parser.add_argument("--keep", action="store_true", help="leave data and logs where they are")
    options = parser.parse_args()
    options.servers = options.servers.split(",")
    options.build = options.build.resolve()
    options.root = ROOT
    options.placement = placement.Placement(options.place)
    options.secret = secrets.token_hex(32)
    if options.quick:
        options.rounds, options.seconds = 1, 3
    if options.rounds < 1 or not set(options.servers) <= set(servers.KINDS):
        parser.error("--rounds is at least 1, and the servers are " + ", ".join(servers.KINDS))
    programs = {"load", *options.servers} - {"nginx"}
    missing = sorted(p for p in programs if not os.access(options.build / p, os.X_OK))
    if missing or ("nginx" in options.servers and not shutil.which(options.nginx)):
        parser.error(f"not there: {', '.join(missing) or 'nginx'} (build them, or choose with --servers and --build)")
    return options


def cpu_seconds(pids):
    """The scheduler's run time of all threads of these processes."""
    total = 0
    for pid in pids:
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def run_load(options, server, connections, rate=0):
    pids = ",".join(f"{name}={pid}" for name, group in server.pids().items() for pid in group)
    command = [str(options.build / "load"), "--target", server.target, "--connections", str(connections), "--rate", str(rate),
               "--seconds", str(options.seconds), "--warmup", str(options.warmup), "--keys", str(options.keys), "--pid", pids]
    if server.name == "denrei" and rate == 0:
        command += ["--events", str(int(DENREI_RATE_MAX * (options.seconds + options.warmup)))]
    environment = {**os.environ, "MEDICAL_WEBHOOK_SECRET": options.secret}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False,
                          preexec_fn=options.placement.place_load)
    if done.returncode != 0:
        raise servers.ServerFailed(f"{server.name}: {done.stderr.strip()}\n{server.log_end()}")
    return json.loads(done.stdout)


def check_load(server, shape, load, problems):
    place = f"{server.name}, {shape}"
    if load["other_statuses"]:
        problems.append(f"{place}: other answers {load['other_statuses']}")
    if load["errors_in_run"] or load["unanswered"]:
        problems.append(f"{place}: {load['errors_in_run']} broken connections, {load['unanswered']} events unanswered")
    if load["unsent"]:
        problems.append(f"{place}: the server did not keep up, {load['unsent']} events were due and never sent")


class AppliedCheck:
    """Everything that denrei accepted must be applied soon after, and nothing else."""

    def __init__(self, server):
        self.server = server
        self.accepted = 0
        self.uncertain = 0  # their answer never came: applied or not, both are right

    def after(self, shape, load, problems):
        self.accepted += load["ok_in_run"]
        self.uncertain += load["errors_in_run"] + load["unanswered"]
        if self.server.counter(APPLIED) is None:
            return {"checked": False, "accepted": self.accepted}
        drained = servers.wait_until(lambda: (self.server.counter(APPLIED) or 0) >= self.accepted, DRAIN_SECONDS)
        applied = self.server.counter(APPLIED) or 0
        if not drained:
            problems.append(f"{shape}: {self.accepted} accepted, only {applied} applied {DRAIN_SECONDS} s after the load")
        if applied > self.accepted + self.uncertain:
            problems.append(f"{shape}: {applied} applied, but only {self.accepted} accepted")
        return {"checked": True, "accepted": self.accepted, "applied": applied, "drained": drained}


def measure(options, server, shape, connections, rate, applied_check, problems):
    pids = [pid for group in server.pids().values() for pid in group]
    before = cpu_seconds(pids)
    load = run_load(options, server, connections, rate)
    check_load(server, shape, load, problems)
    measurement = {"server": server.name, "shape": shape, "load": load}
    if applied_check:
        measurement["backlog"] = applied_check.after(shape, load, problems)
        # The window alone would flatter a server that answers first and works later.
        measurement["all_in_us"] = (cpu_seconds(pids) - before) * 1e6 / max(1, load["ok_in_run"])
    print(f"  {server.name}, {shape}: {load['ok_per_s']:,.0f}/s, p99 {load['p99_us'] / 1e3:.2f} ms"
          + (", signed events ran out" if load["ran_out"] else ""), file=sys.stderr, flush=True)
    return measurement


def measure_server(options, kind, place, problems):
    with servers.start(kind, place, options, problems) as server:
        options.placement.place_server(server.pids()["gateway"])
        applied_check = AppliedCheck(server) if kind == "denrei" else None
        out = [measure(options, server, f"closed {n}", n, 0, applied_check, problems) for n in CONNECTIONS]
        if applied_check:
            half = max(1, round(out[0]["load"]["ok_per_s"] / 2))
            out.append(measure(options, server, "open 64, half rate", 64, half, applied_check, problems))
            out[0]["durability"] = server.durability()
        return out


def run_rounds(options, work, problems):
    measurements = []
    for number in range(1, options.rounds + 1):
        print(f"round {number} of {options.rounds}", file=sys.stderr, flush=True)
        for kind in options.servers:
            place = work / f"{number}-{kind}"
            try:
                measurements += [{"round": number, **m} for m in measure_server(options, kind, place, problems)]
            except (servers.ServerFailed, OSError) as failure:
                problems.append(f"{kind}, round {number}: {failure}")
            if not options.keep:
                shutil.rmtree(place, ignore_errors=True)
    return measurements


def backlog_lines(measurements):
    backlogs = [m["backlog"] for m in measurements if "backlog" in m]
    if not backlogs:
        return []
    unchecked = sum(not b["checked"] for b in backlogs)
    drained = sum(b.get("drained", False) for b in backlogs)
    durability = ", ".join(sorted({m["durability"] for m in measurements if "durability" in m}))
    return [f"backlog: drained after {drained} of {len(backlogs)} loads within {DRAIN_SECONDS} s"
            + (f"; {unchecked} not checked, {APPLIED} is not exported" if unchecked else ""), f"durability: {durability}"]


def busy_lines(all_rows):
    busiest = max((row["foreign"]["max"] for row in all_rows), default=0)
    return [f"NOTE other programs used up to {busiest:.2f} cores: compare rates and latencies with care"] if busiest > FOREIGN_MAX else []


def print_report(facts, all_rows, measurements, problems, misses):
    for name, text in facts.items():
        print(f"{name}: {text}")
    print("\n" + report.table(all_rows))
    print("median (min–max) of the rounds; sum = CPU in the window an answered event; all-in = from the first event of the load "
          "to the end of the backlog, an accepted event")
    for line in backlog_lines(measurements) + busy_lines(all_rows):
        print(line)
    for problem in problems:
        print("PROBLEM " + problem)
    for miss in misses:
        print("MISSED " + miss)


def main():
    options = parse_arguments()
    problems = []
    work = pathlib.Path(tempfile.mkdtemp(prefix="bench-", dir=options.work_folder or options.build))
    work.chmod(0o755)
    try:
        facts = {"command": shlex.join(["python3", *sys.argv]), "placement": options.placement.describe(),
                 **machine.machine_facts(options, work)}
        measurements = run_rounds(options, work, problems)
    finally:
        if not options.keep:
            shutil.rmtree(work, ignore_errors=True)
    all_rows = report.rows(measurements)
    misses = report.missed(all_rows, options)
    print_report(facts, all_rows, measurements, problems, misses)
    if options.json:
        options.json.write_text(json.dumps({"facts": facts, "rows": all_rows, "measurements": measurements,
                                            "problems": problems, "missed": misses}, ensure_ascii=False, indent=1) + "\n")
    return 1 if problems else 99 if misses else 0


if __name__ == "__main__":
    sys.exit(main())
