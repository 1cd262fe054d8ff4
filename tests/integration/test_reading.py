# The reading API (protocol 4): roles, cross-origin rules, cheap polling, paging, and what is not there.
import json
import time
import unittest
from urllib.parse import quote

from contract import (ACKNOWLEDGEMENT, EMPLOYEE, OPERATOR_TOKEN, READER_TOKEN, STATS, TOKENS, acknowledgement, employee_created, encode,
                      fresh, photo_updated, stats)
from harness import Denrei, ServerCase
from wire import format_request

ORIGIN = "https://voicedrive.example.com"
INBOX = "/api/notifications/acknowledgements"


class Roles(ServerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.staff, cls.announced = fresh("EMP"), fresh("ann")
        assert cls.server.post(EMPLOYEE, employee_created(cls.staff)).status == 200
        assert cls.server.post(STATS, stats(cls.announced)).status == 200
        assert cls.server.post(ACKNOWLEDGEMENT, acknowledgement()).status == 200
        cls.paths = [f"/api/employees/{cls.staff}", f"/api/employees/{cls.staff}/timeline", f"/api/announcements/{cls.announced}/stats", INBOX]

    def test_a_reader_reads_and_so_does_an_operator(self):
        for path in self.paths:
            for token in (READER_TOKEN, OPERATOR_TOKEN):
                with self.subTest(path=path, token=token):
                    self.assertEqual(self.server.get(path, token).status, 200)

    def test_nobody_else_does(self):
        wrong = [None, "Bearer", "Bearer ", "Bearer x", f"Bearer {READER_TOKEN}x", f"Bearer {READER_TOKEN[:-1]}", f"Basic {READER_TOKEN}",
                 READER_TOKEN, f"Bearer {READER_TOKEN.upper()}", "Bearer " + "x" * 8000]
        for path in self.paths:
            for credentials in wrong:
                with self.subTest(path=path, credentials=credentials and credentials[:40]):
                    response = self.server.get(path, token=None, headers={"Authorization": credentials} if credentials else {})
                    self.check_problem(response, 401)
                    self.assertTrue((response.header("WWW-Authenticate") or "").startswith("Bearer"), response)
                    self.assertNotIn(self.staff, response.body.decode())

    def test_a_stranger_does_not_learn_what_exists(self):
        known = self.server.get(f"/api/employees/{self.staff}", token=None)
        unknown = self.server.get("/api/employees/EMP-nobody", token=None)
        self.assertEqual((known.status, unknown.status), (401, 401))

    def test_other_methods_are_405(self):
        for path in self.paths:
            with self.subTest(path=path):
                response = self.server.request("POST", path, {"Authorization": f"Bearer {READER_TOKEN}", "Content-Type": "application/json"}, b"{}")
                self.check_problem(response, 405)
                self.assertIn("GET", response.header("Allow"))

    def test_head_answers_like_get_without_a_body(self):
        for path in self.paths:
            with self.subTest(path=path), self.server.connect() as connection:
                credentials = {"Authorization": f"Bearer {READER_TOKEN}"}
                head = connection.request("HEAD", path, credentials)
                self.assertEqual(head.status, 200)
                get = connection.get(path, credentials)     # the connection is still in step
                self.assertEqual(get.status, 200)
                self.assertEqual(int(head.header("Content-Length")), len(get.body))

    def test_what_is_unknown_is_404(self):
        for path in ("/api/employees/EMP-nobody", "/api/employees/EMP-nobody/timeline", "/api/announcements/ann-none/stats"):
            with self.subTest(path=path):
                self.check_problem(self.server.get(path), 404)
        for path in ("/api/employees/", f"/api/employees/{self.staff}/photo", "/api/announcements/x/y", "/api/nothing"):
            with self.subTest(path=path):
                self.assertEqual(self.server.get(path).status, 404)

    def test_where_one_can_only_write_the_methods_are_told(self):
        for path, allow in (("/api/announcements/x", "PUT"), ("/api/announcements/x/actions", "POST")):
            with self.subTest(path=path):
                response = self.server.get(path)
                self.assertEqual((response.status, response.header("Allow")), (405, allow))

    def test_hostile_keys_in_the_path_do_no_harm(self):
        for part in ("%00", "%", "%zz", "%ff%fe", "..%2f..%2fetc", "a" * 300, "%E8%81%B7", "*", "%0d%0aX: y"):
            with self.subTest(part=part):
                self.assertIn(self.server.get(f"/api/employees/{part}").status, (400, 404))
                self.assertIn(self.server.get(f"/api/announcements/{part}/stats").status, (400, 404))

    def test_any_key_can_be_read_back_percent_encoded(self):
        for staff in (fresh("職員/山田 #1?"), fresh("EMP%2F"), fresh("a+b&c=d"), fresh("..")):
            with self.subTest(staff=staff):
                self.assertEqual(self.server.post(EMPLOYEE, employee_created(staff)).status, 200)
                record = self.server.employee(staff)
                self.assertEqual(record.status, 200, record)
                self.assertEqual(record.json()["staffId"], staff)
                self.assertEqual(len(self.server.timeline(staff)), 1)


class NoRole(unittest.TestCase):
    def test_without_a_token_configured_the_role_does_not_exist(self):
        server = Denrei(tokens={})
        self.addCleanup(server.dispose)
        server.start()
        staff = fresh("EMP")
        self.assertEqual(server.post(EMPLOYEE, employee_created(staff)).status, 200)
        for token in (READER_TOKEN, "", None):
            self.assertIn(server.get(f"/api/employees/{staff}", token).status, (401, 403))
        server.stop()


class CrossOrigin(ServerCase):
    def preflight(self, origin, path=INBOX, method="GET"):
        return self.server.request("OPTIONS", path, {"Origin": origin, "Access-Control-Request-Method": method,
                                                     "Access-Control-Request-Headers": "authorization"})

    def test_the_preflight_of_a_known_origin_needs_no_token(self):
        for origin in (ORIGIN, "http://localhost:3001"):
            for path in (INBOX, "/api/employees/EMP-1", "/api/employees/EMP-1/timeline", "/api/announcements/ann-1/stats"):
                with self.subTest(origin=origin, path=path):
                    response = self.preflight(origin, path)
                    self.assertIn(response.status, (200, 204), response)
                    self.assertEqual(response.header("Access-Control-Allow-Origin"), origin)
                    self.assertEqual(response.header("Access-Control-Allow-Methods"), "GET, HEAD")
                    self.assertEqual(response.header("Access-Control-Max-Age"), "3600")
                    self.assertIn("authorization", response.header("Access-Control-Allow-Headers").lower())
                    self.assertIsNone(response.header("Access-Control-Allow-Credentials"))
                    self.assertEqual(response.body, b"")

    def test_an_answer_names_the_origin_that_asked(self):
        for origin in (ORIGIN, "http://localhost:3001"):
            with self.subTest(origin=origin):
                response = self.server.get(INBOX, headers={"Origin": origin})
                self.assertEqual(response.header("Access-Control-Allow-Origin"), origin)
                self.assertIn("origin", (response.header("Vary") or "").lower())

    def test_a_browser_may_read_refusals_too(self):
        response = self.server.get(INBOX, token=None, headers={"Origin": ORIGIN})
        self.assertEqual((response.status, response.header("Access-Control-Allow-Origin")), (401, ORIGIN))

    def test_other_origins_get_no_permission(self):
        for origin in ("https://evil.example.com", "http://voicedrive.example.com", ORIGIN + ".evil.example", ORIGIN + ":444", "null", "*", ""):
            with self.subTest(origin=origin):
                self.assertIsNone(self.preflight(origin).header("Access-Control-Allow-Origin"))
                response = self.server.get(INBOX, headers={"Origin": origin})
                self.assertEqual(response.status, 200)
                self.assertIsNone(response.header("Access-Control-Allow-Origin"))


class Polling(ServerCase):
    def test_nothing_new_is_304_and_something_new_is_not(self):
        self.assertEqual(self.server.post(ACKNOWLEDGEMENT, acknowledgement()).status, 200)
        first = self.server.acknowledgements()
        tag = first.header("ETag")
        self.assertRegex(tag, r'\A(W/)?"[^"]+"\Z')
        for text in (tag, f'"other", {tag}', "*"):
            with self.subTest(text=text):
                same = self.server.acknowledgements(headers={"If-None-Match": text})
                self.assertEqual((same.status, same.body, same.header("ETag")), (304, b"", tag), same)
        event = acknowledgement()
        self.assertEqual(self.server.post(ACKNOWLEDGEMENT, event).status, 200)
        news = self.server.acknowledgements(headers={"If-None-Match": tag})
        self.assertEqual(news.status, 200)
        self.assertNotEqual(news.header("ETag"), tag)
        self.assertEqual(news.json()[-1]["caseNumber"], event["caseNumber"])

    def test_a_304_leaves_the_connection_in_step(self):
        credentials = {"Authorization": f"Bearer {READER_TOKEN}"}
        with self.server.connect() as connection:
            tag = connection.get(INBOX, credentials).header("ETag")
            request = format_request("GET", INBOX, credentials | {"If-None-Match": tag})
            connection.send(request * 3 + format_request("GET", INBOX, credentials))
            self.assertEqual([connection.read_response("GET").status for _ in range(4)], [304, 304, 304, 200])

    def test_an_empty_inbox_is_an_empty_array(self):
        server = Denrei()
        self.addCleanup(server.dispose)
        server.start()
        response = server.acknowledgements()
        self.assertEqual((response.status, response.json()), (200, []))
        tag = response.header("ETag")
        self.assertEqual(server.acknowledgements(headers={"If-None-Match": tag}).status, 304)
        server.stop()

    def test_pages_follow_the_cursor_without_gap_or_repeat(self):
        self.assertEqual(self.server.post(ACKNOWLEDGEMENT, acknowledgement()).status, 200)
        after = self.server.acknowledgements().json()[-1]["cursor"]
        sent = [acknowledgement() for _ in range(25)]
        for event in sent:
            self.assertEqual(self.server.post(ACKNOWLEDGEMENT, event).status, 200)
        seen, sizes = [], []
        while page := self.server.acknowledgements(after=after, limit=10).json():
            seen += [notice["caseNumber"] for notice in page]
            sizes.append(len(page))
            after = page[-1]["cursor"]
        self.assertEqual((seen, sizes), ([event["caseNumber"] for event in sent], [10, 10, 5]))

    def test_a_cursor_survives_a_restart(self):
        first, second = acknowledgement(), acknowledgement()
        self.assertEqual(self.server.post(ACKNOWLEDGEMENT, first).status, 200)
        cursor = self.server.acknowledgements(limit=1000).json()[-1]["cursor"]
        self.server.restart()
        type(self).first_process = self.server.process.pid
        self.assertEqual(self.server.post(ACKNOWLEDGEMENT, second).status, 200)
        self.assertEqual([notice["caseNumber"] for notice in self.server.acknowledgements(after=cursor).json()], [second["caseNumber"]])

    def test_bad_parameters_are_400(self):
        for query in ("after=x%00y", "after=%27%20OR%201", "limit=0", "limit=-1", "limit=abc", "limit=1.5", "limit=1001", "limit=99999999999999999999",
                      "limit=", "after=" + "9" * 300):
            with self.subTest(query=query):
                self.check_problem(self.server.get(f"{INBOX}?{query}"), 400)


class Paging(ServerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.staff, cls.count, base = fresh("EMP"), 250, time.time() - 3600
        with cls.server.connect() as connection:
            bodies = [encode(photo_updated(cls.staff, at=base + n, version=n)) for n in range(cls.count)]
            for body in bodies:
                assert cls.server.post(EMPLOYEE, body, connection).status == 200
        cls.times = [json.loads(body)["timestamp"] for body in bodies]

    def test_every_page_size_gives_the_same_timeline(self):
        for limit in (1, 7, 8, 100, 249, 250, 251, 1000):
            with self.subTest(limit=limit):
                self.assertEqual([line["timestamp"] for line in self.server.timeline(self.staff, limit)], self.times)

    def test_a_page_holds_as_many_lines_as_asked_for(self):
        self.assertEqual(len(self.server.timeline_page(self.staff).json()["data"]), 100)
        for limit in (1, 8, 33):
            page = self.server.timeline_page(self.staff, limit).json()
            self.assertEqual(len(page["data"]), limit)
            self.assertTrue(page["next"])
        whole = self.server.timeline_page(self.staff, 250).json()
        self.assertEqual((len(whole["data"]), whole["next"]), (250, None))

    def test_a_cursor_means_the_same_after_more_has_happened(self):
        page = self.server.timeline_page(self.staff, 10).json()
        before = self.server.timeline_page(self.staff, 10, page["next"]).json()["data"]
        other = fresh("EMP")
        self.assertEqual(self.server.post(EMPLOYEE, employee_created(other)).status, 200)
        self.assertEqual(self.server.timeline_page(self.staff, 10, page["next"]).json()["data"], before)

    def test_only_the_newest_thousand_lines_are_kept(self):
        staff, base = fresh("EMP"), time.time() - 7200
        bodies = [encode(photo_updated(staff, at=base + n, version=n)) for n in range(1100)]
        with self.server.connect() as connection:
            for start in range(0, len(bodies), 100):
                part = bodies[start:start + 100]
                connection.send(b"".join(format_request("POST", EMPLOYEE.path, EMPLOYEE.headers(body), body) for body in part))
                self.assertEqual({connection.read_response().status for _ in part}, {200})
        times = [line["timestamp"] for line in self.server.timeline(staff)]
        self.assertTrue(1000 <= len(times) < 1008, len(times))     # chunks of eight
        self.assertEqual(times, [json.loads(body)["timestamp"] for body in bodies][-len(times):])

    def test_bad_parameters_are_400(self):
        path = f"/api/employees/{quote(self.staff)}/timeline"
        for query in ("limit=0", "limit=-1", "limit=abc", "limit=1.5", "limit=1001", "limit=99999999999999999999", "limit=", "cursor=abc", "cursor=-1",
                      "cursor=%00", "cursor=" + "9" * 300):
            with self.subTest(query=query):
                self.check_problem(self.server.get(f"{path}?{query}"), 400)


class OperationsListener(ServerCase):
    def test_health_and_metrics_are_open(self):
        for path in ("/livez", "/readyz", "/startupz", "/metrics"):
            with self.subTest(path=path):
                self.assertEqual(self.server.ops(path).status, 200)
        self.assertIn(b"# TYPE ", self.server.ops("/metrics").body)

    def test_sources_and_readers_are_not_served_there(self):
        for path in (INBOX, EMPLOYEE.path):
            with self.subTest(path=path):
                self.assertEqual(self.server.ops(path, {"Authorization": f"Bearer {READER_TOKEN}"}).status, 404)

    def test_the_metrics_carry_no_personal_data(self):
        staff = fresh("EMP-secret")
        self.assertEqual(self.server.post(EMPLOYEE, employee_created(staff)).status, 200)
        self.assertNotIn(staff.encode(), self.server.ops("/metrics").body)

    def test_tokens_are_not_shown(self):
        for path in ("/metrics", "/readyz"):
            for token in TOKENS.values():
                self.assertNotIn(token.encode(), self.server.ops(path).body)


if __name__ == "__main__":
    unittest.main()
