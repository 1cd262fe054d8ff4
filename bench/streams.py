#!/usr/bin/env python3
# What people who look on cost the senders: accepted employee events without live streams, with 1,000 idle ones, and with 1,000 that
# each get ten notifications a second.
#
# Exit    0 measured; 1 something went wrong (an event not applied, a stream that missed one); 2 the command line is wrong or not built
import argparse
import json
import sys
import time

from support import command, report, servers
from support.loading import check_load, run_load
from support.looking_on import Onlookers
from support.servers import cpu_seconds

CONNECTIONS = 64
DENREI_RATE_MAX = 80_000
SETTLE_SECONDS = 10
COLUMNS = {"accepted k/s": ("rate", 1), "p50 ms": ("p50_ms", 2), "p99 ms": ("p99_ms", 2), "gateway µs": ("gateway_us", 2), "live/s": ("live", 0),
           "to the last ms": ("lag_ms", 0), "foreign cores": ("foreign", 2)}


def parse_arguments():
    parser = argparse.ArgumentParser(description="Measures what live streams cost the senders.")
    command.add_options(parser, seconds=5)
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--notifications", type=int, default=10, help="a second, to every stream (10)")
    parser.add_argument("--rate", type=int, default=5000, help="of the open loop, the same for all (5000)")
    return command.complete(parser, parser.parse_args(), {"load", "denrei"}, "free")


class Watched(servers.Denrei):
    def variables(self, options):
        self.secret = options.secret
        self.reader_token = options.secret[:32]
        return super().variables(options) | {"ANALYTICS_NOTIFICATION_HMAC_SECRET": options.secret, "DENREI_READER_TOKEN": self.reader_token}


def measure(options, server, name, count, notifications, rate, problems):
    with Onlookers(server, count, notifications) as onlookers:
        used, began = cpu_seconds(server.pids()["gateway"]), time.monotonic()
        seen = onlookers.seen
        events = 0 if rate else int(DENREI_RATE_MAX * (options.seconds + options.warmup))
        load = run_load(options, server, server.pids(), CONNECTIONS, rate, events)
        took = time.monotonic() - began
        cpu = cpu_seconds(server.pids()["gateway"]) - used
        seen = onlookers.seen - seen
        place = f"{name}, {'open' if rate else 'closed'}"
        check_load(place, load, problems)
        lags = onlookers.lags_ms()
    if count and notifications and not onlookers.sent:
        problems.append(f"{place}: no notification was accepted")
    print(f"  {place}: {load['ok_per_s']:,.0f}/s, p99 {load['p99_us'] / 1e3:.2f} ms", file=sys.stderr, flush=True)
    return {"variant": name, "shape": f"open {rate / 1e3:.1f} k/s" if rate else f"closed {CONNECTIONS}",
            "figures": {"rate": load["ok_per_s"] / 1e3, "p50_ms": load["p50_us"] / 1e3, "p99_ms": load["p99_us"] / 1e3,
                        "gateway_us": cpu * 1e6 / max(1, load["ok_in_run"]), "live": seen / took, "lag_ms": lags[len(lags) // 2] if lags else None,
                        "foreign": load["foreign_cores"]}}


def run_rounds(options, work, problems):
    variants = {"no stream": (0, 0), f"{options.streams} idle": (options.streams, 0),
                f"{options.streams} at {options.notifications}/s": (options.streams, options.notifications)}
    measurements = []
    for number in range(options.rounds):
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
        names = list(variants)
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            try:
                with servers.running(Watched(work / f"{number}-{names.index(name)}"), options, problems) as server:
                    for rate in (0, options.rate):
                        measurements.append(measure(options, server, name, *variants[name], rate, problems))
            except (servers.ServerFailed, OSError) as failure:
                problems.append(f"{name}, round {number + 1}: {failure}")
    return measurements


def make_table(measurements):
    groups = {}
    for m in measurements:
        groups.setdefault((m["shape"], m["variant"]), []).append(m["figures"])
    return report.markdown([["load", "streams", *COLUMNS]] + [
        [shape, variant, *(report.cell(report.spread([f[key] for f in group]), digits) for key, digits in COLUMNS.values())]
        for (shape, variant), group in sorted(groups.items(), key=lambda item: item[0][0])])


def main():
    options = parse_arguments()
    problems = []
    with command.work_folder(options) as work:
        facts = command.facts(options, work)
        measurements = run_rounds(options, work, problems)
    for name, text in facts.items():
        print(f"{name}: {text}")
    print("\n" + make_table(measurements))
    print("median (min–max) of the rounds; gateway µs = CPU of the gateway from the load's start to its end, streams included, an accepted event; "
          "live/s = notifications that arrived at streams; to the last = median time from a notification's send to its last reader")
    for problem in problems:
        print(f"PROBLEM {problem}")
    if options.json:
        options.json.write_text(json.dumps({"facts": facts, "measurements": measurements, "problems": problems}, ensure_ascii=False, indent=1) + "\n")
    return command.exit_code(problems)


if __name__ == "__main__":
    sys.exit(main())
