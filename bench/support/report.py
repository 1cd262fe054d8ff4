# From single measurements to the table: median, spread, ratio to nginx, and the verdict on the thresholds.
#
# Shape   rows(measurements) -> [row]; table(rows) -> Markdown; missed(rows, options) -> [text]; for tables of other kinds
#         spread(values), cell(spread, digits) and markdown(lines)
# Units   k/s, ms and CPU µs an event, as the column heads say
import statistics

FOREIGN_MAX = 0.2  # cores that other programs may use before the report warns
COLUMNS = {  # head: (key, digits)
    "rate k/s": ("rate", 1),
    "p50 ms": ("p50", 2),
    "p99 ms": ("p99", 2),
    "p99.9 ms": ("p999", 2),
    "gateway µs": ("gateway", 2),
    "redis µs": ("redis", 2),
    "sum µs": ("cpu", 2),
    "all-in µs": ("all_in", 2),
    "foreign cores": ("foreign", 2),
}


def figures(measurement):
    load = measurement["load"]
    by_name = {}
    for process in load["processes"]:
        by_name[process["name"]] = by_name.get(process["name"], 0) + process["cpu_us_per_event"]
    return {
        "rate": load["ok_per_s"] / 1e3,
        "p50": load["p50_us"] / 1e3,
        "p99": load["p99_us"] / 1e3,
        "p999": load["p999_us"] / 1e3,
        "gateway": by_name.get("gateway"),
        "redis": by_name.get("redis"),
        "cpu": sum(by_name.values()),
        "all_in": measurement.get("all_in_us"),
        "foreign": load["foreign_cores"],
    }


def spread(values):
    known = [v for v in values if v is not None]
    return {"median": statistics.median(known), "min": min(known), "max": max(known)} if known else None


def rows(measurements):
    groups = {}
    for measurement in measurements:
        groups.setdefault((measurement["server"], measurement["shape"]), []).append(measurement)
    out = []
    for (server, shape), group in groups.items():
        single = [figures(m) for m in group]
        out.append({"server": server, "shape": shape, "rounds": len(group),
                    **{key: spread([s[key] for s in single]) for key, _ in COLUMNS.values()}})
    for row in out:
        nginx = next((r for r in out if r["server"] == "nginx" and r["shape"] == row["shape"]), None)
        for key in ("rate", "cpu"):
            row[key + "_to_nginx"] = row[key]["median"] / nginx[key]["median"] if nginx and nginx[key]["median"] else None
    return out


def cell(value, digits):
    if value is None:
        return "–"
    if value["min"] == value["max"]:
        return f"{value['median']:.{digits}f}"
    return f"{value['median']:.{digits}f} ({value['min']:.{digits}f}–{value['max']:.{digits}f})"


def markdown(lines):
    """A table of these lines of texts; the first is its head."""
    widths = [max(map(len, column)) for column in zip(*lines)]
    ruled = [lines[0], ["-" * width for width in widths], *lines[1:]]
    return "\n".join("| " + " | ".join(text.ljust(width) for text, width in zip(line, widths)) + " |" for line in ruled)


def busy_lines(all_rows):
    busiest = max((row["foreign"]["max"] for row in all_rows), default=0)
    return [f"NOTE other programs used up to {busiest:.2f} cores: compare rates and latencies with care"] if busiest > FOREIGN_MAX else []


def table(all_rows):
    heads = ["server", "load", *COLUMNS, "rate/nginx", "CPU/nginx"]
    lines = [heads]
    for row in all_rows:
        ratios = [f"{row[k]:.2f}" if row[k] is not None else "–" for k in ("rate_to_nginx", "cpu_to_nginx")]
        lines.append([row["server"], row["shape"], *(cell(row[key], digits) for key, digits in COLUMNS.values()), *ratios])
    return markdown(lines)


def missed(all_rows, options):
    """Which thresholds denrei misses; a figure that was not taken misses its threshold."""
    def median(shape_start, key):
        row = next((r for r in all_rows if r["server"] == "denrei" and r["shape"].startswith(shape_start)), None)
        return row[key]["median"] if row and row[key] else None

    def check(limit, value, fits, text):
        return [] if limit is None or (value is not None and fits(value, limit)) else [
            f"{text}: {'not measured' if value is None else f'{value:.2f}'}, threshold {limit:g}"]

    rate = median("closed 64", "rate")
    return (check(options.max_cpu_us, median("closed 64", "cpu"), lambda v, l: v <= l, "CPU µs an event at 64 connections")
            + check(options.min_rate, rate and rate * 1e3, lambda v, l: v >= l, "events a second at 64 connections")
            + check(options.max_p99_ms, median("open", "p99"), lambda v, l: v < l, "p99 ms at half the rate"))
