# What a /metrics page says: sums over labels, and quantiles of what a histogram gained between two pages.
#
# Shape   Metrics(text).total(name, **labels) -> number | None; quantile(before, after, name, share) -> seconds | None
# Limits  a quantile is as sharp as its bucket: linear within it, infinity above the last bound
import math
import re

SERIES = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Metrics:
    def __init__(self, text):
        self.series = [(name, dict(LABEL.findall(labels)), float(value)) for name, labels, value in SERIES.findall(text)]

    def total(self, name, **labels):
        values = [value for n, own, value in self.series if n == name and labels.items() <= own.items()]
        return sum(values) if values else None

    def buckets(self, name):
        """Observations up to each bound, of all labels together."""
        bounds = {}
        for n, labels, value in self.series:
            if n == name + "_bucket":
                bound = float(labels["le"])
                bounds[bound] = bounds.get(bound, 0) + value
        return dict(sorted(bounds.items()))


def quantile(before, after, name, share):
    start, end = before.buckets(name), after.buckets(name)
    gained = {bound: count - start.get(bound, 0) for bound, count in end.items()}
    total = gained.get(math.inf, 0)
    if not total:
        return None
    lower, below = 0.0, 0
    for bound, count in gained.items():
        if count >= share * total:
            return bound if math.isinf(bound) else lower + (bound - lower) * (share * total - below) / (count - below)
        lower, below = bound, count
    return math.inf
