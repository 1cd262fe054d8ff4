# Alert rules: they fire once and resolve once, over restarts and kills, are listed, acknowledged and silenced.
import json
import os
import subprocess
import unittest

import contract
from contract import ANALYTICS, OPERATOR_TOKEN, analytics
from harness import BINARY, wait_until
from outbound import LOCAL, Deliverer, DeliveryCase, shipped
from receivers import Answer, Receiver

RULE = {"name", "measure", "over", "comparison", "threshold", "window", "for", "severity", "channels", "state", "since", "value", "valueText",
        "incident", "acknowledged", "acknowledgedBy", "silencedUntil", "silencedBy", "silenceReason", "descriptionJa", "descriptionEn"}
INCIDENT = {"id", "rule", "firedAt", "resolvedAt", "value", "acknowledgedBy", "acknowledgedAt", "note"}
WINDOW = 4      # seconds; PATIENCE does not stretch it


def watching(slack, window=f"{WINDOW}s"):
    """The analytics source of the shipped configuration, and rules that look at it through a short window."""
    source = [source for source in shipped()["source"] if source["name"] == "analytics"]
    channel = {"name": "ops", "kind": "slack", "secret": "IT_SLACK_URL", "allow": LOCAL["allow"]}
    rule = {"over": "source:analytics", "window": window, "channels": ["ops"]}
    config = {"source": source, "channel": [channel],
              "alert": [{"name": "signatures", "measure": "signature_failures", "threshold": 1, "severity": "critical"} | rule,
                        {"name": "errors", "measure": "error_notifications", "threshold": "10%"} | rule | {"channels": []}]}
    return Deliverer(config, environment={"IT_SLACK_URL": slack.url("/services/T/B/x")})


class AlertRules(DeliveryCase):
    """Each test has a gateway of its own, because it restarts it or waits for windows."""

    def setUp(self):
        self.slack = Receiver(default=Answer(200, b"ok")).open()
        self.addCleanup(self.slack.close)
        self.start()

    def start(self, **options):
        self.server = watching(self.slack, **options)
        self.addCleanup(self.server.dispose)
        self.server.start()
        wait_until(lambda: self.server.ask("/ops/alerts").status == 200, self.server.tail)

    def forge(self):
        response = self.server.post(ANALYTICS, analytics(), signature="0" * 64)
        self.assertEqual(response.status, 401, response)

    def rule(self, name="signatures"):
        return self.server.known(f"/ops/alerts/{name}")

    def wait_rule(self, state, name="signatures"):
        def there():
            answer = self.server.ask(f"/ops/alerts/{name}")
            return answer.json() if answer.status == 200 and answer.json()["state"] == state else None
        return wait_until(there, lambda: f"{name} is not {state}\n{self.server.tail()}")

    def order(self, what, body=None):
        answer = self.server.order(f"/ops/alerts/signatures/{what}", body)
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def texts(self):
        return [arrival.json()["text"] for arrival in self.slack.arrivals()]

    def test_a_bad_signature_fires_once_and_resolves_once(self):
        self.assertEqual(self.rule()["state"], "quiet")
        self.forge()
        self.slack.wait_for(1)
        firing = self.wait_rule("firing")
        self.assertEqual(set(firing) - {"history"}, RULE)
        self.assertEqual(set(firing["incident"]), INCIDENT)
        self.assertEqual(firing["descriptionEn"], f"source analytics: signature failures at least 1 within {WINDOW}s")
        self.assertIn("署名検証", self.texts()[0])
        self.assertIn(f"signatures #{firing['incident']['id']}", self.texts()[0])
        listed = self.server.known("/ops/alerts")
        self.assertEqual([rule["name"] for rule in listed["rules"]], ["signatures", "errors"])
        self.assertEqual([rule["name"] for rule in listed["firing"]], ["signatures"])
        self.assertEqual(self.server.metrics()['denrei_alert_firing{rule="signatures"}'], 1)
        self.forge()
        self.wait_rule("quiet")
        self.slack.wait_for(2)
        self.assertIn("解消", self.texts()[1])
        past = self.server.known("/ops/alerts")["history"]
        self.assertEqual([incident["id"] for incident in past], [firing["incident"]["id"]])
        self.assertTrue(past[0]["resolvedAt"])
        self.assertEqual(self.server.metrics()['denrei_alert_firing{rule="signatures"}'], 0)
        self.server.restart()
        self.wait_rule("quiet")
        self.assertEqual(len(self.slack.arrivals()), 2)
        self.assertEqual(len(self.server.known("/ops/alerts")["history"]), 1)
        self.server.stop()

    def test_a_firing_rule_lives_through_kill_9_and_is_not_told_twice(self):
        self.forge()
        self.slack.wait_for(1)
        self.order("acknowledge", {"by": "tanaka", "note": "調査中"})
        self.server.kill9()
        self.server.start()
        firing = self.wait_rule("firing")
        self.assertEqual((firing["acknowledgedBy"], firing["incident"]["note"]), ("tanaka", "調査中"))
        self.wait_rule("quiet")
        self.slack.wait_for(2)
        self.assertIn("解消", self.texts()[1])
        self.server.stop()
        self.assertEqual(len(self.slack.arrivals()), 2)

    def test_what_the_channel_has_not_taken_is_told_after_a_kill(self):
        self.slack.hold()
        self.forge()
        first = self.slack.wait_for(1)[0]
        self.wait_rule("firing")
        self.server.kill9()
        self.slack.release()
        self.server.start()
        again = self.slack.wait_for(2)[1]
        self.assertEqual(again.json()["text"], first.json()["text"])
        self.wait_rule("quiet")
        self.server.stop()

    def test_a_silenced_rule_is_told_when_its_silence_is_lifted(self):
        self.server.stop()
        self.start(window="1h")
        silenced = self.order("silence", {"for": "2h", "reason": "保守作業"})
        self.assertEqual((silenced["silencedBy"], silenced["silenceReason"]), ("operator", "保守作業"))
        self.forge()
        self.wait_rule("firing")
        self.server.restart()
        self.assertEqual(self.wait_rule("firing")["silenceReason"], "保守作業")
        self.assertEqual(self.slack.arrivals(), [])
        self.order("unsilence")
        self.slack.wait_for(1)
        self.server.stop()

    def test_a_share_of_notifications_ends_with_better_ones(self):
        for _ in range(2):
            self.assertEqual(self.server.post(ANALYTICS, analytics("error")).status, 200)
        self.assertEqual(self.wait_rule("firing", "errors")["value"], 100)
        wait_until(lambda: self.rule("errors")["value"] is None, self.server.tail)
        self.assertEqual(self.rule("errors")["state"], "firing", "silence is not the end of it")
        self.assertEqual(self.server.post(ANALYTICS, analytics("success")).status, 200)
        self.wait_rule("quiet", "errors")
        self.assertEqual(self.slack.arrivals(), [], "it has no channel")
        self.server.stop()

    def test_wrong_orders_are_explained(self):
        self.check_problem(self.server.order("/ops/alerts/signatures/acknowledge"), 409)
        self.check_problem(self.server.order("/ops/alerts/signatures/silence", {"for": "2h"}), 400, "reason")
        self.check_problem(self.server.order("/ops/alerts/signatures/silence", {"for": "soon", "reason": "x"}), 400, "30d")
        self.check_problem(self.server.ask("/ops/alerts/nobody"), 404, "nobody")
        for token in (None, contract.READER_TOKEN):
            self.check_problem(self.server.ask("/ops/alerts", token=token), 401)
        self.server.stop()

    def test_the_command_line_lists_and_acknowledges(self):
        def denrei(*words):
            environment = {"PATH": os.environ.get("PATH", ""), "DENREI_OPERATOR_TOKEN": OPERATOR_TOKEN}
            done = subprocess.run([BINARY, "alerts", *words, "--ops-url", f"http://127.0.0.1:{self.server.ops_port}"], env=environment,
                                  capture_output=True, text=True, timeout=30, check=False)
            self.assertEqual(done.returncode, 0, done)
            return done.stdout
        self.forge()
        self.wait_rule("firing")
        self.assertRegex(denrei(), r"(?m)^signatures +firing ")
        self.assertRegex(denrei("acknowledge", "signatures", "--note", "looking"), r"acknowledgedBy +operator")
        self.assertEqual(json.loads(denrei("list", "--json"))["firing"][0]["incident"]["note"], "looking")
        self.assertIn("silenced until", denrei("silence", "signatures", "--for", "2h", "--reason", "x") and denrei("list"))
        denrei("unsilence", "signatures")
        self.server.stop()


if __name__ == "__main__":
    unittest.main()
