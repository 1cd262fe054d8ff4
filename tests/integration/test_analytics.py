# Analytics notifications (protocol 2.3): the seed's test list 10.1, the performance list 10.3, and the edges of the schema.
import json
import threading
import time
import unittest

from contract import ANALYTICS, analytics, changed, encode, fresh, parse_iso, without
from harness import PATIENCE, ServerCase, wait_until
from wire import format_request


class SeedTestList(ServerCase):
    """Section 10.1 of the seed, in its order."""

    def accepted(self, kind):
        event = analytics(kind)
        answer = self.accept(ANALYTICS, event).json()
        self.assertEqual(set(answer), {"success", "message", "notificationId", "receivedAt"})
        self.assertIs(answer["success"], True)
        self.assertEqual(answer["message"], "通知を受信しました")
        self.assertEqual(answer["notificationId"], event["notificationId"])
        self.assertRegex(answer["receivedAt"], r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z")
        self.assertLess(abs(parse_iso(answer["receivedAt"]) - time.time()), 5)

    def test_01_a_success_notification(self):
        self.accepted("success")

    def test_02_an_error_notification(self):
        self.accepted("error")

    def test_03_a_warning_notification(self):
        self.accepted("warning")

    def test_04_an_information_notification(self):
        self.accepted("info")

    def test_05_a_wrong_signature(self):
        response = self.refuse(ANALYTICS, analytics(), 401, "INVALID_SIGNATURE", secret="another secret of 32 characters....")
        self.assertEqual(response.json()["error"]["message"], "HMAC署名が無効です")

    def test_06_a_time_six_minutes_ago(self):
        self.refuse(ANALYTICS, analytics(), 401, "EXPIRED_TIMESTAMP", at=time.time() - 360)

    def test_07_a_time_six_minutes_ahead(self):
        self.refuse(ANALYTICS, analytics(), 401, "EXPIRED_TIMESTAMP", at=time.time() + 360)

    def test_08_another_account_level(self):
        for level in (98, 0, 100, -99):
            with self.subTest(level=level):
                self.refuse(ANALYTICS, analytics(accountLevel=level), 403, "INVALID_ACCOUNT_LEVEL")

    def test_09_broken_json(self):
        self.refuse(ANALYTICS, encode(analytics())[:-1], 400, "INVALID_PAYLOAD")


class Performance(ServerCase):
    """Section 10.3 of the seed."""

    def test_01_an_answer_within_500_ms(self):
        for _ in range(20):
            started = time.monotonic()
            self.accept(ANALYTICS, analytics())
            self.assertLess(time.monotonic() - started, 0.5 * PATIENCE)

    def test_02_ten_at_once(self):
        answers, gate = [], threading.Barrier(10)

        def send():
            gate.wait()
            started = time.monotonic()
            answers.append((self.server.post(ANALYTICS, analytics()).status, time.monotonic() - started))

        threads = [threading.Thread(target=send) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([status for status, _ in answers], [200] * 10)
        self.assertLess(max(took for _, took in answers), 0.5 * PATIENCE)

    def test_03_the_thousand_of_a_day_in_one_go(self):
        bodies = [encode(analytics()) for _ in range(1000)]
        with self.server.connect() as connection:
            def send():
                for body in bodies:
                    connection.send(format_request("POST", ANALYTICS.path, ANALYTICS.headers(body), body))
            sender = threading.Thread(target=send)
            sender.start()
            answers = [connection.read_response() for _ in bodies]
            sender.join()
        self.assertEqual([answer.status for answer in answers], [200] * 1000)
        self.assertEqual([answer.json()["notificationId"] for answer in answers],
                         [json.loads(body)["notificationId"] for body in bodies])


class Validation(ServerCase):
    def bad(self, event):
        return self.refuse(ANALYTICS, event, 400, "INVALID_PAYLOAD")

    def test_every_required_member_is_required(self):
        for name in ("type", "title", "message", "timestamp", "source", "accountLevel", "notificationId"):
            with self.subTest(name=name):
                self.assertIn(name, self.bad(without(analytics(), name)).body.decode())
        self.accept(ANALYTICS, without(analytics(), "details"))

    def test_lengths_count_code_points_and_not_bytes(self):
        self.accept(ANALYTICS, analytics(title="𠮷" * 100, message="👩‍⚕" * 166 + "あい"))   # 100 and 500 code points
        self.bad(analytics(title="𠮷" * 101))
        self.bad(analytics(message="あ" * 501))

    def test_values_are_checked(self):
        wrong = [("type", "fatal"), ("type", ""), ("title", ""), ("title", 1), ("message", None), ("timestamp", "1728450000"),
                 ("timestamp", 1.5), ("source", "voicedrive"), ("accountLevel", "99"), ("notificationId", ""),
                 ("notificationId", 5), ("details", "text"), ("details", [])]
        for name, value in wrong:
            with self.subTest(name=name, value=value):
                self.bad(changed(analytics(), name, value))

    def test_the_shapes_inside_details_are_checked(self):
        for kind, path, value in (("success", "details.summary.totalPosts", "342"), ("success", "details.period.startDate", 20250930),
                                  ("success", "details.performance.rateLimit.limit", "100"), ("success", "details.sentiment", []),
                                  ("error", "details.error.message", 5), ("error", "details.error", "text"),
                                  ("error", "details.actionRequired", True)):
            with self.subTest(kind=kind, path=path):
                self.bad(changed(analytics(kind), path, value))

    def test_details_of_a_warning_are_free(self):
        self.accept(ANALYTICS, analytics("warning", details={"summary": "自由な形", "error": 1}))

    def test_a_schema_fault_is_judged_before_the_account_level(self):
        self.bad(without(analytics(accountLevel=1), "title"))


class Identity(ServerCase):
    def test_the_notification_id_is_the_identity_and_the_first_body_wins(self):
        event = analytics("info")
        first = self.accept(ANALYTICS, event)
        for another in (event, event | {"title": "別の内容"}, event | {"type": "warning"}):
            again = self.accept(ANALYTICS, another)
            self.assertEqual(again.body, first.body)
            self.assertEqual(again.header("Idempotent-Replayed"), "true")

    def test_a_conflicting_body_is_judged_before_it_counts_as_a_repeat(self):
        event = analytics("info")
        self.accept(ANALYTICS, event)
        self.refuse(ANALYTICS, event | {"accountLevel": 1}, 403, "INVALID_ACCOUNT_LEVEL")
        self.refuse(ANALYTICS, event | {"type": "fatal"}, 400, "INVALID_PAYLOAD")

    def test_a_refused_notification_may_come_again(self):
        event = analytics("info")
        self.refuse(ANALYTICS, event, 401, at=time.time() - 400)
        self.assertIsNone(self.accept(ANALYTICS, event).header("Idempotent-Replayed"))

    def test_a_log_line_per_notification_has_the_members_of_section_11(self):
        event, request_id = analytics("error"), fresh("req")
        answer = self.accept(ANALYTICS, event, request_id=request_id).json()
        line = json.loads(wait_until(
            lambda: next((text for text in self.server.output().decode().splitlines() if f'"{request_id}"' in text), None),
            "no log line"))
        self.assertEqual(line["notificationId"], event["notificationId"])
        self.assertEqual(line["type"], "error")
        self.assertEqual(line["source"], "medical-staff-system")
        self.assertEqual(line["receivedAt"], answer["receivedAt"])
        self.assertIs(line["success"], True)
        self.assertGreaterEqual(line["processingTime"], 0)
        self.assertLess(abs(parse_iso(line["timestamp"]) - time.time()), 5)


if __name__ == "__main__":
    unittest.main()
