# denrei receive: the mock receiver as a process. Its modes, its order check, its report, its end.
import hashlib
import hmac
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

from contract import ANALYTICS, EMPLOYEE, PREVIOUS, SECRETS, STATS, encode, employee_created
from harness import BINARY, PATIENCE, SANITIZER_WORDS, live, wait_until
from wire import Closed, Connection


class Receiver:
    """One `denrei receive` on a free port; what it says goes to files."""

    def __init__(self, *flags, environment=None, tls=None):
        self.home = Path(tempfile.mkdtemp(prefix="denrei-receive-"))
        self.flags, self.tls, self.process = list(flags), tls, None
        self.environment = {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"} | SECRETS | (environment or {})
        self.environment |= {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}
        live.add(self)

    def start(self):
        line = [str(BINARY), "receive", "--listen", "127.0.0.1:0", *self.flags]
        with open(self.home / "out", "wb") as out, open(self.home / "err", "wb") as err:
            self.process = subprocess.Popen(line, cwd=self.home, env=self.environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        words = wait_until(self._listening, lambda: f"does not listen: {self.errors()}")
        self.port = int(words.rsplit(":", 1)[1])
        return self

    def _listening(self):
        assert self.process.poll() is None, f"exit {self.process.returncode}: {self.errors()}"
        return next((word.rstrip(",") for word in self.errors().split() if "://" in word), None)

    def output(self):
        return (self.home / "out").read_text()

    def errors(self):
        return (self.home / "err").read_text()

    def connect(self, tls=None):
        return Connection(self.port, tls=tls or self.tls, timeout=10 * PATIENCE)

    def admin(self, method, path, body=b"", tls=None):
        with Connection(self.port, tls=tls, timeout=10 * PATIENCE) as connection:
            return connection.request(method, path, {"Content-Type": "application/json"}, body)

    def set_mode(self, mode, **more):
        response = self.admin("POST", "/_mode", encode({"mode": mode} | more))
        assert response.status == 200, response

    def report(self):
        return self.admin("GET", "/_report").json()

    def end(self, by=signal.SIGTERM):
        """Its exit code, once it has ended in good order."""
        if by is not None:
            self.process.send_signal(by)
        code = self.process.wait(20 * PATIENCE)
        for word in SANITIZER_WORDS:
            assert word.decode() not in self.errors(), self.errors()
        return code

    def dispose(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)
        live.discard(self)


class Sender:
    """Sends deliveries of one source as the gateway does: signed, named and numbered."""

    def __init__(self, receiver, source=EMPLOYEE, path="/hook"):
        self.receiver, self.source, self.path = receiver, source, path

    def headers(self, body, sequence, name=None, **signing):
        extra = {"webhook-id": name or f"dlv_{sequence}", "Denrei-Sequence": str(sequence)}
        return self.source.headers(body, **signing) | extra

    def body(self, key="E1"):
        return encode(employee_created(key)) if self.source is EMPLOYEE else encode(self.source.make_body())

    def send(self, sequence, *, key="E1", connection=None, name=None, **signing):
        body = self.body(key)
        headers = self.headers(body, sequence, name or f"dlv_{key}_{sequence}", **signing)
        if connection is not None:
            return connection.request("POST", self.path, headers, body)
        with self.receiver.connect() as fresh:
            return fresh.request("POST", self.path, headers, body)


class ReceiveCase(unittest.TestCase):
    def start(self, *flags, **more):
        receiver = Receiver(*flags, **more)
        self.addCleanup(receiver.dispose)
        return receiver.start()

    def run_once(self, *flags):
        done = subprocess.run([str(BINARY), "receive", *flags], capture_output=True, text=True, timeout=20 * PATIENCE,
                              env={"PATH": os.environ.get("PATH", "")} | SECRETS, stdin=subprocess.DEVNULL)
        return done.returncode, done.stderr


class GoodReceiver(ReceiveCase):
    def test_it_verifies_as_the_source_and_answers_in_its_dialect(self):
        for source in (EMPLOYEE, ANALYTICS, STATS):
            with self.subTest(source=source.name):
                receiver = self.start("--source", source.name)
                sender = Sender(receiver, source)
                response = sender.send(1)
                self.assertEqual(response.status, 200)
                self.assertTrue(response.json()["success"])
                refused = sender.send(2, secret="x" * 40)
                self.assertEqual(refused.status, 401)
                self.assertEqual(source.error(refused), source.codes["signature"])
                self.assertEqual(receiver.end(), 1, "a signature was refused")

    def test_the_previous_secret_is_believed_too(self):
        receiver = self.start("--source", "employee", environment=PREVIOUS)
        self.assertEqual(Sender(receiver).send(1, secret=PREVIOUS["MEDICAL_WEBHOOK_SECRET_PREVIOUS"]).status, 200)
        self.assertEqual(receiver.end(), 0)

    def test_any_scheme_can_be_named_instead_of_a_source(self):
        receiver = self.start("--scheme", "github", "--secret", "HOOK_SECRET", "--key-pointer", "/who", "--dialect", "acknowledgement",
                              environment={"HOOK_SECRET": "h" * 40})
        body = encode({"who": "octo"})
        digest = hmac.new(b"h" * 40, body, hashlib.sha256).hexdigest()
        with receiver.connect() as connection:
            good = connection.request("POST", "/hook", {"X-Hub-Signature-256": f"sha256={digest}"}, body)
            self.assertEqual(good.status, 200)
            self.assertRegex(good.json()["notificationId"], "^NOTIF-")
            bad = connection.request("POST", "/hook", {"X-Hub-Signature-256": f"sha256={digest}"}, body + b" ")
            self.assertEqual((bad.status, bad.json()["error"]["code"]), (401, "INVALID_SIGNATURE"))
        self.assertIn("key=octo", receiver.output())

    def test_without_a_source_everything_is_good(self):
        receiver = self.start()
        with receiver.connect() as connection:
            for body in (b"", b"no json", encode({"a": 1})):
                response = connection.request("POST", "/anything", {}, body)
                self.assertEqual((response.status, response.json()), (200, {"success": True}))
        self.assertEqual(receiver.end(signal.SIGINT), 0)
        self.assertIn("3 requests, 3 distinct deliveries", receiver.output())

    def test_a_line_and_a_record_for_each_request_before_its_answer(self):
        receiver = self.start("--source", "employee", "--record", "record.jsonl")
        sender = Sender(receiver)
        body = sender.body()
        for count, (sequence, repeat) in enumerate(((1, False), (2, False), (2, True)), 1):
            with receiver.connect() as connection:
                connection.request("POST", "/hook?x=1", sender.headers(body, sequence), body)
            lines = [json.loads(line) for line in (receiver.home / "record.jsonl").read_text().splitlines()]
            self.assertEqual(len(lines), count)
            last = lines[-1]
            last.pop("at")
            self.assertEqual(last, {"method": "POST", "path": "/hook", "id": f"dlv_{sequence}", "sequence": sequence, "key": "E1", "status": 200,
                                    "verified": True, "repeat": repeat, "bodySha256": hashlib.sha256(body).hexdigest()})
            self.assertEqual(len(receiver.output().splitlines()), count)
        self.assertRegex(receiver.output().splitlines()[-1], r"Z POST /hook verified=yes id=dlv_2 sequence=2 key=E1 status=200 repeat$")

    def test_json_lines_and_quiet(self):
        receiver = self.start("-o", "json", "--stop-after", "2")
        sender = Sender(receiver)
        sender.send(1)
        sender.send(2)
        self.assertEqual(receiver.end(by=None), 0)
        lines = [json.loads(line) for line in receiver.output().splitlines()]
        self.assertEqual([line.get("sequence") for line in lines], [1, 2, None])
        self.assertEqual(lines[-1]["requests"], 2)
        quiet = self.start("--quiet", "--stop-after", "1")
        Sender(quiet).send(1)
        self.assertEqual(quiet.end(by=None), 0)
        self.assertTrue(quiet.output().startswith("1 requests, 1 distinct deliveries (1 accepted)"), quiet.output())

    def test_order_is_judged_for_each_key_and_gaps_are_counted(self):
        receiver = self.start("--source", "employee")
        sender = Sender(receiver)
        for key, sequence in (("E1", 1), ("E2", 1), ("E1", 2), ("E2", 4), ("E1", 3)):
            sender.send(sequence, key=key)
        order = receiver.report()["order"]
        self.assertEqual((order["held"], order["lanes"], order["missing"]), (True, 2, 2))
        sender.send(3, key="E2")
        order = receiver.report()["order"]
        self.assertEqual((order["held"], order["violations"], order["missing"]), (False, 1, 1))
        self.assertEqual(order["first"][0] | {"id": ""}, {"path": "/hook", "key": "E2", "id": "", "sequence": 3, "after": 4, "twice": False})
        self.assertEqual(receiver.end(), 1)
        self.assertIn("order of first arrivals: NOT held", receiver.output())

    def test_a_lane_that_goes_on_behind_a_failure_is_seen_in_the_order_of_acceptances(self):
        for flags, code in ((), 1), (("--allow-late",), 0):
            with self.subTest(flags=flags):
                receiver = self.start("--source", "employee", "--mode", "gone", *flags)
                sender = Sender(receiver)
                self.assertEqual(sender.send(1).status, 410)
                receiver.set_mode("good")
                self.assertEqual([sender.send(n).status for n in (2, 1)], [200, 200])
                report = receiver.report()
                self.assertEqual((report["order"]["held"], report["acceptedOrder"]["held"], report["repeats"]), (True, False, 1))
                self.assertEqual(receiver.end(), code)


class BadReceiver(ReceiveCase):
    def test_flaky_fails_the_same_requests_for_the_same_seed(self):
        def statuses(seed):
            receiver = self.start("--mode", "flaky", "--fail-rate", "0.5", "--status", "503", "--seed", str(seed), "--quiet")
            with receiver.connect() as connection:
                return [Sender(receiver).send(n, connection=connection).status for n in range(1, 41)]
        first = statuses(3)
        self.assertEqual(set(first), {200, 503})
        self.assertEqual(first, statuses(3))
        self.assertNotEqual(first, statuses(4))

    def test_limited_says_when_to_come_again(self):
        receiver = self.start("--mode", "limited", "--rate", "1", "--retry-after", "7")
        sender = Sender(receiver)
        self.assertEqual(sender.send(1).status, 200)
        refused = sender.send(2)
        self.assertEqual((refused.status, refused.header("Retry-After")), (429, "7"))

    def test_slow_answers_after_its_delay_and_serves_others_meanwhile(self):
        receiver = self.start("--mode", "slow", "--delay", "400ms")
        started = time.monotonic()
        threads = [threading.Thread(target=Sender(receiver).send, args=(n,)) for n in range(1, 9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - started
        self.assertGreaterEqual(took, 0.4)
        self.assertLess(took, 8 * 0.4 * PATIENCE)

    def test_redirect_and_gone(self):
        receiver = self.start("--mode", "redirect", "--location", "https://elsewhere.example/x")
        response = Sender(receiver).send(1)
        self.assertEqual((response.status, response.header("Location")), (302, "https://elsewhere.example/x"))
        receiver.set_mode("gone")
        self.assertEqual(Sender(receiver).send(2).status, 410)

    def test_dead_is_silent_until_it_is_called_back_to_life(self):
        receiver = self.start("--mode", "dead", "--source", "employee")
        sender = Sender(receiver)
        body = sender.body()
        with receiver.connect() as silent:
            silent.send(b"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n" % len(body) +
                        b"".join(f"{k}: {v}\r\n".encode() for k, v in sender.headers(body, 1).items()) + b"\r\n" + body)
            wait_until(lambda: receiver.report()["requests"] == 1, "the request has not arrived")
            self.assertFalse(silent.readable(0.2))
            receiver.set_mode("good")
            self.assertFalse(silent.readable(0.1), "this one stays unanswered")
        self.assertEqual(sender.send(1, name="dlv_1").status, 200)
        report = receiver.report()
        self.assertEqual((report["repeats"], report["byStatus"]), (1, {"0": 1, "200": 1}))
        receiver.set_mode("dead", refuse=True)
        with self.assertRaises(ConnectionError):
            sender.send(2)
        self.assertEqual(receiver.end(), 0, "attempts are attempts, whatever became of them")

    def test_the_mode_is_changed_by_good_orders_only(self):
        receiver = self.start()
        for body in (b"", b"{}", b'{"mode":"evil"}', b'{"mode":"flaky","failRate":2}', b'{"mode":"good","colour":"red"}'):
            self.assertEqual(receiver.admin("POST", "/_mode", body).status, 400, body)
        self.assertEqual(receiver.admin("GET", "/_mode").json(), {"mode": "good"})
        self.assertEqual(receiver.admin("DELETE", "/_mode").status, 405)


class Tls(ReceiveCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="denrei-receive-tls-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                        "-subj", "/CN=receiver", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(cls.folder / "key.pem"),
                        "-out", str(cls.folder / "cert.pem")], check=True, capture_output=True)
        cls.trusting = ssl.create_default_context(cafile=str(cls.folder / "cert.pem"))
        cls.careless = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        cls.careless.check_hostname, cls.careless.verify_mode = False, ssl.CERT_NONE

    def start_tls(self, *flags):
        return self.start("--tls-cert", str(self.folder / "cert.pem"), "--tls-key", str(self.folder / "key.pem"), *flags, tls=self.trusting)

    def test_https_with_keep_alive_and_no_plain_http_beside_it(self):
        receiver = self.start_tls("--source", "employee")
        with receiver.connect() as connection:
            for n in range(1, 6):
                self.assertEqual(Sender(receiver).send(n, connection=connection).status, 200)
        self.assertEqual(Sender(receiver).send(6, connection=Connection(receiver.port)).status, 400)
        self.assertEqual(receiver.report()["requests"], 5)
        self.assertEqual(receiver.end(), 0)

    def test_a_wrong_certificate_is_for_another_name_and_ends_idle_connections(self):
        receiver = self.start_tls()
        with receiver.connect() as connection:
            self.assertEqual(Sender(receiver).send(1, connection=connection).status, 200)
            receiver.set_mode("wrong-certificate")
            with self.assertRaises((Closed, OSError)):
                Sender(receiver).send(2, connection=connection)
        with self.assertRaises(ssl.SSLCertVerificationError):
            receiver.connect()
        wait_until(lambda: receiver.report()["failedHandshakes"] == 1, "the handshake has not failed")
        with receiver.connect(tls=self.careless) as careless:
            self.assertEqual(Sender(receiver).send(3, connection=careless).status, 200)
            der = careless.socket.getpeercert(binary_form=True)
        names = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-ext", "subjectAltName"], input=der, capture_output=True).stdout
        self.assertIn(b"DNS:elsewhere.invalid", names)
        receiver.set_mode("good")
        self.assertEqual(Sender(receiver).send(4).status, 200)

    def test_the_mode_works_without_a_certificate_of_its_own(self):
        receiver = self.start("--mode", "wrong-certificate")
        self.assertEqual(Sender(receiver).send(1).status, 400, "HTTP in the clear")
        with receiver.connect(tls=self.careless) as careless:
            self.assertEqual(Sender(receiver).send(1, connection=careless).status, 200)
        receiver.set_mode("good")
        self.assertEqual(Sender(receiver).send(2).status, 200)
        with self.assertRaises((ssl.SSLError, OSError)):
            receiver.connect(tls=self.careless)


class Robustness(ReceiveCase):
    def test_what_is_no_request_or_too_large_is_answered_and_ends_the_connection(self):
        receiver = self.start("--source", "employee")
        for raw, status in ((b"hello\r\n\r\n", 400), (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", 400),
                            (b"POST / HTTP/1.1\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", 431),
                            (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n", 413),
                            (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 405)):
            with self.subTest(raw=raw[:40]), receiver.connect() as connection:
                connection.send(raw)
                self.assertEqual(connection.read_response().status, status)
        self.assertEqual(Sender(receiver).send(1).status, 200)
        self.assertEqual(receiver.end(), 0)

    def test_a_body_in_chunks_after_100_continue_and_pipelined_requests(self):
        receiver = self.start("--source", "employee")
        sender = Sender(receiver)
        body = sender.body()
        head = b"".join(f"{k}: {v}\r\n".encode() for k, v in sender.headers(body, 1).items())
        with receiver.connect() as connection:
            connection.send(b"POST /hook HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n" + head + b"\r\n")
            self.assertEqual(connection.read_any().status, 100)
            connection.send(b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:])) + b"0\r\n\r\n")
            self.assertEqual(connection.read_response().status, 200)
            one = b"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n" % len(body) + head + b"\r\n" + body
            connection.send(one * 20)
            self.assertEqual([connection.read_response().status for _ in range(20)], [200] * 20)
        self.assertEqual(receiver.report()["repeats"], 20)

    def test_a_sender_that_goes_in_the_middle_harms_nobody(self):
        receiver = self.start("--mode", "slow", "--delay", "50ms")
        for part in (b"", b"PO", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc", b"\x16\x03\x01\x02\x00garbage",
                     b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"):
            with receiver.connect() as connection:
                connection.send(part)
        self.assertEqual(Sender(receiver).send(1).status, 200)
        self.assertEqual(receiver.end(), 0)

    def test_it_ends_at_once_with_connections_and_answers_open(self):
        receiver = self.start("--mode", "slow", "--delay", "1h")
        with receiver.connect() as waiting, receiver.connect(), receiver.connect():
            waiting.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
            wait_until(lambda: receiver.report()["requests"] == 1, "the request has not arrived")
            self.assertEqual(receiver.end(), 0)
        self.assertIn("1 requests", receiver.output())

    def test_mistakes_are_said_before_it_starts(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            code, text = self.run_once("--listen", f"127.0.0.1:{taken.getsockname()[1]}")
            self.assertEqual(code, 2)
            self.assertRegex(text, r"denrei: cannot listen on 127\.0\.0\.1:\d+: Address already in use")
        for flags in (["--mode", "evil"], ["--listen", "nowhere"], ["--source", "employe"], ["--source", "employee", "--scheme", "github"],
                      ["--scheme", "github"], ["--scheme", "rot13", "--secret", "VOICEDRIVE_WEBHOOK_SECRET"], ["--tls-cert", "x"],
                      ["--tls-cert", "/nonexistent", "--tls-key", "/nonexistent"], ["--record", "/nonexistent/x"], ["--fail-rate", "2"],
                      ["--delay", "soon"], ["--dialect", "latin"], ["--bearer", "VOICEDRIVE_API_TOKEN"], ["--tolerance", "-1"]):
            code, text = self.run_once("--listen", "127.0.0.1:0", *flags)
            self.assertEqual(code, 2, (flags, text))
            self.assertTrue(text.strip(), flags)


if __name__ == "__main__":
    unittest.main()
