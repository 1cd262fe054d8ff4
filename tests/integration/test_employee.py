# Employee events (protocol 2.1): the three event types, what they do to the record, and what the timeline says about it.
import threading
import time
import unittest

from contract import (EMPLOYEE, PHOTO_BASE, NAMES, changed, employee_created, encode, fresh, iso, parse_iso, photo_deleted,
                      photo_updated, without)
from harness import ServerCase, wait_until
from wire import format_request


def values(tree):
    """Every scalar in a JSON value, however deep."""
    if isinstance(tree, dict):
        return [found for member in tree.values() for found in values(member)]
    if isinstance(tree, list):
        return [found for member in tree for found in values(member)]
    return [tree]


class EmployeeEvents(ServerCase):
    def record(self, staff_id):
        response = self.server.employee(staff_id)
        self.assertEqual(response.status, 200, response)
        return response.json()

    def outcomes(self, staff_id):
        return [(line["eventType"], line["outcome"]) for line in self.server.timeline(staff_id)]

    def send(self, *events):
        for event in events:
            self.assertEqual(self.accept(EMPLOYEE, event).body, b'{"success":true}')

    def test_the_three_test_cases_of_the_seed_in_a_row(self):
        staff, now = fresh("TEST"), time.time()
        self.send(employee_created(staff, at=now - 50, name="テスト太郎"))
        self.assertIn(f"{PHOTO_BASE}/{staff}-1.jpg", values(self.record(staff)))
        self.send(photo_updated(staff, at=now - 40, version=2))
        self.assertIn(f"{PHOTO_BASE}/{staff}-2.jpg", values(self.record(staff)))
        self.send(photo_deleted(staff, at=now - 30))
        record = self.record(staff)
        self.assertNotIn(f"{PHOTO_BASE}/{staff}-2.jpg", values(record))
        self.assertIn("user_request", values(record), "the tombstone keeps the reason")
        self.assertIn("テスト太郎", values(record))
        self.assertEqual(self.outcomes(staff), [("employee.created", "applied"), ("employee.photo.updated", "applied"),
                                                ("employee.photo.deleted", "applied")])

    def test_the_record_holds_everything_that_created_brought(self):
        staff = fresh("EMP")
        event = employee_created(staff, name="髙橋 﨑子", position="看護師", authLevel=3, employmentStatus="active",
                                 hiredAt="2025-04-01")
        self.send(event)
        found = values(self.record(staff))
        for name in ("staffId", "fullName", "email", "facilityId", "departmentId", "position", "authLevel", "employmentStatus",
                     "hiredAt", "profilePhotoUrl", "photoMimeType", "photoFileSize"):
            self.assertIn(event["data"][name], found, name)

    def test_created_is_an_upsert(self):
        staff, now = fresh("EMP"), time.time()
        self.send(employee_created(staff, at=now - 20, name=NAMES[0], position="看護師"),
                  employee_created(staff, at=now - 10, name=NAMES[1], version=2))
        found = values(self.record(staff))
        self.assertIn(NAMES[1], found)
        self.assertNotIn(NAMES[0], found)
        self.assertIn(f"{PHOTO_BASE}/{staff}-2.jpg", found)

    def test_an_older_photo_in_created_leaves_the_newer_one_and_applies_the_rest(self):
        staff, now = fresh("EMP"), time.time()
        self.send(photo_updated(staff, at=now, version=7),
                  employee_created(staff, at=now, name=NAMES[2], version=1, photo_at=now - 3600))
        found = values(self.record(staff))
        self.assertIn(NAMES[2], found)
        self.assertIn(f"{PHOTO_BASE}/{staff}-7.jpg", found)
        self.assertNotIn(f"{PHOTO_BASE}/{staff}-1.jpg", found)
        self.assertEqual(self.outcomes(staff)[-1], ("employee.created", "applied"))

    def test_a_photo_change_older_than_the_state_held_is_stale(self):
        staff, now = fresh("EMP"), time.time()
        self.send(employee_created(staff, at=now, version=5), photo_updated(staff, at=now, version=4, photo_at=now - 60),
                  photo_deleted(staff, at=now, photo_at=now - 30))
        self.assertIn(f"{PHOTO_BASE}/{staff}-5.jpg", values(self.record(staff)))
        self.assertEqual([outcome for _, outcome in self.outcomes(staff)], ["applied", "stale", "stale"])

    def test_a_photo_older_than_the_tombstone_stays_deleted_and_a_newer_one_returns(self):
        staff, now = fresh("EMP"), time.time()
        self.send(employee_created(staff, at=now - 90), photo_deleted(staff, at=now, photo_at=now - 30, reason="退職"),
                  photo_updated(staff, at=now, version=2, photo_at=now - 60))
        record = values(self.record(staff))
        self.assertIn("退職", record)
        self.assertNotIn(f"{PHOTO_BASE}/{staff}-2.jpg", record)
        self.send(photo_updated(staff, at=now, version=3, photo_at=now - 10))
        self.assertIn(f"{PHOTO_BASE}/{staff}-3.jpg", values(self.record(staff)))
        self.assertEqual([outcome for _, outcome in self.outcomes(staff)], ["applied", "applied", "stale", "applied"])

    def test_times_are_compared_as_moments_and_not_as_text(self):
        staff = fresh("EMP")
        first = changed(photo_updated(staff, version=1), "data.photoUpdatedAt", "2025-11-11T10:00:00+09:00")   # 01:00Z
        second = changed(photo_updated(staff, version=2), "data.photoUpdatedAt", "2025-11-11T02:00:00Z")
        self.send(first, second)
        self.assertIn(f"{PHOTO_BASE}/{staff}-2.jpg", values(self.record(staff)))

    def test_a_photo_of_an_unknown_employee_opens_a_partial_record(self):
        staff, now = fresh("EMP"), time.time()
        self.send(photo_updated(staff, at=now, version=3))
        found = values(self.record(staff))
        self.assertIn(f"{PHOTO_BASE}/{staff}-3.jpg", found)
        self.assertFalse(set(found) & set(NAMES))
        self.send(employee_created(staff, at=now, name=NAMES[4], with_photo=False))
        found = values(self.record(staff))
        self.assertIn(NAMES[4], found)
        self.assertIn(f"{PHOTO_BASE}/{staff}-3.jpg", found)

    def test_a_deletion_of_an_unknown_employee_leaves_a_tombstone(self):
        staff, now = fresh("EMP"), time.time()
        self.send(photo_deleted(staff, at=now), photo_updated(staff, at=now, photo_at=now - 5, version=2))
        self.assertEqual([outcome for _, outcome in self.outcomes(staff)], ["applied", "stale"])

    def test_a_line_carries_position_id_times_and_outcome(self):
        staff, before = fresh("EMP"), time.time()
        event = employee_created(staff, at=before - 1000)
        self.send(event)
        line, = self.server.timeline(staff)
        self.assertIsInstance(line["position"], int)
        self.assertRegex(line["eventId"], r"\Aevt_[0-9a-f]{32}\Z")
        self.assertAlmostEqual(parse_iso(line["timestamp"]), parse_iso(event["timestamp"]), places=3)
        self.assertTrue(before - 2 <= parse_iso(line["receivedAt"]) <= time.time() + 2, line)
        self.assertRegex(line["receivedAt"], r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z")

    def test_a_repeat_is_answered_alike_and_adds_no_line(self):
        staff = fresh("EMP")
        body = encode(employee_created(staff))
        first = self.accept(EMPLOYEE, body)
        self.assertIsNone(first.header("Idempotent-Replayed"))
        for seconds_ago in (0, 60):   # a retry carries a fresh header timestamp
            again = self.accept(EMPLOYEE, body, at=time.time() - seconds_ago)
            self.assertEqual(again.body, first.body)
            self.assertEqual(again.header("Idempotent-Replayed"), "true")
        lines = wait_until(lambda: (found := self.server.timeline(staff)) and found[0].get("repeats") == 2 and found,
                           lambda: f"two repeats counted on the line: {self.server.timeline(staff)}")
        self.assertEqual(len(lines), 1)

    def test_the_same_facts_in_another_body_are_another_event(self):
        staff = fresh("EMP")
        event = employee_created(staff)
        self.send(event)
        self.assertIsNone(self.accept(EMPLOYEE, encode(event) + b"\n").header("Idempotent-Replayed"))
        self.assertEqual(len(self.server.timeline(staff)), 2)

    def test_twenty_at_once_of_the_same_event_have_one_effect(self):
        staff = fresh("EMP")
        body, answers = encode(employee_created(staff)), []
        threads = [threading.Thread(target=lambda: answers.append(self.server.post(EMPLOYEE, body))) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([answer.status for answer in answers], [200] * 20)
        self.assertEqual(sum(answer.header("Idempotent-Replayed") is None for answer in answers), 1)
        self.assertEqual(len(self.server.timeline(staff)), 1)

    def test_events_of_one_employee_keep_the_order_they_were_sent_in(self):
        staff, base, count = fresh("EMP"), time.time() - 3600, 300
        bodies = [encode(photo_updated(staff, at=base + n, version=n)) for n in range(count)]
        with self.server.connect() as connection:
            connection.send(b"".join(format_request("POST", EMPLOYEE.path, EMPLOYEE.headers(body), body) for body in bodies))
            self.assertEqual([connection.read_response().status for _ in bodies], [200] * count)
        lines = self.server.timeline(staff)
        self.assertEqual([line["timestamp"] for line in lines], [iso(base + n) for n in range(count)])
        self.assertEqual({line["outcome"] for line in lines}, {"applied"})
        positions = [line["position"] for line in lines]
        self.assertEqual(positions, sorted(set(positions)))
        self.assertIn(f"{PHOTO_BASE}/{staff}-{count - 1}.jpg", values(self.record(staff)))

    def test_the_bulk_load_of_three_hundred_people(self):
        people = [fresh("EMP-2024") for _ in range(300)]
        with self.server.connect() as connection:
            for number, staff in enumerate(people):
                event = employee_created(staff, name=f"{NAMES[number % len(NAMES)]}{number}", photo_at=1718442000)
                self.assertEqual(self.server.post(EMPLOYEE, event, connection).status, 200)
        for number, staff in enumerate(people):
            self.assertIn(f"{NAMES[number % len(NAMES)]}{number}", values(self.record(staff)))


class EmployeeValidation(ServerCase):
    def bad(self, event, *words):
        response = self.refuse(EMPLOYEE, event, 400)
        for word in words:
            self.assertIn(word, EMPLOYEE.error(response))

    def test_every_required_member_is_named_when_it_is_missing(self):
        required = [(employee_created, ("staffId", "fullName", "email", "facilityId", "departmentId")),
                    (photo_updated, ("staffId", "profilePhotoUrl", "photoUpdatedAt", "photoMimeType", "photoFileSize")),
                    (photo_deleted, ("staffId", "deletionReason", "photoDeletedAt"))]
        for make, names in required:
            for name in names:
                with self.subTest(make=make.__name__, name=name):
                    self.bad(without(make(fresh("EMP")), f"data.{name}"), name)

    def test_the_envelope_is_checked(self):
        for name in ("eventType", "timestamp", "data"):
            with self.subTest(name=name):
                self.bad(without(employee_created(fresh("EMP")), name), name)
        self.bad(changed(employee_created(fresh("EMP")), "eventType", "employee.promoted"), "eventType")
        self.bad(changed(employee_created(fresh("EMP")), "timestamp", "昨日"), "timestamp")
        self.bad(changed(employee_created(fresh("EMP")), "data", []), "data")
        for body in (b"[]", b"null", b'"x"', b"1"):
            with self.subTest(body=body):
                self.bad(body)

    def test_required_strings_are_not_empty(self):
        for name in ("staffId", "fullName", "email", "facilityId", "departmentId"):
            with self.subTest(name=name):
                self.bad(changed(employee_created(fresh("EMP")), f"data.{name}", ""), name)

    def test_types_are_checked(self):
        for name, value in (("staffId", 7), ("fullName", None), ("authLevel", "3"), ("authLevel", 1.5), ("position", 1),
                            ("photoFileSize", "180000")):
            with self.subTest(name=name, value=value):
                self.bad(changed(employee_created(fresh("EMP")), f"data.{name}", value), name)

    def test_the_photo_group_comes_whole_or_not_at_all(self):
        self.accept(EMPLOYEE, employee_created(fresh("EMP"), with_photo=False))
        for name in ("profilePhotoUrl", "photoUpdatedAt", "photoMimeType", "photoFileSize"):
            with self.subTest(name=name):
                self.bad(without(employee_created(fresh("EMP")), f"data.{name}"))

    def test_photo_members_are_checked(self):
        wrong = {
            "profilePhotoUrl": ["http://d2k8x5j9m1n4p7.cloudfront.net/x.jpg", "javascript:alert(1)", "https://", "x.jpg"],
            "photoUpdatedAt": ["2025-13-01T00:00:00Z", "2025-11-11", "now"],
            "photoMimeType": ["text/html", "image/", "image"],
            "photoFileSize": [0, -1, 1.5],
        }
        for name, bad_values in wrong.items():
            for value in bad_values:
                with self.subTest(name=name, value=value):
                    self.bad(changed(photo_updated(fresh("EMP")), f"data.{name}", value), name)

    def test_a_key_longer_than_the_limit_is_refused_and_the_longest_works(self):
        self.bad(employee_created("職" * 86), "staffId")    # 258 bytes
        longest = fresh("EMP").ljust(256, "x")
        self.accept(EMPLOYEE, employee_created(longest))
        self.assertEqual(self.server.employee(longest).status, 200)

    def test_a_refused_event_leaves_no_trace(self):
        staff = fresh("EMP")
        self.bad(without(employee_created(staff), "data.email"))
        self.refuse(EMPLOYEE, employee_created(staff), 401, "Invalid signature", signature="0" * 64)
        self.assertEqual(self.server.employee(staff).status, 404)


if __name__ == "__main__":
    unittest.main()
