# Inboxes as their readers use them (protocol 4): lists, counts, what each account has read or confirmed, and that all of it lasts.
import json
import unittest

from contract import ACKNOWLEDGEMENT, ANALYTICS, OPERATOR_TOKEN, READER_TOKEN, acknowledgement, analytics, fresh
from harness import Denrei, ServerCase, wait_until
from wire import format_request

LEVEL99 = "/api/notifications"
INBOX = "/api/notifications/acknowledgements"
ORIGIN = "https://voicedrive.example.com"


class Reader:
    """One account, behind a program that has the readers' token."""

    def __init__(self, server, name=None, token=READER_TOKEN):
        self.server = server
        self.headers = {"Authorization": f"Bearer {token}"} | ({"Denrei-Reader": name} if name is not None else {})

    def get(self, path, **headers):
        return self.server.request("GET", path, self.headers | headers)

    def list(self, path):
        response = self.get(path)
        assert response.status == 200, response
        return response.json()

    def post(self, path, body=None, **headers):
        text = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.server.request("POST", path, self.headers | {"Content-Type": "application/json"} | headers, text)

    def order(self, path, body=None):
        response = self.post(path, body)
        assert response.status == 200, response
        return response.json()


class Inboxes(ServerCase):
    def reader(self):
        return Reader(self.server, fresh("reader"))

    def notify(self, *kinds):
        """One notification after the other; gives their ids."""
        events = [analytics(kind) for kind in kinds]
        for event in events:
            self.accept(ANALYTICS, event)
        return [event["notificationId"] for event in events]

    def acknowledge(self, count):
        events = [acknowledgement() for _ in range(count)]
        return [self.accept(ACKNOWLEDGEMENT, event).json()["notificationId"] for event in events]

    @staticmethod
    def ids(notices):
        return [notice["notificationId"] for notice in notices]


class Level99(Inboxes):
    def test_the_icon_and_the_priority_follow_from_the_type(self):
        ids = self.notify("success", "error", "warning", "info")
        notices = {notice["notificationId"]: notice for notice in self.reader().list(f"{LEVEL99}?limit=1000")}
        self.assertEqual([(notices[i]["type"], notices[i]["icon"], notices[i]["priority"]) for i in ids],
                         [("success", "✅", "normal"), ("error", "❌", "high"), ("warning", "⚠️", "normal"), ("info", "ℹ️", "normal")])
        for i in ids:
            self.assertLessEqual({"title", "message", "timestamp", "isRead", "cursor", "receivedAt"}, set(notices[i]))

    def test_what_is_read_is_read_for_this_account_only(self):
        first, second = self.notify("info", "error")
        one, other = self.reader(), self.reader()
        before = one.list(f"{LEVEL99}/counts")
        self.assertEqual(one.order(f"{LEVEL99}/{first}/read"), {"unread": before["unread"] - 1})
        states = {notice["notificationId"]: notice["isRead"] for notice in one.list(f"{LEVEL99}?limit=1000")}
        self.assertEqual((states[first], states[second]), (True, False))
        self.assertNotIn(first, self.ids(one.list(f"{LEVEL99}?limit=1000&unread=true")))
        self.assertIn(first, self.ids(other.list(f"{LEVEL99}?limit=1000&unread=true")))
        self.assertEqual(one.order(f"{LEVEL99}/{first}/read"), {"unread": before["unread"] - 1}, "once more changes nothing")
        self.assertEqual(one.order(f"{LEVEL99}/{first}/unread"), {"unread": before["unread"]})
        self.assertIn(first, self.ids(one.list(f"{LEVEL99}?limit=1000&unread=true")))

    def test_counts_tell_types_and_what_is_urgent(self):
        reader = self.reader()
        self.notify("info")
        reader.order(f"{LEVEL99}/read", {"upto": reader.list(f"{LEVEL99}/counts")["newest"]})
        before = reader.list(f"{LEVEL99}/counts")
        self.assertEqual((before["unread"], before["highPriorityUnread"]), (0, 0))
        ids = self.notify("error", "error", "warning")
        reader.order(f"{LEVEL99}/{ids[0]}/read")
        counts = reader.list(f"{LEVEL99}/counts")
        self.assertEqual((counts["total"], counts["unread"], counts["highPriorityUnread"]), (before["total"] + 3, 2, 1))
        self.assertEqual({kind: count["unread"] for kind, count in counts["byType"].items() if count["unread"]}, {"error": 1, "warning": 1})
        self.assertEqual(sum(count["total"] for count in counts["byType"].values()), counts["total"])
        self.assertEqual(counts["newest"], reader.list(f"{LEVEL99}?limit=1")[0]["cursor"])

    def test_everything_up_to_a_cursor_is_read_at_once(self):
        reader = self.reader()
        ids = self.notify("info", "info", "info")
        middle = next(notice["cursor"] for notice in reader.list(f"{LEVEL99}?limit=1000") if notice["notificationId"] == ids[1])
        self.assertEqual(reader.order(f"{LEVEL99}/read", {"upto": middle}), {"unread": 1})
        self.assertEqual(self.ids(reader.list(f"{LEVEL99}?unread=true")), [ids[2]])
        self.assertEqual(reader.order(f"{LEVEL99}/{middle}/unread"), {"unread": 2}, "a cursor names a notification too")

    def test_any_notification_id_can_stand_in_the_path(self):
        event = analytics("info", notificationId=fresh("監視/1 %2F?#"))
        self.accept(ANALYTICS, event)
        quoted = "".join(f"%{byte:02X}" for byte in event["notificationId"].encode())
        reader = self.reader()
        reader.order(f"{LEVEL99}/{quoted}/read")
        self.assertNotIn(event["notificationId"], self.ids(reader.list(f"{LEVEL99}?limit=1000&unread=true")))

    def test_what_cannot_be_marked_is_refused(self):
        reader = self.reader()
        known, = self.notify("info")
        beyond = str(int(reader.list(f"{LEVEL99}/counts")["newest"]) + 1000)
        for path in (f"{LEVEL99}/no-such-id/read", f"{LEVEL99}/{beyond}/read", f"{LEVEL99}/0/unread", f"{LEVEL99}/%FF/read"):
            with self.subTest(path=path):
                self.check_problem(reader.post(path), 404)
        self.check_problem(reader.post(f"{LEVEL99}/read", {"upto": beyond}), 404)
        self.check_problem(reader.post(f"{LEVEL99}/read", {"ids": [known, "no-such-id"]}), 404)
        for body in (b"", b"{", {}, [], {"upto": 1}, {"upto": "x"}, {"upto": ""}, {"ids": []}, {"ids": [1]}, {"upto": "1", "more": 1}):
            with self.subTest(body=body):
                self.check_problem(reader.post(f"{LEVEL99}/read", body), 400)
        self.check_problem(reader.post(f"{LEVEL99}/read", {"upto": "1"}, **{"Content-Type": "text/plain"}), 415)
        self.check_problem(reader.get(f"{LEVEL99}?unread=maybe"), 400)
        self.assertIn(known, self.ids(reader.list(f"{LEVEL99}?limit=1000&unread=true")), "nothing was marked")

    def test_who_may_mark(self):
        known, = self.notify("info")
        for token, status in (("x" * 40, 401), ("", 401), (OPERATOR_TOKEN, 200)):
            with self.subTest(token=token):
                self.assertEqual(Reader(self.server, "someone", token).post(f"{LEVEL99}/{known}/read").status, status)

    def test_the_name_of_a_reader(self):
        for name in ("a", "suzuki.t_1@clinic-2.example", "x" * 64):
            self.assertEqual(Reader(self.server, name).get(LEVEL99).status, 200)
        for name in ("", "x" * 65, "a b", "a/b", "鈴木", "a,b"):
            with self.subTest(name=name):
                self.check_problem(Reader(self.server, name).get(LEVEL99), 400)
        known, = self.notify("info")
        Reader(self.server, "default").order(f"{LEVEL99}/{known}/read")
        self.assertNotIn(known, self.ids(Reader(self.server).list(f"{LEVEL99}?limit=1000&unread=true")), "who gives no name is 'default'")

    def test_orders_on_one_connection_keep_their_order(self):
        reader = self.reader()
        ids = self.notify(*["info"] * 20)
        reader.order(f"{LEVEL99}/read", {"upto": reader.list(f"{LEVEL99}/counts")["newest"]})
        with self.server.connect() as connection:
            connection.send(b"".join(format_request("POST", f"{LEVEL99}/{i}/unread", reader.headers) for i in ids))
            answers = [connection.read_response() for _ in ids]
        self.assertEqual([answer.json() for answer in answers], [{"unread": n} for n in range(1, 21)])

    def test_a_browser_may_send_orders(self):
        def preflight(path):
            return self.server.request("OPTIONS", path, {"Origin": ORIGIN, "Access-Control-Request-Method": "POST",
                                                         "Access-Control-Request-Headers": "authorization,content-type,denrei-reader"})
        for path in (f"{LEVEL99}/x/read", f"{LEVEL99}/x/unread", f"{LEVEL99}/read", f"{INBOX}/x/confirm", f"{INBOX}/confirm"):
            with self.subTest(path=path):
                response = preflight(path)
                self.assertEqual(response.header("Access-Control-Allow-Origin"), ORIGIN)
                self.assertEqual(response.header("Access-Control-Allow-Methods"), "POST")
                allowed = response.header("Access-Control-Allow-Headers").lower()
                for name in ("authorization", "content-type", "denrei-reader"):
                    self.assertIn(name, allowed)
        for path in (LEVEL99, INBOX, f"{LEVEL99}/counts"):
            self.assertEqual(preflight(path).header("Access-Control-Allow-Methods"), "GET, HEAD")
        known, = self.notify("info")
        response = self.reader().post(f"{LEVEL99}/{known}/read", Origin=ORIGIN)
        self.assertEqual(response.header("Access-Control-Allow-Origin"), ORIGIN)

    def test_each_path_has_its_methods(self):
        reader = self.reader()
        for path in (LEVEL99, f"{LEVEL99}/counts", INBOX, f"{INBOX}/counts"):
            response = reader.post(path, {})
            self.check_problem(response, 405)
            self.assertEqual(response.header("Allow"), "GET, HEAD, OPTIONS")
        for path in (f"{LEVEL99}/read", f"{LEVEL99}/x/read", f"{INBOX}/confirm", f"{INBOX}/x/confirm"):
            response = reader.get(path)
            self.check_problem(response, 405)
            self.assertEqual(response.header("Allow"), "POST, OPTIONS")


class Acknowledgements(Inboxes):
    def test_what_is_confirmed_is_out_of_the_way(self):
        reader = self.reader()
        first, second, third = self.acknowledge(3)
        before = reader.list(f"{INBOX}/counts")["unconfirmed"]
        self.assertEqual(reader.order(f"{INBOX}/{second}/confirm"), {"unconfirmed": before - 1})
        left = self.ids(reader.list(f"{INBOX}?limit=1000"))
        self.assertEqual([i for i in left if i in (first, second, third)], [first, third], "newest last")
        states = {notice["notificationId"]: notice["isConfirmed"] for notice in reader.list(f"{INBOX}?limit=1000&all=true")}
        self.assertEqual([states[i] for i in (first, second, third)], [False, True, False])
        self.assertEqual(reader.order(f"{INBOX}/confirm", {"ids": [first, third]}), {"unconfirmed": before - 3})
        self.assertIn(first, self.ids(self.reader().list(f"{INBOX}?limit=1000")), "another account has confirmed nothing")

    def test_confirming_page_by_page_works_through_all_of_them_in_order(self):
        reader = self.reader()
        self.acknowledge(12)
        everything, seen = self.ids(reader.list(f"{INBOX}?limit=1000")), []
        while page := reader.list(f"{INBOX}?limit=5"):
            seen += self.ids(page)
            counted = reader.order(f"{INBOX}/confirm", {"upto": page[-1]["cursor"]})
            self.assertEqual(counted, {"unconfirmed": len(everything) - len(seen)})
        self.assertEqual(seen, everything)
        new, = self.acknowledge(1)
        self.assertEqual(self.ids(reader.list(INBOX)), [new])

    def test_the_number_that_the_sender_was_told_can_be_confirmed_at_once(self):
        reader = self.reader()
        for _ in range(20):
            number, = self.acknowledge(1)
            self.assertEqual(reader.post(f"{INBOX}/{number}/confirm").status, 200)

    def test_polling_notices_marks_and_notifications_and_nothing_else(self):
        reader, other = self.reader(), self.reader()
        number, = self.acknowledge(1)
        for path in (INBOX, f"{INBOX}/counts", f"{INBOX}?all=true"):
            with self.subTest(path=path):
                tag = reader.get(path).header("ETag")
                self.assertEqual(reader.get(path, **{"If-None-Match": tag}).status, 304)
                other.order(f"{INBOX}/{number}/confirm")
                self.assertEqual(reader.get(path, **{"If-None-Match": tag}).status, 304, "another account's marks")
        tag = reader.get(INBOX).header("ETag")
        reader.order(f"{INBOX}/{number}/confirm")
        response = reader.get(INBOX, **{"If-None-Match": tag})
        self.assertEqual(response.status, 200)
        self.assertIn("denrei-reader", response.header("Vary").lower())

    def test_a_member_of_the_body_is_not_taken_for_a_mark(self):
        event = acknowledgement(isConfirmed=True, cursor="7")
        number = self.accept(ACKNOWLEDGEMENT, event).json()["notificationId"]
        body = self.reader().get(f"{INBOX}?limit=1000&all=true").body
        notice, = [pairs for pairs in json.loads(body, object_pairs_hook=list) if ("notificationId", number) in pairs]
        names = [name for name, _ in notice]
        self.assertEqual(len(names), len(set(names)), "no member is there twice")
        self.assertIn(("isConfirmed", False), notice)


class Lasting(unittest.TestCase):
    """Marks that were answered outlive whatever ends the process."""

    def setUp(self):
        self.server = Denrei()
        self.addCleanup(self.server.dispose)
        self.server.start()

    def tearDown(self):
        self.server.stop()

    def view(self, reader):
        return [reader.list(f"{LEVEL99}?limit=1000"), reader.list(f"{LEVEL99}/counts"), reader.list(f"{INBOX}?limit=1000"),
                reader.list(f"{INBOX}?limit=1000&all=true"), reader.list(f"{INBOX}/counts")]

    def fill(self):
        for _ in range(6):
            assert self.server.post(ANALYTICS, analytics("error")).status == 200
            assert self.server.post(ACKNOWLEDGEMENT, acknowledgement()).status == 200
        readers = [Reader(self.server, name) for name in (None, "suzuki", "tanaka")]
        for n, reader in enumerate(readers):
            notices = reader.list(LEVEL99)
            reader.order(f"{LEVEL99}/read", {"upto": notices[n]["cursor"]})
            reader.order(f"{LEVEL99}/{notices[-1]['notificationId']}/read")
            reader.order(f"{LEVEL99}/{notices[0]['notificationId']}/unread")
            reader.order(f"{INBOX}/confirm", {"upto": reader.list(INBOX)[n]["cursor"]})
        return readers

    def test_over_a_restart(self):
        readers = self.fill()
        before = [self.view(reader) for reader in readers]
        tag = readers[1].get(INBOX).header("ETag")
        self.server.restart()
        self.assertEqual([self.view(reader) for reader in readers], before)
        self.assertEqual(readers[1].get(INBOX, **{"If-None-Match": tag}).status, 304)

    def test_over_a_kill(self):
        readers = self.fill()
        for _ in range(3):
            before = [self.view(reader) for reader in readers]
            self.server.kill9()
            self.server.start()
            self.assertEqual([self.view(reader) for reader in readers], before)
            readers[2].order(f"{LEVEL99}/read", {"upto": readers[2].list(f"{LEVEL99}/counts")["newest"]})
            readers[2].order(f"{LEVEL99}/{readers[2].list(LEVEL99)[2]['cursor']}/unread")

    def test_over_the_death_of_the_store(self):
        readers = self.fill()
        before = [self.view(reader) for reader in readers]
        killed = self.server.kill_redis()
        wait_until(lambda: self.server.redis_pid() not in (None, killed), "no redis-server was started again")
        self.assertEqual(self.when_answered(lambda: [self.view(reader) for reader in readers]), before)
        self.assertEqual(self.when_answered(lambda: readers[0].order(f"{LEVEL99}/read", {"upto": before[0][1]["newest"]})), {"unread": 0})

    @staticmethod
    def when_answered(ask):
        def attempt():
            try:
                return ask()
            except AssertionError:      # 503: the store is away
                return None
        return wait_until(attempt, "no answer")


if __name__ == "__main__":
    unittest.main()
