# The lists of tests that the analytics contract asks for (seed analytics-notification, 10.2 and 10.3), with the numbers it gives them:
# the medical system and VoiceDrive, both as they are shipped, and an account of level 99 that looks at its list and at its live stream.
import threading
import time
import unittest

from contract import ANALYTICS, READER_TOKEN, analytics, fresh
from harness import PATIENCE, wait_until
from outbound import Deliverer, DeliveryCase
from receivers import Answer, Receiver, say
from streams import Stream
from test_delivery_flows import PATHS, as_shipped
from wire import Connection

ANSWER_S = 0.5 * PATIENCE     # 10.3 No. 1
KEPT_HEADERS = ("content-type", "x-signature", "x-timestamp")
BROKEN_OFF = Answer(act=say(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"))     # where nothing at all has come, libcurl asks once more by itself


class Wire:
    """What lies between the two systems: it passes requests on, unless a test has planned something else for one of them."""

    def __init__(self):
        self.receiver = Receiver(default=self.pass_on)
        self.target = None

    def pass_on(self, arrival):
        headers = {name: arrival.headers[name] for name in KEPT_HEADERS}
        with Connection(self.target.port) as connection:
            answer = connection.request(arrival.method, arrival.path, headers, arrival.body)
        return Answer(answer.status, answer.body)

    def lose_the_answer(self, arrival):
        """VoiceDrive takes it, and the line breaks before it can say so."""
        assert self.pass_on(arrival).status == 200
        return BROKEN_OFF


class Account:
    """Somebody of level 99: what the list shows, and what the live stream has told."""

    def __init__(self, server):
        self.server = server
        self.stream = Stream(server)
        self.stream.first("ready")

    def listed(self):
        response = self.server.get("/api/notifications?limit=1000", READER_TOKEN, {"Denrei-Reader": "level99-account"})
        assert response.status == 200, response
        return response.json()

    def wait_all(self, ids, seconds=30.0):
        """Until the stream has told all of these; answers those of them that it told, in its order."""
        self.stream.read_until(lambda s: len(s.named("notification")) >= len(ids), f"{len(ids)} notifications", seconds)
        self.stream.read_until(lambda s: ids <= set(s.heard()), "those that are missing", seconds)
        return [name for name in self.stream.heard() if name in ids]

    def shown(self, ids):
        """Those of them in the list, in its order."""
        return [notice["notificationId"] for notice in self.listed() if notice["notificationId"] in ids]


class SeedCase(DeliveryCase):
    is_direct = False     # nothing lies between the two

    @classmethod
    def setUpClass(cls):
        cls.voicedrive = cls.begin(Deliverer(as_shipped()))
        cls.line = Wire()
        cls.line.target = cls.voicedrive
        cls.open(cls.line.receiver)
        port = cls.voicedrive.port if cls.is_direct else cls.line.receiver.port
        url = f"http://127.0.0.1:{port}{PATHS['VOICEDRIVE_ANALYTICS_URL']}"
        cls.medical = cls.begin(Deliverer(as_shipped(), environment={"VOICEDRIVE_ANALYTICS_URL": url}))

    def setUp(self):
        self.account = Account(self.voicedrive)
        self.addCleanup(self.account.stream.close)

    def report(self, event, key=None):
        """The batch tells the medical system's Denrei, which sends it on; its delivery."""
        sent = self.medical.send(f"analytics.{event['type']}", key or event["notificationId"], event)
        return self.medical.wait_state(sent, "delivered", "voicedrive-analytics", 30)

    def check_shown_once(self, event):
        """In the list and on the stream, with what the sender wrote; the notice in the list."""
        name = event["notificationId"]
        told = self.account.stream.notification(name).json()
        notice, = [notice for notice in self.account.listed() if notice["notificationId"] == name]
        for shown in (told, notice):
            self.assertEqual({member: shown[member] for member in ("type", "title", "message", "details")},
                             {member: event[member] for member in ("type", "title", "message", "details")})
        marker = analytics("info")     # behind whatever is told twice
        self.assertEqual(self.voicedrive.post(ANALYTICS, marker).status, 200)
        self.account.stream.notification(marker["notificationId"])
        self.assertEqual(self.account.stream.heard().count(name), 1)
        return notice


class Integration(SeedCase):
    """10.2"""

    def test_1_a_batch_that_succeeded_is_shown_to_level_99(self):
        event = analytics("success")
        self.assertEqual(self.report(event)["attempts"], 1)
        notice = self.check_shown_once(event)
        self.assertEqual((notice["icon"], notice["priority"], notice["isRead"]), ("✅", "normal", False))

    def test_2_a_batch_that_failed_is_shown_as_urgent(self):
        before = self.voicedrive.get("/api/notifications/counts").json()["highPriorityUnread"]
        event = analytics("error")
        self.assertEqual(self.report(event)["attempts"], 1)
        notice = self.check_shown_once(event)
        self.assertEqual((notice["icon"], notice["priority"]), ("❌", "high"))
        self.assertEqual(self.voicedrive.get("/api/notifications/counts").json()["highPriorityUnread"], before + 1)

    def test_3_a_first_attempt_that_fails_is_followed_by_one_that_succeeds(self):
        failures = {"503": Answer(503, b""), "not a success": Answer(200, b'{"success":false}'), "broken off": BROKEN_OFF,
                    "answer lost": self.line.lose_the_answer}
        for number, (name, failure) in enumerate(failures.items()):
            with self.subTest(failure=name):
                event = analytics(("success", "error")[number % 2])
                self.line.receiver.plan(event["notificationId"], failure)
                delivery = self.report(event)
                first, second = self.line.receiver.arrivals(event["notificationId"])
                self.assertEqual((delivery["attempts"], delivery["lastStatus"]), (2, 200), delivery)
                self.assertEqual(first.body, second.body)
                self.assertGreaterEqual(second.at - first.at, 0.99, "2^0 seconds (8.2)")
                self.check_shown_once(event)

    def test_4_many_in_a_row_are_all_received_and_shown_in_their_order(self):
        events = [analytics(("success", "error", "warning", "info")[number % 4]) for number in range(40)]
        names = [event["notificationId"] for event in events]
        self.medical.send_many([(f"analytics.{event['type']}", "nightly-batch", event) for event in events])     # one key: their order is kept
        self.assertEqual(self.account.wait_all(set(names)), names)
        self.assertEqual(self.account.shown(set(names)), names)


class Load(SeedCase):
    """10.3, and that nothing is shown twice."""

    is_direct = True

    def post_in_turn(self, events, answers):
        with self.voicedrive.connect() as connection:
            for event in events:
                started = time.monotonic()
                answer = self.voicedrive.post(ANALYTICS, event, connection)
                answers.append((answer.status, time.monotonic() - started))

    def test_1_an_answer_comes_within_half_a_second(self):
        answers = []
        self.post_in_turn([analytics() for _ in range(100)], answers)
        self.assertEqual({status for status, _ in answers}, {200})
        slow = [seconds for _, seconds in answers if seconds > ANSWER_S]
        self.assertLessEqual(len(slow), 1, f"a machine may hold its breath once: {slow}")

    def test_2_ten_at_once_are_all_processed(self):
        events, answers, begin = [analytics() for _ in range(10)], [], threading.Barrier(10)

        def post(event):
            begin.wait()
            self.post_in_turn([event], answers)
        senders = [threading.Thread(target=post, args=(event,)) for event in events]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        names = [event["notificationId"] for event in events]
        self.assertEqual([status for status, _ in answers], [200] * 10)
        self.assertLess(max(seconds for _, seconds in answers), ANSWER_S)
        self.assertEqual(sorted(self.account.wait_all(set(names))), sorted(names))
        self.assertEqual(sorted(self.account.shown(set(names))), sorted(names))

    def test_3_a_day_s_thousand_are_all_shown_exactly_once(self):
        events = [analytics(("success", "error", "warning", "info")[number % 4]) for number in range(1000)]
        names = {event["notificationId"] for event in events}
        place, failures = self.mark()["cursor"], []

        def hand_in():
            try:
                self.medical.send_many([(f"analytics.{event['type']}", event["notificationId"], event) for event in events])
            except Exception as problem:  # noqa: BLE001 - raised below
                failures.append(problem)
        sender = threading.Thread(target=hand_in)
        sender.start()
        told = self.account.wait_all(names, 60)
        sender.join()
        self.assertEqual(failures, [])
        report = self.medical.wait_report("voicedrive-analytics", pending=0, inFlight=0)
        self.assertEqual((report["delivered"], report["dead"], report["failedAttempts"]), (1000, 0, 0), report)
        self.mark()
        self.assertEqual(sorted(told), sorted(names))
        self.assertEqual(sorted(name for name in self.account.stream.heard() if name in names), sorted(names), "none of them again later")
        listed = self.listed_after(place)
        self.assertEqual(sorted(name for name in listed if name in names), sorted(names))
        self.assertEqual([name for name in listed if name in names], told, "list and stream tell the same order")

    def mark(self):
        """One notification more, when list and stream have it."""
        event = analytics("info", notificationId=fresh("mark"))
        self.assertEqual(self.voicedrive.post(ANALYTICS, event).status, 200)
        self.account.stream.notification(event["notificationId"])
        return next(notice for notice in self.account.listed() if notice["notificationId"] == event["notificationId"])

    def listed_after(self, cursor):
        """The inbox behind that place, page by page."""
        names = []
        while page := self.voicedrive.get(f"/api/notifications?limit=400&after={cursor}").json():
            names += [notice["notificationId"] for notice in page]
            cursor = page[-1]["cursor"]
        return names


if __name__ == "__main__":
    unittest.main()
