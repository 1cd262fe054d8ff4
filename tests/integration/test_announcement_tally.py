# What people do with an announcement (protocol 3.4): handed in by VoiceDrive's front-end, counted once each, sent as statistics, kept over kill -9.
import hashlib
import hmac
import os
import random
import threading
import time
import unittest
from collections import Counter
from urllib.parse import quote

from contract import OPERATOR_TOKEN, READER_TOKEN, SECRETS, STATS_V1, encode, fresh, iso, without
from harness import PATIENCE, wait_until
from outbound import ADMIN_TOKEN, LOCAL, SENDER_TOKEN, TOKENS, Deliverer, DeliveryCase, shipped
from receivers import Receiver

DEPARTMENTS = ("看護部", "医局", "事務部", "リハビリ科")


def with_tallies(**destination):
    """The shipped configuration, whose statistics go to this machine as fast as they come, whoever made them."""
    config = shipped(records_stats=LOCAL | destination)
    records, = [d for d in config["destination"] if d["name"] == "records-stats"]
    for name in ("rate", "limits", "coalesce"):       # these have tests of their own
        records.pop(name, None)
    config["route"] = [r for r in config["route"] if r["destination"] != "records-stats"]
    config["route"].append({"name": "tallies", "destination": "records-stats", "sources": ["denrei"], "types": ["stats.*"]})
    return config


def announcement(**more):
    return {"title": "【アンケート】職場環境改善に関する意識調査のお願い", "category": "survey", "priority": "medium",
            "publishedAt": "2025-10-07T09:00:00.000Z", "delivered": 450} | more


class VoiceDrive(Deliverer):
    """A gateway on VoiceDrive's side."""

    def __init__(self, stats_url, **options):
        super().__init__(with_tallies(), environment={"RECORDS_STATS_URL": stats_url}, **options)

    def hand(self, method, path, body, *, token=SENDER_TOKEN, connection=None, headers=None):
        fields = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {}) | (headers or {})
        raw = body if isinstance(body, bytes) else encode(body)
        if connection is not None:
            return connection.request(method, path, fields, raw)
        return self.request(method, path, fields, raw)

    def publish(self, name, body=None, **how):
        return self.hand("PUT", f"/api/announcements/{quote(name, safe='')}", announcement() if body is None else body, **how)

    def act(self, name, action, *, headers=None, connection=None, token=SENDER_TOKEN, **more):
        return self.hand("POST", f"/api/announcements/{quote(name, safe='')}/actions", {"action": action} | more,
                         headers=headers, connection=connection, token=token)

    def tally(self, name):
        return self.get(f"/api/announcements/{quote(name, safe='')}/tally")

    def announcements(self):
        """Every id on the list, page by page."""
        ids, cursor = [], ""
        while True:
            page = self.get(f"/api/announcements?limit=3{cursor}")
            assert page.status == 200, page
            ids += [item["id"] for item in page.json()["data"]]
            if page.json()["next"] is None:
                return ids
            cursor = f"&cursor={quote(page.json()['next'], safe='')}"


class Crowd(threading.Thread):
    """One of several who act at once, each over a connection of its own, each action as often as it takes to get its 202."""

    def __init__(self, server, actions):
        super().__init__(daemon=True)
        self.server, self.actions = server, actions      # (announcement, action, members)
        self.failure = None
        self.done = 0
        self.ended = threading.Event()
        self._connection = None

    def run(self):
        try:
            for name, action, members in self.actions:
                deadline = time.monotonic() + 60 * PATIENCE
                while not self._try_once(name, action, members):
                    assert time.monotonic() < deadline, "no 202 in a minute"
                    self.ended.wait(0.02)
                self.done += 1
        except Exception as problem:  # noqa: BLE001 - shown by finish()
            self.failure = problem
        finally:
            self._hang_up()

    def _try_once(self, name, action, members):
        try:
            if self._connection is None:
                self._connection = self.server.connect()
            answer = self.server.act(name, action, connection=self._connection, **members)
            if (answer.header("Connection") or "").lower() == "close":
                self._hang_up()
            assert answer.status in (202, 503), answer
            return answer.status == 202
        except OSError:
            self._hang_up()
            return False

    def _hang_up(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @staticmethod
    def finish(crowd):
        for one in crowd:
            one.join(120 * PATIENCE)
            assert not one.is_alive(), "still acting"
            if one.failure:
                raise one.failure


def make_actions(dice, name, count):
    """So many actions by people of several departments, and the figures that they come to."""
    actions, viewers, clicks, figures = [], set(), Counter(), Counter()
    for _ in range(count):
        action = dice.choices(("click", "view", "completion"), (5, 3, 2))[0]
        members = {"actionId": fresh("act")}
        if action == "click":
            members["department"] = dice.choice(DEPARTMENTS)
            clicks[members["department"]] += 1
        if action == "view":
            members |= {"viewer": f"EMP-{dice.randrange(40)}", "readTimeSeconds": 30}
            viewers.add(members["viewer"])
        figures[action] += 1
        actions.append((name, action, members))
    stats = {"delivered": 450, "actions": figures["click"], "completions": figures["completion"],
             "details": {"viewCount": figures["view"], "uniqueViewers": len(viewers), "averageReadTime": 30, "actionsByDepartment": dict(clicks)}}
    return actions, stats


def wait_for_totals(receiver, name, stats, tail):
    """The statistics of an announcement as they arrived, once one has all clicks and completions; views alone send nothing."""
    def there():
        arrived = [a.json() for a in receiver.arrivals(name)]
        done = any(all(body["stats"][member] == stats[member] for member in ("actions", "completions")) for body in arrived)
        return arrived if done else None
    return wait_until(there, lambda: f"{[a.json()['stats'] for a in receiver.arrivals(name)][-1:]} is not {stats}\n{tail()}", 30)


class Tallies(DeliveryCase):
    @classmethod
    def setUpClass(cls):
        cls.records = cls.open(Receiver())
        cls.server = cls.begin(VoiceDrive(cls.records.url(STATS_V1.path)))

    def publish(self, name, *arguments, **how):
        response = self.server.publish(name, *arguments, **how)
        self.assertEqual(response.status, 202, response)
        return response

    def act(self, name, action, **more):
        response = self.server.act(name, action, **more)
        self.assertEqual(response.status, 202, response)
        return response

    def stats_of(self, name):
        response = self.server.tally(name)
        self.assertEqual(response.status, 200, response)
        return response.json()["stats"]

    def test_a_click_is_seen_at_once_by_the_records_system(self):
        name = fresh("お知らせ/1%")
        self.publish(name)
        self.act(name, "view", viewer="EMP-1", readTimeSeconds=44.6)
        before = time.time()
        event = self.act(name, "click", department="看護部").json()["id"]
        arrival, = self.records.wait_for(1, name)
        self.assertLess(arrival.at - before, 2 * PATIENCE)
        body = arrival.json()
        self.assertEqual(body["event"], "stats.updated")
        self.assertEqual(body["announcement"], {"id": name} | without(announcement(), "delivered"))
        self.assertEqual(body["stats"], {"delivered": 450, "actions": 1, "completions": 0, "details": {
            "viewCount": 1, "uniqueViewers": 1, "averageReadTime": 45, "actionsByDepartment": {"看護部": 1}}})
        self.assertEqual(body["metadata"], {"source": "voicedrive", "version": "1.0.0", "environment": "production"})
        signature = hmac.new(SECRETS["VOICEDRIVE_WEBHOOK_SECRET"].encode(), arrival.body, hashlib.sha256).hexdigest()
        self.assertEqual(arrival.headers["x-voicedrive-signature"], signature)
        known = self.server.event(event)
        self.assertEqual((known["source"], known["type"], known["key"]), ("actions", "action.click", name))
        delivery, = wait_until(lambda: self.server.pages("/ops/deliveries", state="delivered", key=name), self.server.tail)
        self.assertEqual((delivery["source"], delivery["type"], delivery["destination"]), ("denrei", "stats.updated", "records-stats"))

    def test_what_many_do_at_once_is_counted_exactly(self):
        name, dice = fresh("ann"), random.Random(7)
        self.publish(name)
        actions, stats = make_actions(dice, name, 800)
        crowd = [Crowd(self.server, actions[own::8]) for own in range(8)]
        for one in crowd:
            one.start()
        Crowd.finish(crowd)
        self.assertEqual(self.stats_of(name), stats)
        arrived = wait_for_totals(self.records, name, stats, self.server.tail)
        times = [body["timestamp"] for body in arrived]
        self.assertEqual(times, sorted(set(times)), "each is newer than the one before")
        for member in ("actions", "completions"):
            counts = [body["stats"][member] for body in arrived]
            self.assertEqual(counts, sorted(counts))
        self.assertLessEqual(len(arrived), stats["actions"] + stats["completions"])

    def test_a_repeat_counts_once(self):
        name, other = fresh("ann"), fresh("ann")
        self.publish(name)
        self.publish(other)
        for headers, more in (({"Idempotency-Key": fresh("key")}, {}), (None, {"actionId": fresh("act")})):
            first = self.act(name, "click", headers=headers, **more)
            again = self.act(name, "click", headers=headers, **more)
            self.assertEqual(again.body, first.body)
            self.assertEqual((first.header("Idempotent-Replayed"), again.header("Idempotent-Replayed")), (None, "true"))
            elsewhere = self.act(other, "click", headers=headers, **more)
            self.assertIsNone(elsewhere.header("Idempotent-Replayed"), "the same name for another announcement's click")
        self.act(name, "click")
        self.act(name, "click")
        self.assertEqual(self.stats_of(name)["actions"], 4, "without a name every click is one")
        self.assertEqual(self.stats_of(other)["actions"], 2)

    def test_views_alone_send_nothing(self):
        name = fresh("ann")
        self.publish(name)
        for viewer in ("EMP-1", "EMP-2", "EMP-1"):
            self.act(name, "view", viewer=viewer)
        self.assertEqual(self.stats_of(name)["details"], {"viewCount": 3, "uniqueViewers": 2})
        self.act(name, "completion")
        self.assertEqual(len(self.records.wait_for(1, name)), 1)

    def test_what_came_before_the_announcement_goes_out_with_it(self):
        name = fresh("ann")
        self.act(name, "click", department="医局")
        document = self.server.tally(name).json()
        self.assertEqual((document["announcement"], document["stats"]["actions"]), (None, 1))
        self.publish(name, announcement(delivered=12, environment="staging"))
        body = self.records.wait_for(1, name)[0].json()
        self.assertEqual((body["stats"]["actions"], body["stats"]["delivered"], body["metadata"]["environment"]), (1, 12, "staging"))
        self.publish(name, announcement(delivered=13, environment="staging"))
        self.assertEqual(self.records.wait_for(2, name)[1].json()["stats"]["delivered"], 13)
        document = self.server.tally(name).json()
        self.assertEqual([(point["event"], point["stats"]["delivered"]) for point in document["series"]], [("stats.updated", 12), ("stats.updated", 13)])
        self.assertIn(name, self.server.announcements())

    def test_nobody_is_named_anywhere(self):
        name, person = fresh("ann"), fresh("EMP-SECRET")
        self.publish(name)
        event = self.act(name, "view", viewer=person, readTimeSeconds=3).json()["id"]
        self.act(name, "click", viewer=person)
        self.records.wait_for(1, name)
        known = self.server.event(event)
        self.assertEqual(known["body"]["readTimeSeconds"], 3)
        self.assertRegex(known["body"]["viewer"], r"\A[0-9a-f]{32}\Z")
        self.assertEqual(self.records.arrivals(person), [])
        stored = b"".join(path.read_bytes() for path in self.server.data.rglob("*") if path.is_file() and not path.is_socket())
        self.assertIn(name.encode(), stored)
        for text in (stored, self.server.output(), self.server.errors()):
            self.assertNotIn(person.encode(), text)

    def test_what_is_no_action_is_refused(self):
        name = fresh("ann")
        self.publish(name)
        path = f"/api/announcements/{name}/actions"
        bad = [{}, {"action": "like"}, {"action": 1}, {"action": "click", "department": ""}, {"action": "click", "department": "部" * 101},
               {"action": "view", "readTimeSeconds": -1}, {"action": "view", "readTimeSeconds": "3"}, {"action": "view", "viewer": 7},
               {"action": "click", "at": "yesterday"}, {"action": "click", "actionId": ""}, [], b"{", b'{"action":"click","action":"view"}']
        for body in bad:
            with self.subTest(body=body):
                self.check_problem(self.server.hand("POST", path, body), 400)
        for body in ([], b"", {}, announcement(category="poll"), announcement(priority="urgent"), announcement(delivered=-1), announcement(delivered=1.5),
                     announcement(publishedAt="soon"), announcement(title=""), announcement(environment="moon"), without(announcement(), "title")):
            with self.subTest(body=body):
                self.check_problem(self.server.publish(fresh("ann"), body), 400)
        self.check_problem(self.server.publish("長" * 86), 400, "key")
        self.check_problem(self.server.hand("POST", path, b"x" * (1024 * 1024 + 1)), 413)
        self.check_problem(self.server.hand("POST", path, {"action": "click"}, headers={"Content-Type": "text/plain"}), 415)
        self.assertEqual(self.stats_of(name)["actions"], 0)
        self.assertEqual(self.records.arrivals(name), [])

    def test_only_senders_and_operators_hand_in(self):
        name = fresh("ann")
        for token in (None, "", "wrong", READER_TOKEN):
            self.check_problem(self.server.publish(name, token=token), 401)
            self.check_problem(self.server.act(name, "click", token=token), 401)
        self.assertEqual(self.server.tally(name).status, 404)
        for token in (SENDER_TOKEN, OPERATOR_TOKEN, ADMIN_TOKEN):
            self.act(name, "click", token=token)
        self.assertEqual(self.stats_of(name)["actions"], 3)
        for path in (f"/api/announcements/{name}/tally", "/api/announcements"):
            self.assertEqual(self.server.get(path, SENDER_TOKEN).status, 401, "who hands in may not read for that reason")

    def test_each_path_has_its_methods(self):
        name = fresh("ann")
        self.publish(name)
        for method, path, allow in (("POST", f"/api/announcements/{name}", "PUT"), ("DELETE", f"/api/announcements/{name}", "PUT"),
                                    ("PUT", f"/api/announcements/{name}/actions", "POST")):
            response = self.server.hand(method, path, announcement())
            self.assertEqual((response.status, response.header("Allow")), (405, allow), response)
        for path, allow in ((f"/api/announcements/{name}", "PUT"), (f"/api/announcements/{name}/actions", "POST")):
            self.assertEqual((self.server.get(path).status, self.server.get(path).header("Allow")), (405, allow), path)
        self.assertEqual(self.server.get(f"/api/announcements/{fresh('ann')}/tally").status, 404)
        for path in ("/api/announcements/", "/api/announcements//actions", f"/api/announcements/{name}/actions/", "/api/announcements/%zz/actions",
                     "/api/announcements/%FF"):
            self.assertEqual(self.server.hand("POST" if "actions" in path else "PUT", path, {"action": "click"}).status, 404, path)


class Killed(unittest.TestCase):
    """kill -9 while people click: what was answered with 202 is counted once, and the records system ends at the exact figures."""

    def test_everything_is_counted_once(self):
        seed = int(os.environ.get("CRASH_SEED", random.SystemRandom().randrange(10 ** 6)))
        rounds = int(os.environ.get("CRASH_ROUNDS", "3"))
        print(f"\n  CRASH_SEED={seed} CRASH_ROUNDS={rounds}", flush=True)
        dice = random.Random(seed)
        records = Receiver().open()
        self.addCleanup(records.close)
        server = VoiceDrive(records.url(STATS_V1.path))
        self.addCleanup(server.dispose)
        server.start()
        names = [fresh("ann") for _ in range(3)]
        plans = {name: make_actions(dice, name, 300) for name in names}
        for name in names:
            self.assertEqual(server.publish(name).status, 202)
        crowd = [Crowd(server, plans[name][0][own::2]) for name in names for own in range(2)]
        for one in crowd:
            one.start()
        for number in range(rounds):
            goal = int(900 * (number + dice.uniform(0.2, 0.8)) / (rounds + 1))
            wait_until(lambda: sum(one.done for one in crowd) >= goal, server.tail, 60)
            server.kill9()
            server.start(60)
        Crowd.finish(crowd)
        for name in names:
            stats = plans[name][1]
            self.assertEqual(server.tally(name).json()["stats"], stats)
            arrived = wait_for_totals(records, name, stats, server.tail)
            newest = max(arrived, key=lambda body: body["timestamp"])
            self.assertEqual((newest["stats"]["actions"], newest["stats"]["completions"]), (stats["actions"], stats["completions"]))
        server.stop()


class TwoSides(DeliveryCase):
    """VoiceDrive counts, the medical system is told: the figures at its end are the same."""

    @classmethod
    def setUpClass(cls):
        cls.medical = cls.begin(Deliverer(shipped(), tokens=TOKENS))
        cls.voicedrive = cls.begin(VoiceDrive(f"http://127.0.0.1:{cls.medical.port}{STATS_V1.path}"))

    def test_the_figures_agree(self):
        name = fresh("ann")
        self.assertEqual(self.voicedrive.publish(name, announcement(publishedAt=iso())).status, 202)
        for number in range(25):
            self.assertEqual(self.voicedrive.act(name, "click", department=DEPARTMENTS[number % 4]).status, 202)
        ours = self.voicedrive.tally(name).json()

        def told():
            response = self.medical.announcement(name)
            return response.json() if response.status == 200 and response.json()["latest"]["actions"] == 25 else None
        theirs = wait_until(told, lambda: self.voicedrive.tail() + self.medical.tail(), 30)
        self.assertEqual(theirs["byDepartment"], ours["stats"]["details"]["actionsByDepartment"])
        self.assertEqual(theirs["title"], ours["announcement"]["title"])


if __name__ == "__main__":
    unittest.main()
