# Compliance acknowledgements (protocol 2.2): the seed's check list, and the notification that the reporter polls for.
import time
import unittest
from datetime import datetime, timedelta, timezone

from contract import ACKNOWLEDGEMENT, TOKYO, acknowledgement, changed, encode, fresh, parse_iso, without
from harness import ServerCase, wait_until


class Acknowledgements(ServerCase):
    def inbox(self):
        response = self.server.acknowledgements(limit=1000)
        self.assertEqual(response.status, 200, response)
        return response.json()

    def notices_of(self, case_number):
        return [notice for notice in self.inbox() if notice.get("caseNumber") == case_number]

    def test_the_answer_is_the_one_of_the_seed(self):
        before = time.time()
        answer = self.accept(ACKNOWLEDGEMENT, acknowledgement()).json()
        self.assertEqual(set(answer), {"success", "notificationId", "receivedAt"})
        self.assertIs(answer["success"], True)
        self.assertRegex(answer["notificationId"], r"\ANOTIF-[0-9A-Za-z-]+\Z")
        self.assertRegex(answer["receivedAt"], r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z")
        self.assertTrue(before - 2 <= parse_iso(answer["receivedAt"]) <= time.time() + 2)

    def test_a_bad_signature_is_401_with_the_words_of_the_seed(self):
        response = self.refuse(ACKNOWLEDGEMENT, acknowledgement(), 401, "INVALID_SIGNATURE", signature="ab" * 32)
        self.assertEqual(response.json(), {"success": False, "error": {"code": "INVALID_SIGNATURE",
                                                                       "message": "Signature verification failed"}})

    def test_an_old_time_is_401_with_the_words_of_the_seed(self):
        response = self.refuse(ACKNOWLEDGEMENT, acknowledgement(), 401, "TIMESTAMP_EXPIRED", at=time.time() - 360)
        self.assertEqual(response.json(), {"success": False, "error": {"code": "TIMESTAMP_EXPIRED", "message": "Timestamp too old"}})

    def test_every_required_member_is_named_when_it_is_missing(self):
        for name in ("reportId", "caseNumber", "timestamp"):
            with self.subTest(name=name):
                response = self.refuse(ACKNOWLEDGEMENT, without(acknowledgement(), name), 400, "VALIDATION_ERROR")
                self.assertIn(name, response.body.decode())

    def test_the_numbers_have_their_prefixes(self):
        for name, value in (("reportId", "MED-2025-0001"), ("reportId", ""), ("caseNumber", "VD-2025-1234"), ("caseNumber", 7),
                            ("timestamp", "yesterday"), ("timestamp", 1728450000)):
            with self.subTest(name=name, value=value):
                response = self.refuse(ACKNOWLEDGEMENT, changed(acknowledgement(), name, value), 400, "VALIDATION_ERROR")
                self.assertIn(name, response.body.decode())

    def test_times_with_an_offset_mean_the_same_moment(self):
        now = datetime.now(timezone.utc)
        for text in (now.astimezone(TOKYO).isoformat(timespec="milliseconds"), now.isoformat(timespec="seconds"),
                     now.astimezone(timezone(-timedelta(hours=3, minutes=30))).isoformat(timespec="milliseconds")):
            with self.subTest(text=text):
                self.accept(ACKNOWLEDGEMENT, acknowledgement(), timestamp=text)

    def test_a_tokyo_time_marked_as_utc_is_refused(self):
        text = datetime.now(TOKYO).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.refuse(ACKNOWLEDGEMENT, acknowledgement(), 401, "TIMESTAMP_EXPIRED", timestamp=text)

    def test_the_reporter_finds_the_notification_by_polling(self):
        event = acknowledgement()
        answer = self.accept(ACKNOWLEDGEMENT, event).json()
        notice, = self.notices_of(event["caseNumber"])
        self.assertEqual(notice["reportId"], event["reportId"])
        self.assertEqual(notice["notificationId"], answer["notificationId"])
        self.assertEqual(notice["receivedAt"], answer["receivedAt"])
        self.assertTrue(notice["cursor"])

    def test_the_newest_notification_comes_last(self):
        events = [acknowledgement() for _ in range(12)]
        for event in events:
            self.accept(ACKNOWLEDGEMENT, event)
        sent = [event["caseNumber"] for event in events]
        self.assertEqual([notice["caseNumber"] for notice in self.inbox() if notice["caseNumber"] in sent], sent)

    def test_a_repeat_gets_the_same_number_and_no_second_notification(self):
        event = acknowledgement()
        body = encode(event)
        first = self.accept(ACKNOWLEDGEMENT, body)
        again = self.accept(ACKNOWLEDGEMENT, body, at=time.time() - 45, request_id="another-attempt")
        self.assertEqual(again.body, first.body)
        self.assertEqual(again.header("Idempotent-Replayed"), "true")
        self.assertEqual(len(self.notices_of(event["caseNumber"])), 1)

    def test_one_case_may_be_acknowledged_twice_by_different_bodies(self):
        case = fresh("MED")
        first = self.accept(ACKNOWLEDGEMENT, acknowledgement(case, remark="一回目")).json()
        second = self.accept(ACKNOWLEDGEMENT, acknowledgement(case, remark="二回目")).json()
        self.assertNotEqual(first["notificationId"], second["notificationId"])
        self.assertEqual(len(self.notices_of(case)), 2)

    def test_what_the_contract_does_not_know_is_carried_along(self):
        extras = {"estimatedResponseTime": "3営業日以内", "handlers": [{"name": "佐々木", "level": 3}], "big": 9007199254740993}
        event = acknowledgement(**extras)
        self.accept(ACKNOWLEDGEMENT, event)
        text = encode(self.notices_of(event["caseNumber"])[0]).decode()
        for name, value in extras.items():
            self.assertIn(encode({name: value}).decode()[1:-1], text)

    def test_the_log_tells_the_result_of_the_verification_and_no_secret(self):
        good, bad = fresh("req"), fresh("req")
        event = acknowledgement(remark="職員の氏名 山田")
        self.accept(ACKNOWLEDGEMENT, event, request_id=good)
        self.refuse(ACKNOWLEDGEMENT, event, 401, signature="cd" * 32, request_id=bad)
        self.assertIn("accepted", self.log_line(good))
        self.assertIn("bad_signature", self.log_line(bad))
        output = self.server.output().decode() + self.server.errors().decode()
        for secret in (ACKNOWLEDGEMENT.signature(encode(event)), "cd" * 32, "山田", "it-medical-system-webhook-secret"):
            self.assertNotIn(secret, output)

    def log_line(self, request_id):
        mark = f'"{request_id}"'
        return wait_until(lambda: next((line for line in self.server.output().decode().splitlines() if mark in line), None),
                          f"no log line with {request_id}")


if __name__ == "__main__":
    unittest.main()
