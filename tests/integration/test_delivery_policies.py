# What a destination's members do, each over real HTTP: waiting, pace, breaker, ends, orders, schemes of others; and several destinations.
import base64
import hashlib
import hmac
import re
import time
import unittest
from email.utils import formatdate

from contract import fresh, parse_iso
from harness import PATIENCE, wait_until
from outbound import LOCAL, PARTNER_SECRET, Deliverer, DeliveryCase, config_of, destination, route, shipped
from receivers import Answer, Receiver


def signed_base64(key, text):
    return base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


def signed_hex(text):
    return hmac.new(PARTNER_SECRET.encode(), text, hashlib.sha256).hexdigest()


class OtherReceivers(DeliveryCase):
    """What a destination's members do, each on a destination of its own."""

    @classmethod
    def setUpClass(cls):
        cls.receiver, cls.narrow, cls.full = (cls.open(Receiver()) for _ in range(3))
        batched = next(d for d in shipped()["destination"] if d["name"] == "records-stats")
        batched = {key: value for key, value in batched.items() if key not in ("url_env", "channels", "alerts", "exhausted")}
        batched |= LOCAL | {"name": "batched", "url": cls.receiver.url("/batched"), "schedule": ["20ms"] * 3, "breaker_failures": 0}
        url = cls.receiver.url()
        made = [destination("patient", url, schedule=["50ms", "50ms", "50ms"]),
                destination("capped", url, schedule=["50ms"], retry_after_max="400ms"),
                destination("gone", url, schedule=["50ms"]),
                destination("slow", url, schedule=["50ms"], timeout="300ms"),
                destination("limited", url, rate=20.0, burst=3),
                destination("narrow", cls.narrow.url(), concurrency=2),
                destination("full", cls.full.url(), pending_max=3),
                destination("fragile", url, schedule=["10ms"] * 9, breaker_failures=3, breaker_open="600ms"),
                destination("forgetful", url, dead_max=3),
                destination("blocking", url, order="fifo_by_key_block"),
                destination("loose", url, order="unordered", schedule=["300ms"]),
                destination("whsec", url, secret="WHSEC"),
                destination("github", url, scheme="github"), destination("stripe", url, scheme="stripe"),
                destination("slack", url, scheme="slack"),
                destination("headed", url, headers={"X-Team": "records", "X-Note": "a b, c"}, bearer="HEADED_TOKEN"), batched]
        cls.whsec = bytes(range(32))
        cls.server = cls.begin(Deliverer(config_of(*made), environment={
            "WHSEC": "whsec_" + base64.b64encode(cls.whsec).decode(), "HEADED_TOKEN": "headed-token-0123456789"}))

    def send(self, name, *answers, key=None):
        key = key or fresh("key")
        if answers:
            self.receiver.plan(key, *answers)
        return key, self.server.send(f"{name}.made", key)

    def deliver(self, name, *answers):
        """The arrivals of one delivery."""
        key, event_id = self.send(name, *answers)
        self.server.wait_state(event_id, "delivered")
        return self.receiver.arrivals(key)

    # --- when

    def test_retry_after_lengthens_the_wait(self):
        keys = {}
        keys["seconds"] = self.send("patient", Answer(429, headers=(("Retry-After", "1"),)))
        keys["on a 503"] = self.send("patient", Answer(503, headers=(("retry-after", "1"),)))
        keys["capped"] = self.send("capped", Answer(503, headers=(("Retry-After", "3600"),)))
        keys["shorter"] = self.send("patient", Answer(503, headers=(("Retry-After", "0"),)))
        keys["unreadable"] = self.send("patient", Answer(503, headers=(("Retry-After", "soon"),)))
        least = {"seconds": 1, "on a 503": 1, "capped": 0.4, "shorter": 0.05, "unreadable": 0.05}
        for what, (key, event_id) in keys.items():
            with self.subTest(what=what):
                self.assertEqual(self.server.wait_state(event_id, "delivered")["attempts"], 2)
                first, second = self.receiver.arrivals(key)
                self.assertGreaterEqual(second.at - first.at, least[what] - 0.002)
                self.assertLess(second.at - first.at, least[what] + 2 * PATIENCE)

    def test_retry_after_may_be_a_date(self):
        wanted = []

        def in_two_seconds(_):
            wanted.append(int(time.time()) + 2)
            return Answer(503, headers=(("Retry-After", formatdate(wanted[0], usegmt=True)),))
        first, second = self.deliver("patient", in_two_seconds)
        self.assertGreaterEqual(second.at, wanted[0] - 0.002)
        self.assertLess(second.at, wanted[0] + 2 * PATIENCE)

    def test_an_answer_that_takes_too_long_is_a_time_out_and_is_tried_again(self):
        key, event_id = self.send("slow", Answer(after=2))
        delivery = self.server.wait_state(event_id, "delivered")
        first, second = delivery["history"]
        self.assertEqual((first["error"], second["status"]), ("timeout", 200), delivery)
        self.assertNotIn("status", first)
        self.assertGreaterEqual(first["timing"]["totalMs"], 299)
        self.assertLess(first["timing"]["totalMs"], 300 + 1000 * PATIENCE)

    def test_the_rate_is_kept(self):
        ids = self.server.send_many([("limited.made", fresh("key"), None) for _ in range(15)])
        started = sorted(parse_iso(self.server.wait_state(event_id, "delivered")["history"][0]["startedAt"]) for event_id in ids)
        for i, early in enumerate(started):
            for j in range(i + 3, len(started)):
                self.assertGreaterEqual(started[j] - early, (j - i - 2) / 20 - 0.06, "more than 3 at once and then 20 a second")

    def test_the_concurrency_is_kept(self):
        self.narrow.hold()
        ids = self.server.send_many([("narrow.made", fresh("key"), None) for _ in range(12)])
        self.narrow.wait_for(2)
        self.server.wait_report("narrow", pending=12, inFlight=2)
        self.narrow.release()
        for event_id in ids:
            self.server.wait_state(event_id, "delivered")
        self.assertEqual(self.narrow.most_at_once, 2)

    def test_failures_in_a_row_open_the_breaker_and_a_probe_closes_it(self):
        failures = [Answer(500)] * 3
        key, event_id = self.send("fragile", *failures)
        third = self.receiver.wait_for(3, key)[2]
        self.server.wait_report("fragile", breaker="open")
        other, other_id = self.send("fragile")
        self.assertIn("breaker", self.server.wait_state(other_id, "pending")["why"])
        self.server.wait_state(event_id, "delivered")
        self.server.wait_state(other_id, "delivered")
        probe = min(arrival.at for arrival in self.receiver.arrivals(key)[3:] + self.receiver.arrivals(other))
        self.assertGreaterEqual(probe - third.at, 0.598)
        self.server.wait_report("fragile", breaker="closed", pending=0)

    # --- how it ends

    def test_410_disables_the_destination_and_keeps_its_events(self):
        key, first = self.send("gone", Answer(410))
        report = self.server.wait_report("gone", disabled=True)
        self.assertIn("410", report["disabledReason"])
        _, second = self.send("gone", key=key)
        delivery = self.server.wait_state(second, "pending")
        self.assertEqual(delivery["attempts"], 0)
        self.assertIn("disabled", delivery["why"])
        self.assertEqual(self.server.dead_letters(destination="gone"), [])
        self.assertEqual(len(self.receiver.arrivals(key)), 1)
        answer = self.server.order("/ops/destinations/gone/enable", {"reason": "it is back"})
        self.assertEqual((answer.status, answer.json()["disabled"]), (200, False), answer)
        self.server.wait_state(first, "delivered")
        self.server.wait_state(second, "delivered")
        self.assertEqual([arrival.sequence for arrival in self.receiver.arrivals(key)], [1, 1, 2])

    def test_statistics_that_fail_go_with_the_next_batch_three_times(self):
        key, event_id = self.send("batched", *[Answer(500)] * 12)
        for round_number in (1, 2):
            delivery = self.server.wait_state(event_id, "waiting")
            wait_until(lambda: self.server.delivery(event_id)["attempts"] == 4 * round_number, self.server.tail)
            delivery = self.server.delivery(event_id)
            self.assertEqual((delivery["state"], delivery["round"]), ("waiting", round_number + 1))
            self.assertIn("next batch", delivery["why"])
            self.server.wait_state(self.send("batched")[1], "delivered")
        delivery = self.server.wait_state(event_id, "dead")
        self.assertEqual((delivery["reason"], delivery["attempts"], delivery["round"]), ("exhausted", 12, 3))
        self.assertEqual(len(self.receiver.arrivals(key)), 12)

    def test_statistics_that_failed_once_arrive_with_the_next_batch(self):
        key, event_id = self.send("batched", *[Answer(503)] * 4)
        self.server.wait_state(event_id, "waiting")
        wait_until(lambda: self.server.delivery(event_id)["attempts"] == 4, self.server.tail)
        self.send("batched")
        self.assertEqual(self.server.wait_state(event_id, "delivered")["attempts"], 5)

    def test_more_than_may_be_pending_goes_to_the_dead_letters_at_once(self):
        self.full.hold()
        ids = [self.send("full")[1] for _ in range(5)]
        self.full.wait_for(3)
        for event_id in ids[3:]:
            delivery = self.server.wait_state(event_id, "dead")
            self.assertEqual((delivery["reason"], delivery["attempts"]), ("pending_limit", 0))
        self.full.release()
        for event_id in ids[:3]:
            self.server.wait_state(event_id, "delivered")
        self.assertEqual(len(self.server.dead_letters(destination="full", reason="pending_limit")), 2)

    def test_more_than_may_be_dead_pushes_the_oldest_out_and_writes_it_down(self):
        dead = []
        for _ in range(5):
            _, event_id = self.send("forgetful", Answer(400))
            dead.append(self.server.wait_state(event_id, "dead")["id"])
        wait_until(lambda: self.server.report("forgetful")["dead"] == 3, self.server.tail)
        self.assertEqual({letter["id"] for letter in self.server.dead_letters(destination="forgetful")}, set(dead[2:]))
        gone = [entry for entry in self.server.audit("delivery_discarded") if entry["deliveryId"] in dead]
        self.assertEqual([(entry["deliveryId"], entry["by"]) for entry in gone], [(dead[1], "denrei"), (dead[0], "denrei")])
        self.assertTrue(all(entry["reason"] for entry in gone))

    def test_large_payloads_wait_in_the_store_and_arrive_whole(self):
        self.narrow.hold()
        keys = [fresh("large") for _ in range(4)]
        ids = [self.server.send("narrow.made", keys[n % 4], {"n": n, "text": f"{n:02}" * 300_000}) for n in range(32)]      # 19 MB
        self.narrow.wait_for(2, '"text"')
        self.narrow.release()
        for event_id in ids:
            self.server.wait_state(event_id, "delivered")
        came = [arrival.json() for arrival in self.narrow.arrivals('"text"')]
        for lane in range(4):
            self.assertEqual([payload["n"] for payload in came if payload["n"] % 4 == lane], list(range(lane, 32, 4)))
        self.assertTrue(all(payload["text"] == f"{payload['n']:02}" * 300_000 for payload in came))

    def test_a_blocking_destination_waits_for_an_operator(self):
        key, dead = self.send("blocking", Answer(400))
        self.server.wait_state(dead, "dead")
        _, held = self.send("blocking", key=key)
        _, other = self.send("blocking")
        self.server.wait_state(other, "delivered")
        self.server.wait_report("blocking", pending=1, blockedLanes=1, inFlight=0)
        self.assertEqual(self.server.delivery(held)["attempts"], 0)
        delivery = self.server.delivery(dead)
        self.assertIs(delivery["blocksLane"], True)
        self.assertEqual(self.server.order(f"/ops/dead-letters/{delivery['id']}/resend").status, 202)
        self.server.wait_state(held, "delivered")
        self.assertEqual([arrival.sequence for arrival in self.receiver.arrivals(key)], [1, 1, 2])

    def test_discarding_releases_the_key_too(self):
        key, dead = self.send("blocking", Answer(400))
        delivery = self.server.wait_state(dead, "dead")
        _, held = self.send("blocking", key=key)
        self.assertEqual(self.server.order(f"/ops/dead-letters/{delivery['id']}/discard", {"reason": "of no use"}).status, 200)
        self.server.wait_state(held, "delivered")
        self.assertEqual([arrival.sequence for arrival in self.receiver.arrivals(key)], [1, 2])

    def test_an_unordered_destination_does_not_wait(self):
        key, first = self.send("loose", Answer(500))
        self.receiver.wait_for(1, key)
        _, second = self.send("loose", key=key)
        self.server.wait_state(first, "delivered")
        self.server.wait_state(second, "delivered")
        self.assertEqual([arrival.sequence for arrival in self.receiver.arrivals(key)], [1, 2, 1])

    # --- how others are signed for

    def test_standard_webhooks(self):
        for name, key in (("patient", PARTNER_SECRET.encode()), ("whsec", self.whsec)):
            arrival, = self.deliver(name)
            text = f"{arrival.id}.{arrival.headers['webhook-timestamp']}.".encode() + arrival.body
            self.assertEqual(arrival.headers["webhook-signature"], "v1," + signed_base64(key, text))

    def test_github(self):
        arrival, = self.deliver("github")
        self.assertEqual(arrival.headers["x-hub-signature-256"], "sha256=" + signed_hex(arrival.body))

    def test_stripe(self):
        arrival, = self.deliver("stripe")
        at, signature = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", arrival.headers["stripe-signature"]).groups()
        self.assertEqual(signature, signed_hex(f"{at}.".encode() + arrival.body))

    def test_slack(self):
        arrival, = self.deliver("slack")
        at = arrival.headers["x-slack-request-timestamp"]
        self.assertEqual(arrival.headers["x-slack-signature"], "v0=" + signed_hex(f"v0:{at}:".encode() + arrival.body))

    def test_headers_of_the_configuration_are_sent(self):
        arrival, = self.deliver("headed")
        self.assertEqual((arrival.headers["x-team"], arrival.headers["x-note"]), ("records", "a b, c"))
        self.assertEqual(arrival.headers["authorization"], "Bearer headed-token-0123456789")

    def test_connections_are_used_again(self):
        arrivals = [self.deliver("patient")[0] for _ in range(5)]
        self.assertEqual(len({arrival.connection for arrival in arrivals}), 1, "one after the other needs one connection")


class TwoDestinations(DeliveryCase):
    """One event to several: each has its own id, order and fate."""

    def test_each_destination_goes_its_own_way(self):
        here, there = self.open(Receiver()), self.open(Receiver())
        routes = [route("here", "order.*"), route("there", "order.*"), route("here", "*") | {"name": "all", "keys": ["VIP-*"]}]
        server = self.begin(Deliverer(config_of(destination("here", here.url()), destination("there", there.url()), routes=routes)))
        there.plan("k-1", Answer(500))
        first, second = server.send("order.made", "k-1"), server.send("order.made", "k-1")
        self.assertEqual(server.wait_state(first, "delivered", "here")["state"], "delivered")
        self.assertEqual(server.wait_state(first, "dead", "there")["lastStatus"], 500)
        server.wait_state(second, "delivered", "there")
        self.assertEqual([a.sequence for a in here.wait_for(2)], [1, 2])
        self.assertEqual([a.sequence for a in there.wait_for(2)], [1, 2])
        self.assertEqual(len({a.id for a in here.arrivals() + there.arrivals()}), 4)
        server.wait_state(server.send("order.made", "VIP-1"), "delivered", "here")      # two routes lead there: it goes once
        server.wait_state(server.send("visit.made", "VIP-1"), "delivered", "here")
        self.assertEqual([a.sequence for a in here.arrivals("VIP-1")], [1, 2])
        self.assertIn("no route matches", server.event(server.send("visit.made", "k-2"))["why"])


if __name__ == "__main__":
    unittest.main()
