# Receivers that misbehave, names that lead nowhere, addresses that nobody may reach: each ends as one clean failed attempt.
import shutil
import ssl
import tempfile
import time
import unittest
from pathlib import Path

from contract import fresh
from harness import PATIENCE, free_port, wait_until
from outbound import Deliverer, DeliveryCase, config_of, destination, route
from receivers import (SUCCESS, Answer, Receiver, drip, drip_headers, pour, pour_headers, say, say_nothing)
from test_tls import make_certificate


def closing(body=SUCCESS, length=None, head=b"HTTP/1.1 200 OK\r\n"):
    """Bytes of an answer whose length may be a lie."""
    return head + b"Content-Length: %d\r\n\r\n" % (len(body) if length is None else length) + body


class Faults(DeliveryCase):
    """Every destination has one attempt and 500 ms."""

    # name: what the receiver does, error class, a word of the error's text
    BEHAVIOURS = {
        "drips": (drip, "timeout", ""),
        "drips-headers": (drip_headers, "timeout", ""),
        "silent": (say_nothing, "timeout", ""),
        "pours": (pour, "too_large", "65536"),
        "pours-headers": (pour_headers, "too_large", ""),
        "hangs-up": (say(b""), "broken", ""),
        "cut-in-head": (say(b"HTTP/1.1 200 OK\r\nContent-Le"), "broken", ""),
        "cut-in-body": (say(closing(length=1000)), "broken", ""),
        "cut-in-chunk": (say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc"), "broken", ""),
        "no-http": (say(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), "broken", ""),
        "old-http": (say(b"<html>success</html>"), "broken", ""),
        "bad-length": (say(closing(head=b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n")), "broken", ""),
        "bad-chunk": (say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n"), "broken", ""),
        "bad-encoding": (say(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd"), None, ""),
        "interim": (say(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + closing()), None, ""),
    }

    DISGUISES = ("LOCALHOST", "foo.localhost", "ip6-localhost")

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="denrei-faults-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        make_certificate(cls.folder, 7)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cls.folder / "cert.pem", cls.folder / "key.pem")
        cls.receiver, cls.secure, cls.elsewhere = cls.open(Receiver()), cls.open(Receiver(tls=context)), cls.open(Receiver())
        for name, (act, _, _) in cls.BEHAVIOURS.items():
            cls.receiver.plan(f'"{name}-', *[Answer(act=act)] * 9)
        url, closed = cls.receiver.url(), free_port()
        made = [destination(name, url, timeout="500ms") for name in cls.BEHAVIOURS]
        made += [destination("redirect", url), destination("refused", f"http://127.0.0.1:{closed}/"),
                 destination("unknown-name", "http://receiver.invalid:8080/hooks", timeout="5s"),
                 destination("self-signed", cls.secure.url()),
                 destination("trusted", cls.secure.url(), ca_file=str(cls.folder / "cert.pem")),
                 destination("other-host", cls.secure.url(host="localhost"), ca_file=str(cls.folder / "cert.pem"),
                             allow=["127.0.0.0/8", "::1"]),
                 destination("plain-as-tls", cls.receiver.url().replace("http:", "https:"), timeout="5s"),
                 destination("tls-as-plain", cls.secure.url().replace("https:", "http:")),
                 destination("localhost", cls.receiver.url(host="localhost"), allow=[]),
                 destination("another-range", cls.receiver.url(host="localhost"), allow=["10.0.0.0/8", "127.0.0.2"])]
        made += [destination(f"disguised-{number}", cls.receiver.url(host=host), allow=[]) for number, host in enumerate(cls.DISGUISES)]
        made += [destination("by-proxy", "http://partner.example.com/hooks", proxy=f"http://127.0.0.1:{cls.receiver.port}"),
                 destination("no-proxy", "http://partner.example.com/hooks", proxy=f"http://127.0.0.1:{closed}")]
        proxy = f"http://127.0.0.1:{closed}"      # of an environment that nobody asked about
        environment = {name: proxy for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")}
        cls.server = cls.begin(Deliverer(config_of(*made), environment=environment))

    def dead_end(self, name, error, word="", state="dead"):
        """One delivery there that has failed so; answers it."""
        key = fresh(name)
        delivery = self.server.wait_state(self.server.send(f"{name}.made", key), state, seconds=20)
        self.assertEqual((delivery.get("lastError"), delivery["attempts"]), (error, 1), delivery)
        attempt, = delivery["history"]
        if error is not None:
            self.assertNotIn("status", attempt, delivery)
            self.assertIn(word, attempt["errorText"], delivery)
            self.assertIn(error, delivery["why"])
            listed, = self.server.dead_letters(destination=name, key=key)
            self.assertEqual((listed["id"], listed["reason"], listed["lastError"]), (delivery["id"], "exhausted", error))
        return delivery

    # --- the receiver

    def test_receivers_that_misbehave(self):
        ids = {name: self.server.send(f"{name}.made", fresh(name)) for name in self.BEHAVIOURS}
        for name, (_, error, word) in self.BEHAVIOURS.items():
            with self.subTest(name=name):
                delivery = self.server.wait_state(ids[name], "dead" if error else "delivered", seconds=20)
                attempt, = delivery["history"]
                self.assertEqual(attempt.get("error"), error, delivery)
                if error:
                    self.assertIn(word, attempt["errorText"])
                if error == "timeout":
                    self.assertGreaterEqual(attempt["timing"]["totalMs"], 499)
                    self.assertLess(attempt["timing"]["totalMs"], 500 + 1500 * PATIENCE)

    def test_what_a_broken_answer_said_is_kept(self):
        delivery = self.dead_end("cut-in-body", "broken")
        self.assertEqual(delivery["history"][0]["answer"]["body"], SUCCESS.decode())
        delivery = self.dead_end("pours", "too_large")
        self.assertEqual(delivery["history"][0]["answer"]["body"], "x" * 4096)

    def test_a_long_answer_is_kept_in_part_and_counts(self):
        key = fresh("redirect")
        self.receiver.plan(key, Answer(200, b"\xe4\xbd\x90" * 20000))
        delivery = self.server.wait_state(self.server.send("redirect.made", key), "delivered")
        self.assertIn(len(delivery["history"][0]["answer"]["body"].encode()), (4095, 4096))

    def test_an_answer_of_any_bytes_can_be_shown(self):
        key = fresh("redirect")
        self.receiver.plan(key, Answer(500, bytes(range(256)), headers=(("X-Odd", "caf\u00e9 \"quoted\""),)))
        delivery = self.server.wait_state(self.server.send("redirect.made", key), "dead")
        self.assertTrue(delivery["history"][0]["answer"]["body"])
        self.assertTrue(any("quoted" in line for line in delivery["history"][0]["answer"]["headers"]))

    def test_redirects_are_not_followed(self):
        for status in (301, 302, 303, 307, 308):
            key = fresh("redirect")
            self.receiver.plan(key, Answer(status, headers=(("Location", self.elsewhere.url()),)))
            delivery = self.server.wait_state(self.server.send("redirect.made", key), "dead")
            self.assertEqual((delivery["lastStatus"], delivery["attempts"]), (status, 1), delivery)
            self.assertEqual(len(self.receiver.arrivals(key)), 1)
        self.assertEqual(self.elsewhere.arrivals(), [])

    # --- the way there

    def test_a_closed_port(self):
        self.dead_end("refused", "connect", "refused")

    def test_a_name_that_does_not_exist(self):
        self.dead_end("unknown-name", "dns", "receiver.invalid")

    def test_a_self_signed_certificate(self):
        before = len(self.secure.arrivals())
        self.dead_end("self-signed", "tls", "ertificate")
        self.assertEqual(len(self.secure.arrivals()), before, "nothing is sent to somebody unknown")

    def test_a_certificate_that_ca_file_knows(self):
        delivery = self.dead_end("trusted", None, state="delivered")
        self.assertGreater(delivery["history"][0]["timing"]["tlsMs"], 0)

    def test_a_certificate_of_another_host(self):
        self.dead_end("other-host", "tls")

    def test_tls_to_a_receiver_that_has_none(self):
        self.dead_end("plain-as-tls", "tls")

    def test_plain_http_to_a_receiver_of_tls(self):
        self.dead_end("tls-as-plain", "broken")

    def test_a_proxy_is_used_when_it_is_configured(self):
        key = fresh("by-proxy")
        self.server.wait_state(self.server.send("by-proxy.made", key), "delivered")
        arrival, = self.receiver.arrivals(key)
        self.assertEqual((arrival.path, arrival.headers["host"]), ("http://partner.example.com/hooks", "partner.example.com"))
        self.dead_end("no-proxy", "connect")

    # --- addresses that are not public

    def blocked(self, *names):
        before = len(self.receiver.arrivals())
        for name in names:
            with self.subTest(name=name):
                delivery = self.dead_end(name, "blocked", "not public")
                self.assertIn("allow", delivery["history"][0]["errorText"])
        self.assertEqual(len(self.receiver.arrivals()), before)

    def test_a_name_of_this_machine_is_blocked_after_it_is_resolved(self):
        self.blocked("localhost", "another-range")

    def test_other_names_of_this_machine(self):
        before = len(self.receiver.arrivals())
        for number, host in enumerate(self.DISGUISES):
            with self.subTest(host=host):
                delivery = self.server.wait_state(self.server.send(f"disguised-{number}.made", "k"), "dead")
                self.assertIn(delivery["lastError"], ("blocked", "dns"), "a machine need not know the name, but must not follow it here")
        self.assertEqual(len(self.receiver.arrivals()), before)

    # --- what operators see

    def test_a_failed_attempt_is_counted_and_told(self):
        self.dead_end("refused", "connect")
        report = self.server.report("refused")
        self.assertGreaterEqual(report["failedAttempts"], 1)
        self.assertGreaterEqual(report["givenUp"], 1)
        self.assertEqual(report["delivered"], 0)
        self.assertIn("connect", report["lastFailureText"])
        self.assertIsNone(report["lastSuccess"])
        self.assertGreaterEqual(report["dead"], 1)
        self.assertGreaterEqual(self.server.metrics()['denrei_delivery_attempts_total{destination="refused",result="given_up"}'], 1)


class AddressesInTheConfiguration(unittest.TestCase):
    """An address that is not public has to be named in 'allow' before anything starts; so has plain HTTP."""

    def code(self, *made):
        server = Deliverer(config_of(*made))
        self.addCleanup(server.dispose)
        code = server.spawn().wait_exit()
        return code, server.errors().decode()

    def test_private_addresses_stop_the_start(self):
        hosts = ("127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.5.5", "169.254.169.254", "0.0.0.0", "[::1]", "[fe80::1]", "[fd00::1]",
                 "[::ffff:127.0.0.1]", "100.64.0.1")
        code, said = self.code(*[destination(f"to-{n}", f"https://{host}/hooks", allow=[]) for n, host in enumerate(hosts)])
        self.assertEqual(code, 2, said)
        for n, host in enumerate(hosts):
            self.assertTrue(any(f"'to-{n}'" in line and "allow" in line for line in said.splitlines()), f"{host}\n{said}")

    def test_addresses_in_other_spellings_do_not_come_through(self):
        hosts = ("2130706433", "0x7f000001", "0177.0.0.1", "127.1", "127.0.0.1.")
        receiver = Receiver().open()
        self.addCleanup(receiver.close)
        for host in hosts:
            with self.subTest(host=host):
                server = Deliverer(config_of(destination("odd", receiver.url(host=host), allow=[])))
                self.addCleanup(server.dispose)
                server.spawn()
                wait_until(lambda: not server.is_alive() or server.readiness() == 200, server.tail)
                if server.is_alive():
                    delivery = server.wait_state(server.send("odd.made", "k"), "dead")
                    self.assertIn(delivery["lastError"], ("blocked", "dns"), delivery)
                    server.stop()
                else:
                    self.assertEqual(server.process.returncode, 2, server.tail())
        self.assertEqual(receiver.arrivals(), [])

    def test_plain_http_stops_the_start(self):
        code, said = self.code(destination("plain", "http://partner.example.com/hooks", plain_http=False))
        self.assertEqual(code, 2, said)
        self.assertIn("plain_http", said)


class DeadNeighbours(DeliveryCase):
    """A destination that is down costs the others nothing: measured in one run, with and without."""

    COUNT = 200

    def test_the_healthy_one_is_about_as_fast_beside_the_dead_ones(self):
        healthy, black_hole = self.open(Receiver()), self.open(Receiver(default=Answer(act=say_nothing)))
        quick = {"timeout": "1s", "schedule": ["200ms"] * 15, "breaker_failures": 0}
        made = [destination("healthy", healthy.url()), destination("hole", black_hole.url(), **quick),
                destination("closed", f"http://127.0.0.1:{free_port()}/", **quick),
                destination("nowhere", "http://nowhere.invalid/", **quick)]
        routes = [route("healthy", "alone.*", "beside.*"), *(route(name, "beside.*") for name in ("hole", "closed", "nowhere"))]
        server = self.begin(Deliverer(config_of(*made, routes=routes)))

        def measure(kind):
            word = fresh(kind)
            events = [(f"{kind}.made", f"{word}-{number % 50}", {"word": word, "number": number}) for number in range(self.COUNT)]
            started = time.monotonic()
            server.send_many(events)
            arrivals = healthy.wait_for(self.COUNT, word, seconds=60)
            return time.monotonic() - started, arrivals

        measure("alone")      # connections are made
        alone, _ = measure("alone")
        beside, arrivals = measure("beside")
        for name in ("hole", "closed", "nowhere"):
            self.assertEqual(server.wait_report(name, dead=0, delivered=0)["pending"], self.COUNT)
        again, _ = measure("alone")      # while the dead ones are tried again and again
        print(f"\n  {self.COUNT} deliveries: {alone:.2f} s alone, {beside:.2f} s beside, {again:.2f} s with the dead ones waiting",
              flush=True)
        self.assertEqual(len({arrival.id for arrival in arrivals}), self.COUNT)
        self.assertLess(beside, 3 * alone + 0.5 * PATIENCE)
        self.assertLess(again, 3 * alone + 0.5 * PATIENCE)


if __name__ == "__main__":
    unittest.main()
