# scripts/run-demo: what comes in goes out to its three receivers, and whatever way it ends, nothing of it stays.
import os
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import BINARY, PATIENCE, ROOT, is_running, wait_until

RECEIVERS = {"good": "status=200", "flaky": "status=503", "dead": "status=0"}


class Demo(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="denrei-demo-")).resolve()
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        for name, target in (("config", ROOT / "config"), ("scripts", ROOT / "scripts"), ("build", BINARY.parent)):
            (self.folder / name).symlink_to(target)
        environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": str(self.folder), "LANG": "C.UTF-8"}
        environment |= {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}
        with open(self.folder / "output", "wb") as out:
            self.demo = subprocess.Popen(["scripts/run-demo"], cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=out,
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

    def test_every_receiver_hears_and_ctrl_c_ends_all(self):
        for name, word in RECEIVERS.items():
            wait_until(lambda: word in self.heard(name), lambda: f"{name}: {self.heard(name)}\n{self.output()}", 60)
        self.assertIsNone(self.demo.poll(), self.output())
        self.assertGreaterEqual(len(self.members()), 7, "the script, Denrei, its Redis, three receivers, two clients")
        self.demo.send_signal(signal.SIGINT)
        self.assertEqual(self.demo.wait(30 * PATIENCE), 0, self.output())
        self.check_nothing_is_left()
        for name in RECEIVERS:
            self.assertNotIn("verified=no", self.heard(name))
        self.assertRegex(self.heard("good"), r"order of acceptances: held; [1-9]")

    def test_everything_ends_when_the_script_is_killed(self):
        self.demo.kill()
        self.demo.wait()
        self.check_nothing_is_left()


if __name__ == "__main__":
    unittest.main()
