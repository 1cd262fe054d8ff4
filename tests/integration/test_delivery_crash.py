# Kill -9 of sender, receiver and Redis in the middle of a delivery: everything arrives, in order per key, repeats under the same id.
#
# CRASH_ROUNDS  kills of each of the two big tests (default 3; the full form is 20)
# CRASH_SEED    repeats the dice of a run (it is printed)
import os
import random
import threading
import time
import unittest
from collections import defaultdict

from contract import fresh, parse_iso
from harness import PATIENCE, is_running, wait_until
from outbound import Deliverer, config_of, destination
from receivers import Answer, Receiver, ReceiverProcess
from redis_server import RedisServer

KEYS, EVENTS_A_KEY = 100, 20
SCHEDULE = ["50ms", "100ms", "200ms", "400ms", "800ms"] + ["1s"] * 14


class HandingIn(threading.Thread):
    """Hands the events of its keys in, those of a key in order, each as often as it takes to get its 202."""

    def __init__(self, server, keys, seed):
        super().__init__(daemon=True)
        self.server, self.keys, self.dice = server, keys, random.Random(seed)
        self.ids = {}              # (key, number) -> event id
        self.repeats = 0
        self.failure = None
        self.ended = threading.Event()
        self._connection = None

    def run(self):
        try:
            left = {key: list(range(1, EVENTS_A_KEY + 1)) for key in self.keys}
            while left and not self.ended.is_set():
                key = self.dice.choice(list(left))
                number = left[key].pop(0)
                self.ids[key, number] = self._hand_in(key, number)
                if not left[key]:
                    del left[key]
        except Exception as problem:  # noqa: BLE001 - shown by finish()
            self.failure = problem
        finally:
            self._hang_up()

    def _hand_in(self, key, number):
        deadline = time.monotonic() + 60 * PATIENCE
        while not self.ended.is_set():
            answer = self._try_once(key, number)
            if answer is not None and answer.status == 202:
                self.repeats += answer.header("Idempotent-Replayed") == "true"
                return answer.json()["id"]
            assert answer is None or (answer.status == 503 and answer.header("Retry-After")), answer
            assert time.monotonic() < deadline, f"no 202 in a minute; last answer {answer}"
            self.ended.wait(0.02)
        return None

    def _try_once(self, key, number):
        try:
            if self._connection is None:
                self._connection = self.server.connect()
            answer = self.server.hand_in("made.in-order", key, {"key": key, "number": number}, id=f"{key}/{number}",
                                         connection=self._connection)
            if (answer.header("Connection") or "").lower() == "close":
                self._hang_up()
            return answer
        except OSError:
            self._hang_up()
            return None

    def _hang_up(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class CrashCase(unittest.TestCase):
    def setUp(self):
        self.rounds = int(os.environ.get("CRASH_ROUNDS", "3"))
        self.seed = int(os.environ.get("CRASH_SEED", random.SystemRandom().randrange(10 ** 6)))
        self.dice = random.Random(self.seed)

    def make(self, url, *, schedule=SCHEDULE, redis=None, **members):
        config = config_of(destination("made", url, schedule=schedule, breaker_open="300ms", **members))
        if redis is not None:      # nobody else can hold this store; and deliveries cross threads
            config |= {"redis": {"take_over": True, "partitions": 3}, "server": {"threads": 2, "delivery_thread": True}}
        server = Deliverer(config, redis=redis and redis.url)
        self.addCleanup(server.dispose)
        return server


class Crash(CrashCase):
    def start_everything(self, redis=None):
        print(f"\n  CRASH_SEED={self.seed} CRASH_ROUNDS={self.rounds}", flush=True)
        self.redis = redis
        self.receiver = ReceiverProcess()
        self.addCleanup(self.receiver.dispose)
        self.receiver.start()
        self.server = self.make(self.receiver.url(), redis=redis).start()
        keys = [fresh("key") for _ in range(KEYS)]
        self.senders = [HandingIn(self.server, keys[own::4], f"{self.seed}-{own}") for own in range(4)]
        for sender in self.senders:
            self.addCleanup(sender.ended.set)
            sender.start()

    def kill_between(self, victims):
        """One victim after the other, at moments that the dice choose, spread over the whole delivery."""
        total, kills = KEYS * EVENTS_A_KEY, defaultdict(int)
        for number, victim in enumerate(victims):
            goal = int(total * (number + self.dice.uniform(0.2, 0.8)) / (len(victims) + 1))
            wait_until(lambda: self.receiver.count() >= goal, lambda: f"stuck at {self.receiver.count()}\n{self.server.tail()}", 60)
            getattr(self, f"kill_{victim}")()
            kills[victim] += 1
        return dict(kills)

    def victims(self, *kinds):
        """Every kind once in the first rounds, then by the dice."""
        first = list(kinds)
        self.dice.shuffle(first)
        return (first + [self.dice.choice(first) for _ in range(self.rounds)])[:self.rounds]

    def kill_sender(self):
        self.server.kill9()
        self.server.start(40)

    def kill_receiver(self):
        self.receiver.kill9()
        self.receiver.start()

    def kill_redis(self):
        if self.redis is not None:
            self.redis.kill9()
            wait_until(lambda: self.server.readiness() == 503, self.server.tail, 30)
            self.redis.start()
        else:
            killed = self.server.kill_redis()
            wait_until(lambda: not is_running(killed) and self.server.redis_pid() not in (None, killed), "no new redis-server", 30)
        wait_until(lambda: self.server.readiness() == 200, lambda: "not ready again\n" + self.server.tail(), 30)

    def finish_handing_in(self):
        ids = {}
        for sender in self.senders:
            sender.join(90 * PATIENCE)
            self.assertFalse(sender.is_alive(), "a sender hangs")
            if sender.failure:
                raise sender.failure
            ids |= sender.ids
        self.assertEqual(len(ids), KEYS * EVENTS_A_KEY)
        self.assertEqual(len(set(ids.values())), len(ids), "one id for each event")
        return ids

    def check(self, ids):
        def everything_came():
            self.assertEqual(self.server.report("made")["dead"], 0)
            return self.receiver.count() >= len(ids) and len({arrival["id"] for arrival in self.receiver.arrivals()}) >= len(ids)

        wait_until(everything_came, lambda: f"{self.receiver.count()} arrivals\n{self.server.report('made')}", 60)
        report = self.server.wait_report("made", 30, pending=0, inFlight=0)
        self.assertEqual((report["dead"], report["blockedLanes"], report["disabled"]), (0, 0, False), report)
        self.assertEqual(self.server.dead_letters(), [])
        arrivals = self.receiver.arrivals()
        first, by_key = {}, defaultdict(list)
        for arrival in arrivals:
            what = (arrival["body"]["key"], arrival["body"]["number"], arrival["sequence"])
            if arrival["id"] not in first:
                by_key[what[0]].append(what[1:])
            self.assertEqual(first.setdefault(arrival["id"], what), what, "a repeat is the same under the same id")
        self.assertEqual(len(by_key), KEYS)
        for key, numbers in by_key.items():
            self.assertEqual(numbers, [(number, number) for number in range(1, EVENTS_A_KEY + 1)], key)
        for place in self.dice.sample(sorted(ids), 10):
            delivery = self.server.wait_state(ids[place], "delivered")
            self.assertEqual(first[delivery["id"]], (*place, place[1]))
        return len(arrivals) - len(first)

    def check_quiet(self):
        """After a clean restart nothing comes again: what is handed in now is the next that arrives."""
        before = self.receiver.count()
        self.server.restart()
        self.server.wait_state(self.server.send("made.last", "last", {"key": "last", "number": 1}), "delivered")
        self.assertEqual(self.receiver.count(), before + 1)
        self.server.stop()

    def run_it(self, *kinds):
        kills = self.kill_between(self.victims(*kinds))
        ids = self.finish_handing_in()
        again = self.check(ids)
        self.check_quiet()
        repeats = sum(sender.repeats for sender in self.senders)
        print(f"  {len(ids)} events, {again} arrived again, {repeats} handed in again, kills {kills}", flush=True)

    def test_with_the_embedded_redis(self):
        self.start_everything()
        self.run_it("sender", "receiver", "redis")

    def test_with_a_redis_of_its_own(self):
        redis = RedisServer()
        self.addCleanup(redis.dispose)
        self.start_everything(redis.start())
        self.run_it("redis", "sender", "receiver")


class WhatWasUnderWay(CrashCase):
    """Single moments, on purpose."""

    def setUp(self):
        super().setUp()
        self.receiver = Receiver().open()
        self.addCleanup(self.receiver.close)

    def test_an_attempt_under_way_is_repeated_under_the_same_id(self):
        server = self.make(self.receiver.url()).start()
        self.receiver.hold()
        ids = [server.send("made.x", "k", {"number": number}) for number in (1, 2, 3)]
        self.receiver.wait_for(1)
        server.kill9()
        self.receiver.release()
        server.start()
        for event_id in ids:
            server.wait_state(event_id, "delivered")
        arrivals = self.receiver.arrivals()
        self.assertEqual([arrival.sequence for arrival in arrivals], [1, 1, 2, 3])
        self.assertEqual((arrivals[0].id, arrivals[0].body), (arrivals[1].id, arrivals[1].body))
        server.stop()

    def test_a_retry_is_due_when_it_was_due(self):
        server = self.make(self.receiver.url(), schedule=["2s", "2s"]).start()
        self.receiver.plan('"late"', Answer(500))
        event_id = server.send("made.x", "k", {"word": "late"})
        before = server.wait_state(event_id, "waiting")
        server.kill9()
        server.start()
        self.assertEqual({**server.delivery(event_id), "why": 0, "whyJa": 0}, {**before, "why": 0, "whyJa": 0})
        after = server.wait_state(event_id, "delivered")
        first, second = self.receiver.arrivals()
        self.assertEqual((after["attempts"], first.id), (2, second.id))
        self.assertGreaterEqual(second.at, parse_iso(before["due"]) - 0.002)
        self.assertLess(second.at, parse_iso(before["due"]) + 2 * PATIENCE)
        server.stop()

    def test_a_retry_that_became_due_meanwhile_goes_at_once(self):
        server = self.make(self.receiver.url(), schedule=["300ms"]).start()
        self.receiver.plan('"missed"', Answer(500))
        event_id = server.send("made.x", "k", {"word": "missed"})
        due = parse_iso(server.wait_state(event_id, "waiting")["due"])
        server.kill9()
        wait_until(lambda: time.time() > due, "time stands still")
        server.start()
        self.assertEqual(server.wait_state(event_id, "delivered", seconds=5)["attempts"], 2)
        server.stop()

    def test_what_was_handed_in_just_before_the_kill_is_delivered(self):
        server = self.make(self.receiver.url()).start()
        for number in range(1, 4):
            server.send("made.x", "k", {"number": number})
            server.kill9()
            server.start()
        wait_until(lambda: {arrival.json()["number"] for arrival in self.receiver.arrivals()} == {1, 2, 3}, server.tail)
        arrivals = self.receiver.arrivals()
        numbers = [arrival.json()["number"] for arrival in arrivals]
        self.assertEqual(sorted(set(numbers), key=numbers.index), [1, 2, 3])
        self.assertEqual([arrival.sequence for arrival in arrivals], numbers)
        server.stop()

    def test_an_outage_of_redis_stops_nothing_for_good(self):
        redis = RedisServer()
        self.addCleanup(redis.dispose)
        server = self.make(self.receiver.url(), redis=redis.start()).start()
        self.receiver.hold()
        ids = [server.send("made.x", f"k{number % 2}", {"number": number}) for number in range(6)]
        self.receiver.wait_for(2)
        redis.kill9()
        wait_until(lambda: server.readiness() == 503, server.tail)
        self.receiver.release()          # the answers come while nobody can write them down
        redis.start()
        wait_until(lambda: server.readiness() == 200, server.tail, 30)
        for event_id in ids:
            server.wait_state(event_id, "delivered", seconds=30)
        for key in (0, 1):
            numbers = [arrival.json()["number"] for arrival in self.receiver.arrivals() if arrival.json()["number"] % 2 == key]
            self.assertEqual(sorted(set(numbers), key=numbers.index), [key, key + 2, key + 4])
        server.wait_report("made", pending=0, dead=0)
        server.stop()


if __name__ == "__main__":
    unittest.main()
