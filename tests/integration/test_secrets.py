# Secrets of the secrets directory: rotated while events come, without one refused; revoked; listed without being shown.
import json
import os
import signal
import subprocess
import threading
import time
import unittest

from contract import EMPLOYEE, SECRETS, employee_created, fresh
from harness import BINARY, Denrei, wait_until

NAME = EMPLOYEE.secret


class SecretRotation(unittest.TestCase):
    def setUp(self):
        self.server = Denrei(secrets={})
        self.addCleanup(self.server.dispose)
        self.server.data.mkdir(exist_ok=True)

    def denrei(self, *words, code=0, given=None, **environment):
        """`denrei secrets …` as the server's user would call it; what it printed."""
        done = subprocess.run([BINARY, "secrets", *words, "--data-dir", str(self.server.data)], cwd=self.server.home, input=given,
                              env={"PATH": os.environ.get("PATH", ""), "HOME": str(self.server.home)} | environment, capture_output=True, text=True,
                              timeout=30, check=False)
        self.assertEqual(done.returncode, code, done)
        return done

    def reload(self):
        before = self.server.output().count(b'"event":"reloaded"')
        self.server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.server.output().count(b'"event":"reloaded"') > before, self.server.tail)

    def status(self, secret):
        return self.server.post(EMPLOYEE, employee_created(fresh("EMP")), secret=secret).status

    def test_both_are_accepted_until_the_old_one_is_revoked(self):
        old = self.denrei("rotate", NAME, "--init").stdout.strip()
        self.assertRegex(old, r"\A[0-9a-f]{64}\Z")
        self.server.start()
        self.assertEqual(self.status(old), 200)
        new = self.denrei("rotate", NAME, "--overlap", "1h").stdout.strip()
        self.assertEqual(self.status(old), 200)
        self.assertEqual(self.status(new), 401, "nothing has been applied yet")
        self.reload()
        self.assertEqual((self.status(old), self.status(new)), (200, 200))
        self.denrei("revoke", NAME, "--previous")
        self.reload()
        self.assertEqual((self.status(old), self.status(new)), (401, 200))
        self.server.restart()
        self.assertEqual((self.status(old), self.status(new)), (401, 200))
        self.server.stop()
        for value in (old, new):
            for text in (self.server.output(), self.server.errors()):
                self.assertNotIn(value.encode(), text)

    def test_a_sender_that_changes_within_the_overlap_is_never_refused(self):
        secret = self.denrei("rotate", NAME, "--init").stdout.strip()
        self.server.start()
        using, answers, ended = [secret], [], threading.Event()

        def send():
            with self.server.connect() as connection:
                while not ended.is_set():
                    answers.append(self.server.post(EMPLOYEE, employee_created(fresh("EMP")), connection, secret=using[0]).status)

        sender = threading.Thread(target=send)
        sender.start()
        try:
            for _ in range(3):
                new = self.denrei("rotate", NAME).stdout.strip()
                self.reload()
                using[0] = new
                sent = len(answers)
                wait_until(lambda sent=sent: len(answers) > sent + 5, self.server.tail)
                self.denrei("revoke", NAME, "--previous")
                self.reload()
        finally:
            ended.set()
            sender.join()
        self.assertEqual(set(answers), {200})
        self.server.stop()

    def test_an_expired_previous_one_is_not_read(self):
        old = self.denrei("rotate", NAME, "--init").stdout.strip()
        new = self.denrei("rotate", NAME, "--overlap", "1s").stdout.strip()
        started = time.monotonic()
        wait_until(lambda: time.monotonic() - started > 1.2, "time passes")
        self.server.start()
        self.assertEqual((self.status(old), self.status(new)), (401, 200))
        self.assertIn(f"{NAME}_PREVIOUS has not been accepted since".encode(), self.server.output())
        self.server.stop()

    def test_the_end_of_an_overlap_is_kept_by_a_running_process(self):
        old = self.denrei("rotate", NAME, "--init").stdout.strip()
        self.server.start()
        new = self.denrei("rotate", NAME, "--overlap", "2s").stdout.strip()
        self.reload()
        self.assertEqual((self.status(old), self.status(new)), (200, 200))
        wait_until(lambda: self.status(old) == 401, self.server.tail)
        self.assertEqual(self.status(new), 200)
        self.server.stop()

    def test_the_environment_goes_before_and_is_left_alone(self):
        said = self.denrei("rotate", NAME, code=1, **SECRETS).stderr
        self.assertIn("environment", said)
        self.assertNotIn(SECRETS[NAME], said)
        self.assertFalse((self.server.data / "secrets").exists())

    def test_they_are_listed_without_their_values(self):
        value = self.denrei("rotate", NAME, "--init").stdout.strip()
        os.utime(self.server.data / "secrets" / NAME, (time.time() - 91 * 86400,) * 2)
        listed = self.denrei("list", "--json").stdout
        self.assertNotIn(value, listed)
        mine = next(secret for secret in json.loads(listed)["secrets"] if secret["name"] == NAME)
        self.assertEqual(mine["place"], "secrets dir")
        self.assertIn("91 days old", mine["warnings"][0])
        self.assertIn("source employee", mine["usedBy"])
        self.server.start()
        self.assertIn(f"{NAME} is 91 days old".encode(), self.server.output())
        self.server.stop()


if __name__ == "__main__":
    unittest.main()
