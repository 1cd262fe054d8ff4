# HTTP itself: keep-alive, pipelining, chunks, limits, smuggling, hostile bytes. Time-outs: test_timeouts.py.
import os
import random
import socket
import threading
import unittest

from contract import ANALYTICS, EMPLOYEE, READER_TOKEN, SOURCES, analytics, employee_created, encode, fresh
from harness import PATIENCE, ServerCase, wait_until
from wire import chunked, format_request, header_lines, status_of


def signed(source, body, request_id=None, extra=()):
    return format_request("POST", source.path, list(source.headers(body, request_id=request_id).items()) + list(extra), body)


class HttpCase(ServerCase):
    def exchange(self, data, *, half_close=False, seconds=5):
        """Sends raw bytes and returns everything that comes back until the server closes, which it has to do."""
        with self.server.connect() as connection:
            try:
                connection.send(data)
                if half_close:
                    connection.socket.shutdown(socket.SHUT_WR)
            except OSError:
                pass            # it has closed already; what it said can still be read
            return connection.drain(seconds * PATIENCE)


class Connections(HttpCase):
    def test_a_connection_serves_many_requests(self):
        with self.server.connect() as connection:
            for _ in range(50):
                self.assertEqual(self.server.post(EMPLOYEE, EMPLOYEE.make_body(), connection).status, 200)
                self.assertEqual(self.server.post(EMPLOYEE, EMPLOYEE.make_body(), connection, signature="0").status, 401)
            self.assertEqual(connection.get("/nowhere").status, 404)
            self.assertEqual(self.server.post(ANALYTICS, analytics(), connection).status, 200)

    def test_connection_close_is_honoured(self):
        body = encode(EMPLOYEE.make_body())
        said = self.exchange(signed(EMPLOYEE, body, extra=[("Connection", "close")]))
        self.assertEqual(status_of(said), 200)

    def test_http_1_0_is_answered_and_closed(self):
        body = encode(EMPLOYEE.make_body())
        said = self.exchange(format_request("POST", EMPLOYEE.path, EMPLOYEE.headers(body), body, version="HTTP/1.0"))
        self.assertEqual(status_of(said), 200)

    def test_a_client_that_has_finished_sending_still_gets_its_answers(self):
        bodies = [encode(EMPLOYEE.make_body()) for _ in range(3)]
        said = self.exchange(b"".join(signed(EMPLOYEE, body) for body in bodies), half_close=True)
        self.assertEqual(said.count(b"HTTP/1.1 200"), 3)

    def test_a_client_that_leaves_early_has_its_event_counted_once(self):
        staff = fresh("EMP")
        body = encode(employee_created(staff))
        with self.server.connect() as connection:
            connection.send(signed(EMPLOYEE, body))
        self.assertEqual(self.server.post(EMPLOYEE, body).status, 200)
        self.assertEqual(len(self.server.timeline(staff)), 1)

    def test_a_half_closed_request_may_have_any_length(self):
        for length in (1023, 1024, 1025):  # the server's first buffer has 1,024 bytes
            staff = fresh("EMP")
            short = len(signed(EMPLOYEE, encode(employee_created(staff, at=1.0e9, name="山田太郎", with_photo=False, padding=""))))
            request = b""
            for extra in range(length - short - 9, length - short + 10):  # other parts of it differ a little in length
                request = signed(EMPLOYEE, encode(employee_created(staff, at=1.0e9, name="山田太郎", with_photo=False, padding="p" * extra)))
                if len(request) == length:
                    break
            self.assertEqual(len(request), length)
            self.assertEqual(status_of(self.exchange(request, half_close=True)), 200)

    def test_half_an_event_is_no_event(self):
        staff = fresh("EMP")
        request = signed(EMPLOYEE, encode(employee_created(staff)))
        for length in (10, len(request) // 2, len(request) - 1):
            said = self.exchange(request[:length], half_close=True)
            self.assertIn(status_of(said), (None, 400))
        self.assertEqual(self.server.employee(staff).status, 404)

    def test_a_request_may_come_byte_by_byte(self):
        with self.server.connect() as connection:
            for byte in signed(EMPLOYEE, encode(employee_created(fresh("EMP"), with_photo=False))):
                connection.send(bytes([byte]))
            self.assertEqual(connection.read_response().status, 200)

    def test_a_thousand_quiet_connections_do_not_disturb(self):
        quiet = [self.server.connect() for _ in range(1000)]
        try:
            self.assertEqual(self.server.post(EMPLOYEE, EMPLOYEE.make_body()).status, 200)
            for connection in (quiet[0], quiet[500], quiet[-1]):
                self.assertEqual(self.server.post(EMPLOYEE, EMPLOYEE.make_body(), connection).status, 200)
        finally:
            for connection in quiet:
                connection.close()
        wait_until(lambda: self.open_sockets() < 100, lambda: f"{self.open_sockets()} descriptors stay open")

    def open_sockets(self):
        return len(os.listdir(f"/proc/{self.server.process.pid}/fd"))


class Pipelining(HttpCase):
    def test_many_requests_in_one_write_are_answered_in_order(self):
        ids = [fresh("req") for _ in range(200)]
        with self.server.connect() as connection:
            connection.send(b"".join(signed(EMPLOYEE, encode(EMPLOYEE.make_body()), request_id) for request_id in ids))
            answers = [connection.read_response() for _ in ids]
        self.assertEqual([answer.header("X-Request-Id") for answer in answers], ids)
        self.assertEqual({answer.status for answer in answers}, {200})

    def test_quick_and_slow_answers_keep_their_order(self):
        plan, data = [], b""
        for number in range(120):
            request_id = fresh("req")
            kind = number % 5
            source = SOURCES[number % 3]
            if kind == 0:      # needs the journal
                data += signed(source, encode(source.make_body()), request_id)
            elif kind == 1:    # refused at once
                data += format_request("POST", source.path, source.headers(b"{}", signature="0" * 64, request_id=request_id), b"{}")
            elif kind == 2:
                data += format_request("GET", "/nowhere", {"X-Request-Id": request_id})
            elif kind == 3:    # reads
                data += format_request("GET", "/api/notifications/acknowledgements?limit=1",
                                       {"X-Request-Id": request_id, "Authorization": f"Bearer {READER_TOKEN}"})
            else:
                data += format_request("DELETE", source.path, {"X-Request-Id": request_id})
            plan.append((request_id, (200, 401, 404, 200, 405)[kind]))
        with self.server.connect() as connection:
            connection.send(data)
            answers = [connection.read_response() for _ in plan]
        self.assertEqual([(answer.header("X-Request-Id"), answer.status) for answer in answers], plan)

    def test_more_than_the_server_reads_ahead(self):
        bodies = [encode(EMPLOYEE.make_body() | {"padding": "x" * 4000}) for _ in range(500)]    # 2 MiB
        with self.server.connect() as connection:
            sender = threading.Thread(target=lambda: connection.send(b"".join(signed(EMPLOYEE, body) for body in bodies)))
            sender.start()
            self.assertEqual({connection.read_response().status for _ in bodies}, {200})
            sender.join()

    def test_a_read_after_an_acknowledged_write_sees_it_in_the_same_write(self):
        staff = fresh("EMP")
        body = encode(employee_created(staff))
        read = format_request("GET", f"/api/employees/{staff}", {"Authorization": f"Bearer {READER_TOKEN}"})
        with self.server.connect() as connection:
            self.assertEqual(self.server.post(EMPLOYEE, body, connection).status, 200)
            connection.send(read)
            self.assertEqual(connection.read_response("GET").status, 200)


class Bodies(HttpCase):
    def chunked_request(self, body, framed, extra=()):
        headers = list(EMPLOYEE.headers(body).items()) + [("Transfer-Encoding", "chunked"), *extra]
        return format_request("POST", EMPLOYEE.path, headers) + framed

    def test_a_body_in_chunks_is_the_same_body(self):
        for size in (1, 7, 4096):
            for extension, trailers in ((b"", b""), (b";name=value", b"X-Trailer: 1\r\n")):
                with self.subTest(size=size, extension=extension), self.server.connect() as connection:
                    body = encode(EMPLOYEE.make_body())
                    connection.send(self.chunked_request(body, chunked(body, size, extension, trailers)) * 2)
                    first, again = connection.read_response(), connection.read_response()
                    self.assertEqual((first.status, again.status), (200, 200), first)
                    self.assertEqual(again.header("Idempotent-Replayed"), "true")

    def test_bad_chunks_are_refused_and_the_connection_closed(self):
        for framed in (b"zz\r\n{}\r\n0\r\n\r\n", b"-1\r\n{}\r\n0\r\n\r\n", b"ffffffffffffffffff\r\n{}\r\n0\r\n\r\n", b"2\r\n{}XX0\r\n\r\n",
                       b"\r\n\r\n", b"2 x\r\n{}\r\n0\r\n\r\n"):
            with self.subTest(framed=framed):
                said = self.exchange(self.chunked_request(b"{}", framed))
                self.assertIn(status_of(said), (None, 400, 413))
                self.assertLessEqual(said.count(b"HTTP/1.1 "), 1)

    def test_ambiguous_framing_is_refused(self):
        body = encode(EMPLOYEE.make_body())
        smuggled = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
        for framing in ([("Content-Length", str(len(body))), ("Transfer-Encoding", "chunked")],
                        [("Transfer-Encoding", "chunked"), ("Content-Length", str(len(body)))],
                        [("Content-Length", str(len(body))), ("Content-Length", str(len(body) + 1))],
                        [("Content-Length", "-1")], [("Content-Length", "+5")], [("Content-Length", "5, 6")],
                        [("Content-Length", "0x10")], [("Content-Length", "9" * 40)], [("Content-Length", "")],
                        [("Transfer-Encoding", "gzip, chunked")], [("Transfer-Encoding", "identity")],
                        [("Transfer-Encoding", "chunked, identity")], [("Transfer-Encoding", "xchunked")]):
            with self.subTest(framing=framing):
                headers = list(EMPLOYEE.headers(body).items()) + framing
                said = self.exchange(format_request("POST", EMPLOYEE.path, headers, chunked(body, 50)) + smuggled)
                self.assertIn(status_of(said), (None, 400, 413, 501))
                self.assertLessEqual(said.count(b"HTTP/1.1 "), 1)

    def test_expect_100_continue(self):
        body = encode(EMPLOYEE.make_body())
        with self.server.connect() as connection:
            request = signed(EMPLOYEE, body, extra=[("Expect", "100-continue")])
            connection.send(request[:-len(body)])
            self.assertEqual(connection.read_any().status, 100)
            connection.send(body)
            self.assertEqual(connection.read_any().status, 200)

    def test_what_is_refused_anyway_is_not_asked_for(self):
        for path, length, status in ((EMPLOYEE.path, 2 ** 21, 413), ("/nowhere", 10, 404)):
            with self.subTest(status=status), self.server.connect() as connection:
                headers = {"Host": "x", "Content-Type": "application/json", "Content-Length": length, "Expect": "100-continue"}
                connection.send(f"POST {path} HTTP/1.1\r\n".encode() + header_lines(headers) + b"\r\n")
                self.assertEqual(connection.read_any().status, status)


class Limits(HttpCase):
    def test_a_header_beyond_the_limit_is_431(self):
        body = encode(EMPLOYEE.make_body())
        ok = signed(EMPLOYEE, body, extra=[("X-Padding", "x" * 8000), ("Connection", "close")])
        self.assertEqual(status_of(self.exchange(ok)), 200)
        for extra in ([("X-Padding", "x" * 17000)], [(f"X-{n}", "x" * 1000) for n in range(17)], [(f"X-{n}", "1") for n in range(101)]):
            with self.subTest(fields=len(extra)):
                self.assertEqual(status_of(self.exchange(signed(EMPLOYEE, body, extra=extra))), 431)

    def test_a_header_without_end_is_cut_off(self):
        for data in (b"X-Endless: " + b"x" * 40000, b"x" * 40000):
            start = b"GET / HTTP/1.1\r\nHost: x\r\n"
            with self.subTest(data=data[:12]):
                self.assertEqual(status_of(self.exchange(start + data)), 431)

    def test_an_endless_target_is_cut_off(self):
        self.assertIn(status_of(self.exchange(b"GET /" + b"a" * 40000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")), (400, 414, 431))


class HostileBytes(HttpCase):
    def test_other_versions_are_refused(self):
        for line in (b"GET / HTTP/3.0", b"GET / HTTP/2.0", b"GET / HTTP/9.9", b"GET / HTTP/0.9", b"GET /", b"GET / http/1.1", b"GET / HTTP/1.1x"):
            with self.subTest(line=line):
                self.assertIn(status_of(self.exchange(line + b"\r\nHost: x\r\n\r\n")), (None, 400, 505))

    def test_garbage_is_refused_or_cut_off(self):
        cases = [b"\x00" * 100, b"\xff" * 100, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 60,      # a TLS greeting
                 b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"*1\r\n$8\r\nFLUSHALL\r\n", b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
                 b"GET / HTTP/1.1\r\nHo\x00st: x\r\n\r\n", b"GET / HTTP/1.1\r\nHost: \x00\r\n\r\n", b"GET / HTTP/1.1\r\n: x\r\n\r\n",
                 b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"GE\x01T / HTTP/1.1\r\n\r\n", b"GET  HTTP/1.1\r\n\r\n", b"GET /\x00 HTTP/1.1\r\n\r\n"]
        for data in cases:
            with self.subTest(data=data[:30]):
                self.assertIn(status_of(self.exchange(data)), (None, 400, 505))

    def test_random_bytes_never_harm(self):
        seed = int(os.environ.get("FUZZ_SEED", random.SystemRandom().randrange(10 ** 6)))
        dice = random.Random(seed)
        with self.subTest(FUZZ_SEED=seed):
            for _ in range(400):
                said = self.exchange(self.mutated(dice), half_close=True)
                self.assertTrue(not said or said.startswith(b"HTTP/1.1 ") or said.startswith(b"HTTP/1.0 "), said[:100])
            self.assertTrue(self.server.is_alive(), self.server.tail())
            self.assertEqual(self.server.post(EMPLOYEE, EMPLOYEE.make_body()).status, 200)
            self.assertEqual(self.server.readiness(), 200)

    def mutated(self, dice):
        """A valid request, or two, with a few random wounds."""
        source = dice.choice(SOURCES)
        data = bytearray(b"".join(signed(source, encode(source.make_body())) for _ in range(dice.choice((1, 1, 2)))))
        for _ in range(dice.randint(1, 8)):
            at = dice.randrange(len(data) or 1)
            kind = dice.randrange(5)
            if kind == 0:
                data[at:at + 1] = bytes([dice.randrange(256)])
            elif kind == 1:
                del data[at:at + dice.randint(1, 40)]
            elif kind == 2:
                data[at:at] = dice.choice((b"\r\n", b"\r\n\r\n", b"\x00", b": ", b"Content-Length: 5\r\n", b"\xff" * 9, bytes(dice.randbytes(30))))
            elif kind == 3:
                data[at:at] = data[at:at + dice.randint(1, 60)]
            else:
                data = data[:max(1, at)]
        return bytes(data)


if __name__ == "__main__":
    unittest.main()
