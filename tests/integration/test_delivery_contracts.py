# The four shipped destinations over real HTTP: what each calls success, what it tries again and when, what it sends, in which order.
import unittest

from contract import (ACKNOWLEDGEMENT, ANALYTICS, EMPLOYEE, PREVIOUS, SECRETS, STATS, acknowledgement, analytics, employee_created, fresh,
                      parse_iso, photo_updated, stats)
from harness import PATIENCE, wait_until
from outbound import LOCAL, Deliverer, DeliveryCase, shipped
from receivers import Answer, Receiver, say

WAITS = {"voicedrive-employee": [0.1, 0.2, 0.3], "voicedrive-acknowledgement": [0.1, 0.2, 0.3], "voicedrive-analytics": [0.1, 0.2],
         "records-stats": [0.1, 0.2, 0.3]}
SOURCES = {"voicedrive-employee": EMPLOYEE, "voicedrive-acknowledgement": ACKNOWLEDGEMENT, "voicedrive-analytics": ANALYTICS,
           "records-stats": STATS}
CUT_SHORT = Answer(act=say(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"success\":true"))
NO_ANSWER = "cut short"
NOT_CONFIRMED = (Answer(200, b'{"success":false}'), Answer(200, b'{"success":"true"}'), Answer(200, b"success"), Answer(204, b""),
                 Answer(200, b"[true]"))


def event_for(name):
    """Type, key and payload of an event for one of the four shipped destinations."""
    if name == "voicedrive-employee":
        staff = fresh("EMP")
        return "employee.created", staff, employee_created(staff)
    if name == "voicedrive-acknowledgement":
        event = acknowledgement()
        return "compliance.acknowledged", event["caseNumber"], event
    if name == "voicedrive-analytics":
        event = analytics()
        return "analytics.success", event["notificationId"], event
    event = stats()
    return "stats.updated", event["announcement"]["id"], event


def seconds(waits):
    return [f"{round(wait * 1000)}ms" for wait in waits]


class FourContracts(DeliveryCase):
    """The shipped destinations with shorter waits."""

    @classmethod
    def setUpClass(cls):
        cls.receiver = cls.open(Receiver())
        members = {name.replace("-", "_"): LOCAL | {"schedule": seconds(waits), "breaker_failures": 0} for name, waits in WAITS.items()}
        members["records_stats"] |= {"rounds": 1}      # rounds: below
        urls = {f"{name}_URL": cls.receiver.url(source.path) for name, source in
                (("VOICEDRIVE_EMPLOYEE", EMPLOYEE), ("VOICEDRIVE_ACKNOWLEDGEMENT", ACKNOWLEDGEMENT), ("VOICEDRIVE_ANALYTICS", ANALYTICS),
                 ("RECORDS_STATS", STATS))}
        cls.server = cls.begin(Deliverer(shipped(**members), environment=PREVIOUS | urls))

    def send(self, name, *answers):
        """An event whose attempts get these answers; its key and its id."""
        event_type, key, payload = event_for(name)
        self.receiver.plan(key, *answers)
        return key, self.server.send(event_type, key, payload)

    # --- what an answer comes to

    def outcomes(self, name, answers):
        """What becomes of deliveries whose first attempt gets one of these answers, and whose others succeed."""
        ids = [self.send(name, answer)[1] for answer in answers]
        for event_id in ids:
            wait_until(lambda: (self.server.delivery(event_id) or {}).get("state") in ("delivered", "dead"), self.server.tail)
        found = [self.server.delivery(event_id) for event_id in ids]
        return [(delivery["state"], delivery["attempts"], delivery.get("reason")) for delivery in found]

    def check_outcomes(self, name, at_once=(), retried=(), given_up=()):
        expected = [(statuses, outcome) for statuses, outcome in ((at_once, ("delivered", 1, None)), (retried, ("delivered", 2, None)),
                                                                  (given_up, ("dead", 1, "given_up")))]
        table = [(status, outcome) for statuses, outcome in expected for status in statuses]
        answers = [status if isinstance(status, Answer) else CUT_SHORT if status is NO_ANSWER else
                   Answer(status, b"" if status == 204 else b'{"success":true}') for status, _ in table]
        self.assertEqual(list(zip([status for status, _ in table], self.outcomes(name, answers))), table)

    def test_employee_events_want_a_200(self):
        self.check_outcomes("voicedrive-employee", at_once=[200], retried=[500, 501, 502, 503, 504, 599, 429, NO_ANSWER],
                            given_up=[201, 202, 204, 301, 302, 304, 400, 401, 403, 404, 408, 409, 410, 422])

    def test_acknowledgements_are_tried_again_after_anything_but_2xx(self):
        self.check_outcomes("voicedrive-acknowledgement", at_once=[200, 201, 202, 204, 299],
                            retried=[302, 307, 400, 401, 403, 404, 410, 429, 500, 503, NO_ANSWER])

    def test_analytics_notifications_want_the_answer_to_say_success(self):
        self.check_outcomes("voicedrive-analytics", at_once=[200, 201], given_up=[400, 401, 403],
                            retried=[302, 404, 409, 410, 429, 500, 503, NO_ANSWER, *NOT_CONFIRMED])

    def test_statistics_are_tried_again_after_what_may_pass(self):
        self.check_outcomes("records-stats", at_once=[200, 201, 204], retried=[500, 502, 503, 504, 429, NO_ANSWER],
                            given_up=[302, 400, 401, 403, 404, 410, 422, 501])

    def test_every_schedule_is_kept_and_then_the_delivery_is_dead(self):
        sent = {name: self.send(name, *[Answer(503)] * 9) for name in WAITS}
        for name, (key, event_id) in sent.items():
            with self.subTest(name=name):
                delivery = self.server.wait_state(event_id, "dead")
                waits = WAITS[name]
                self.assertEqual((delivery["reason"], delivery["attempts"]), ("exhausted", len(waits) + 1))
                self.assertEqual([attempt["number"] for attempt in delivery["history"]], list(range(1, len(waits) + 2)))
                arrivals = self.receiver.arrivals(key)
                self.assertEqual(len(arrivals), len(waits) + 1)
                for wait, before, after in zip(waits, arrivals, arrivals[1:]):
                    self.assertGreaterEqual(after.at - before.at, wait - 0.002)
                    self.assertLess(after.at - before.at, wait + 2 * PATIENCE)
                for wait, attempt in zip(waits, delivery["history"]):
                    due = parse_iso(attempt["nextAt"]) - parse_iso(attempt["startedAt"])
                    self.assertGreaterEqual(round(due, 3), wait)

    # --- what is sent

    def check_attempts(self, name):
        """Three attempts of a delivery: what must stay, what must change. Answers the arrivals."""
        event_type, key, payload = event_for(name)
        self.receiver.plan(key, Answer(500), Answer(503))
        self.server.wait_state(self.server.send(event_type, key, payload), "delivered")
        arrivals = self.receiver.arrivals(key)
        self.assertEqual(len(arrivals), 3)
        for arrival in arrivals:
            self.assertEqual((arrival.method, arrival.path), ("POST", SOURCES[name].path))
            self.assertEqual(arrival.json(), payload)
            self.assertEqual(arrival.headers["content-type"], "application/json")
            self.assertRegex(arrival.headers["user-agent"], r"\Adenrei/\d+\.\d+\.\d+\Z")
            self.assertEqual(arrival.sequence, 1)
            self.assertNotIn("expect", arrival.headers)
            self.assertNotIn("transfer-encoding", arrival.headers)
        self.assertEqual(len({(arrival.id, arrival.body) for arrival in arrivals}), 1)
        self.assertRegex(arrivals[0].id, r"\Adlv_[0-9a-f]{32}\Z")
        return arrivals

    def check_proof(self, name, read_time):
        """Every attempt has a time of its own and the signature that belongs to it."""
        source, before = SOURCES[name], 0
        for arrival in self.check_attempts(name):
            text = arrival.headers[source.timestamp_header.lower()]
            self.assertEqual(arrival.headers[source.signature_header.lower()], source.signature(arrival.body, text))
            at = read_time(text)
            self.assertGreaterEqual(at, before)
            self.assertLess(abs(at - arrival.at), 5 * PATIENCE)
            before = at

    def test_employee_events_carry_milliseconds_that_are_signed(self):
        self.check_proof("voicedrive-employee", lambda text: int(text) / 1000)
        times = [arrival.headers["x-webhook-timestamp"] for arrival in self.check_attempts("voicedrive-employee")]
        self.assertEqual(len(set(times)), 3, "each attempt is signed anew")

    def test_acknowledgements_carry_an_iso_time(self):
        self.check_proof("voicedrive-acknowledgement", parse_iso)

    def test_each_attempt_of_an_acknowledgement_has_a_request_id_of_its_own(self):
        ids = [arrival.headers["x-request-id"] for arrival in self.check_attempts("voicedrive-acknowledgement")]
        self.assertEqual(len(set(ids)), 3)
        for text in ids:
            self.assertRegex(text, r"\A[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z")

    def test_analytics_notifications_carry_seconds(self):
        self.check_proof("voicedrive-analytics", lambda text: int(text) + 0.999)

    def test_statistics_carry_the_token_and_the_signature_but_no_time(self):
        for arrival in self.check_attempts("records-stats"):
            self.assertEqual(arrival.headers["x-voicedrive-signature"], STATS.signature(arrival.body))
            self.assertEqual(arrival.headers["authorization"], f"Bearer {SECRETS['VOICEDRIVE_API_TOKEN']}")
            self.assertFalse([header for header in arrival.headers if "timestamp" in header])

    def test_no_other_contract_sends_a_token(self):
        for name in ("voicedrive-employee", "voicedrive-acknowledgement", "voicedrive-analytics"):
            for arrival in self.check_attempts(name):
                self.assertNotIn("authorization", arrival.headers)

    def test_the_payload_arrives_with_every_member_and_value(self):
        staff = fresh("EMP")
        numbers = [0, -1, 0.1, 1e-7, 74.2, -0.5, 1e300, 9007199254740993, -2 ** 63]
        payload = employee_created(staff, name="𠮷田 \"翔\" \\/ \u2028\x7f", numbers=numbers,
                                   deep={"a": [[], {}, [None, True, False, ""]]}, 日本語のキー="値")
        self.server.wait_state(self.server.send("employee.created", staff, payload), "delivered")
        arrival, = self.receiver.arrivals(staff)
        self.assertEqual(arrival.json(), payload)

    # --- order

    def test_a_key_counts_from_one_and_keeps_its_order(self):
        staff = fresh("EMP")
        for number in range(1, 11):
            self.server.send("employee.photo.updated", staff, photo_updated(staff, version=number))
        arrivals = self.receiver.wait_for(10, staff)
        self.assertEqual([arrival.sequence for arrival in arrivals], list(range(1, 11)))
        self.assertEqual([arrival.json()["data"]["photoFileSize"] for arrival in arrivals], [180000 + n for n in range(1, 11)])
        self.assertEqual(len({arrival.id for arrival in arrivals}), 10)

    def test_a_retry_holds_back_its_own_key_and_no_other(self):
        first, other = fresh("EMP"), fresh("EMP")
        self.receiver.plan(first, Answer(500), Answer(500))
        for staff in (first, first, other):
            last = self.server.send("employee.created", staff, employee_created(staff))
        self.server.wait_state(last, "delivered")
        self.receiver.wait_for(4, first)
        order = [(arrival.sequence, first.encode() in arrival.body) for arrival in self.receiver.arrivals()
                 if first.encode() in arrival.body or other.encode() in arrival.body]
        self.assertEqual([sequence for sequence, of_first in order if of_first], [1, 1, 1, 2])
        self.assertLess(order.index((1, False)), 3, "the other key did not wait for the second retry")

    def test_after_a_dead_letter_the_next_of_its_key_goes(self):
        staff = fresh("EMP")
        self.receiver.plan(staff, Answer(400))
        dead = self.server.send("employee.created", staff, employee_created(staff))
        self.server.wait_state(self.server.send("employee.photo.updated", staff, photo_updated(staff)), "delivered")
        self.assertEqual(self.server.delivery(dead)["state"], "dead")
        self.assertEqual([arrival.sequence for arrival in self.receiver.arrivals(staff)], [1, 2])


if __name__ == "__main__":
    unittest.main()
