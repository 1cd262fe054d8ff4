#!/usr/bin/env python3
# The way out in one command: employee events through denrei to a receiver (nginx), without and with a thread for deliveries.
#
# Exit    0 measured; 1 something went wrong (an event not delivered, a failed attempt, a server that failed);
#         2 the command line is wrong or something is not built
import argparse
import json
import shutil
import sys
import time

from support import command, report, servers
from support.delivering import Deliverer, DeliveryWatch
from support.loading import check_load, run_load
from support.metrics import quantile
from support.servers import cpu_seconds

CONNECTIONS = 64
DRAIN_SECONDS = 60
DENREI_RATE_MAX = 80_000  # events are signed for this rate
DELAY = "denrei_delivery_delay_seconds"
VARIANTS = {f"delivery_thread={value}": ["--delivery-thread", value] for value in ("false", "true")}
COLUMNS = {  # head: (key, digits)
    "accepted k/s": ("accepted_rate", 1),
    "delivered k/s": ("delivered_rate", 1),
    "drain s": ("drain_s", 2),
    "delay p50 ms": ("delay_p50_ms", 1),
    "delay p99 ms": ("delay_p99_ms", 1),
    "gateway µs": ("gateway_us", 2),
    "redis µs": ("redis_us", 2),
    "sink µs": ("sink_us", 2),
    "foreign cores": ("foreign", 2),
}


def parse_arguments():
    parser = argparse.ArgumentParser(description="Measures denrei from the acceptance of an event to its delivery.")
    command.add_options(parser, seconds=3)
    parser.add_argument("--rate", type=int, default=0, help="of the open loop (half of what the first closed loop delivers)")
    # Each server on a core of its own would leave a second thread without one.
    return command.complete(parser, parser.parse_args(), {"load", "denrei", "nginx"}, "free")


def processes(server, sink):
    return {**server.pids(), "sink": sink.pids()["gateway"]}


def check_deliveries(place, watch, load, drained, problems):
    check_load(place, load, problems)
    delivered, accepted = watch.delivered(), load["ok_in_run"]
    if not drained:
        problems.append(f"{place}: {accepted} accepted, {delivered} delivered {DRAIN_SECONDS} s after the load, {watch.last.pending} pending")
    if delivered > accepted + load["errors_in_run"] + load["unanswered"]:
        problems.append(f"{place}: {delivered} delivered, but only {accepted} accepted")
    if watch.last.failed or watch.last.dead:
        problems.append(f"{place}: {watch.last.failed} failed attempts, {watch.last.dead} dead letters")


def milliseconds(seconds):
    return None if seconds is None else seconds * 1e3


def measure(options, server, sink, variant, shape, rate, problems):
    groups = processes(server, sink)
    page, used = server.metrics(), {name: cpu_seconds(pids) for name, pids in groups.items()}
    events = 0 if rate else int(DENREI_RATE_MAX * (options.seconds + options.warmup))
    with DeliveryWatch(server) as watch:
        load = run_load(options, server, groups, CONNECTIONS, rate, events)
        ended = time.monotonic()
        drained = watch.wait(load["ok_in_run"], DRAIN_SECONDS)
    check_deliveries(f"{variant}, {shape}", watch, load, drained, problems)
    after = server.metrics()
    delivered = max(1, watch.delivered())
    cpu = {f"{name}_us": (cpu_seconds(pids) - used[name]) * 1e6 / delivered for name, pids in groups.items()}
    p50, p99 = (milliseconds(quantile(page, after, DELAY, share)) for share in (0.5, 0.99))
    figures = {"accepted_rate": load["ok_per_s"] / 1e3, "delivered_rate": watch.rate() / 1e3, "drain_s": max(0.0, watch.last.at - ended),
               "delay_p50_ms": p50, "delay_p99_ms": p99, "gateway_us": None, "redis_us": None, "foreign": load["foreign_cores"], **cpu}
    print(f"  {variant}, {shape}: accepted {figures['accepted_rate']:.1f} k/s, delivered {figures['delivered_rate']:.1f} k/s"
          + (", signed events ran out" if load["ran_out"] else ""), file=sys.stderr, flush=True)
    return {"variant": variant, "shape": shape, "figures": figures, "delivered": delivered, "load": load}


def measure_variant(options, variant, place, problems):
    with servers.running(servers.Nginx(place / "sink"), options, problems) as sink, \
         servers.running(Deliverer(place / "denrei", sink, VARIANTS[variant]), options, problems) as server:
        closed = measure(options, server, sink, variant, f"closed {CONNECTIONS}", 0, problems)
        # One rate for all, or a slower variant would be asked for less.
        options.rate = options.rate or max(1, round(closed["figures"]["delivered_rate"] * 500))
        opened = measure(options, server, sink, variant, f"open {options.rate / 1e3:.1f} k/s", options.rate, problems)
        return [closed | {"durability": server.durability()}, opened]


def run_rounds(options, work, problems):
    measurements = []
    for number in range(options.rounds):
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
        names = list(VARIANTS)
        turn = number % len(names)
        for variant in names[turn:] + names[:turn]:
            place = work / f"{number + 1}-{variant.partition('=')[2]}"
            try:
                measurements += [{"round": number + 1, **m} for m in measure_variant(options, variant, place, problems)]
            except (servers.ServerFailed, OSError) as failure:
                problems.append(f"{variant}, round {number + 1}: {failure}")
            if not options.keep:
                shutil.rmtree(place, ignore_errors=True)
    return measurements


def make_rows(measurements):
    groups = {}
    for measurement in sorted(measurements, key=lambda m: (m["shape"], m["variant"])):
        groups.setdefault((measurement["variant"], measurement["shape"]), []).append(measurement["figures"])
    return [{"variant": variant, "shape": shape, "rounds": len(group),
             **{key: report.spread([figures[key] for figures in group]) for key, _ in COLUMNS.values()}}
            for (variant, shape), group in groups.items()]


def make_table(rows):
    return report.markdown([["denrei", "load", *COLUMNS]] + [
        [row["variant"], row["shape"], *(report.cell(row[key], digits) for key, digits in COLUMNS.values())] for row in rows])


def print_report(facts, rows, measurements, problems):
    for name, text in facts.items():
        print(f"{name}: {text}")
    print("\n" + make_table(rows))
    print("median (min–max) of the rounds; delivered k/s = until the last one is delivered; drain = from the end of the load to then; "
          "delay = from receipt to delivery; µs = CPU from the load's first event to the last delivery, a delivered event")
    durability = ", ".join(sorted({m["durability"] for m in measurements if "durability" in m}))
    for line in [f"durability: {durability}", *report.busy_lines(rows), *(f"PROBLEM {problem}" for problem in problems)]:
        print(line)


def main():
    options = parse_arguments()
    problems = []
    with command.work_folder(options) as work:
        facts = command.facts(options, work)
        measurements = run_rounds(options, work, problems)
    rows = make_rows(measurements)
    print_report(facts, rows, measurements, problems)
    if options.json:
        measured = {"facts": facts, "rows": rows, "measurements": measurements, "problems": problems}
        # JSON has no infinity, which a delay above the histogram's last bound is.
        options.json.write_text(json.dumps(measured, ensure_ascii=False, indent=1).replace("Infinity", "null") + "\n")
    return command.exit_code(problems)


if __name__ == "__main__":
    sys.exit(main())
