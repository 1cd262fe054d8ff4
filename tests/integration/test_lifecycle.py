# Start and stop, refusals to start, and a Redis that is missing, dead, stuck or full.
import os
import socket
import stat
import threading
import time
import unittest
from pathlib import Path

from contract import (ACKNOWLEDGEMENT, ANALYTICS, EMPLOYEE, SECRETS, SOURCES, STATS, acknowledgement, employee_created, encode, fresh, stats)
from harness import PATIENCE, Denrei, is_running, wait_until
from load import Load
from redis_server import RedisServer


class LifecycleCase(unittest.TestCase):
    def make(self, **options):
        server = Denrei(**options)
        self.addCleanup(server.dispose)
        return server

    def make_redis(self):
        redis = RedisServer()
        self.addCleanup(redis.dispose)
        return redis

    def accept(self, server, source, event):
        response = server.post(source, event)
        self.assertEqual(response.status, 200, response)
        return response


class StopAndStart(LifecycleCase):
    def test_sigterm_under_load_ends_with_0_and_loses_nothing(self):
        server = self.make().start()
        load = Load(server, senders=4, people=5, seed=7).start()
        self.addCleanup(load.abandon)
        for _ in range(2):
            goal = load.acked() + 200
            wait_until(lambda: load.acked() >= goal, lambda: f"stuck\n{server.tail()}", 60)
            server.stop()
            server.start()
        goal = load.acked() + 50
        wait_until(lambda: load.acked() >= goal, lambda: f"stuck\n{server.tail()}", 60)
        load.finish().check(self)
        server.stop()

    def test_a_second_start_finds_everything_and_still_knows_the_repeats(self):
        server = self.make().start()
        bodies = {source: encode(source.make_body()) for source in SOURCES}
        staff, name = fresh("EMP"), fresh("ann")
        bodies[EMPLOYEE], bodies[STATS] = encode(employee_created(staff)), encode(stats(name))
        first = {source: self.accept(server, source, body).body for source, body in bodies.items()}
        before = [server.employee(staff).json(), server.timeline(staff), server.announcement(name).json(), server.acknowledgements().json()]
        server.restart()
        after = [server.employee(staff).json(), server.timeline(staff), server.announcement(name).json(), server.acknowledgements().json()]
        self.assertEqual(after, before)
        for source, body in bodies.items():
            again = self.accept(server, source, body)
            self.assertEqual(again.body, first[source])
            self.assertEqual(again.header("Idempotent-Replayed"), "true", source.name)
        server.stop()

    def test_what_was_accepted_just_before_a_kill_is_there(self):
        server = self.make().start()
        staff = fresh("EMP")
        for _ in range(3):
            self.accept(server, EMPLOYEE, employee_created(staff, position=fresh("役職")))
            server.kill9()
            server.start()
        self.assertEqual(len(server.timeline(staff)), 3)
        server.stop()

    def test_the_embedded_redis_stops_with_the_gateway(self):
        server = self.make().start()
        redis = wait_until(server.redis_pid, "no embedded redis-server")
        server.stop()
        self.assertFalse(is_running(redis))
        server.start()
        redis = wait_until(server.redis_pid, "no embedded redis-server")
        server.kill9()
        server.start()
        self.assertNotEqual(server.redis_pid(), None)
        server.stop()
        self.assertFalse(is_running(redis))

    def test_a_killed_embedded_redis_is_started_again(self):
        server = self.make().start()
        staff = fresh("EMP")
        self.accept(server, EMPLOYEE, employee_created(staff))
        killed = server.kill_redis()
        wait_until(lambda: server.redis_pid() not in (None, killed), "no new redis-server", 30)
        wait_until(lambda: server.readiness() == 200, server.tail, 30)
        self.assertEqual(len(server.timeline(staff)), 1)
        self.accept(server, EMPLOYEE, employee_created(staff, position="看護師"))
        self.assertEqual(len(server.timeline(staff)), 2)
        server.stop()

    def test_idle_clients_do_not_hold_up_the_end(self):
        server = self.make().start()
        quiet = [server.connect() for _ in range(20)]
        for connection in quiet:
            self.addCleanup(connection.close)
        self.accept(server, EMPLOYEE, EMPLOYEE.make_body())
        quiet[0].send(b"POST /api/webhooks/medical-system/employee HTTP/1.1\r\nHost: x\r\n")   # half a request
        started = time.monotonic()
        server.stop()
        self.assertLess(time.monotonic() - started, 10 * PATIENCE)

    def test_a_data_directory_deeper_than_a_socket_path_may_be(self):
        server = self.make()
        server.data = server.home / ("深い" * 30) / ("d" * 100)
        server.start()
        staff = fresh("EMP")
        self.accept(server, EMPLOYEE, employee_created(staff))
        self.assertEqual(len(server.timeline(staff)), 1)
        server.stop()

    def test_the_data_directory_is_private(self):
        server = self.make().start()
        self.assertEqual(stat.S_IMODE(os.stat(server.data).st_mode) & 0o077, 0)
        server.stop()

    def test_a_second_gateway_on_the_same_data_directory_says_why_it_does_not_start(self):
        server = self.make().start()
        second = self.make(data=server.data).spawn()
        self.assertNotEqual(second.wait_exit(), 0)
        said = second.errors().decode()
        self.assertIn(str(server.data), said)
        self.assertRegex(said, r"(?i)in use|lock|another")
        staff = fresh("EMP")
        self.accept(server, EMPLOYEE, employee_created(staff))
        self.assertEqual(len(server.timeline(staff)), 1)
        server.stop()


class RefusalsToStart(LifecycleCase):
    def refused(self, *words, config=None, **options):
        server = self.make(**options)
        if config is not None:
            path = server.home / "denrei.toml"
            path.write_text(config)
            server.flags += ["--config", str(path)]
        code = server.spawn().wait_exit()
        said = server.errors().decode()
        self.assertEqual(code, 2, server.tail())
        for word in words:
            self.assertIn(word, said)
        self.assertNotIn("terminate called", said)
        return said

    def test_an_unknown_key_is_an_error_with_a_suggestion(self):
        self.refused("lisen", "listen", "denrei.toml", config='[server]\nlisen = "127.0.0.1:4000"\n')

    def test_broken_toml_names_the_line(self):
        self.refused("denrei.toml", "2", config="[server]\nlisten = = 1\n")

    def test_bad_values_are_named(self):
        for flags in (["--threads", "0"], ["--threads", "many"], ["--redis", "gopher://x"], ["--config", "/nowhere/denrei.toml"]):
            with self.subTest(flags=flags):
                self.refused(flags[0].lstrip("-") if flags[0] != "--config" else "/nowhere/denrei.toml", flags=flags)

    def test_an_unknown_option_is_an_error(self):
        self.refused("--frobnicate", flags=["--frobnicate", "1"])

    def test_a_short_secret_stops_the_start_and_is_not_shown(self):
        for name in ("MEDICAL_WEBHOOK_SECRET", "ANALYTICS_NOTIFICATION_HMAC_SECRET"):
            for suffix in ("", "_PREVIOUS"):
                with self.subTest(name=name + suffix):
                    secret = "short-secret-of-31-characters.."
                    said = self.refused(name + suffix, "32", environment={name + suffix: secret})
                    self.assertNotIn(secret, said)

    def test_a_port_in_use_is_an_error_that_names_it(self):
        with socket.socket() as taken:
            server = self.make()
            taken.bind(("127.0.0.1", server.port))
            taken.listen()
            self.assertNotEqual(server.spawn().wait_exit(), 0)
            self.assertIn(str(server.port), server.errors().decode())

    def test_without_a_secret_a_source_is_off_and_said_to_be(self):
        name = "ANALYTICS_NOTIFICATION_HMAC_SECRET"
        server = self.make(secrets={key: value for key, value in SECRETS.items() if key != name}).start()
        self.assertIn(name, (server.output() + server.errors()).decode())
        response = server.post(ANALYTICS, ANALYTICS.make_body(), secret=SECRETS[name])
        self.assertEqual(response.status, 404, response)
        self.accept(server, EMPLOYEE, EMPLOYEE.make_body())
        server.stop()


class RedisInTrouble(LifecycleCase):
    """With a Redis of the user's own (--redis unix://…)."""

    def setUp(self):
        self.redis = self.make_redis()
        self.server = self.make(redis=self.redis.url)

    def overloaded(self, source, event, seconds=14):
        started = time.monotonic()
        response = self.server.post(source, event)
        self.assertLess(time.monotonic() - started, seconds * PATIENCE)
        self.assertEqual(response.status, source.overload, response)
        self.assertGreaterEqual(int(response.header("Retry-After")), 1)
        self.assertTrue(response.header("X-Request-Id"))
        if source is not EMPLOYEE:
            self.assertEqual(source.error(response), "OVERLOADED")
        else:
            source.error(response)

    def become(self, status):
        wait_until(lambda: self.server.readiness() == status, lambda: f"/readyz is {self.server.readiness()}\n{self.server.tail()}", 20)

    def test_every_source_tells_its_sender_to_come_back_and_recovers_without_a_restart(self):
        self.redis.start()
        self.server.start()
        staff = fresh("EMP")
        self.accept(self.server, EMPLOYEE, employee_created(staff))
        process = self.server.process.pid
        self.redis.kill9()
        self.become(503)
        self.assertEqual(self.server.ops("/livez").status, 200)
        bodies = {source: encode(source.make_body()) for source in SOURCES}
        for source, body in bodies.items():
            with self.subTest(source=source.name):
                self.overloaded(source, body)
        self.assertEqual(self.server.post(EMPLOYEE, EMPLOYEE.make_body(), signature="0" * 64).status, 401)
        self.redis.start()
        self.become(200)
        for source, body in bodies.items():
            with self.subTest(source=source.name):
                self.accept(self.server, source, body)
        self.assertEqual(len(self.server.timeline(staff)), 1)
        self.assertEqual(self.server.process.pid, process)
        self.server.stop()

    def test_a_start_without_redis_waits_for_it(self):
        self.server.spawn()
        self.become(503)
        self.overloaded(EMPLOYEE, EMPLOYEE.make_body())
        self.redis.start()
        self.become(200)
        self.accept(self.server, EMPLOYEE, EMPLOYEE.make_body())
        self.server.stop()

    def test_readers_are_told_so_too(self):
        self.redis.start()
        self.server.start()
        self.redis.kill9()
        self.become(503)
        response = self.server.employee(fresh("EMP"))     # nobody remembers this one, so the store has to be asked
        self.assertEqual(response.status, 503, response)
        self.server.stop()

    def test_a_stuck_redis_means_honest_answers_in_time_and_no_loss(self):
        self.redis.start()
        self.server.start()
        people = [fresh("EMP") for _ in range(8)]
        bodies = [encode(employee_created(staff)) for staff in people]
        failures = []

        def send(body):
            try:
                self.overloaded(EMPLOYEE, body)
            except AssertionError as problem:
                failures.append(problem)

        self.redis.pause()
        self.addCleanup(self.redis.resume)
        threads = [threading.Thread(target=send, args=(body,)) for body in bodies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        self.redis.resume()
        self.become(200)
        for body in bodies:      # whether the first try landed or not, there is one event at the end
            self.accept(self.server, EMPLOYEE, body)
        self.assertEqual([len(self.server.timeline(staff)) for staff in people], [1] * len(people))
        self.server.stop()

    def test_a_full_redis_refuses_and_takes_again_when_there_is_room(self):
        self.redis.start()
        self.server.start()
        staff = fresh("EMP")
        self.accept(self.server, EMPLOYEE, employee_created(staff))
        self.redis.command("CONFIG", "SET", "maxmemory", "1")
        body = encode(employee_created(staff, position="看護師"))
        self.overloaded(EMPLOYEE, body)
        self.become(503)
        self.assertEqual(len(self.server.timeline(staff)), 1)
        self.redis.command("CONFIG", "SET", "maxmemory", "0")
        self.become(200)
        self.accept(self.server, EMPLOYEE, body)
        self.assertEqual(len(self.server.timeline(staff)), 2)
        self.server.stop()

    def test_load_over_an_outage_loses_nothing(self):
        self.redis.start()
        self.server.start()
        load = Load(self.server, senders=2, people=3, seed=3).start()
        self.addCleanup(load.abandon)
        for _ in range(2):
            goal = load.acked() + 100
            wait_until(lambda: load.acked() >= goal, lambda: f"stuck\n{self.server.tail()}", 60)
            self.redis.kill9()
            self.become(503)
            self.redis.start()
            self.become(200)
        goal = load.acked() + 50
        wait_until(lambda: load.acked() >= goal, lambda: f"stuck\n{self.server.tail()}", 60)
        load.finish().check(self)
        self.server.stop()

    def test_sigterm_during_an_outage_still_ends(self):
        self.redis.start()
        self.server.start()
        self.redis.kill9()
        self.become(503)
        self.server.terminate()
        self.server.wait_exit(30)      # what cannot be committed is in the log: the code may say so

    def test_a_redis_that_forgets_is_refused_or_loudly_warned_about(self):
        self.redis.start()
        self.redis.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        self.server.spawn()
        wait_until(lambda: "noeviction" in (self.server.errors() + self.server.output()).decode(), self.server.tail)

    def test_the_users_redis_is_left_running(self):
        self.redis.start()
        self.server.start()
        self.accept(self.server, ACKNOWLEDGEMENT, acknowledgement())
        self.server.stop()
        self.assertTrue(self.redis.answers())
        self.assertFalse((Path(self.server.data) / "redis.pid").exists())


if __name__ == "__main__":
    unittest.main()
