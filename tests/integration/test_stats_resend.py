# denrei stats resend: figures that the clock has made are handed in again for the destinations. The clock is the real one: the gateway
# is told that it missed boundaries, and makes up for the latest.
import json
import os
import subprocess
import time
import unittest
from datetime import datetime, timedelta

from contract import READER_TOKEN, TOKYO, fresh, iso
from harness import BINARY, PATIENCE, SANITIZER_WORDS, wait_until
from outbound import SENDER_TOKEN, Deliverer, DeliveryCase, config_of, destination
from receivers import Receiver
from redis_server import RedisServer

HOURLY, DAILY = "stats.hourly", "stats.daily"


def day(offset):
    """A day in Japan, from today on."""
    return (datetime.now(TOKYO) + timedelta(days=offset)).date().isoformat()


class StatsResend(DeliveryCase):
    @classmethod
    def setUpClass(cls):
        redis = RedisServer()
        cls.addClassCleanup(redis.dispose)
        redis.start()
        cls.receiver = cls.open(Receiver())
        routes = [{"destination": "records", "sources": ["api", "denrei"], "types": ["stats.*"]}]
        cls.server = Deliverer(config_of(destination("records", cls.receiver.url()), routes=routes), redis=redis.url)
        cls.addClassCleanup(cls.server.dispose)
        cls.server.start()
        cls.ids = [fresh("お知らせ"), fresh("ann")]
        for name in cls.ids:
            assert cls.denrei("publish", name, "--title", "職場環境調査", "--category", "survey", "--priority", "medium", "--delivered", "45").returncode == 0
            assert cls.denrei("action", name, "--type", "click", "--department", "看護部").returncode == 0
        wait_until(lambda: all(cls.tally(name)["stats"]["actions"] == 1 for name in cls.ids), "the clicks are not counted")
        cls.server.stop()
        for order, hours in (("hour", 5), ("day", 50)):
            redis.command("HSET", "dn:{ctl}:r:clockwork", order, iso(time.time() - hours * 3600))
        cls.begin(cls.server)
        wait_until(lambda: all(cls.points(name) >= {HOURLY, DAILY} for name in cls.ids), lambda: f"{cls.tally(cls.ids[0])}\n{cls.server.tail()}")
        for name in cls.ids:
            wait_until(lambda: {a.json()["event"] for a in cls.arrivals(name)} >= {HOURLY, DAILY}, "the figures do not arrive the first time")

    @classmethod
    def denrei(cls, *words, environment=None):
        env = {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "DENREI_READER_TOKEN": READER_TOKEN, "DENREI_SENDER_TOKEN": SENDER_TOKEN}
        env |= {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")} | (environment or {})
        done = subprocess.run([str(BINARY), "stats", *words, "--url", f"http://127.0.0.1:{cls.server.port}"], capture_output=True, text=True,
                              timeout=30 * PATIENCE, env=env, check=False)
        for word in SANITIZER_WORDS:
            assert word.decode() not in done.stderr, done
        return done

    @classmethod
    def tally(cls, name):
        done = cls.denrei("show", name, "--json")
        assert done.returncode == 0, done
        return json.loads(done.stdout)

    @classmethod
    def points(cls, name):
        return {point["event"] for point in cls.tally(name)["series"]}

    @classmethod
    def arrivals(cls, name):
        return [a for a in cls.receiver.arrivals() if a.json()["announcement"]["id"] == name]

    def resend(self, *words, exit_code=0, environment=None):
        done = self.denrei("resend", "--json", *words, environment=environment)
        self.assertEqual(done.returncode, exit_code, done)
        return json.loads(done.stdout) if done.stdout else None

    def after(self, name):
        """Every arrival of this announcement, once what was handed in before has gone: order is kept by key."""
        mark = fresh("mark")
        self.server.send("stats.mark", name, {"announcement": {"id": name}, "mark": mark})
        self.receiver.wait_for(1, mark)
        return [a for a in self.arrivals(name) if "mark" not in a.json()]

    def test_the_figures_of_a_period_go_again(self):
        before = {name: self.after(name) for name in self.ids}
        report = self.resend("--from", day(-3), "--to", day(1))
        self.assertEqual(report["failed"], 0)
        self.assertEqual({(p["announcement"], p["event"]) for p in report["points"]}, {(name, event) for name in self.ids for event in (HOURLY, DAILY)})
        for name in self.ids:
            again = self.after(name)[len(before[name]):]
            first = {(a.json()["event"], a.json()["timestamp"]): a for a in before[name]}
            self.assertEqual([a.json()["timestamp"] for a in again], sorted(a.json()["timestamp"] for a in again), "oldest first")
            for arrival in again:
                body = arrival.json()
                original = first[(body["event"], body["timestamp"])]
                self.assertEqual(body, original.json(), "the same figures to the letter")
                self.assertNotEqual(arrival.id, original.id, "as a delivery of its own")
                self.assertEqual(body["stats"]["details"]["actionsByDepartment"], {"看護部": 1})
                self.assertEqual(body["metadata"], {"source": "voicedrive", "version": "1.0.0", "environment": "production"})

    def test_one_run_hands_a_point_in_once(self):
        name, run = self.ids[0], fresh("run")
        words = ("--from", day(-3), "--to", day(1), "--announcement", name, "--run", run)
        first = self.resend(*words)
        count = len(self.after(name))
        self.assertEqual(self.resend(*words)["points"], first["points"])
        self.assertEqual(len(self.after(name)), count)
        self.resend(*words[:-1], fresh("run"))
        self.assertEqual(len(self.after(name)), count + len(first["points"]))

    def test_a_kind_and_a_period(self):
        name = self.ids[1]
        daily = self.resend("--from", day(-3), "--to", day(1), "--announcement", name, "--kind", "daily", "--dry-run")["points"]
        self.assertEqual({point["event"] for point in daily}, {DAILY})
        moment = daily[0]["timestamp"]
        exact = self.resend("--from", moment, "--to", moment, "--announcement", name, "--kind", "daily", "--dry-run")["points"]
        self.assertEqual([point["timestamp"] for point in exact], [moment])
        self.assertEqual(self.resend("--from", day(-40), "--to", day(-30))["points"], [])
        ended = (datetime.fromisoformat(moment.replace("Z", "+00:00")).astimezone(TOKYO) - timedelta(days=1)).date().isoformat()
        of_day = self.resend("--from", ended, "--to", ended, "--announcement", name, "--kind", "daily", "--dry-run")["points"]
        self.assertEqual([point["timestamp"] for point in of_day], [moment], "a day's figures are made at its end")

    def test_a_dry_run_sends_nothing(self):
        name = self.ids[1]
        count = len(self.after(name))
        report = self.resend("--from", day(-3), "--to", day(1), "--dry-run", environment={"DENREI_SENDER_TOKEN": ""})
        self.assertGreaterEqual(len(report["points"]), 4)
        self.assertEqual((report["dryRun"], report["handedIn"]), (True, 0))
        self.assertEqual(len(self.after(name)), count)

    def test_exit_codes(self):
        self.resend("--from", day(-1), "--to", day(0), "--announcement", "nobody", exit_code=6)
        self.resend("--from", "yesterday", "--to", day(0), exit_code=2)
        self.resend("--from", day(0), "--to", day(-1), exit_code=2)
        self.resend("--from", day(-3), "--to", day(1), exit_code=4, environment={"DENREI_SENDER_TOKEN": "not-a-token-of-this-server"})
        self.resend("--from", day(-3), "--to", day(1), exit_code=4, environment={"DENREI_READER_TOKEN": "not-a-token-of-this-server"})


if __name__ == "__main__":
    unittest.main()
