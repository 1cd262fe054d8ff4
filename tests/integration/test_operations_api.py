# What operators ask about deliveries, events and metrics; who may ask and hand in, by which method, in which form.
import json
import time
import unittest

from contract import OPERATOR_TOKEN, READER_TOKEN, fresh, parse_iso
from harness import PATIENCE, wait_until
from operations import NOBODY, OperationsCase
from outbound import ADMIN_TOKEN, SENDER_TOKEN, Deliverer, DeliveryCase, config_of, destination, shipped
from receivers import Answer, Receiver

FAMILIES = {"denrei_delivery_attempts_total": "counter", "denrei_delivery_attempt_duration_seconds": "histogram",
            "denrei_delivery_delay_seconds": "histogram", "denrei_deliveries_pending": "gauge",
            "denrei_delivery_attempts_in_flight": "gauge", "denrei_dead_letters": "gauge", "denrei_destination_breaker": "gauge",
            "denrei_destination_disabled": "gauge", "denrei_alerts_total": "counter"}


class Deliveries(OperationsCase):
    def test_the_pending_ones_of_a_destination(self):
        key = fresh("waiting")
        self.receiver.plan(key, Answer(503))
        first_event = self.server.send("waiting.made", key)
        first = self.server.wait_state(first_event, "waiting")
        second = self.server.send("waiting.made", key)
        self.server.wait_state(second, "pending")
        listed = {d["eventId"]: d for d in self.server.pages("/ops/deliveries", state="pending", destination="waiting", key=key)}
        self.assertEqual(set(listed), {first_event, second})
        self.assertEqual((listed[first_event]["state"], listed[second]["state"]), ("waiting", "pending"))
        self.assertEqual(listed[first_event]["attempts"], 1)
        self.assertAlmostEqual(parse_iso(listed[first_event]["due"]), time.time() + 3600, delta=30 * PATIENCE)
        by_event = self.server.pages("/ops/deliveries", state="pending", destination="waiting", event=second)
        self.assertEqual([d["eventId"] for d in by_event], [second])
        shown = self.server.known(f"/ops/deliveries/{first['id']}")
        self.assertEqual((shown["state"], shown["body"], len(shown["history"])), ("waiting", {"key": key}, 1))
        self.assertRegex(shown["why"], "attempt 1 of 2 failed with 503; next at ")

    def test_the_pending_ones_page_by_page(self):
        keys = [fresh("many") for _ in range(9)]
        for key in keys:
            self.receiver.plan(key, Answer(500))
            self.server.wait_state(self.server.send("waiting.made", key), "waiting")
        page = self.server.known("/ops/deliveries", state="pending", destination="waiting", limit=4)
        self.assertEqual(len(page["data"]), 4)
        self.assertGreaterEqual(page["total"], 9)
        found = self.server.pages("/ops/deliveries", state="pending", destination="waiting", limit=4)
        self.assertEqual(len(found), len({delivery["id"] for delivery in found}))
        self.assertLessEqual(set(keys), {delivery["key"] for delivery in found})

    def test_the_delivered_ones_newest_first(self):
        keys = [fresh("done") for _ in range(12)]
        ids = []
        for key in keys:
            ids.append(self.server.send("alpha.made", key))
            self.server.wait_state(ids[-1], "delivered")
        for limit in (1, 5, 100):
            with self.subTest(limit=limit):
                listed = self.server.pages("/ops/deliveries", state="delivered", destination="alpha", limit=limit)
                found = [d["key"] for d in listed if d["key"] in keys]
                self.assertEqual(sorted(found), sorted(keys))
                ended = [parse_iso(d["endedAt"]) for d in listed]
                self.assertTrue(all(a >= b - 0.05 for a, b in zip(ended, ended[1:])), ended)
        one, = self.server.pages("/ops/deliveries", state="delivered", event=ids[3])
        self.assertEqual((one["key"], one["state"], one["lastStatus"]), (keys[3], "delivered", 200))
        self.assertEqual([d["key"] for d in self.server.pages("/ops/deliveries", state="delivered", key=keys[4])], [keys[4]])
        shown = self.server.known(f"/ops/deliveries/{one['id']}")
        self.assertEqual((shown["state"], shown["history"][0]["status"]), ("delivered", 200))
        self.assertNotIn("body", shown)

    def test_wrong_questions(self):
        self.assertEqual(self.wrong_members(self.server.ask("/ops/deliveries")), {"state"})
        self.assertEqual(self.wrong_members(self.server.ask("/ops/deliveries", state="lost")), {"state"})
        self.assertEqual(self.wrong_members(self.server.ask("/ops/deliveries", state="pending")), {"destination"})
        wrong = self.server.ask("/ops/deliveries", state="pending", destination="alpha", event="x", cursor="x", limit=0)
        self.assertEqual(self.wrong_members(wrong), {"event", "cursor", "limit"})
        self.assertEqual(self.wrong_members(self.server.ask("/ops/deliveries", state="delivered", event="evt_1", cursor="1", more="x")),
                         {"event", "cursor", "more"})
        self.check_problem(self.server.ask("/ops/deliveries", state="pending", destination="nowhere"), 404)
        self.check_problem(self.server.ask(f"/ops/deliveries/{NOBODY}"), 404)
        self.check_problem(self.server.ask("/ops/deliveries/evt_1"), 404)

    def test_an_event_that_is_not_there(self):
        for name in ("evt_" + "0" * 32, "evt_1", "nothing"):
            response = self.server.get(f"/api/events/{name}", OPERATOR_TOKEN)
            self.check_problem(response, 404)

    def test_metrics_tell_of_deliveries(self):
        before, key = self.server.metrics(), fresh("counted")
        self.bury("beta")
        self.server.wait_state(self.server.send("beta.made", key), "delivered")
        text = self.server.ops("/metrics").body.decode()
        after = self.server.metrics()
        for result, more in (("delivered", 1), ("given_up", 1), ("retried", 0)):
            name = f'denrei_delivery_attempts_total{{destination="beta",result="{result}"}}'
            self.assertEqual(after[name] - before[name], more, name)
        for name in ('denrei_delivery_delay_seconds_count{destination="beta"}', 'denrei_dead_letters{destination="beta"}'):
            self.assertEqual(after[name] - before[name], 1, name)
        for name, kind in FAMILIES.items():
            self.assertIn(f"# TYPE {name} {kind}\n", text)
            self.assertIn(f"# HELP {name} ", text)
        self.assertNotIn(key, text)


class Access(DeliveryCase):
    """Who may, by which method, in which form."""

    @classmethod
    def setUpClass(cls):
        cls.receiver = cls.open(Receiver())
        cls.server = cls.begin(Deliverer(config_of(destination("one", cls.receiver.url()))))
        cls.event = cls.server.send("one.made", "k")
        delivery = cls.server.wait_state(cls.event, "delivered")["id"]
        cls.questions = ["/ops/destinations", "/ops/destinations/one", "/ops/deliveries?state=delivered", f"/ops/deliveries/{delivery}",
                         "/ops/dead-letters", f"/ops/dead-letters/{NOBODY}", "/ops/jobs", "/ops/jobs/job_1", "/ops/audit"]
        cls.orders = ["/ops/destinations/one/enable", "/ops/destinations/one/disable", f"/ops/dead-letters/{NOBODY}/resend",
                      f"/ops/dead-letters/{NOBODY}/discard", "/ops/dead-letters/resend", "/ops/dead-letters/discard", "/ops/jobs/job_1/cancel"]

    def test_only_operators_and_admins(self):
        for token in (None, "x", READER_TOKEN, SENDER_TOKEN, OPERATOR_TOKEN[:-1], OPERATOR_TOKEN + "x", OPERATOR_TOKEN.upper()):
            for path in self.questions:
                with self.subTest(path=path, token=token):
                    response = self.server.ask(path, token=token)
                    self.check_problem(response, 401)
                    self.assertEqual(response.header("WWW-Authenticate"), "Bearer")
            for path in self.orders:
                with self.subTest(path=path, token=token):
                    self.check_problem(self.server.order(path, {"reason": "x", "filter": {}, "all": True}, token=token), 401)
        for token in (OPERATOR_TOKEN, ADMIN_TOKEN):
            for path in self.questions:
                with self.subTest(path=path, token=token):
                    self.assertIn(self.server.ask(path, token=token).status, (200, 404))
        self.assertIs(self.server.report("one")["disabled"], False)
        self.assertEqual(self.server.known("/ops/jobs")["data"], [])

    def test_other_methods_are_405_and_say_which_one(self):
        for path in self.questions:
            with self.subTest(path=path):
                response = self.server.order(path, {})
                self.check_problem(response, 405)
                self.assertEqual(response.header("Allow"), "GET, HEAD")
        for path in self.orders:
            with self.subTest(path=path):
                response = self.server.ask(path)
                self.check_problem(response, 405)
                self.assertEqual(response.header("Allow"), "POST")

    def test_other_paths_are_404(self):
        for path in ("/ops", "/ops/", "/ops/destinations/", "/ops/destinations/one/restart", "/ops/dead-letters/x/y/z", "/ops/jobs/x/y",
                     "/ops/destination", "/ops/audit/1", "/ops/events"):
            with self.subTest(path=path):
                self.assertEqual(self.server.ask(path).status, 404)

    def test_answers_are_not_kept_by_anyone(self):
        for path in self.questions:
            response = self.server.ask(path)
            self.assertEqual(response.header("Cache-Control"), "no-store", path)
            self.assertTrue(response.header("X-Request-Id"), path)

    def test_the_orders_are_not_on_the_public_listener(self):
        for path in self.questions + self.orders:
            self.assertEqual(self.server.get(path, OPERATOR_TOKEN).status, 404, path)

    # --- handing in

    def test_who_may_hand_in_and_who_may_ask_about_it(self):
        for token, status in ((SENDER_TOKEN, 202), (OPERATOR_TOKEN, 202), (ADMIN_TOKEN, 202), (READER_TOKEN, 401), (None, 401), ("x", 401)):
            with self.subTest(token=token):
                response = self.server.hand_in("one.made", fresh("k"), token=token)
                self.assertEqual(response.status, status, response)
                if status == 401:
                    self.check_problem(response, 401)
                    self.assertEqual(response.header("WWW-Authenticate"), "Bearer")
                asked = self.server.get(f"/api/events/{self.event}", token)
                self.assertEqual(asked.status, 200 if token in (OPERATOR_TOKEN, ADMIN_TOKEN) else 401, asked)
        for method in ("PUT", "DELETE", "GET"):
            response = self.server.request(method, "/api/events", {"Authorization": f"Bearer {OPERATOR_TOKEN}"})
            self.check_problem(response, 405)
            self.assertEqual(response.header("Allow"), "POST")

    def test_what_is_handed_in_has_a_form(self):
        good = {"type": "one.made", "key": "k", "payload": {}}
        wrong = {"type": ["", "x" * 129, 5], "key": ["", "k" * 257, "鍵" * 100, 5], "payload": [[], None, "{}"], "id": ["", 7]}
        cases = [(good | {field: value}, field) for field, values in wrong.items() for value in values]
        cases += [({name: value for name, value in good.items() if name != field}, field) for field in good]
        for body, field in cases:
            with self.subTest(body=str(body)[:60], field=field):
                problem = self.check_problem(self.post(body), 400)
                self.assertEqual([error["field"] for error in problem["errors"]], [field])
        self.check_problem(self.post(b'{"type":'), 400)
        self.check_problem(self.post(b"[]"), 400)
        self.check_problem(self.post({**good, "payload": {"x": "x" * 1_100_000}}), 413)
        self.check_problem(self.server.hand_in("one.made", "k", headers={"Content-Type": "text/plain"}), 415)

    def post(self, body):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.server.request("POST", "/api/events", {"Content-Type": "application/json", "Authorization": f"Bearer {SENDER_TOKEN}"}, raw)

    def test_what_is_handed_in_twice(self):
        identity = fresh("id")
        first = self.server.hand_in("one.made", "k", {"n": 1}, id=identity)
        again = self.server.hand_in("one.made", "k", {"n": 2}, id=identity)       # another body: the first one wins
        self.assertEqual((again.status, again.body, again.header("Idempotent-Replayed")), (202, first.body, "true"))
        self.assertIsNone(first.header("Idempotent-Replayed"))
        self.assertRegex(first.json()["id"], r"\Aevt_[0-9a-f]{32}\Z")
        self.server.wait_state(first.json()["id"], "delivered")
        self.assertEqual(self.server.event(first.json()["id"])["body"], {"n": 1})
        key = {"Idempotency-Key": fresh("key")}
        by_key = [self.server.hand_in("one.made", "k", {"n": 3}, headers=key) for _ in range(2)]
        self.assertEqual(by_key[0].body, by_key[1].body)
        self.assertEqual(by_key[1].header("Idempotent-Replayed"), "true")
        alike = {self.server.hand_in("one.made", "k", {"n": 4}).json()["id"] for _ in range(3)}
        self.assertEqual(len(alike), 3, "without an id every request is an event of its own")

    def test_without_tokens_the_paths_do_not_exist(self):
        server = Deliverer(config_of(destination("one", self.receiver.url())), tokens={"DENREI_READER_TOKEN": READER_TOKEN})
        self.addCleanup(server.dispose)
        server.start()
        self.assertEqual(server.hand_in("one.made", "k", token=READER_TOKEN).status, 404)
        self.assertEqual(server.ask("/ops/destinations", token=READER_TOKEN).status, 401)
        self.assertEqual(server.ask("/ops/destinations", token="").status, 401)
        server.stop()


class Shipped(DeliveryCase):
    def test_as_it_is_shipped_it_starts_and_says_which_destinations_are_off(self):
        server = self.begin(Deliverer(shipped()))
        wait_until(lambda: b"records-stats is off" in server.output(), server.tail)
        said = server.output().decode()
        for name in ("voicedrive-employee", "voicedrive-acknowledgement", "voicedrive-analytics", "records-stats"):
            self.assertIn(f"destination {name} is off", said)
        self.assertEqual(server.known("/ops/destinations"), {"data": [], "next": None, "total": 0})
        self.assertIn("no route matches", server.event(server.send("employee.created", "k"))["why"])


if __name__ == "__main__":
    unittest.main()
