# Slow and silent clients: each waits for its own time-out and nobody else waits with it.
import time
import unittest

from contract import EMPLOYEE, READER_TOKEN, encode, fresh, employee_created
from harness import PATIENCE, ServerCase
from wire import format_request, status_of


class Timeouts(ServerCase):
    environment = {"DENREI_HEADER_TIMEOUT_MS": "500", "DENREI_BODY_TIMEOUT_MS": "500", "DENREI_IDLE_TIMEOUT_MS": "1000"}

    def lifetime(self, connection, drip=b"", seconds=8):
        """How long the server keeps the connection, and what it says; `drip` is sent byte by byte meanwhile."""
        started = time.monotonic()
        for byte in drip:
            if connection.readable(0.05):
                break
            try:
                connection.send(bytes([byte]))
            except OSError:
                break
            self.assertLess(time.monotonic() - started, seconds * PATIENCE, "dripping keeps the connection open")
        said = connection.drain(seconds * PATIENCE)
        return time.monotonic() - started, said

    def check(self, life, said, least):
        self.assertGreater(life, least)
        self.assertLess(life, 5 * PATIENCE)
        self.assertIn(status_of(said), (None, 408))

    def test_a_header_that_stops_half_way(self):
        with self.server.connect() as connection:
            connection.send(b"POST / HTTP/1.1\r\nHost: x\r\nX-A")
            self.check(*self.lifetime(connection), 0.3)

    def test_dripping_does_not_prolong_a_header(self):
        with self.server.connect() as connection:
            connection.send(b"POST / HTTP/1.1\r\nHost: x\r\nX-Drip: ")
            self.check(*self.lifetime(connection, b"x" * 1000), 0.3)

    def test_a_body_that_stops_half_way(self):
        staff = fresh("EMP")
        body = encode(employee_created(staff))
        with self.server.connect() as connection:
            connection.send(format_request("POST", EMPLOYEE.path, EMPLOYEE.headers(body), body)[:-20])
            self.check(*self.lifetime(connection), 0.3)
        self.assertEqual(self.server.employee(staff).status, 404)

    def test_dripping_does_not_prolong_a_body(self):
        body = encode(EMPLOYEE.make_body())
        request = format_request("POST", EMPLOYEE.path, EMPLOYEE.headers(body), body)
        with self.server.connect() as connection:
            connection.send(request[:-len(body)])
            self.check(*self.lifetime(connection, body[:-5]), 0.3)

    def test_an_idle_connection_is_closed_without_a_word(self):
        with self.server.connect() as connection:
            life, said = self.lifetime(connection)
            self.check(life, said, 0.3)
        with self.server.connect() as connection:
            self.assertEqual(self.server.post(EMPLOYEE, EMPLOYEE.make_body(), connection).status, 200)
            life, said = self.lifetime(connection)
            self.assertEqual(said, b"")
            self.check(life, said, 0.6)

    def test_a_busy_connection_lives_on(self):
        started = time.monotonic()
        with self.server.connect() as connection:
            while time.monotonic() - started < 2.5:
                self.assertEqual(self.server.post(EMPLOYEE, EMPLOYEE.make_body(), connection).status, 200)

    def test_slow_clients_do_not_slow_the_others(self):
        slow = [self.server.connect() for _ in range(300)]
        try:
            for connection in slow:
                connection.send(b"POST /api/webhooks/medical-system/employee HTTP/1.1\r\nHost")
            started = time.monotonic()
            for _ in range(20):
                self.assertEqual(self.server.post(EMPLOYEE, EMPLOYEE.make_body()).status, 200)
            self.assertLess(time.monotonic() - started, 2 * PATIENCE)
            for connection in slow:
                connection.drain(8 * PATIENCE)
        finally:
            for connection in slow:
                connection.close()

    def test_a_client_that_never_reads_does_not_hold_up_the_others(self):
        staff = fresh("EMP")
        self.assertEqual(self.server.post(EMPLOYEE, employee_created(staff)).status, 200)
        read = format_request("GET", f"/api/employees/{staff}", {"Authorization": f"Bearer {READER_TOKEN}"})
        with self.server.connect() as connection:
            connection.socket.setblocking(False)
            try:
                for _ in range(200):
                    connection.socket.send(read * 100)
            except BlockingIOError:
                pass
            self.assertEqual(self.server.post(EMPLOYEE, EMPLOYEE.make_body()).status, 200)
            self.assertEqual(self.server.employee(staff).status, 200)


if __name__ == "__main__":
    unittest.main()
