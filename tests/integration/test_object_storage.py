# Exports and the archive of the audit in an object storage that verifies every signature; and what happens while it is away.
import hashlib
import os
import subprocess
import unittest

from contract import OPERATOR_TOKEN, fresh
from harness import BINARY, PATIENCE, wait_until
from object_store import ObjectStore, signature_of
from outbound import Deliverer, DeliveryCase, config_of, destination
from receivers import Answer, Receiver

PROBE = "denrei/probe.txt"


def storage(*providers, **members):
    return {"name": "archive", "kind": "storage", "retries": 1, "timeout": "5s", "return_after": "500ms", "provider": list(providers)} | members


class Verifier(unittest.TestCase):
    def test_the_example_of_amazon(self):
        """GET Object of 'Signature Calculations for the Authorization Header', Amazon S3 API Reference."""
        empty = hashlib.sha256(b"").hexdigest()
        headers = {"host": "examplebucket.s3.amazonaws.com", "range": "bytes=0-9", "x-amz-content-sha256": empty, "x-amz-date": "20130524T000000Z"}
        made = signature_of("GET", "/test.txt", headers, empty, secret="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", day="20130524", region="us-east-1",
                            signed=["host", "range", "x-amz-content-sha256", "x-amz-date"])
        self.assertEqual(made, "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")


class StorageCase(DeliveryCase):
    """A gateway with one destination that gives up at once on 4xx, and the storages of the class."""

    @classmethod
    def begin_with(cls, service, secret):
        cls.receiver = cls.open(Receiver())
        policy = {"retry_on": ["5xx", "network", "timeout"], "breaker_failures": 0}
        config = config_of(destination("alpha", cls.receiver.url(), **policy), redis={"partitions": 3}, service=[service])
        cls.server = cls.begin(Deliverer(config, environment={"STORAGE_SECRET": secret}))

    @classmethod
    def open_store(cls, **options):
        store = ObjectStore(**options).open()
        cls.addClassCleanup(store.close)
        return store

    def service(self, name="archive"):
        """What /readyz?verbose says of it."""
        response = self.server.ops("/readyz?verbose")
        self.assertEqual(response.status, 200, response)
        return next(service for service in response.json()["services"] if service["name"] == name)

    def wait_service(self, seconds=20.0, **members):
        def there():
            now = self.service()
            return now if all(now[key] == value for key, value in members.items()) else None
        return wait_until(there, lambda: f"{self.service()} does not say {members}\n{self.server.tail()}", seconds)

    def bury(self):
        key = fresh("export")
        self.receiver.plan(key, Answer(404))
        return self.server.wait_state(self.server.send("alpha.made", key), "dead")

    def export(self, what, **members):
        answer = self.server.order("/ops/exports", {"what": what} | members)
        self.assertEqual(answer.status, 202, answer)
        return answer.json()["id"]

    def wait_export(self, export, state="finished", seconds=30.0):
        def there():
            now = self.server.known(f"/ops/exports/{export}")
            return now if now["state"] == state else None
        return wait_until(there, lambda: f"{self.server.known(f'/ops/exports/{export}')} is not {state}\n{self.server.tail()}", seconds)


class Exports(StorageCase):
    @classmethod
    def setUpClass(cls):
        cls.store = cls.open_store()
        cls.begin_with(storage(cls.store.provider()), cls.store.secret)

    def setUp(self):
        self.wait_service(state="up")

    def test_the_audit_as_json_lines_oldest_first(self):
        reason = fresh("reason")
        for _ in range(5):
            answer = self.server.order(f"/ops/dead-letters/{self.bury()['id']}/discard", {"reason": reason})
            self.assertEqual(answer.status, 200, answer)
        wait_until(lambda: len(self.server.audit(reason=reason)) == 5, "the audit does not say so")
        done = self.wait_export(self.export("audit"))
        key, = done["keys"]
        self.assertRegex(key, rf"\Aexports/audit/\d{{4}}/\d\d/\d\d/{done['id']}-1\.jsonl\Z")
        lines = self.store.lines(key)
        self.assertEqual(len(lines), done["entries"])
        self.assertEqual(len(self.store.objects[key]), done["bytes"])
        self.assertEqual(self.store.types[key], "application/x-ndjson")
        self.assertEqual([line for line in lines if line.get("reason") == reason], self.server.audit(reason=reason)[::-1])
        times = [line["timestamp"] for line in lines]
        self.assertEqual(times, sorted(times))
        entry, = self.server.audit("export_started", exportId=done["id"])
        self.assertEqual((entry["what"], entry["by"]), ("audit", "operator"))

    def test_only_the_time_that_was_asked_for(self):
        first = self.bury()
        second = self.bury()
        done = self.wait_export(self.export("dead-letters", since=second["endedAt"]))
        found = {line["id"] for line in self.store.lines("exports/dead-letters/") if line["endedAt"] >= second["endedAt"]}
        self.assertIn(second["id"], found)
        only = self.wait_export(self.export("dead-letters", until=first["endedAt"]))
        ids = {line["id"] for key in only["keys"] for line in self.store.lines(key)}
        self.assertIn(first["id"], ids)
        self.assertNotIn(second["id"], ids)
        self.assertEqual(done["provider"], "primary")

    def test_dead_letters_with_every_attempt_and_without_bodies(self):
        letters = [self.bury() for _ in range(4)]
        done = self.wait_export(self.export("dead-letters"))
        lines = {line["id"]: line for key in done["keys"] for line in self.store.lines(key)}
        self.assertEqual({line["id"] for line in self.server.dead_letters()}, set(lines))
        for letter in letters:
            self.assertEqual([attempt["status"] for attempt in lines[letter["id"]]["history"]], [404])
            self.assertNotIn("body", lines[letter["id"]])

    def test_the_list_and_wrong_orders(self):
        export = self.export("audit")
        self.wait_export(export)
        listed = self.server.known("/ops/exports")["data"]
        self.assertEqual(listed[0]["id"], export)
        for body in ({}, {"what": "employees"}, {"what": "audit", "since": "monday"}, {"what": "audit", "key": "x"}):
            self.check_problem(self.server.order("/ops/exports", body), 400)
        self.check_problem(self.server.ask("/ops/exports/exp_0"), 404)
        self.check_problem(self.server.ask("/ops/exports", token=None), 401)

    def test_the_command(self):
        environment = {"PATH": os.environ["PATH"], "DENREI_OPERATOR_TOKEN": OPERATOR_TOKEN}

        def run(*words):
            return subprocess.run([BINARY, "export", *words, "--ops-url", f"http://127.0.0.1:{self.server.ops_port}"], env=environment,
                                  capture_output=True, text=True, timeout=60 * PATIENCE)

        done = run("dead-letters", "--wait")
        self.assertEqual(done.returncode, 0, done)
        self.assertRegex(done.stdout, r"state +finished")
        self.assertIn("finished", run("list").stdout)

    def test_it_is_off_while_the_storage_is_down_and_comes_back_by_itself(self):
        self.addCleanup(self.store.work)
        self.store.fail()
        self.bury()
        failed = self.wait_export(self.export("dead-letters"), "failed")
        self.assertIn("SlowDown", failed["why"])
        down = self.wait_service(state="down")
        self.assertEqual((down["effect"], down["dependency"], down["kind"]), ("function_off", "medium", "storage"))
        answer = self.server.order("/ops/exports", {"what": "audit"})
        self.check_problem(answer, 503, "function_off", "archive", "無効")
        self.assertGreaterEqual(int(answer.header("Retry-After")), 1)
        self.store.work()
        self.wait_service(state="up")
        self.wait_export(self.export("dead-letters"))

    def test_it_tries_again_before_it_fails(self):
        self.bury()
        self.addCleanup(self.store.work)
        self.store.fail(1)
        self.wait_export(self.export("dead-letters"))
        self.assertEqual(self.service()["state"], "up")


class Archive(StorageCase):
    @classmethod
    def setUpClass(cls):
        cls.store = cls.open_store()
        cls.begin_with(storage(cls.store.provider()), cls.store.secret)

    def test_yesterday_is_archived_once_and_not_again_after_a_restart(self):
        def archived():
            return [export for export in self.server.known("/ops/exports")["data"] if export["by"] == "denrei"]
        first = wait_until(lambda: [export for export in archived() if export["state"] == "finished"], "nothing is archived")
        self.assertEqual((first[0]["what"], first[0]["entries"]), ("audit", 0))
        wait_until(lambda: len(archived()) == 1, "the day was archived twice")
        other = Deliverer(self.server.config, environment={"STORAGE_SECRET": self.store.secret}, data=self.server.home / "data2")
        self.addCleanup(other.dispose)
        other.start()
        wait_until(lambda: other.known("/ops/exports")["data"], "another store knows of no archive")
        other.restart()
        export = other.order("/ops/exports", {"what": "audit"})
        self.assertEqual(export.status, 202, export)
        wait_until(lambda: other.known("/ops/exports")["data"][0]["state"] == "finished", "the export does not end")
        self.assertEqual([export["by"] for export in other.known("/ops/exports")["data"]], ["operator"])
        other.stop()


class SecondProvider(StorageCase):
    @classmethod
    def setUpClass(cls):
        cls.wrong, cls.good = cls.open_store(access_key="AKISOMEBODYELSE"), cls.open_store()
        cls.begin_with(storage(cls.wrong.provider("osaka", access_key="AKIDENREI"), cls.good.provider("tokyo"), return_after="1h"), cls.good.secret)

    def test_a_refusal_goes_to_the_second_provider_at_once(self):
        service = self.wait_service(state="on_secondary")
        self.assertEqual((service["provider"], service["effect"]), ("tokyo", "none"))
        self.assertIn("osaka: HTTP 403 InvalidAccessKeyId", service["lastError"])
        self.bury()
        done = self.wait_export(self.export("dead-letters"))
        self.assertEqual(done["provider"], "tokyo")
        self.assertIn(done["keys"][0], self.good.objects)
        self.assertEqual(self.wrong.objects, {})
        self.assertEqual(self.good.refusals, [])


class WrongKey(StorageCase):
    @classmethod
    def setUpClass(cls):
        cls.store = cls.open_store()
        cls.begin_with(storage(cls.store.provider()), "it-storage-secret-that-is-wrong-0123456789")

    def test_a_wrong_secret_is_noticed_at_the_start(self):
        service = self.wait_service(state="down")
        self.assertIn("SignatureDoesNotMatch", service["lastError"])
        self.check_problem(self.server.order("/ops/exports", {"what": "audit"}), 503, "function_off")
        self.assertNotIn(PROBE, self.store.objects)
        self.assertNotIn("it-storage-secret-that-is-wrong", self.server.output().decode("utf-8", "replace"))


if __name__ == "__main__":
    unittest.main()
