# Live streams (protocol 4): what is new comes at once, who comes back misses nothing, who is too slow is let go, and a thousand look on.
import random
import shutil
import ssl
import tempfile
import threading
import time
import unittest
from pathlib import Path

from contract import ACKNOWLEDGEMENT, ANALYTICS, OPERATOR_TOKEN, READER_TOKEN, acknowledgement, analytics, fresh
from harness import PATIENCE, Denrei, ServerCase, is_running, wait_until
from streams import STREAM, Crowd, Stream
from test_tls import make_certificate, trusting_context
from wire import Connection

READERS = 1000


def notify(server, connection=None, **more):
    """Hands a notification in and gives its id."""
    body = analytics(**more)
    answer = server.post(ANALYTICS, body, connection)
    assert answer.status == 200, answer
    return body["notificationId"]


def notify_surely(server, patience=60):
    """The same through kills: as its sender does, until there is an answer."""
    body = analytics()
    deadline = time.monotonic() + patience * PATIENCE
    while True:
        try:
            if server.post(ANALYTICS, body).status == 200:
                return body["notificationId"]
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise AssertionError(f"not accepted\n{server.tail()}")
        time.sleep(0.05)


class LiveStreams(ServerCase):
    def stream(self, target=STREAM, **how):
        stream = Stream(self.server, target, **how)
        self.addCleanup(stream.close)
        return stream

    def test_its_head_is_that_of_a_stream(self):
        for version in ("HTTP/1.1", "HTTP/1.0"):
            with self.subTest(version=version):
                status, headers = self.stream(version=version).open().head
                self.assertEqual(status, 200)
                self.assertEqual(headers["content-type"], "text/event-stream; charset=utf-8")
                self.assertEqual(headers["cache-control"], "no-store")
                self.assertEqual(headers["x-accel-buffering"], "no")
                self.assertEqual(headers["connection"], "close")
                self.assertTrue(headers["x-request-id"] and headers["date"])
                self.assertNotIn("content-length", headers)
                self.assertNotIn("transfer-encoding", headers)

    def test_it_begins_with_ready_and_where_the_feed_is(self):
        first = self.stream()
        ready = first.first("ready")
        self.assertEqual(ready.json()["inbox"], "level99")
        self.assertEqual(ready.json()["newest"], ready.id)
        self.assertRegex(ready.id, r"\A\d+-\d+\Z")
        self.assertEqual(first.parser.retry, 2000)

    def test_a_notification_comes_within_a_second_and_as_the_inbox_shows_it(self):
        stream = self.stream()
        stream.first("ready")
        name = fresh("analytics")
        sent = time.monotonic()
        notify(self.server, notificationId=name, title="髙橋 ✅", message="一行目\n二行目\r\n三行目")
        event = stream.notification(name)
        self.assertLess(event.seconds - sent, 1.0 * PATIENCE)
        shown = next(n for n in self.server.get("/api/notifications?limit=1000").json() if n["notificationId"] == name)
        self.assertLessEqual(event.json().items(), shown.items())
        self.assertEqual(event.json()["message"], "一行目\n二行目\r\n三行目")

    def test_each_inbox_has_its_own(self):
        level99, acknowledgements = self.stream(f"{STREAM}?inbox=level99"), self.stream(f"{STREAM}?inbox=acknowledgements")
        level99.first("ready")
        acknowledgements.first("ready")
        case = acknowledgement()
        self.assertEqual(self.server.post(ACKNOWLEDGEMENT, case).status, 200)
        name = notify(self.server)
        level99.notification(name)
        self.assertIn(case["caseNumber"], acknowledgements.first("notification").data)
        self.assertEqual(len(acknowledgements.named("notification")), 1)
        self.assertNotIn(case["caseNumber"], "".join(e.data for e in level99.events))

    # --- coming back

    def test_who_comes_back_hears_what_was_missed_in_order_and_once(self):
        before = self.stream()
        before.first("ready")
        names = [notify(self.server) for _ in range(3)]
        before.read_until(lambda s: set(names) <= set(s.heard()))
        places = {e.json()["notificationId"]: e.id for e in before.named("notification")}
        order = before.heard()
        for i, name in enumerate(tuple(order)):
            for how in ({"last": places[name]}, {"target": f"{STREAM}?lastEventId={places[name]}"}):
                with self.subTest(behind=i, how=how):
                    again = self.stream(**how)
                    later = notify(self.server)
                    order.append(later)
                    again.notification(later)
                    self.assertEqual(again.heard(), order[i + 1:])
                    self.assertEqual(again.named("reset") + again.named("ready"), [])

    def test_a_place_that_nobody_knows_is_a_reset_with_a_snapshot(self):
        name = notify(self.server)
        self.assertEqual(self.server.get("/api/notifications?limit=1000").json()[-1]["notificationId"], name)
        for place, reason in (("999999999-1", "unknown_place"), ("rubbish", "malformed_place"), ("1-", "malformed_place"), ("1-1", "unknown_place")):
            with self.subTest(place=place):
                stream = self.stream(last=place)
                reset = stream.first("reset")
                self.assertEqual(reset.json()["reason"], reason)
                self.assertEqual(reset.json()["newest"], reset.id)
                self.assertEqual(reset.json()["snapshot"][-1]["notificationId"], name)
                later = notify(self.server)
                stream.notification(later)
                self.assertEqual(stream.heard(), [later])
                resumed = self.stream(last=reset.id)
                resumed.notification(later)
                self.assertEqual(resumed.heard(), [later])
                name = later

    def test_a_stream_outlives_the_loss_of_the_store(self):
        stream = self.stream()
        stream.first("ready")
        killed = self.server.kill_redis()
        wait_until(lambda: not is_running(killed) and self.server.redis_pid() not in (None, killed), "no new redis-server", 30)
        name = notify_surely(self.server)
        stream.notification(name, seconds=30)
        self.assertEqual(stream.heard().count(name), 1)

    # --- who may

    def test_only_a_reader_may_look_on(self):
        for credentials in (None, "x", READER_TOKEN + "x"):
            with self.subTest(credentials=credentials):
                response = self.server.get(STREAM, token=credentials)
                self.check_problem(response, 401)
                self.assertTrue((response.header("WWW-Authenticate") or "").startswith("Bearer"), response)

    def test_an_unknown_inbox_is_refused_with_those_that_there_are(self):
        response = self.server.get(f"{STREAM}?inbox=nobody")
        self.check_problem(response, 400)
        self.assertIn("acknowledgements, level99", response.json()["detail"])

    def test_operators_look_on_at_the_operations_listener(self):
        for token in (None, READER_TOKEN):
            with self.subTest(token=token), Connection(self.server.ops_port) as connection:
                headers = {} if token is None else {"Authorization": f"Bearer {token}"}
                self.assertEqual(connection.get("/ops/stream", headers).status, 401)
        operator = self.stream("/ops/stream", token=OPERATOR_TOKEN, port=self.server.ops_port)
        self.assertEqual(operator.first("ready").json()["topic"], "operations")
        self.assertEqual(operator.head[1]["content-type"], "text/event-stream; charset=utf-8")

    # --- many, and slow ones

    def test_a_reader_that_does_not_read_is_cut_off_and_nobody_else(self):
        slow, quick = self.stream(receive_buffer=4096), self.stream()
        quick.first("ready")
        wait_until(lambda: slow.socket.recv(1), "the slow one's head")
        large = analytics("error")["details"] | {"error": {"message": "x", "stack": "x" * 300_000, "timestamp": "2025-10-07T14:19:13.950Z"}}
        names = []
        for _ in range(12):
            names.append(notify(self.server, type="error", details=large))
            quick.notification(names[-1])
        later = notify(self.server)
        quick.notification(later)
        self.assertEqual(quick.heard(), names + [later])
        slow.read_to_the_end()
        self.assertNotIn(later, slow.heard())

    def test_a_thousand_readers_hear_everything_and_senders_do_not_wait(self):
        crowd = Crowd([self.stream() for _ in range(READERS)])
        crowd.read_until(lambda s: s.named("ready"), "ready")
        names, took = [], []

        def send():
            with self.server.connect() as connection:
                for _ in range(50):
                    started = time.monotonic()
                    names.append(notify(self.server, connection))
                    took.append(time.monotonic() - started)

        sender = threading.Thread(target=send)
        sender.start()
        crowd.read_until(lambda s: len(s.named("notification")) >= 50, "50 notifications", 60)
        sender.join()
        self.assertEqual(len(names), 50)
        expected = crowd.streams[0].heard()
        self.assertEqual(sorted(expected), sorted(names))
        for stream in crowd.streams:
            self.assertEqual(stream.heard(), expected)
        self.assertEqual(crowd.ended, set())
        self.assertLess(sorted(took)[len(took) // 2], 0.5 * PATIENCE, "the median answer")
        self.assertLess(max(took), 5 * PATIENCE)


class Ends(unittest.TestCase):
    def setUp(self):
        self.server = Denrei()
        self.addCleanup(self.server.dispose)
        self.server.start()

    def test_streams_end_with_the_process_and_do_not_hold_it_up(self):
        streams = [Stream(self.server) for _ in range(20)] + [Stream(self.server, "/ops/stream", token=OPERATOR_TOKEN, port=self.server.ops_port)]
        for stream in streams:
            self.addCleanup(stream.close)
            stream.first("ready")
        started = time.monotonic()
        self.server.stop(10)
        self.assertLess(time.monotonic() - started, 10 * PATIENCE)
        for stream in streams:
            stream.read_to_the_end(1)

    def test_a_reader_hears_everything_once_over_kills(self):
        dice = random.Random(20251122)
        accepted, heard, last = [], [], None
        for _ in range(3):
            with Stream(self.server, last=last) as stream:
                stream.open()
                if last is None:
                    last = stream.first("ready").id
                accepted += [notify_surely(self.server) for _ in range(dice.randint(5, 20))]
                goal = dice.randint(0, 5)
                stream.read_until(lambda s, goal=goal: len(s.heard()) >= goal)
                accepted += [notify(self.server) for _ in range(dice.randint(1, 5))]
                self.server.kill9()
                try:
                    stream.read_to_the_end()
                finally:
                    heard += stream.heard()
                    last = stream.last_id() or last
                    self.assertEqual(stream.named("reset"), [])
            self.server.start(40)
            accepted.append(notify_surely(self.server))
        with Stream(self.server, last=last) as stream:
            stream.open()
            stream.notification(accepted[-1])
            stream.read_until(lambda s: set(accepted) <= set(heard + s.heard()), "everything that was accepted", 30)
            self.assertEqual(stream.named("reset"), [])
            self.assertEqual(sorted(heard + stream.heard()), sorted(accepted))


class OverTls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="denrei-tls-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        make_certificate(cls.folder, 1000)
        cls.server = Denrei(flags=["--tls-cert", str(cls.folder / "cert.pem"), "--tls-key", str(cls.folder / "key.pem")],
                            tls=trusting_context(cls.folder))
        cls.addClassCleanup(cls.server.dispose)
        cls.server.start()

    def test_a_stream_goes_over_tls_and_ends_properly(self):
        stream = Stream(self.server, tls=trusting_context(self.folder))
        self.addCleanup(stream.close)
        stream.first("ready")
        names = [notify(self.server) for _ in range(20)]
        stream.read_until(lambda s: set(names) <= set(s.heard()))
        self.assertEqual(sorted(stream.heard()), sorted(names))
        self.server.terminate()
        try:
            stream.read_to_the_end()
        except ssl.SSLError as error:
            self.fail(f"cut instead of closed: {error}")
        self.assertEqual(self.server.wait_exit(), 0)


if __name__ == "__main__":
    unittest.main()
