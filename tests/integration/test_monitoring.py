# Metrics and traces pushed to a collector of the test's own (OTLP/HTTP, JSON): their shape, one trace for each event, and nothing of what
# waited on disk lost while the collector was away, over a restart of the gateway.
import re
import threading
import unittest

from contract import fresh
from harness import PATIENCE, SANITIZER_WORDS, wait_until
from outbound import Deliverer, DeliveryCase, config_of, destination
from receivers import Answer, Receiver

TOKEN = "it-collector-token-0123456789abcdefghijk"
NANOSECONDS = re.compile(r"\A\d{19}\Z")
COUNT = re.compile(r"\A\d+\Z")
SERVER, CLIENT, ERROR = 2, 3, 2


class Malformed(AssertionError):
    pass


def check(condition, what):
    if not condition:
        raise Malformed(what)


def attributes_of(thing):
    out = {}
    for item in thing["attributes"]:
        check(set(item) == {"key", "value"} and len(item["value"]) == 1, item)
        kind, value = next(iter(item["value"].items()))
        check(kind in ("stringValue", "intValue") and isinstance(value, str), item)
        out[item["key"]] = value if kind == "stringValue" else int(value)
    return out


def only_list(push, outer, inner, items):
    """The list inside, once the frame around it is as it must be."""
    check(set(push) == {outer} and len(push[outer]) == 1, push.keys())
    frame, = push[outer]
    resource = attributes_of(frame["resource"])
    check(resource["service.name"] == "denrei" and resource["service.version"] and resource["service.instance.id"], resource)
    scope, = frame[inner]
    check(scope["scope"]["name"] == "denrei", scope["scope"])
    return scope[items]


def check_number_point(point, has_start):
    check(NANOSECONDS.match(point["timeUnixNano"]) and isinstance(point["asDouble"], (int, float)), point)
    check(bool(NANOSECONDS.match(point.get("startTimeUnixNano", ""))) == has_start, point)
    attributes_of(point)


def check_histogram_point(point):
    check(len(point["bucketCounts"]) == len(point["explicitBounds"]) + 1, point)
    check(point["explicitBounds"] == sorted(point["explicitBounds"]), point)
    check(all(COUNT.match(count) for count in point["bucketCounts"]), point)
    check(sum(map(int, point["bucketCounts"])) == int(point["count"]) and isinstance(point["sum"], (int, float)), point)


def metrics_of(push):
    """The metrics of a push by name, every one checked."""
    out = {}
    for metric in only_list(push, "resourceMetrics", "scopeMetrics", "metrics"):
        kind, = set(metric) & {"sum", "gauge", "histogram"}
        data = metric[kind]
        if kind != "gauge":
            check(data["aggregationTemporality"] == 2, metric)
        if kind == "sum":
            check(data["isMonotonic"] is True and metric["name"].endswith("_total"), metric["name"])
        for point in data["dataPoints"]:
            check_histogram_point(point) if kind == "histogram" else check_number_point(point, kind == "sum")
        check(metric["name"] not in out, metric["name"])
        out[metric["name"]] = data["dataPoints"]
    return out


def spans_of(push):
    spans = only_list(push, "resourceSpans", "scopeSpans", "spans")
    for span in spans:
        check(re.match(r"\A[0-9a-f]{32}\Z", span["traceId"]) and re.match(r"\A[0-9a-f]{16}\Z", span["spanId"]), span)
        check(NANOSECONDS.match(span["startTimeUnixNano"]) and NANOSECONDS.match(span["endTimeUnixNano"]), span)
        check(int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"]), span)
        check(span["kind"] in (SERVER, CLIENT) and span["status"].get("code", 0) in (0, ERROR), span)
        attributes_of(span)
    return spans


class Collector:
    """Takes pushes, checks them, and remembers those that it has answered with success."""

    def __init__(self):
        self.receiver = Receiver(default=self._answer)
        self.status = 200
        self.metrics, self.spans, self.wrong = [], [], []
        self._lock = threading.Lock()

    def open(self):
        self.receiver.open()
        return self

    def close(self):
        self.receiver.close()

    def _answer(self, arrival):
        with self._lock:
            try:
                check(arrival.method == "POST" and arrival.headers["content-type"] == "application/json", arrival)
                if arrival.headers.get("authorization") != f"Bearer {TOKEN}":
                    return Answer(401, b"{}")
                if self.status != 200:
                    return Answer(self.status, b"{}")
                check(arrival.path in ("/otlp/v1/metrics", "/otlp/v1/traces"), arrival.path)
                if arrival.path.endswith("metrics"):
                    self.metrics.append(metrics_of(arrival.json()))
                else:
                    self.spans += spans_of(arrival.json())
            except (AssertionError, KeyError, ValueError, TypeError) as problem:
                self.wrong.append(f"{type(problem).__name__}: {problem}"[:2000])
            return Answer(200, b"{}")

    def service(self, **members):
        provider = {"name": "collector", "url": self.receiver.url("/otlp"), "secret": "COLLECTOR_TOKEN", "plain_http": True, "allow": ["127.0.0.0/8"]}
        return {"name": "monitoring", "kind": "monitoring", "interval": "1s", "retries": 0, "timeout": "3s", "return_after": "500ms",
                "trace_share": 1.0, "provider": [provider]} | members

    def trace(self, event_id):
        """The spans of an event, the receipt first and then the attempts in turn; each once, however often it was told."""
        found = {span["spanId"]: span for span in list(self.spans) if span["traceId"] == event_id.removeprefix("evt_")}
        return sorted(found.values(), key=lambda span: (span["kind"], int(span["startTimeUnixNano"])))


def service_report(server):
    response = server.ops("/readyz?verbose")
    assert response.status == 200, response
    return next(service for service in response.json()["services"] if service["name"] == "monitoring")


class Pushes(DeliveryCase):
    @classmethod
    def setUpClass(cls):
        cls.collector = Collector().open()
        cls.addClassCleanup(cls.collector.close)
        cls.receiver = cls.open(Receiver())
        config = config_of(destination("alpha", cls.receiver.url(), schedule=["200ms"], breaker_failures=0), service=[cls.collector.service()])
        cls.server = cls.begin(Deliverer(config, environment={"COLLECTOR_TOKEN": TOKEN}))

    def tearDown(self):
        self.assertEqual(self.collector.wrong, [])

    def wait_trace(self, event_id, count):
        return wait_until(lambda: (lambda spans: spans if len(spans) >= count else None)(self.collector.trace(event_id)),
                          lambda: f"{self.collector.trace(event_id)} are not {count} spans\n{self.server.tail()}")

    def test_metrics_come_every_interval_and_counters_never_fall(self):
        seen = len(self.collector.metrics)
        wait_until(lambda: len(self.collector.metrics) >= seen + 3, "metrics do not come")
        pushes = self.collector.metrics[seen:]
        for name in ("denrei_delivery_attempts_total", "denrei_delivery_attempt_duration_seconds", "denrei_deliveries_pending"):
            self.assertIn(name, pushes[0])
        for before, after in zip(pushes, pushes[1:]):
            for name in before:
                for old, new in zip(before[name], after.get(name, [])):
                    self.assertLess(int(old["timeUnixNano"]), int(new["timeUnixNano"]))
                    if name.endswith("_total"):
                        self.assertEqual(old["startTimeUnixNano"], new["startTimeUnixNano"])
                        self.assertLessEqual(old["asDouble"], new["asDouble"], name)
        self.assertEqual(service_report(self.server)["state"], "up")

    def test_the_receipt_and_every_attempt_share_a_trace(self):
        key = fresh("traced")
        self.receiver.plan(key, Answer(503), Answer(200))
        event = self.server.send("alpha.made", key)
        receipt, first, second = self.wait_trace(event, 3)
        self.assertEqual((receipt["kind"], first["kind"], second["kind"]), (SERVER, CLIENT, CLIENT))
        self.assertTrue(receipt["name"].startswith("receive "), receipt)
        self.assertEqual((first["name"], second["name"]), ("deliver alpha", "deliver alpha"))
        self.assertNotIn("parentSpanId", receipt)
        self.assertEqual({first["parentSpanId"], second["parentSpanId"]}, {receipt["spanId"]})
        self.assertEqual((first["status"].get("code"), second["status"]), (ERROR, {}))
        delivery = self.server.delivery(event)
        for number, span in enumerate((first, second), 1):
            said = attributes_of(span)
            self.assertEqual((said["denrei.delivery.id"], said["denrei.attempt"], said["denrei.destination"]), (delivery["id"], number, "alpha"))
        self.assertEqual([attributes_of(span)["http.response.status_code"] for span in (first, second)], [503, 200])
        self.assertNotIn(key, str(self.collector.spans), "a key is nobody else's business")

    def test_a_push_that_is_called_bad_is_not_sent_again(self):
        self.collector.status = 400
        before = len(self.collector.receiver.arrivals())
        wait_until(lambda: len(self.collector.receiver.arrivals()) >= before + 2, "nothing is pushed")
        self.collector.status = 200
        wait_until(lambda: "400" in service_report(self.server)["lastError"], "nobody says so")
        seen = len(self.collector.metrics)
        wait_until(lambda: len(self.collector.metrics) > seen, "pushes stop")
        self.assertIsNone(service_report(self.server)["note"])


class Away(unittest.TestCase):
    def test_nothing_that_waited_on_disk_is_lost_over_a_restart(self):
        collector, receiver = Collector(), Receiver().open()
        self.addCleanup(collector.close)
        self.addCleanup(receiver.close)
        config = config_of(destination("alpha", receiver.url()), service=[collector.service()])
        server = Deliverer(config, environment={"COLLECTOR_TOKEN": TOKEN})
        self.addCleanup(server.dispose)
        server.start()
        events = [server.send("alpha.made", fresh("away")) for _ in range(20)]
        note = wait_until(lambda: service_report(server)["note"], lambda: f"no push waits on disk\n{server.tail()}")
        self.assertRegex(note, r"\A\d+ pushes wait on disk")
        self.assertEqual((service_report(server)["state"], service_report(server)["effect"]), ("down", "note"))
        server.restart()
        events += [server.send("alpha.made", fresh("away")) for _ in range(20)]
        for event in events:
            server.wait_state(event, "delivered")
        wait_until(lambda: service_report(server)["note"], "after the restart nothing waits on disk")
        collector.open()
        whole = lambda: [event for event in events if len(collector.trace(event)) == 2]  # noqa: E731
        wait_until(lambda: len(whole()) == len(events), lambda: f"{len(whole())} of {len(events)} traces are there\n{server.tail()}", 30.0)
        wait_until(lambda: service_report(server)["note"] is None, "some pushes still wait on disk")
        self.assertEqual(service_report(server)["state"], "up")
        times = [int(push["denrei_deliveries_pending"][0]["timeUnixNano"]) for push in collector.metrics]
        self.assertEqual(times, sorted(times), "the oldest first")
        self.assertGreaterEqual(len(times), 2)
        self.assertEqual(collector.wrong, [])
        server.stop()
        for word in SANITIZER_WORDS:
            self.assertNotIn(word, server.errors(), server.tail())

    def test_a_collector_that_does_not_answer_holds_nobody_up(self):
        collector, receiver = Collector().open(), Receiver().open()
        self.addCleanup(collector.close)
        self.addCleanup(receiver.close)
        collector.receiver.hold()
        server = Deliverer(config_of(destination("alpha", receiver.url()), service=[collector.service()]), environment={"COLLECTOR_TOKEN": TOKEN})
        self.addCleanup(server.dispose)
        server.start()
        wait_until(lambda: collector.receiver.arrivals(), "nothing is pushed")
        event = server.send("alpha.made", fresh("held"))
        server.wait_state(event, "delivered", seconds=5 * PATIENCE)
        server.terminate()
        self.assertEqual(server.wait_exit(15), 0)
        collector.receiver.release()


if __name__ == "__main__":
    unittest.main()
