# Announcement statistics (protocol 2.4): the seed's list 9.2, both paths, every violation listed, the three rate limits.
import json
import re
import time
import unittest
from datetime import datetime

from contract import SECRETS, STATS, STATS_V1, TOKYO, changed, encode, fresh, iso, parse_iso, stats, without
from harness import ServerCase, wait_until


class SeedTestList(ServerCase):
    """Section 9.2 of the seed."""

    def test_the_token_is_checked(self):
        wrong = [None, "", "Bearer", "Bearer ", "Bearer wrong-token", f"Basic {SECRETS['VOICEDRIVE_API_TOKEN']}",
                 SECRETS["VOICEDRIVE_API_TOKEN"], f"Bearer {SECRETS['VOICEDRIVE_API_TOKEN']}x",
                 f"Bearer {SECRETS['VOICEDRIVE_API_TOKEN'][:-1]}", f"Bearer {SECRETS['VOICEDRIVE_API_TOKEN'].upper()}"]
        for bearer in wrong:
            with self.subTest(bearer=bearer):
                response = self.refuse(STATS, stats(), 401, "UNAUTHORIZED", bearer=bearer)
                self.assertEqual(response.json()["error"]["message"], "認証トークンが無効です")
        self.accept(STATS, stats(), bearer=f"bearer {SECRETS['VOICEDRIVE_API_TOKEN']}")   # RFC 9110: the scheme has no case

    def test_the_signature_is_checked(self):
        for signature in ("0" * 64, None, ""):
            with self.subTest(signature=signature):
                self.refuse(STATS, stats(), 401, "INVALID_SIGNATURE", signature=signature)

    def test_the_token_is_judged_before_the_signature(self):
        self.refuse(STATS, stats(), 401, "UNAUTHORIZED", bearer="Bearer x", signature="0" * 64)

    def test_a_changed_body_does_not_fit_the_signature(self):
        body = encode(stats())
        signature = STATS.signature(body)
        self.refuse(STATS, body.replace(b'"delivered":450', b'"delivered":451'), 401, "INVALID_SIGNATURE", signature=signature)

    def test_the_body_is_validated_and_the_missing_field_named(self):
        error = self.refuse(STATS, without(stats(), "stats.delivered"), 400, "VALIDATION_ERROR").json()["error"]
        self.assertEqual(error, {"code": "VALIDATION_ERROR", "message": "リクエストボディが不正です",
                                 "details": [{"field": "stats.delivered", "message": "必須フィールドです"}]})

    def test_what_was_sent_is_stored(self):
        event = stats()
        self.accept(STATS, event)
        document = self.server.announcement(event["announcement"]["id"])
        self.assertEqual(document.status, 200, document)
        latest = document.json()["latest"]
        for name in ("delivered", "actions", "completions"):
            self.assertEqual(latest[name], event["stats"][name])

    def test_errors_are_answered_in_the_shape_of_the_seed(self):
        error = self.refuse(STATS, b'{"event":', 400, "VALIDATION_ERROR").json()["error"]
        self.assertEqual(error["message"], "リクエストボディが不正です")

    def test_the_answer_is_the_one_of_the_seed(self):
        answer = self.accept(STATS, stats()).json()
        self.assertEqual(set(answer), {"success", "receivedAt", "processed", "message"})
        self.assertEqual((answer["success"], answer["processed"], answer["message"]), (True, True, "統計情報を正常に受信しました"))
        self.assertLess(abs(parse_iso(answer["receivedAt"]) - time.time()), 5)

    def test_the_curl_line_of_section_9_1_with_real_secrets(self):
        body = json.dumps(stats("test_001", details=False), indent=2).encode()   # spaces and line breaks are signed as sent
        self.accept(STATS, body)


class Contract(ServerCase):
    def test_both_paths_keep_the_same_contract_and_know_each_others_repeats(self):
        body = encode(stats())
        first = self.accept(STATS_V1, body)
        again = self.accept(STATS, body)
        self.assertEqual(again.body, first.body)
        self.assertEqual(again.header("Idempotent-Replayed"), "true")

    def test_an_unknown_version_is_404(self):
        for path in ("/api/v2/voicedrive/stats", "/api/v/voicedrive/stats", "/api/v1/voicedrive/stats/", "/API/voicedrive/stats"):
            with self.subTest(path=path):
                body = encode(stats())
                response = self.server.request("POST", path, STATS.headers(body), body)
                self.check_answer(response)
                self.assertEqual((response.status, response.json()["error"]["code"]), (404, "NOT_FOUND"))

    def test_every_violation_is_listed(self):
        event = without(without(stats(), "stats.delivered"), "metadata.source")
        event = changed(changed(changed(event, "stats.actions", -1), "announcement.category", "party"), "stats.completions", "189")
        details = self.refuse(STATS, event, 400, "VALIDATION_ERROR").json()["error"]["details"]
        self.assertEqual(sorted(entry["field"] for entry in details), sorted([
            "stats.delivered", "metadata.source", "stats.actions", "announcement.category", "stats.completions"]))
        for entry in details:
            self.assertEqual(set(entry), {"field", "message"})
            self.assertTrue(entry["message"])

    def test_values_are_checked(self):
        wrong = [("event", "stats.weekly"), ("timestamp", "2025-10-07"), ("announcement.id", ""), ("announcement.priority", "urgent"),
                 ("announcement.publishedAt", 5), ("stats.delivered", 1.5), ("stats.delivered", None), ("metadata.source", "medical"),
                 ("metadata.environment", "test"), ("stats.details", 3), ("stats.details.viewCount", -1),
                 ("stats.details.actionsByDepartment", [1]), ("stats", [])]
        for path, value in wrong:
            with self.subTest(path=path, value=value):
                details = self.refuse(STATS, changed(stats(), path, value), 400, "VALIDATION_ERROR").json()["error"]["details"]
                self.assertEqual([entry["field"] for entry in details], [path])

    def test_a_hostile_body_does_not_get_an_endless_list(self):
        event = stats()
        event["stats"]["details"]["actionsByDepartment"] = {f"部{n}": -1 for n in range(5000)}
        details = self.refuse(STATS, event, 400, "VALIDATION_ERROR").json()["error"]["details"]
        self.assertEqual(len(details), 100)

    def test_older_figures_enter_the_series_and_never_overwrite_newer_ones(self):
        name, now = fresh("ann"), time.time()
        self.accept(STATS, stats(name, at=now - 100, actions=10))
        self.accept(STATS, stats(name, at=now - 50, actions=20))
        self.accept(STATS, stats(name, at=now - 75, actions=15))
        document = self.server.announcement(name).json()
        self.assertEqual(document["latest"]["actions"], 20)
        self.assertEqual(sorted(point["actions"] for point in document["series"]), [10, 15, 20])
        self.assertEqual({point["timestamp"] for point in document["series"]}, {iso(now - s) for s in (100, 75, 50)})

    def test_departments_are_kept(self):
        event = stats()
        self.accept(STATS, event)
        text = json.dumps(self.server.announcement(event["announcement"]["id"]).json(), ensure_ascii=False)
        for department, count in event["stats"]["details"]["actionsByDepartment"].items():
            self.assertIn(department, text)
            self.assertIn(str(count), text)


class RateLimits(ServerCase):
    def setUp(self):
        # A fresh server per test: budgets belong to the source.
        self.server.stop()
        self.server.start()
        type(self).first_process = self.server.process.pid

    def check_limited(self, response, quota, window):
        self.check_answer(response)
        self.assertEqual(response.status, 429, response)
        self.assertEqual(STATS.error(response), "RATE_LIMITED")
        wait = int(response.header("Retry-After"))
        # Two windows are weighed: a quota spent at a window's very beginning frees its first unit a quota-th later than the window ends.
        self.assertTrue(1 <= wait <= window + window // quota + 1, wait)
        policy = re.fullmatch(r'"([^"]+)";\s*q=(\d+);\s*w=(\d+)', response.header("RateLimit-Policy"))
        self.assertTrue(policy, response)
        self.assertEqual((int(policy[2]), int(policy[3])), (quota, window))
        state = re.fullmatch(r'"([^"]+)";\s*r=(\d+);\s*t=(\d+)', response.header("RateLimit"))
        self.assertTrue(state, response)
        self.assertEqual((state[1], int(state[2])), (policy[1], 0))
        self.assertTrue(1 <= int(state[3]) <= window)

    def exhaust(self, event, quota, window):
        """Sends until the limit answers; the quota has to fit in, and hardly more (a window may turn meanwhile)."""
        for _ in range(quota):
            self.accept(STATS, stats(event=event))
        for _ in range(max(1, quota // 20)):
            response = self.post(STATS, stats(event=event))
            if response.status != 200:
                break
        self.check_limited(response, quota, window)

    def test_updates_are_limited_to_a_hundred_a_minute_for_the_source(self):
        first = encode(stats())
        for _ in range(3):
            self.accept(STATS, first)      # one event and two repeats, which consume nothing
        for _ in range(50):
            self.refuse(STATS, without(stats(), "stats.delivered"), 400)     # refused ones consume nothing either
        for _ in range(99):
            self.accept(STATS, stats())
        for _ in range(5):
            response = self.post(STATS_V1, stats())
            if response.status != 200:
                break
        self.check_limited(response, 100, 60)
        again = self.accept(STATS, first)
        self.assertEqual(again.header("Idempotent-Replayed"), "true", "a repeat is answered although the budget is spent")
        self.accept(STATS, stats(event="stats.hourly"))     # every kind has its own budget
        self.accept(STATS, stats(event="stats.daily"))
        self.refuse(STATS, stats(), 401, "INVALID_SIGNATURE", signature="0" * 64)

    def test_hourly_figures_are_limited_to_ten_a_minute(self):
        self.exhaust("stats.hourly", 10, 60)
        self.accept(STATS, stats())

    def test_a_limited_event_was_not_taken(self):
        self.exhaust("stats.hourly", 10, 60)
        name = fresh("ann")
        response = self.post(STATS, stats(name, event="stats.hourly"))
        self.check_limited(response, 10, 60)
        self.assertEqual(self.server.announcement(name).status, 404)

    def test_daily_figures_come_once_a_tokyo_day_for_each_announcement(self):
        def far_from_midnight():
            now = datetime.now(TOKYO)
            return (now.hour, now.minute) != (23, 59)
        wait_until(far_from_midnight, "Tokyo's midnight does not pass", 70)
        name = fresh("ann")
        first = encode(stats(name, event="stats.daily"))
        answer = self.accept(STATS, first)
        response = self.post(STATS, stats(name, event="stats.daily", actions=236))
        self.check_limited(response, 1, 86400)
        midnight = datetime.now(TOKYO).replace(hour=0, minute=0, second=0, microsecond=0).timestamp() + 86400
        self.assertLess(abs(int(response.header("Retry-After")) - (midnight - time.time())), 5)
        again = self.accept(STATS, first)
        self.assertEqual(again.body, answer.body)
        self.assertEqual(again.header("Idempotent-Replayed"), "true")
        self.accept(STATS, stats(event="stats.daily"))      # another announcement
        self.server.restart()
        type(self).first_process = self.server.process.pid
        response = self.post(STATS, stats(name, event="stats.daily", actions=237))
        self.check_limited(response, 1, 86400)


if __name__ == "__main__":
    unittest.main()
