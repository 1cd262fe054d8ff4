#!/usr/bin/env python3
# The benchmark in one command: nginx, bare and denrei under the same load, in turns, with medians, spread and verdict.
#
# Exit    0 measured; 1 something went wrong (an event lost, a backlog that stays, a server that failed);
#         2 the command line is wrong or something is not built; 99 a threshold was missed
import argparse
import json
import shutil
import sys

from support import command, report, servers
from support.loading import check_load, run_load
from support.servers import cpu_seconds

CONNECTIONS = (64, 256)
DRAIN_SECONDS = 10
DENREI_RATE_MAX = 160_000  # events are signed for this rate; a faster denrei ends its window early and says so
APPLIED = "denrei_events_applied_total"


def parse_arguments():
    parser = argparse.ArgumentParser(description="Measures nginx, bare and denrei in turns under the same load.")
    command.add_options(parser, seconds=5)
    parser.add_argument("--servers", default="nginx,bare,denrei", help="which to measure (nginx,bare,denrei)")
    parser.add_argument("--max-cpu-us", type=float, help="threshold: gateway + redis CPU µs an event at 64 connections")
    parser.add_argument("--min-rate", type=float, help="threshold: events a second at 64 connections")
    parser.add_argument("--max-p99-ms", type=float, help="threshold: p99 of the open loop at half the closed rate")
    parser.add_argument("--place", choices=("apart", "free"), default="apart", help="server and load on different cores (apart)")
    options = parser.parse_args()
    options.servers = options.servers.split(",")
    if not set(options.servers) <= set(servers.KINDS):
        parser.error("the servers are " + ", ".join(servers.KINDS))
    return command.complete(parser, options, {"load", *options.servers}, options.place)


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
    events = int(DENREI_RATE_MAX * (options.seconds + options.warmup)) if server.name == "denrei" and rate == 0 else 0
    load = run_load(options, server, server.pids(), connections, rate, events)
    check_load(f"{server.name}, {shape}", load, problems)
    measurement = {"server": server.name, "shape": shape, "load": load}
    if applied_check:
        measurement["backlog"] = applied_check.after(shape, load, problems)
        # The window alone would flatter a server that answers first and works later.
        measurement["all_in_us"] = (cpu_seconds(pids) - before) * 1e6 / max(1, load["ok_in_run"])
    print(f"  {server.name}, {shape}: {load['ok_per_s']:,.0f}/s, p99 {load['p99_us'] / 1e3:.2f} ms"
          + (", signed events ran out" if load["ran_out"] else ""), file=sys.stderr, flush=True)
    return measurement


def measure_server(options, kind, place, problems):
    with servers.running(servers.KINDS[kind](place), options, problems) as server:
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


def print_report(facts, all_rows, measurements, problems, misses):
    for name, text in facts.items():
        print(f"{name}: {text}")
    print("\n" + report.table(all_rows))
    print("median (min–max) of the rounds; sum = CPU in the window an answered event; all-in = from the first event of the load "
          "to the end of the backlog, an accepted event")
    for line in backlog_lines(measurements) + report.busy_lines(all_rows):
        print(line)
    for problem in problems:
        print("PROBLEM " + problem)
    for miss in misses:
        print("MISSED " + miss)


def main():
    options = parse_arguments()
    problems = []
    with command.work_folder(options) as work:
        facts = command.facts(options, work)
        measurements = run_rounds(options, work, problems)
    all_rows = report.rows(measurements)
    misses = report.missed(all_rows, options)
    print_report(facts, all_rows, measurements, problems, misses)
    if options.json:
        options.json.write_text(json.dumps({"facts": facts, "rows": all_rows, "measurements": measurements,
                                            "problems": problems, "missed": misses}, ensure_ascii=False, indent=1) + "\n")
    return command.exit_code(problems, misses)


if __name__ == "__main__":
    sys.exit(main())
