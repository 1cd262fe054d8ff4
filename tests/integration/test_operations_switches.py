# Destinations switched off and on, over restarts and kills; the audit of it; and SIGTERM in the middle of a delivery.
import time
import unittest

from contract import fresh, parse_iso
from harness import PATIENCE, wait_until
from outbound import ADMIN_TOKEN, Deliverer, DeliveryCase, config_of, destination
from receivers import Answer, Receiver

REPORT = {"name", "url", "order", "disabled", "disabledSince", "disabledReason", "breaker", "pending", "lanes", "blockedLanes", "inFlight",
          "dead", "delivered", "failedAttempts", "givenUp", "nextDue", "lastSuccess", "lastFailure", "lastFailureText"}


class Switches(DeliveryCase):
    """Destinations off and on; each test has a gateway of its own, because it restarts it."""

    def setUp(self):
        self.receiver = Receiver().open()
        self.addCleanup(self.receiver.close)
        self.server = Deliverer(config_of(destination("one", self.receiver.url()), destination("two", self.receiver.url())))
        self.addCleanup(self.server.dispose)
        self.server.start()

    def switch(self, name, what, body=None, **more):
        answer = self.server.order(f"/ops/destinations/{name}/{what}", body, **more)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(set(answer.json()), REPORT)
        return answer.json()

    def test_destinations_are_listed_and_shown(self):
        listed = self.server.known("/ops/destinations")
        self.assertEqual([report["name"] for report in listed["data"]], ["one", "two"])
        self.assertEqual((listed["next"], listed["total"]), (None, 2))
        for report in listed["data"]:
            self.assertEqual(set(report), REPORT)
            self.assertEqual((report["url"], report["order"], report["disabled"], report["breaker"]),
                             (self.receiver.url(), "fifo_by_key", False, "closed"))
        self.server.wait_state(self.server.send("one.made", "k"), "delivered")
        report = self.server.report("one")
        self.assertEqual((report["delivered"], report["pending"], report["failedAttempts"]), (1, 0, 0))
        self.assertLess(abs(parse_iso(report["lastSuccess"]) - time.time()), 10 * PATIENCE)
        problem = self.check_problem(self.server.ask("/ops/destinations/three"), 404)
        self.assertIn("one, two", problem["detail"])
        for what in ("enable", "disable"):
            self.check_problem(self.server.order(f"/ops/destinations/three/{what}", {"reason": "x"}), 404)
        self.assertEqual(self.server.ask("/ops/destinations", limit=1).status, 400)
        self.server.stop()

    def test_a_disabled_destination_keeps_its_events_over_a_restart_and_replays_them(self):
        for body in (None, {"reason": ""}, {"reason": "x" * 501}, {"reason": 5}):
            self.assertEqual(self.server.order("/ops/destinations/one/disable", body).status, 400, body)
        off = self.switch("one", "disable", {"reason": "保守作業のため"})
        self.assertEqual((off["disabled"], off["disabledReason"]), (True, "保守作業のため"))
        self.assertEqual(self.switch("one", "disable", {"reason": "another"})["disabledReason"], "保守作業のため")
        ids = [self.server.send("one.made", f"k{n % 3}", {"n": n}) for n in range(9)]
        self.server.wait_state(self.server.send("two.made", "k"), "delivered")
        self.assertIn("保守作業のため", self.server.wait_state(ids[8], "pending")["why"])
        self.server.restart()
        on_again = self.server.wait_report("one", pending=9)
        for name in ("disabled", "disabledReason", "disabledSince"):
            self.assertEqual(on_again[name], off[name], name)
        self.server.kill9()
        self.server.start()
        self.server.wait_report("one", pending=9, disabled=True)
        self.server.wait_state(self.server.send("two.made", "k"), "delivered")
        self.assertEqual(len(self.receiver.arrivals()), 2, "only the other destination's")
        self.assertEqual(self.server.metrics()['denrei_destination_disabled{destination="one"}'], 1)
        self.switch("one", "enable", {"reason": "fertig"}, token=ADMIN_TOKEN)
        for event_id in ids:
            self.server.wait_state(event_id, "delivered")
        for key in range(3):
            came = [a.json()["n"] for a in self.receiver.arrivals() if "n" in a.json() and a.json()["n"] % 3 == key]
            self.assertEqual(came, [key, key + 3, key + 6])
        said = [(e["action"], e["by"], e.get("reason")) for e in self.server.audit(destination="one") if e["action"].startswith("destination")]
        self.assertEqual(said, [("destination_enabled", "admin", "fertig"), ("destination_disabled", "operator", "保守作業のため")])
        self.server.restart()
        self.assertIs(self.server.wait_report("one", pending=0)["disabled"], False)
        self.server.stop()

    def test_a_long_queue_is_found_again_in_its_order(self):
        self.switch("one", "disable", {"reason": "for a while"})
        events = [("one.made", f"k{n % 60}", {"n": n, "key": f"k{n % 60}"}) for n in range(1500)]      # more than one page of the outbox
        self.server.send_many(events)
        self.server.wait_report("one", pending=1500)
        self.server.kill9()
        self.server.start()
        self.server.wait_report("one", pending=1500, lanes=60, disabled=True)
        self.switch("one", "enable")
        arrivals = self.receiver.wait_for(1500, seconds=30)
        for lane in range(60):
            mine = [arrival for arrival in arrivals if arrival.json()["n"] % 60 == lane]
            self.assertEqual([arrival.json()["n"] for arrival in mine], list(range(lane, 1500, 60)))
            self.assertEqual([arrival.sequence for arrival in mine], list(range(1, 26)))
        self.server.wait_report("one", pending=0, dead=0)
        self.server.stop()

    def test_to_enable_what_is_enabled_changes_nothing(self):
        self.assertIs(self.switch("one", "enable")["disabled"], False)
        self.assertEqual(self.server.audit("destination_enabled"), [])
        self.server.stop()

    def test_an_attempt_under_way_ends_as_it_would(self):
        self.receiver.hold()
        first, second = self.server.send("one.made", "k"), self.server.send("one.made", "k")
        self.receiver.wait_for(1)
        self.switch("one", "disable", {"reason": "now"})
        self.receiver.release()
        self.server.wait_state(first, "delivered")
        self.server.wait_report("one", pending=1, inFlight=0)
        self.assertEqual(len(self.receiver.arrivals()), 1)
        self.switch("one", "enable")
        self.server.wait_state(second, "delivered")
        self.server.stop()

    def test_a_destination_that_was_taken_out_keeps_its_deliveries_until_it_is_back(self):
        self.switch("one", "disable", {"reason": "moving"})
        event_id = self.server.send("one.made", "k")
        self.server.wait_state(event_id, "pending")
        whole = self.server.config
        self.server.stop()
        self.server.configure(config_of(destination("two", self.receiver.url())))
        self.server.start()
        self.assertEqual([report["name"] for report in self.server.known("/ops/destinations")["data"]], ["two"])
        self.server.stop()
        self.server.configure(whole)
        self.server.start()
        self.server.wait_report("one", pending=1, disabled=True)
        self.switch("one", "enable")
        self.server.wait_state(event_id, "delivered")
        self.server.stop()

    def test_the_audit_is_read_newest_first_page_by_page(self):
        for n in range(7):
            self.switch("one", "disable", {"reason": f"number {n}"})
            self.switch("one", "enable")

        def reasons(limit):
            return [entry["reason"] for entry in self.server.pages("/ops/audit", limit=limit) if entry["action"] == "destination_disabled"]

        wait_until(lambda: len(reasons(1000)) == 7, self.server.tail)
        for limit in (1, 3, 100):
            self.assertEqual(reasons(limit), [f"number {n}" for n in reversed(range(7))])
        self.assertEqual(self.server.ask("/ops/audit", cursor="x").status, 400)
        self.assertEqual(self.server.ask("/ops/audit", destination="one").status, 400, "it has no filters yet, and says so")
        self.server.stop()


class Stop(DeliveryCase):
    """SIGTERM in the middle of a delivery."""

    def setUp(self):
        self.receiver = Receiver().open()
        self.addCleanup(self.receiver.close)
        self.server = Deliverer(config_of(destination("one", self.receiver.url(), concurrency=8)))
        self.addCleanup(self.server.dispose)
        self.server.start()

    def test_a_stop_under_load_repeats_nothing_and_the_rest_follows_after_the_start(self):
        keys = [fresh("k") for _ in range(20)]
        self.receiver.default = Answer(after=0.01)
        self.server.send_many([("one.made", key, {"key": key, "n": n}) for n in range(30) for key in keys])
        wait_until(lambda: len(self.receiver.arrivals()) >= 100, self.server.tail)
        self.server.stop(10)
        before = len(self.receiver.arrivals())
        self.assertLess(before, 600)
        self.server.start()
        arrivals = self.receiver.wait_for(600, seconds=30)
        self.server.wait_report("one", pending=0, dead=0)
        self.server.stop()
        self.assertEqual(len({arrival.id for arrival in arrivals}), 600)
        self.assertEqual(len(self.receiver.arrivals()), 600)
        for key in keys:
            self.assertEqual([a.json()["n"] for a in arrivals if a.json()["key"] == key], list(range(30)))

    def test_attempts_under_way_are_waited_for(self):
        self.receiver.hold()
        ids = [self.server.send("one.made", key) for key in ("a", "a", "b")]
        self.receiver.wait_for(2)
        self.server.terminate()
        wait_until(lambda: self.server.readiness() != 200, "still ready")
        self.receiver.release()
        self.assertEqual(self.server.wait_exit(10), 0, self.server.tail())
        self.assertEqual(len(self.receiver.arrivals()), 2)
        self.server.start()
        for event_id in ids:
            self.assertEqual(self.server.wait_state(event_id, "delivered")["attempts"], 1)
        self.assertEqual(len(self.receiver.arrivals()), 3)
        self.server.stop()

    def test_a_receiver_that_never_answers_does_not_hold_up_the_end(self):
        self.receiver.hold()
        event_id = self.server.send("one.made", "k")
        first = self.receiver.wait_for(1)[0]
        started = time.monotonic()
        self.server.stop(15)
        self.assertLess(time.monotonic() - started, 9 * PATIENCE)
        self.receiver.release()
        self.server.start()
        self.assertEqual(self.server.wait_state(event_id, "delivered")["id"], first.id)
        self.server.stop()


if __name__ == "__main__":
    unittest.main()
