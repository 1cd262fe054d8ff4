# Dead letters: listed, filtered, shown, sent again, discarded; one by one and by jobs that are previewed, watched and cancelled.
import threading
import time
import unittest

from contract import fresh, iso, parse_iso
from harness import PATIENCE, wait_until
from operations import NOBODY, OperationsCase
from outbound import ADMIN_TOKEN
from receivers import Answer

JOB = {"id", "kind", "state", "filter", "by", "startedAt", "endedAt", "matching", "handled", "delivered", "failedAgain", "outstanding",
       "cancelled", "why"}


class DeadLetters(OperationsCase):
    def test_a_dead_letter_is_listed_with_what_happened(self):
        before = time.time()
        delivery = self.bury(status=404)
        listed, = self.server.dead_letters(key=delivery["key"])
        expected = {"id": delivery["id"], "eventId": delivery["eventId"], "destination": "alpha", "route": "alpha", "source": "api",
                    "type": "alpha.made", "sequence": 1, "state": "dead", "attempts": 1, "lastStatus": 404, "reason": "given_up"}
        self.assertEqual({name: listed[name] for name in expected}, expected)
        self.assertLess(abs(parse_iso(listed["endedAt"]) - before), 5 * PATIENCE)
        self.assertNotIn("body", listed)

    def test_the_list_is_read_page_by_page(self):
        kind = fresh("paged")
        made = {self.bury(name, kind=kind)["id"] for name in ("alpha", "beta") * 5}
        first = self.server.known("/ops/dead-letters", limit=3)
        self.assertEqual(len(first["data"]), 3)
        self.assertGreaterEqual(first["total"], 10)
        for name in ("alpha", "beta"):
            for limit in (1, 2, 5, 1000):
                with self.subTest(name=name, limit=limit):
                    found = self.ids(type=f"{name}.{kind}", limit=limit)
                    self.assertEqual(len(found), 5)
                    self.assertEqual(len(set(found) & made), 5)
        self.assertEqual(self.ids(limit=1), self.ids(limit=1000), "the order does not depend on the page")
        self.assertEqual(self.ids(), [d["id"] for d in self.server.pages("/ops/deliveries", state="dead")])

    def test_filters(self):
        key = fresh("filtered")
        wanted = self.bury("alpha", 422, key=key)
        other = self.bury("beta", 500, key=key)
        refused = self.server.wait_state(self.server.send("closed.made", key), "dead")
        everything = {wanted["id"], other["id"], refused["id"]}
        cases = [({"destination": "alpha"}, {wanted["id"]}), ({"destination": "beta"}, {other["id"]}), ({"type": "alpha.made"}, {wanted["id"]}),
                 ({"reason": "given_up"}, {wanted["id"]}), ({"reason": "exhausted"}, {other["id"], refused["id"]}),
                 ({"status": 422}, {wanted["id"]}), ({"status": 0}, {refused["id"]}), ({"status": 418}, set()),
                 ({"since": wanted["endedAt"]}, everything), ({"until": wanted["endedAt"]}, {wanted["id"]}),
                 ({"since": iso(time.time() + 60)}, set()), ({"until": "2025-01-01T00:00:00+09:00"}, set()),
                 ({"reason": "exhausted", "status": 500, "destination": "beta"}, {other["id"]}), ({}, everything)]
        for query, expected in cases:
            with self.subTest(query=query):
                self.assertEqual(set(self.ids(key=key, **query)), expected)
                self.assertEqual(self.server.known("/ops/dead-letters", key=key, **query)["total"], len(expected))

    def test_a_wrong_question_names_everything_that_is_wrong(self):
        response = self.server.ask("/ops/dead-letters", limit=0, reason="bored", status="many", since="yesterday", cursor="zzz", colour="red")
        self.assertEqual(self.wrong_members(response), {"limit", "reason", "status", "since", "cursor", "colour"})
        for wrong in ({"limit": 1001}, {"limit": ""}, {"limit": "ten"}, {"limit": -1}):
            with self.subTest(wrong=wrong):
                self.assertEqual(self.wrong_members(self.server.ask("/ops/dead-letters", **wrong)), {"limit"})

    def test_one_is_shown_with_its_attempts_its_body_and_why(self):
        payload = {"name": "山田 太郎", "n": 1.5}
        key = fresh("shown")
        self.receiver.plan(key, Answer(422, "{\"error\":\"だめです\"}".encode(), headers=(("X-Case", "7"),)))
        event_id = self.server.send("alpha.made", key, {"key": key} | payload)
        delivery = self.server.wait_state(event_id, "dead")
        shown = self.server.known(f"/ops/dead-letters/{delivery['id']}")
        self.assertEqual(shown["body"], {"key": key} | payload)
        attempt, = shown["history"]
        self.assertEqual((attempt["number"], attempt["status"], attempt["address"]), (1, 422, "127.0.0.1"))
        self.assertEqual(attempt["answer"]["body"], "{\"error\":\"だめです\"}")
        self.assertIn("X-Case: 7", attempt["answer"]["headers"])
        self.assertGreater(attempt["timing"]["totalMs"], 0)
        self.assertRegex(shown["why"], "given up .* 422")
        self.assertRegex(shown["whyJa"], "断念")
        self.assertEqual(self.server.known(f"/ops/deliveries/{delivery['id']}"), shown)

    def test_what_is_not_there_is_404(self):
        done = self.server.wait_state(self.server.send("alpha.made", fresh("fine")), "delivered")
        for name in (NOBODY, "dlv_1", "nothing", done["id"]):
            with self.subTest(name=name):
                self.check_problem(self.server.ask(f"/ops/dead-letters/{name}"), 404)
                self.check_problem(self.server.order(f"/ops/dead-letters/{name}/resend"), 404)
                self.check_problem(self.server.order(f"/ops/dead-letters/{name}/discard", {"reason": "x"}), 404)

    def test_one_is_sent_again(self):
        delivery = self.bury()
        answer = self.server.order(f"/ops/dead-letters/{delivery['id']}/resend", {})
        self.assertEqual((answer.status, answer.json()), (202, {"id": delivery["id"], "state": "pending"}))
        done = self.server.wait_state(delivery["eventId"], "delivered")
        self.assertEqual((done["attempts"], done["resends"], [a["status"] for a in done["history"]]), (2, 1, [400, 200]))
        first, second = self.receiver.arrivals(delivery["key"])
        self.assertEqual((first.id, first.sequence, first.body), (second.id, second.sequence, second.body))
        self.assertEqual(self.ids(key=delivery["key"]), [])
        entry, = self.server.audit("delivery_resent", deliveryId=delivery["id"])
        self.assertEqual(entry["by"], "operator")
        self.check_problem(self.server.order(f"/ops/dead-letters/{delivery['id']}/resend"), 404)

    def test_one_that_fails_again_is_dead_again_with_its_whole_history(self):
        delivery = self.bury()
        self.receiver.plan(delivery["key"], Answer(403))
        self.assertEqual(self.server.order(f"/ops/dead-letters/{delivery['id']}/resend").status, 202)
        wait_until(lambda: [d["attempts"] for d in self.server.dead_letters(key=delivery["key"])] == [2], self.server.tail)
        again, = self.server.dead_letters(key=delivery["key"])
        self.assertEqual((again["id"], again["resends"], again["lastStatus"]), (delivery["id"], 1, 403))
        self.assertEqual([a["status"] for a in self.server.known(f"/ops/dead-letters/{again['id']}")["history"]], [400, 403])

    def test_one_is_discarded_with_a_reason(self):
        delivery = self.bury()
        path = f"/ops/dead-letters/{delivery['id']}/discard"
        for body in (None, {}, {"reason": ""}, {"reason": 7}, {"reason": "x" * 501}, {"reason": None}):
            with self.subTest(body=body):
                self.assertEqual(self.wrong_members(self.server.order(path, body)), {"reason"})
        self.assertEqual(self.wrong_members(self.server.order(path, {"reason": "x", "force": True})), {"force"})
        answer = self.server.order(path, {"reason": "届け先は退職しました"}, token=ADMIN_TOKEN)
        self.assertEqual((answer.status, answer.json()), (200, {"id": delivery["id"], "state": "discarded"}))
        self.assertEqual(self.ids(key=delivery["key"]), [])
        self.check_problem(self.server.order(path, {"reason": "x"}), 404)
        entry, = self.server.audit("delivery_discarded", deliveryId=delivery["id"])
        self.assertEqual((entry["by"], entry["reason"]), ("admin", "届け先は退職しました"))
        self.assertEqual(self.server.event(delivery["eventId"])["deliveries"], [])
        self.check_problem(self.server.ask(f"/ops/deliveries/{delivery['id']}"), 404)

    def test_of_many_operators_at_once_one_is_first(self):
        delivery = self.bury()
        answers = []

        def press():
            answers.append(self.server.order(f"/ops/dead-letters/{delivery['id']}/resend").status)
        threads = [threading.Thread(target=press) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.server.wait_state(delivery["eventId"], "delivered")
        self.assertEqual(answers.count(202), 1, answers)
        self.assertEqual(set(answers) - {202, 404, 409}, set())
        self.assertEqual(len(self.receiver.arrivals(delivery["key"])), 2)

    def test_orders_must_be_json(self):
        delivery = self.bury()
        path = f"/ops/dead-letters/{delivery['id']}/discard"
        self.check_problem(self.server.order(path, b'{"reason":'), 400)
        self.check_problem(self.server.order(path, b'["reason"]'), 400)
        self.check_problem(self.server.order(path, b'{"reason":"x"}', headers={"Content-Type": "text/plain"}), 415)
        self.check_problem(self.server.order(path, b'{"reason":"' + b"x" * 2_000_000 + b'"}'), 413)
        self.assertEqual(self.ids(key=delivery["key"]), [delivery["id"]])


class Jobs(OperationsCase):
    def test_a_preview_counts_and_changes_nothing(self):
        kind = fresh("preview")
        letters = [self.bury("slow", kind=kind) for _ in range(3)]
        preview = self.server.order("/ops/dead-letters/resend", {"filter": {"type": f"slow.{kind}"}, "preview": True})
        self.assertEqual(preview.status, 200, preview)
        self.assertEqual(preview.json(), {"matching": 3, "byDestination": {"slow": 3}, "estimatedSeconds": 1})
        self.bury("beta", kind=kind)
        preview = self.server.order("/ops/dead-letters/discard", {"filter": {"since": letters[0]["endedAt"]}, "preview": True}).json()
        self.assertEqual((preview["matching"], preview["byDestination"]), (4, {"beta": 1, "slow": 3}))
        self.assertIsNone(preview["estimatedSeconds"])
        self.assertEqual(len(self.ids(type=f"slow.{kind}")), 3)

    def test_a_filter_is_needed_or_the_word_all(self):
        for kind in ("resend", "discard"):
            for body in (None, {}, {"filter": {}}, {"filter": {}, "all": False}):
                with self.subTest(kind=kind, body=body):
                    more = {"reason": "x"} if kind == "discard" else {}
                    self.assertIn("filter", self.wrong_members(self.server.order(f"/ops/dead-letters/{kind}", (body or {}) | more)))
        wrong = {"filter": {"destination": "", "reason": "bored", "status": "400", "since": 5, "size": 1}, "preview": "yes", "all": True}
        self.assertEqual(self.wrong_members(self.server.order("/ops/dead-letters/resend", wrong)),
                         {"filter.destination", "filter.reason", "filter.status", "filter.since", "filter.size", "preview", "all"})
        self.assertEqual(self.wrong_members(self.server.order("/ops/dead-letters/discard", {"filter": {"key": "x"}})), {"reason"})
        self.assertEqual(self.wrong_members(self.server.order("/ops/dead-letters/resend", {"filter": "all"})), {"filter"})

    def test_many_are_sent_again_by_a_job_that_tells_how_it_went(self):
        kind = fresh("bulk")
        letters = [self.bury("alpha", kind=kind) for _ in range(6)]
        others = [self.bury("beta", kind=kind) for _ in range(2)]
        self.receiver.plan(letters[2]["key"], Answer(400))
        job = self.start_job("resend", {"type": f"alpha.{kind}", "reason": "given_up"})
        self.assertGreaterEqual(set(job), JOB)
        done = self.wait_job(job["id"])
        expected = {"kind": "resend", "matching": 6, "handled": 6, "delivered": 5, "failedAgain": 1, "outstanding": 0, "by": "operator",
                    "cancelled": False, "why": None, "filter": {"type": f"alpha.{kind}", "reason": "given_up"}}
        self.assertEqual({name: done[name] for name in expected}, expected)
        self.assertGreaterEqual(parse_iso(done["endedAt"]), parse_iso(done["startedAt"]))
        self.assertEqual(self.ids(type=f"alpha.{kind}"), [letters[2]["id"]])
        self.assertEqual(set(self.ids(type=f"beta.{kind}")), {letter["id"] for letter in others})
        actions = [entry["action"] for entry in self.server.audit(jobId=job["id"])]
        self.assertEqual(actions, ["dead_letters_resend_finished", "dead_letters_resend_started"])
        entry, = self.server.audit("delivery_resent", deliveryId=letters[0]["id"])
        self.assertIn(job["id"], entry["by"])

    def test_many_are_discarded_by_a_job(self):
        kind = fresh("bulk")
        letters = [self.bury("alpha", kind=kind) for _ in range(5)]
        job = self.start_job("discard", {"type": f"alpha.{kind}"}, reason="of no use any more")
        done = self.wait_job(job["id"])
        self.assertEqual((done["matching"], done["handled"], done["reason"]), (5, 5, "of no use any more"))
        self.assertEqual(self.ids(type=f"alpha.{kind}"), [])
        for letter in letters:
            entry, = self.server.audit("delivery_discarded", deliveryId=letter["id"])
            self.assertEqual(entry["reason"], "of no use any more")
            self.assertEqual(len(self.receiver.arrivals(letter["key"])), 1)

    def test_a_long_job_is_watched_and_cancelled(self):
        self.held.hold()
        self.addCleanup(self.held.release)
        number = 1300
        self.server.send_many([("held.made", fresh("held"), {"n": n}) for n in range(number)])
        wait_until(lambda: self.server.report("held")["dead"] == number - 1, lambda: f"{self.server.report('held')}\n{self.server.tail()}")
        job = self.start_job("resend", {"destination": "held", "reason": "pending_limit"})
        self.assertEqual(job["matching"], number - 1)
        same = self.server.order("/ops/dead-letters/resend", {"filter": {"destination": "held", "reason": "pending_limit"}})
        self.check_problem(same, 409, job["id"])
        wait_until(lambda: self.server.known(f"/ops/jobs/{job['id']}")["outstanding"] >= 500, self.server.tail)
        running = self.server.known(f"/ops/jobs/{job['id']}")
        self.assertEqual((running["state"], running["delivered"]), ("running", 0))
        self.assertLessEqual(running["outstanding"], 1000)
        self.assertEqual(self.server.known("/ops/jobs")["data"][0]["id"], job["id"])
        answer = self.server.order(f"/ops/jobs/{job['id']}/cancel")
        self.assertEqual((answer.status, answer.json()["cancelled"]), (200, True), answer)
        cancelled = self.wait_job(job["id"], "cancelled")
        left = self.server.report("held")["dead"]
        self.assertEqual(left, number - 1 - cancelled["handled"])
        self.assertGreaterEqual(left, number - 1 - 1000, "nothing more is taken")
        self.assertEqual(self.server.order(f"/ops/jobs/{job['id']}/cancel").status, 200, "to cancel twice is no fault")
        self.held.release()              # what was sent again goes on
        self.server.wait_report("held", 30, pending=0, dead=left)
        self.assertEqual(len(self.held.arrivals()), 1 + cancelled["handled"])
        actions = [entry["action"] for entry in self.server.audit(jobId=job["id"])]
        self.assertEqual(actions, ["dead_letters_resend_cancelled", "dead_letters_resend_started"])
        rest = self.start_job("discard", {"destination": "held"}, reason="the end of the test")
        self.assertEqual(self.wait_job(rest["id"])["handled"], left)

    def test_jobs_that_are_not_there_or_over(self):
        self.check_problem(self.server.ask("/ops/jobs/job_0123456789abcdef"), 404)
        self.check_problem(self.server.order("/ops/jobs/job_0123456789abcdef/cancel"), 404)
        job = self.start_job("resend", {"key": "nobody has this key"})
        self.assertEqual(self.wait_job(job["id"])["matching"], 0)
        self.check_problem(self.server.order(f"/ops/jobs/{job['id']}/cancel"), 409, "finished")


if __name__ == "__main__":
    unittest.main()
