# Alerts on their way out: by e-mail over real SMTP with STARTTLS and AUTH, from one provider to the next and back, and as a signed webhook.
import base64
import hashlib
import hmac
import json
import shutil
import tempfile
import unittest
from pathlib import Path

from contract import EMPLOYEE, READER_TOKEN, employee_created, fresh
from harness import wait_until
from mail_server import MISSING, MailServer
from outbound import LOCAL, Deliverer, DeliveryCase, config_of, destination, shipped
from receivers import Answer, Receiver
from test_tls import make_certificate

PASSWORD = "pass word: 0123456789"
HOOK_SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
TEXT = "【重大】配信に失敗しました\n\nイベント: {eventType}\nキー: {key}\nエラー: {error}"


def failing(name, receiver, *channels):
    """A destination whose every delivery is given up with an alert. Each has a window of its own, so that each first alert goes at once."""
    return destination(name, receiver.url(f"/{name}"), channels=list(channels), exhausted="critical",
                       alert_subject="配信失敗 {destination} {key} ＡＢＣ①髙", alert_text=TEXT)


def mail_service(*providers, **members):
    return {"name": "mail", "kind": "email", "retries": 0, "timeout": "5s", "provider": list(providers)} | members


def provider(name, server, **members):
    return {"name": name, "server": server.url(), "starttls": False, "from": f"denrei@{name}.example.com"} | members


def duty(**members):
    return {"name": "duty", "kind": "email", "service": "mail", "to": ["duty@hospital.example.com", "night@hospital.example.com"]} | members


def service_report(server):
    """What readiness says of the service "mail"."""
    reports = server.ops("/readyz?verbose").json()["services"]
    return next((report for report in reports if report["name"] == "mail"), {})


def alert_lines(server, **members):
    lines = [json.loads(line) for line in server.output().splitlines() + server.errors().splitlines() if b'"log":"alert"' in line]
    return [line for line in lines if all(line.get(key) == value for key, value in members.items())]


@unittest.skipIf(MISSING is not None, MISSING)
class Mail(DeliveryCase):
    @classmethod
    def setUpClass(cls):
        cls.folder, other = (Path(tempfile.mkdtemp(prefix="denrei-mail-")) for _ in range(2))
        for number, folder in enumerate((cls.folder, other)):
            cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
            make_certificate(folder, 2000 + number)
        cls.mail = cls.open(MailServer(users={"denrei": PASSWORD}, certificate=cls.folder, refused=("gone@hospital.example.com",)))
        cls.receiver = cls.open(Receiver(default=Answer(500)))
        login = {"user": "denrei", "secret": "MAIL_PASSWORD", "starttls": True}
        written_out = {"kind": "email", "server": cls.mail.url(), "from": "denrei@hospital.example.com", "retries": 0,
                       "to": ["duty@hospital.example.com"]} | login
        channels = [duty(),
                    duty(name="english", language="en", subject="[{severity}] {subject}"),
                    written_out | {"name": "stranger", "ca_file": str(other / "cert.pem")},
                    written_out | {"name": "nobody", "ca_file": str(cls.folder / "cert.pem"), "to": ["gone@hospital.example.com"]},
                    written_out | {"name": "burglar", "ca_file": str(cls.folder / "cert.pem"), "secret": "WRONG_PASSWORD"}]
        primary = provider("hospital", cls.mail, **login, ca_file=str(cls.folder / "cert.pem"))
        destinations = [failing(f"to-{name}", cls.receiver, name) for name in ("duty", "english", "stranger", "nobody", "burglar")]
        cls.server = cls.begin(Deliverer(config_of(*destinations, service=[mail_service(primary)], channel=channels),
                                         environment={"MAIL_PASSWORD": PASSWORD, "WRONG_PASSWORD": "wrong"}))

    def test_a_mail_arrives_over_tls_logged_in_and_in_japanese(self):
        key = fresh("MAIL")
        self.server.send("to-duty.happened", key)
        letter = self.mail.wait_for(1, key)[0]
        self.assertTrue(letter.is_encrypted)
        self.assertEqual(letter.user, "denrei")
        self.assertEqual(letter.sender, "denrei@hospital.example.com")
        self.assertEqual(letter.recipients, ("duty@hospital.example.com", "night@hospital.example.com"))
        self.assertEqual(letter.subject, f"配信失敗 to-duty {key} ＡＢＣ①髙")
        self.assertEqual(letter.text.replace("\r\n", "\n").rstrip("\n"),
                         f"【重大】配信に失敗しました\n\nイベント: to-duty.happened\nキー: {key}\nエラー: 500 Internal Server Error")
        self.assertEqual(letter.message["Auto-Submitted"], "auto-generated")
        self.assertRegex(letter.message["Message-ID"], r"\A<[^@<>\s]+@hospital\.example\.com>\Z")
        wait_until(lambda: service_report(self.server).get("state") == "up", lambda: service_report(self.server))

    def test_a_channel_speaks_english_by_its_own_template(self):
        key = fresh("MAIL")
        self.server.send("to-english.happened", key)
        letter = self.mail.wait_for(1, "to-english")[0]
        self.assertEqual(letter.subject, "[critical] [CRITICAL] Delivery to to-english has failed: to-english.happened")
        self.assertIn(key, letter.text)

    def test_a_server_whose_certificate_nobody_vouches_for_gets_nothing(self):
        self.server.send("to-stranger.happened", fresh("MAIL"))
        line = wait_until(lambda: alert_lines(self.server, channel="stranger"), self.server.tail)[0]
        self.assertEqual(line["result"], "given_up")
        self.assertIn("certificate", line["error"])
        self.assertEqual(self.mail.letters("to-stranger"), [])

    def test_an_unknown_addressee_is_told_and_says_nothing_of_the_server(self):
        self.server.send("to-nobody.happened", fresh("MAIL"))
        line = wait_until(lambda: alert_lines(self.server, channel="nobody"), self.server.tail)[0]
        self.assertEqual((line["result"], line["tries"]), ("given_up", 1))
        self.assertIn("550 5.1.1 no such mailbox", line["error"])
        reports = self.server.ops("/readyz?verbose").json()["services"]
        self.assertNotEqual(next(report for report in reports if report["name"] == "nobody")["state"], "down")

    def test_a_wrong_password_is_told_without_the_password(self):
        self.server.send("to-burglar.happened", fresh("MAIL"))
        line = wait_until(lambda: alert_lines(self.server, channel="burglar"), self.server.tail)[0]
        self.assertEqual(line["result"], "given_up")
        self.assertIn("535", line["error"])
        self.assertNotIn(b"wrong", json.dumps(line).encode())


@unittest.skipIf(MISSING is not None, MISSING)
class FailOver(DeliveryCase):
    @classmethod
    def setUpClass(cls):
        cls.primary, cls.secondary = MailServer(), MailServer()
        cls.addClassCleanup(cls.primary.close)
        cls.addClassCleanup(cls.secondary.close)
        cls.receiver = cls.open(Receiver(default=Answer(500)))
        cls.names = [f"d{number}" for number in range(60)]
        source = next(source for source in shipped()["source"] if source["name"] == "employee") | {"needs": ["mail"]}
        service = mail_service(provider("primary", cls.primary), provider("secondary", cls.secondary), return_after="200ms")
        cls.server = cls.begin(Deliverer(config_of(*(failing(name, cls.receiver, "duty") for name in cls.names),
                                                   service=[service], channel=[duty()], source=[source])))

    def raise_alert(self):
        """By a destination that has not yet said anything; its name stands in the subject."""
        name = self.names.pop()
        self.server.send(f"{name}.happened", fresh("MAIL"))
        return f" {name} "

    def wait_service(self, **members):
        def there():
            report = service_report(self.server)
            return report if all(report.get(key) == value for key, value in members.items()) else None
        return wait_until(there, lambda: f"{service_report(self.server)} does not say {members}\n{self.server.tail()}")

    def raise_until_it_reaches(self, server):
        def reached():
            word = self.raise_alert()
            wait_until(lambda: self.primary.letters(word) or self.secondary.letters(word), self.server.tail)
            return server.letters(word)
        wait_until(reached, self.server.tail)

    def accepts(self):
        return self.server.post(EMPLOYEE, employee_created(fresh("EMP"))).status

    def test_to_the_secondary_and_back_and_down_and_up_again(self):
        self.secondary.open()
        word = self.raise_alert()
        letter = self.secondary.wait_for(1, word)[0]
        self.assertEqual(letter.sender, "denrei@secondary.example.com")
        report = self.wait_service(state="on_secondary", provider="secondary")
        self.assertEqual((report["dependency"], report["effect"]), ("high", "none"))
        self.assertTrue(report["lastError"])

        self.primary.open()
        self.raise_until_it_reaches(self.primary)
        self.wait_service(state="up", provider="primary")
        self.assertEqual(self.accepts(), 200)

        self.primary.close()
        self.secondary.close()
        self.raise_alert()
        self.wait_service(state="down", effect="maintenance")
        wait_until(lambda: self.accepts() == 500, self.server.tail)      # the overload answer of this contract
        self.assertEqual(self.server.readiness(), 200)     # what does not need it goes on
        self.assertEqual(self.server.get("/api/employees/nobody", READER_TOKEN).status, 404)

        self.primary.open()                                # it comes back without an alert
        self.wait_service(state="up", provider="primary")
        wait_until(lambda: self.accepts() == 200, self.server.tail)


class Webhook(DeliveryCase):
    @classmethod
    def setUpClass(cls):
        cls.receiver = cls.open(Receiver(default=Answer(500)))
        cls.pager = cls.open(Receiver())
        hook = {"name": "hook", "kind": "webhook", "url": cls.pager.url("/alerts"), "secret": "HOOK_SECRET"} | LOCAL
        cls.server = cls.begin(Deliverer(config_of(failing("one", cls.receiver, "hook"), channel=[hook]), environment={"HOOK_SECRET": HOOK_SECRET}))

    def check_signature(self, arrival):
        key = base64.b64decode(HOOK_SECRET.removeprefix("whsec_"))
        signed = b".".join((arrival.id.encode(), arrival.headers["webhook-timestamp"].encode(), arrival.body))
        expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        self.assertEqual(arrival.headers["webhook-signature"], f"v1,{expected}")

    def test_an_alert_is_signed_and_keeps_its_id_when_it_is_tried_again(self):
        key = fresh("HOOK")
        self.pager.plan(key, Answer(500))
        event = self.server.send("one.happened", key)
        first, second = self.pager.wait_for(2, key)
        for arrival in (first, second):
            self.check_signature(arrival)
            self.assertEqual(arrival.path, "/alerts")
        self.assertEqual((first.id, first.body), (second.id, second.body))
        self.assertGreaterEqual(second.at - first.at, 1.0)
        body = second.json()
        self.assertEqual(body["type"], "denrei.alert")
        self.assertEqual({name: body["data"][name] for name in ("severity", "destination", "alerts")},
                         {"severity": "critical", "destination": "one", "alerts": 1})
        self.assertEqual(body["data"]["deliveryId"], self.server.delivery(event)["id"])
        self.assertIn(key, body["data"]["text"])


if __name__ == "__main__":
    unittest.main()
