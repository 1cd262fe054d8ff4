# Kill -9 at random moments under load: every event that got its 2xx is there exactly once and in order.
#
# CRASH_ROUNDS  kills (default 3; the full form is 20)
# CRASH_SEED    repeats the dice of a run (it is printed)
import os
import random
import unittest

from harness import Denrei, is_running, wait_until
from load import Load


class Crash(unittest.TestCase):
    def setUp(self):
        self.rounds = int(os.environ.get("CRASH_ROUNDS", "3"))
        self.seed = int(os.environ.get("CRASH_SEED", random.SystemRandom().randrange(10 ** 6)))
        self.dice = random.Random(self.seed)
        self.server = Denrei()
        self.addCleanup(self.server.dispose)

    def victims(self):
        """Every kind of victim once in the first rounds, then by the dice."""
        first = ["gateway", "redis", "both"]
        self.dice.shuffle(first)
        return (first + [self.dice.choice(first) for _ in range(self.rounds)])[:self.rounds]

    def kill(self, victim):
        if victim == "redis":
            self.wait_for_another_redis(self.server.kill_redis())
            return
        if victim == "both":
            self.server.kill_redis()
        self.server.kill9()
        self.server.start(40)

    def wait_for_another_redis(self, killed):
        """The gateway itself has to notice and to start another one."""
        process = self.server.process.pid
        wait_until(lambda: not is_running(killed) and self.server.redis_pid() not in (None, killed), "no new redis-server", 30)
        wait_until(lambda: self.server.readiness() == 200, lambda: "not ready again\n" + self.server.tail(), 30)
        self.assertTrue(self.server.is_alive())
        self.assertEqual(self.server.process.pid, process)

    def test_nothing_acknowledged_is_lost_doubled_or_reordered(self):
        print(f"\n  CRASH_SEED={self.seed} CRASH_ROUNDS={self.rounds}", flush=True)
        self.server.start()
        load = Load(self.server, seed=self.seed).start()
        self.addCleanup(load.abandon)
        kills = {"gateway": 0, "redis": 0, "both": 0}
        for victim in self.victims():
            goal = load.acked() + self.dice.randint(20, 400)
            wait_until(lambda: load.acked() >= goal, lambda: f"stuck at {load.acked()}\n{self.server.tail()}", 60)
            self.kill(victim)
            kills[victim] += 1
        goal = load.acked() + 50
        wait_until(lambda: load.acked() >= goal, lambda: f"stuck after the last kill\n{self.server.tail()}", 60)
        load.finish()
        load.check(self, self.dice)
        self.server.restart()
        load.check(self, self.dice)
        self.server.stop()
        print(f"  {load.summary()}, kills {kills}", flush=True)


if __name__ == "__main__":
    unittest.main()
