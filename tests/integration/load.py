# Senders that never give up, and the proof afterwards: each owns its employees and sends event n+1 only after n got its 2xx.
import random
import threading
import time

from contract import EMPLOYEE, PHOTO_BASE, employee_created, encode, fresh, iso, photo_deleted, photo_updated
from harness import PATIENCE

EVENTS_MAX = 900          # of one employee: its timeline keeps the newest 1,000 lines
PATIENCE_S = 60 * PATIENCE   # for one event, over every outage


class Person:
    def __init__(self):
        self.staff_id = fresh("EMP")
        self.base = int(time.time()) - 100000
        self.acked = 0

    def event(self, number):
        """The n-th event; its body's timestamp tells which one it is."""
        at = self.base + number
        if number == 1:
            return employee_created(self.staff_id, at=at, version=number)
        if number % 10 == 0:
            return photo_deleted(self.staff_id, at=at, reason=f"削除 {number}")
        return photo_updated(self.staff_id, at=at, version=number, updateReason=f"更新 {number}")


class Sender(threading.Thread):
    def __init__(self, server, people, seed):
        super().__init__(daemon=True)
        self.server = server
        self.dice = random.Random(seed)
        self.people = [Person() for _ in range(people)]
        self.retired = []
        self.acked = self.retries = self.repeats = 0
        self.failure = None
        self._enough = threading.Event()
        self._pause = threading.Event()   # never set: a wait that is only a short pause between tries
        self._connection = None

    def run(self):
        try:
            while not self._enough.is_set():
                index = self.dice.randrange(len(self.people))
                person = self.people[index]
                self._deliver(encode(person.event(person.acked + 1)))
                person.acked += 1
                self.acked += 1
                if person.acked == EVENTS_MAX:
                    self.retired.append(person)
                    self.people[index] = Person()
        except Exception as problem:  # noqa: BLE001 - shown by finish()
            self.failure = problem
        finally:
            self._hang_up()

    def _deliver(self, body):
        deadline = time.monotonic() + PATIENCE_S
        while True:
            answer = self._try_once(body)
            if answer is not None and answer.status == 200:
                self.repeats += answer.header("Idempotent-Replayed") == "true"
                return
            if answer is not None:
                assert answer.status == EMPLOYEE.overload and answer.header("Retry-After"), answer
            assert time.monotonic() < deadline, f"no 2xx in {PATIENCE_S:.0f} s; last answer {answer}"
            self.retries += 1
            self._pause.wait(0.02)

    def _try_once(self, body):
        try:
            if self._connection is None:
                self._connection = self.server.connect()
            answer = self.server.post(EMPLOYEE, body, self._connection)
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

    def enough(self):
        self._enough.set()

    def everyone(self):
        return self.retired + self.people


class Load:
    """Several senders at once."""

    def __init__(self, server, *, senders=4, people=5, seed=1):
        self.server = server
        self.senders = [Sender(server, people, f"{seed}-{number}") for number in range(senders)]

    def start(self):
        for sender in self.senders:
            sender.start()
        return self

    def acked(self):
        for sender in self.senders:
            if sender.failure:
                raise sender.failure
        return sum(sender.acked for sender in self.senders)

    def finish(self):
        """Lets every sender finish its event and stops; raises what went wrong in any of them."""
        for sender in self.senders:
            sender.enough()
        for sender in self.senders:
            sender.join(PATIENCE_S + 30)
            assert not sender.is_alive(), "a sender hangs"
        self.acked()
        return self

    def abandon(self):
        for sender in self.senders:
            sender.enough()

    def summary(self):
        total = {name: sum(getattr(sender, name) for sender in self.senders) for name in ("acked", "retries", "repeats")}
        return ", ".join(f"{count} {name}" for name, count in total.items())

    def check(self, test, dice=random):
        """Every acked event exactly once, in the order acked, nothing that was never sent, rising positions."""
        checked = 0
        for person in (person for sender in self.senders for person in sender.everyone()):
            lines = self.server.timeline(person.staff_id, dice.choice((7, 8, 100, 1000)))
            sent = [iso(person.base + number) for number in range(1, person.acked + 1)]
            test.assertEqual([line["timestamp"] for line in lines], sent, person.staff_id)
            positions = [line["position"] for line in lines]
            test.assertTrue(all(a < b for a, b in zip(positions, positions[1:])), positions)
            test.assertEqual(len({line["eventId"] for line in lines}), len(lines))
            test.assertEqual({line["outcome"] for line in lines} - {"applied"}, set(), person.staff_id)
            self._check_record(test, person)
            checked += len(lines)
        test.assertEqual(checked, self.acked())

    def _check_record(self, test, person):
        if person.acked == 0:
            return
        record = self.server.employee(person.staff_id)
        test.assertEqual(record.status, 200, record)
        last = person.event(person.acked)["data"]
        expected = last.get("profilePhotoUrl") or last["deletionReason"]
        test.assertIn(expected, record.body.decode(), person.staff_id)
        if "deletionReason" in last:
            test.assertNotIn(f"{PHOTO_BASE}/{person.staff_id}-", record.body.decode())
