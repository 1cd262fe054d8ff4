# What the absence of an outside service does (protocol 4): high holds up whoever needs it, medium switches a function off, low is a note;
# all of it is seen in readiness and in the metrics, and it passes by itself.
import unittest

from contract import ACKNOWLEDGEMENT, ANALYTICS, EMPLOYEE, SOURCES, STATS, acknowledgement, employee_created, fresh
from harness import wait_until
from mail_server import MISSING, MailServer
from object_store import ObjectStore
from outbound import Deliverer, DeliveryCase, config_of, shipped
from receivers import Answer, Receiver
from test_mail import duty, failing, mail_service, provider

SERVICE = {"name", "kind", "dependency", "state", "effect", "provider", "since", "lastError", "note"}
STATES = {"unknown": 0, "up": 1, "on_secondary": 2, "down": 3}
DEPENDENCIES = {"mail": "high", "archive": "medium", "monitoring": "low"}
KINDS = {"mail": "email", "archive": "storage", "monitoring": "monitoring"}


class ServicesCase(DeliveryCase):
    """Every source but that of acknowledgements needs the mail; that one asks for services which are not important enough to wait for."""

    @classmethod
    def setUpClass(cls):
        cls.mail, cls.store, cls.collector = MailServer(), ObjectStore(), Receiver(default=Answer(200, b"{}"))
        for outside in (cls.mail, cls.store, cls.collector):
            cls.addClassCleanup(outside.close)
        cls.receiver = cls.open(Receiver(default=Answer(500)))
        cls.names = [f"d{number}" for number in range(40)]
        quick = {"retries": 0, "timeout": "3s", "return_after": "300ms"}
        collector = {"name": "collector", "url": f"http://127.0.0.1:{cls.collector.port}", "plain_http": True, "allow": ["127.0.0.1"]}
        services = [mail_service(provider("primary", cls.mail), return_after="300ms"),
                    {"name": "archive", "kind": "storage", "provider": [cls.store.provider()]} | quick,
                    {"name": "monitoring", "kind": "monitoring", "interval": "1s", "provider": [collector]} | quick]
        sources = [source | {"needs": ["archive", "monitoring"] if source["name"] == "acknowledgement" else ["mail"]} for source in shipped()["source"]]
        destinations = [failing(name, cls.receiver, "duty") for name in cls.names]
        cls.server = cls.begin(Deliverer(config_of(*destinations, service=services, channel=[duty()], source=sources),
                                         environment={"STORAGE_SECRET": cls.store.secret}))

    def verbose(self):
        response = self.server.ops("/readyz?verbose")
        self.assertEqual(response.status, 200, response)
        return response.json()

    def services(self):
        return {service["name"]: service for service in self.verbose()["services"]}

    def wait_states(self, **states):
        def there():
            now = self.services()
            return now if all(now.get(name, {}).get("state") == state for name, state in states.items()) else None
        return wait_until(there, lambda: f"{self.services()} are not {states}\n{self.server.tail()}", 30)

    def check_metric(self, name, state):
        line = f'denrei_service_state{{dependency="{DEPENDENCIES[name]}",service="{name}"}}'
        self.assertEqual(self.server.metrics()[line], STATES[state])

    def setUp(self):
        """Everything is away, and somebody has noticed."""
        self.raise_alert()
        self.down = self.wait_states(mail="down", archive="down", monitoring="down")

    def raise_alert(self):
        """By a destination that has not yet said anything."""
        name = self.names.pop()
        self.server.send(f"{name}.happened", fresh("ALERT"))
        return f" {name} "

    def statuses(self):
        return {source.name: self.server.post(source, source.make_body()).status for source in SOURCES}


@unittest.skipIf(MISSING is not None, MISSING)
class Absence(ServicesCase):
    def test_readiness_and_metrics_say_what_is_away_and_what_that_means(self):
        for name, effect in (("mail", "maintenance"), ("archive", "function_off"), ("monitoring", "note")):
            with self.subTest(service=name):
                service = self.down[name]
                self.assertEqual(set(service), SERVICE)
                self.assertEqual((service["kind"], service["dependency"], service["effect"]), (KINDS[name], DEPENDENCIES[name], effect))
                self.assertTrue(service["provider"] and service["since"] and service["lastError"], service)
                self.check_metric(name, "down")
        self.assertEqual(self.verbose()["maintenance"], ["mail"])
        self.assertEqual(self.verbose()["status"], "ready", "a process that could do nothing better elsewhere stays in")
        self.assertEqual(self.server.ops("/readyz").json(), {"status": "ready", "reasons": []})
        wait_until(lambda: "on disk" in (self.services()["monitoring"]["note"] or ""), lambda: self.services())

    def test_who_needs_an_important_one_answers_as_under_overload(self):
        for source in (EMPLOYEE, ANALYTICS, STATS):
            with self.subTest(source=source.name):
                answer = self.server.post(source, source.make_body())
                self.assertEqual(answer.status, source.overload, answer)
                self.assertEqual(answer.header("Retry-After"), "30")
                self.assertTrue(source.error(answer), answer)
                self.assertEqual(self.server.post(source, source.make_body(), signature="0" * 64).status, source.overload, "nobody is asked who he is")
        self.assertEqual(self.server.request("GET", EMPLOYEE.path).status, 405)

    def test_nobody_waits_for_a_less_important_one_and_readers_for_none(self):
        event = acknowledgement()
        self.assertEqual(self.server.post(ACKNOWLEDGEMENT, event).status, 200)
        listed = [notice["caseNumber"] for notice in self.server.acknowledgements(limit=1000).json()]
        self.assertIn(event["caseNumber"], listed)
        self.assertEqual(self.server.get("/api/notifications").status, 200)
        log = self.server.output() + self.server.errors()
        for name in ("archive", "monitoring"):
            self.assertIn(f"source acknowledgement does not wait for service {name}".encode(), log)

    def test_a_function_is_off_and_says_so(self):
        answer = self.server.order("/ops/exports", {"what": "audit"})
        self.check_problem(answer, 503, "archive")
        self.assertTrue(answer.header("Retry-After"), answer)


@unittest.skipIf(MISSING is not None, MISSING)
class Return(ServicesCase):
    def test_everything_comes_back_by_itself_and_what_was_refused_is_taken(self):
        refused = employee_created(fresh("EMP"))
        self.assertEqual(self.server.post(EMPLOYEE, refused).status, 500)
        for outside in (self.mail, self.store, self.collector):
            outside.open()
        self.wait_states(mail="up", archive="up", monitoring="up")
        wait_until(lambda: set(self.statuses().values()) == {200}, self.server.tail)
        again = self.server.post(EMPLOYEE, refused)
        self.assertEqual((again.status, again.header("Idempotent-Replayed")), (200, None), "what was refused left nothing behind")
        self.assertEqual(len(self.server.timeline(refused["data"]["staffId"])), 1)
        self.assertEqual(self.verbose()["maintenance"], [])
        for name in DEPENDENCIES:
            self.check_metric(name, "up")
            self.assertEqual(self.services()[name]["effect"], "none")
        self.assertEqual(self.server.order("/ops/exports", {"what": "audit"}).status, 202)
        word = self.raise_alert()
        self.mail.wait_for(1, word)


class Unused(unittest.TestCase):
    def test_a_need_that_is_off_holds_up_nobody_and_a_wrong_one_stops_the_start(self):
        config = {"source": [source | {"needs": ["mail"]} for source in shipped()["source"]], "service": shipped()["service"]}
        server = Deliverer(config)       # the shipped mail service has no password here: it is off
        self.addCleanup(server.dispose)
        server.start()
        for source in SOURCES:
            self.assertEqual(server.post(source, source.make_body()).status, 200)
        self.assertIn(b"does not wait for service mail: it is off", server.output() + server.errors())
        self.assertEqual(server.ops("/readyz?verbose").json()["maintenance"], [])
        server.stop()
        config["source"][0]["needs"] = ["male"]
        server.configure(config)
        server.spawn()
        self.assertNotEqual(server.wait_exit(), 0)
        self.assertRegex(server.errors().decode(), r"no service 'male'.*mail")

    def test_a_service_that_nobody_has_used_yet_is_listed_as_unknown(self):
        service = mail_service({"name": "primary", "server": "smtp://127.0.0.1:9", "starttls": False, "from": "denrei@example.com"})
        server = Deliverer({"source": shipped()["source"], "service": [service], "channel": [duty()]})
        self.addCleanup(server.dispose)
        server.start()
        self.assertEqual(server.metrics()['denrei_service_state{dependency="high",service="mail"}'], STATES["unknown"])
        listed = {service["name"]: service["state"] for service in server.ops("/readyz?verbose").json()["services"]}
        self.assertEqual(listed, {"mail": "unknown"})
        server.stop()


if __name__ == "__main__":
    unittest.main()
