# scripts/run-demo: what comes in goes out to its six receivers, what it prints works as printed, and whatever way it ends, nothing of it stays.
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import BINARY, PATIENCE, ROOT, is_running, wait_until
from wire import Connection

RECEIVERS = {"good": "status=200", "slow": "status=200", "flaky": "status=503", "dead": "status=0", "gone": "status=410", "records": "status=200"}


class Demo(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="denrei-demo-")).resolve()
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        for name, target in (("config", ROOT / "config"), ("scripts", ROOT / "scripts"), ("build", BINARY.parent)):
            (self.folder / name).symlink_to(target)
        self.environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": str(self.folder), "LANG": "C.UTF-8"}
        self.environment |= {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}
        with open(self.folder / "output", "wb") as out:
            self.demo = subprocess.Popen(["scripts/run-demo"], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=out,
                                         stderr=subprocess.STDOUT)
        self.addCleanup(self.end_everything)
        wait_until(lambda: "build/denrei why" in self.output() or self.demo.poll() is not None, self.output, 30)
        self.assertIsNone(self.demo.poll(), self.output())

    def output(self):
        return (self.folder / "output").read_text()

    def members(self):
        """The processes of this demo: all work in its folder."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                where = Path(os.readlink(entry / "cwd"))
            except OSError:
                continue
            if where.is_relative_to(self.folder) and is_running(int(entry.name)):
                found.append(int(entry.name))
        return found

    def end_everything(self):
        for pid in self.members():
            os.kill(pid, signal.SIGKILL)
        self.demo.wait()

    def heard(self, name):
        log = self.folder / "data" / f"demo-{name}.log"
        return log.read_text() if log.exists() else ""

    def check_nothing_is_left(self):
        wait_until(lambda: not self.members(), lambda: f"still there: {self.members()}\n{self.output()}")

    # --- what it printed

    def printed_commands(self):
        """The lines that are meant to be copied, in their order: the export, three commands, and two more."""
        lines = [line.strip() for line in self.output().split("Three commands to try")[1].splitlines()]
        return [line for line in lines if line.startswith(("export ", "build/denrei ", "curl "))][:6]

    def run_as_printed(self, export, command, seconds=30):
        """In a shell of its own, as somebody would paste it; `timeout` ends what does not end by itself."""
        return subprocess.run(["bash", "-c", f"{export}\nexec timeout -s INT {seconds} {command}"], cwd=self.folder, env=self.environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60 * PATIENCE, check=False)

    def check_console(self):
        port, path = re.search(r"console +http://127\.0\.0\.1:(\d+)(/console\?token=\S+)", self.output()).groups()
        with Connection(int(port)) as connection:
            opened = connection.get(path)
            self.assertEqual((opened.status, opened.header("Location")), (303, "/console"), opened)
            page = connection.get("/console", {"Cookie": opened.header("Set-Cookie").split(";")[0]})
            self.assertIn("伝令", page.body.decode())
            self.assertEqual(connection.get("/ops/destinations", {"Cookie": opened.header("Set-Cookie").split(";")[0]}).status, 200)
            self.assertEqual(connection.get(path).status, 401, "a second time")

    def check_commands(self):
        export, timeline, destinations, stream, letters, why = self.printed_commands()
        for command, words in ((timeline, ["employee.created"]), (destinations, [f"demo-{name}" for name in RECEIVERS])):
            done = self.run_as_printed(export, command)
            self.assertEqual((done.returncode, done.stderr), (0, ""), done)
            for word in words:
                self.assertIn(word, done.stdout)
        self.assertIn("event: ready", self.run_as_printed(export, stream, 1).stdout)
        # By now something has been given up, and the list says which event that was.
        listed = wait_until(lambda: re.search(r"demo-dead .* (evt_[0-9a-f]{32})$", self.run_as_printed(export, letters).stdout, re.M), self.output)
        self.assertIn("given up", self.run_as_printed(export, why.replace("EVENT", listed.group(1))).stdout)

    def test_every_receiver_hears_what_is_printed_works_and_ctrl_c_ends_all(self):
        self.check_console()
        for name, word in RECEIVERS.items():
            wait_until(lambda: word in self.heard(name), lambda: f"{name}: {self.heard(name)}\n{self.output()}", 60)
        self.check_commands()
        self.assertIsNone(self.demo.poll(), self.output())
        self.assertGreaterEqual(len(self.members()), 11, "the script, Denrei, its Redis, six receivers, two clients")
        self.demo.send_signal(signal.SIGINT)
        self.assertEqual(self.demo.wait(30 * PATIENCE), 0, self.output())
        self.check_nothing_is_left()
        for name in RECEIVERS:
            self.assertNotIn("verified=no", self.heard(name))
        self.assertRegex(self.heard("good"), r"order of acceptances: held; [1-9]")
        self.assertRegex(self.heard("records"), r"POST /api/v1/voicedrive/stats verified=yes .*key=ann_\S+ status=200")
        self.assertNotRegex(self.output(), r"(?m)^(traffic|deliveries): ", "no sender was refused and no question failed")

    def test_everything_ends_when_the_script_is_killed(self):
        self.demo.kill()
        self.demo.wait()
        self.check_nothing_is_left()


if __name__ == "__main__":
    unittest.main()
