# Live streams, followed by somebody else's code: the npm package `eventsource`, which npm/follow.mjs runs, over restarts of the gateway.
# scripts/set-up test installs it; where it could not (no network), these tests are skipped.
import json
import shutil
import subprocess
import threading
import unittest
from pathlib import Path

from contract import READER_TOKEN
from harness import Denrei, wait_until
from streams import STREAM
from test_streams import notify, notify_surely

NPM = Path(__file__).resolve().parent / "npm"


def what_is_missing():
    if shutil.which("node") is None:
        return "node is not installed; scripts/set-up test installs it"
    if not (NPM / "node_modules" / "eventsource").is_dir():
        return "the npm packages are not installed; scripts/set-up test installs them where the npm registry can be reached"
    return None


class Follower:
    """A process with an EventSource; what it has heard is in `said`."""

    def __init__(self, server):
        self.said = []
        self.process = subprocess.Popen(["node", str(NPM / "follow.mjs"), f"http://127.0.0.1:{server.port}{STREAM}", READER_TOKEN],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.said.append(json.loads(line))

    def of(self, kind):
        return [word for word in list(self.said) if word["kind"] == kind]

    def heard(self):
        return [json.loads(word["data"])["notificationId"] for word in self.of("notification")]

    def wait_for(self, names):
        wait_until(lambda: set(names) <= set(self.heard()), lambda: f"heard {self.said[-5:]}, wanted {names}", 30)

    def end(self):
        self.process.stdin.close()
        try:
            return self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self._reader.join(5)
            self.process.stdout.close()


@unittest.skipIf(what_is_missing() is not None, what_is_missing())
class FollowedByEventSource(unittest.TestCase):
    def test_an_event_source_misses_nothing_over_restarts(self):
        server = Denrei()
        self.addCleanup(server.dispose)
        server.start()
        follower = Follower(server)
        self.addCleanup(follower.process.kill)
        wait_until(lambda: follower.of("ready"), lambda: f"heard {follower.said}")
        names = [notify(server) for _ in range(3)]
        follower.wait_for(names)
        for end in (server.stop, server.kill9):
            names.append(notify(server))      # heard before the end or after it
            end()
            server.start(40)
            names += [notify_surely(server) for _ in range(3)]
            follower.wait_for(names)
        self.assertEqual(sorted(follower.heard()), sorted(names), "each once")
        self.assertEqual(follower.of("reset"), [])
        self.assertEqual(len(follower.of("ready")), 1, "after that it said where it was")
        self.assertEqual([word for word in follower.of("error") if word.get("code")], [])
        self.assertGreaterEqual(len(follower.of("open")), 3)
        self.assertEqual(follower.end(), 0)
        server.stop()


if __name__ == "__main__":
    unittest.main()
