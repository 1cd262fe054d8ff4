# What holds for every source (protocol 1): signatures, times, rotation, order of judgement, JSON, request ids, repeats.
import time
import unittest

from contract import (ACKNOWLEDGEMENT, ANALYTICS, EMPLOYEE, GENERAL_CODES, PREVIOUS, SECRETS, SOURCES, STATS,
                      employee_created, encode, fresh, with_raw_member, without)
from harness import ServerCase
from wire import chunked, header_lines

MIB = 1024 * 1024
TIMED = (EMPLOYEE, ACKNOWLEDGEMENT, ANALYTICS)


def each(sources=SOURCES):
    return [(source, encode(source.make_body())) for source in sources]


class Signatures(ServerCase):
    environment = PREVIOUS

    def test_the_signature_is_taken_in_either_case(self):
        for source, body in each():
            with self.subTest(source=source.name):
                text = source.format_time(time.time()) if source.format_time else ""
                self.accept(source, body, timestamp=text, signature=source.signature(body, text).upper())

    def test_anything_else_is_a_plain_401(self):
        for source, body in each():
            text = source.format_time(time.time()) if source.format_time else ""
            right = source.signature(body, text)
            wrong = [None, "", "0", right[:-1], right + "0", right[:-2], right + right, "z" * 64, right[:63] + "g", "sha256=" + right,
                     "0x" + right[2:], right[:32] + " " + right[33:], "é" * 32, "0" * 8000, right[:-1] + ("1" if right[-1] == "0" else "0")]
            for signature in wrong:
                with self.subTest(source=source.name, signature=signature and signature[:70]):
                    self.refuse(source, body, 401, source.codes["signature"], timestamp=text, signature=signature)
            with self.subTest(source=source.name, signature="right"):
                self.accept(source, body, timestamp=text, signature=right)

    def test_the_raw_bytes_are_signed_and_not_what_they_mean(self):
        for source, body in each():
            with self.subTest(source=source.name):
                signed = source.headers(body)
                spaced = body.replace(b'":', b'": ', 1)
                response = self.server.request("POST", source.path, signed, spaced)
                self.assertEqual((response.status, source.error(response)), (401, source.codes["signature"]))

    def test_both_live_secrets_are_accepted_and_no_third(self):
        for source, body in each():
            with self.subTest(source=source.name):
                self.accept(source, body, secret=PREVIOUS[f"{source.secret}_PREVIOUS"])
                self.accept(source, source.make_body())
                self.refuse(source, source.make_body(), 401, source.codes["signature"], secret="it-" + "x" * 40)
                others = [name for name in SECRETS if name != source.secret]
                self.refuse(source, source.make_body(), 401, source.codes["signature"], secret=SECRETS[others[0]])

    def test_a_token_is_rotated_like_a_secret(self):
        self.accept(STATS, STATS.make_body(), bearer="Bearer " + PREVIOUS["VOICEDRIVE_API_TOKEN_PREVIOUS"])


class Times(ServerCase):
    def test_five_minutes_either_side_are_tolerated(self):
        for source in TIMED:
            for offset in (-295, -60, 60, 295):
                with self.subTest(source=source.name, offset=offset):
                    self.accept(source, source.make_body(), at=time.time() + offset)
            for offset in (-305, -86400, 305, 86400):
                with self.subTest(source=source.name, offset=offset):
                    self.refuse(source, source.make_body(), 401, source.codes["expired"], at=time.time() + offset)

    def test_what_is_no_time_counts_as_expired(self):
        now = int(time.time())
        numbers = ["", "abc", "-1", f"-{now}", "9" * 18, "9" * 19, "9" * 400, f"{now}.5", f"0x{now:x}", "1e9", f"{now}abc", "NaN", "0",
                   "٣٤٥", f"+{now}"]
        dates = ["", "abc", "2025-13-01T00:00:00Z", "2025-02-30T00:00:00Z", "9" * 400, str(now), "2025-10-03", "T", "9999-12-31T23:59:59Z",
                 "0000-00-00T00:00:00Z", time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()),   # no zone: nobody knows which moment
                 "2025-10-03T10:30:00+99:99"]
        for source in TIMED:
            for text in dates if source is ACKNOWLEDGEMENT else numbers:
                with self.subTest(source=source.name, text=text[:40]):
                    self.refuse(source, source.make_body(), 401, source.codes["expired"], timestamp=text)
            with self.subTest(source=source.name, text="absent"):
                self.refuse(source, source.make_body(), 401, source.codes["expired"], timestamp=None)

    def test_the_units_are_not_mixed_up(self):
        self.refuse(EMPLOYEE, EMPLOYEE.make_body(), 401, "Timestamp expired", timestamp=str(int(time.time())))
        self.refuse(ANALYTICS, ANALYTICS.make_body(), 401, "EXPIRED_TIMESTAMP", timestamp=str(int(time.time() * 1000)))

    def test_the_signature_is_judged_before_the_time(self):
        for source in TIMED:
            with self.subTest(source=source.name):
                self.refuse(source, source.make_body(), 401, source.codes["signature"], at=time.time() - 900, signature="0" * 64)

    def test_the_employee_signature_covers_the_time(self):
        body, now = encode(EMPLOYEE.make_body()), time.time()
        signature = EMPLOYEE.signature(body, EMPLOYEE.format_time(now - 400))
        self.refuse(EMPLOYEE, body, 401, "Invalid signature", at=now, signature=signature)


class OrderOfJudgement(ServerCase):
    """Every request here is wrong in two ways; the earlier rule answers."""

    def check(self, source, response, status):
        self.check_answer(response)
        self.assertEqual(response.status, status, response)
        if source is not EMPLOYEE:
            self.assertEqual(source.error(response), GENERAL_CODES[status])
        else:
            source.error(response)

    def announce(self, source, method, length, headers):
        """Sends a header that announces a body and reads the answer without ever sending the body."""
        with self.server.connect() as connection:
            lines = header_lines(headers | {"Host": "127.0.0.1", "Content-Length": str(length)})
            connection.send(f"{method} {source.path} HTTP/1.1\r\n".encode() + lines + b"\r\n")
            return connection.read_response()

    def test_unknown_paths_are_404_whatever_else_is_wrong(self):
        for path in ("/", "/api", "/api/webhook", EMPLOYEE.path + "/", EMPLOYEE.path + "x", "/readyz", "/metrics", "/ops/actors", "//",
                     "/api/webhooks/medical-system/%65mployee/..", "/%00", "/%zz"):
            with self.subTest(path=path):
                response = self.server.request("POST", path, {"Content-Type": "text/plain"}, b"x")
                self.check_answer(response)
                self.assertEqual(response.status, 404, response)
                self.assertIs(response.json()["success"], False)
                self.assertEqual(response.json()["error"]["code"], "NOT_FOUND")

    def test_a_query_does_not_change_the_path(self):
        body = encode(EMPLOYEE.make_body())
        self.assertEqual(self.server.request("POST", EMPLOYEE.path + "?source=test", EMPLOYEE.headers(body), body).status, 200)

    def test_other_methods_are_405_and_told_which_is_right(self):
        for source in SOURCES:
            for method in ("GET", "PUT", "DELETE", "PATCH", "BREW"):
                with self.subTest(source=source.name, method=method):
                    response = self.server.request(method, source.path, {"Content-Type": "text/plain"})
                    self.check(source, response, 405)
                    self.assertEqual(response.header("Allow"), "POST")

    def test_the_method_is_judged_before_the_size(self):
        for source in SOURCES:
            with self.subTest(source=source.name):
                self.check(source, self.announce(source, "PUT", 2 * MIB, {}), 405)

    def test_the_size_is_judged_before_the_content_type_and_without_reading_the_body(self):
        for source in SOURCES:
            with self.subTest(source=source.name):
                self.check(source, self.announce(source, "POST", MIB + 1, {"Content-Type": "text/plain"}), 413)
                self.check(source, self.announce(source, "POST", 10 ** 15, {"Content-Type": "text/plain"}), 413)

    def test_a_chunked_body_is_cut_off_at_the_limit(self):
        with self.server.connect() as connection:
            headers = {"Host": "x", "Content-Type": "application/json", "Transfer-Encoding": "chunked"}
            connection.send(f"POST {ANALYTICS.path} HTTP/1.1\r\n".encode() + header_lines(headers) + b"\r\n")
            piece = chunked(b"x" * 65536, 65536)[:-5]
            try:
                for _ in range(64):
                    if connection.readable(0):
                        break
                    connection.send(piece)
            except ConnectionError:
                pass    # the answer is read all the same
            self.check(ANALYTICS, connection.read_response(), 413)

    def test_a_body_of_exactly_one_mebibyte_is_welcome(self):
        for source, body in each((EMPLOYEE, ANALYTICS)):
            with self.subTest(source=source.name):
                padding = MIB - len(with_raw_member(body, b'""'))
                full = with_raw_member(body, b'"' + b"x" * padding + b'"')
                self.assertEqual(len(full), MIB)
                self.accept(source, full)

    def test_the_content_type_is_judged_before_the_credentials(self):
        wrong = [None, "", "text/plain", "application/x-www-form-urlencoded", "application/jsonx", "application/xml", "json",
                 "application/json; charset=shift_jis", "application/json; charset=iso-2022-jp", "application/json, text/plain"]
        for source in SOURCES:
            for content_type in wrong:
                with self.subTest(source=source.name, content_type=content_type):
                    response = self.post(source, source.make_body(), signature="0" * 64, content_type=content_type)
                    self.check(source, response, 415)

    def test_a_charset_of_utf_8_is_accepted_in_every_spelling(self):
        for content_type in ("application/json", "Application/JSON", "application/json;charset=UTF-8", "application/json; charset=utf-8",
                             'application/json ; charset="utf-8"', "application/json; Charset=Utf-8"):
            with self.subTest(content_type=content_type):
                self.accept(EMPLOYEE, EMPLOYEE.make_body(), content_type=content_type)

    def test_the_credentials_are_judged_before_the_json(self):
        for source in SOURCES:
            with self.subTest(source=source.name):
                self.refuse(source, b"{not json", 401, source.codes["signature"], signature="0" * 64)


class Json(ServerCase):
    def bad(self, source, body):
        return self.refuse(source, body, 400, source.codes.get("invalid"))

    def test_what_is_no_json_is_400(self):
        for source, body in each():
            text = body.decode()
            wrong = [b"", b" ", b"{", body[:-1], body + b"x", body + body, body[:-1] + b",}", b"\xef\xbb\xbf" + body, b"// x\n" + body,
                     text.replace('"', "'").encode(), b"\x00" + body, body + b"\x00", with_raw_member(body, b"NaN"),
                     with_raw_member(body, b"Infinity"), with_raw_member(body, b"01"), with_raw_member(body, b"+1"),
                     with_raw_member(body, b"1."), with_raw_member(body, b".5"), with_raw_member(body, b"[1,]"),
                     with_raw_member(body, b'"a\nb"'), with_raw_member(body, b'"\\x"'), with_raw_member(body, b"tru")]
            for number, candidate in enumerate(wrong):
                with self.subTest(source=source.name, number=number):
                    self.bad(source, candidate)

    def test_duplicate_keys_are_400_at_any_depth_and_in_any_spelling(self):
        for source, body in each():
            name = next(iter(source.make_body()))
            for number, candidate in enumerate([
                    with_raw_member(body, b'"x"', name.encode()), with_raw_member(body, b'{"a":1,"a":1}'),
                    with_raw_member(body, b'[[{"a":{"b":1,"c":2,"b":3}}]]'), with_raw_member(body, b'{"a":1,"\\u0061":2}'),
                    with_raw_member(body, '{"職員":1,"\\u8077\\u54e1":2}'.encode())]):
                with self.subTest(source=source.name, number=number):
                    self.bad(source, candidate)
            self.accept(source, with_raw_member(body, b'[{"a":1},{"a":1},{"A":{"a":1}}]'))

    def test_thirty_two_levels_are_the_limit_and_the_root_is_one(self):
        for source in SOURCES:
            for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
                with self.subTest(source=source.name, opening=opening):
                    nested = lambda depth: with_raw_member(encode(source.make_body()), opening * depth + b"1" + closing * depth)
                    self.accept(source, nested(31))
                    self.bad(source, nested(32))
        self.bad(EMPLOYEE, b"[" * 500000)
        self.bad(EMPLOYEE, with_raw_member(encode(EMPLOYEE.make_body()), b'{"a":' * 100000 + b"1" + b"}" * 100000))

    def test_numbers_fit_int64_or_a_double(self):
        fine = [b"9223372036854775807", b"-9223372036854775808", b"1e308", b"-1.5e-300", b"0", b"-0", b"0.1", b"1E+2"]
        wrong = [b"9223372036854775808", b"-9223372036854775809", b"18446744073709551615", b"1e400", b"-1e400", b"1" + b"0" * 400,
                 b"1e99999999999999999999"]
        for source in SOURCES:
            self.accept(source, with_raw_member(encode(source.make_body()), b"[" + b",".join(fine) + b"]"))
            for number in wrong:
                with self.subTest(source=source.name, number=number[:40]):
                    self.bad(source, with_raw_member(encode(source.make_body()), number))

    def test_invalid_utf_8_is_400(self):
        wrong = [b"\xff", b"\xc0\xaf", b"\xe3\x81", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x80", b"\x8e\x52\x93\x63",  # CP932
                 b"\\ud800", b"\\udc00\\ud800"]
        for source, body in each():
            for text in wrong:
                with self.subTest(source=source.name, text=text):
                    self.bad(source, with_raw_member(body, b'"' + text + b'"'))
            self.accept(source, with_raw_member(body, '"𠮷 \\ud842\\udfb7 \\u0000"'.encode()))

    def test_unknown_members_are_no_fault(self):
        for source in SOURCES:
            with self.subTest(source=source.name):
                self.accept(source, source.make_body() | {"未知": {"深い": [1, None, True]}, "": 0})


class Answers(ServerCase):
    def test_a_sane_request_id_is_echoed_on_every_kind_of_answer(self):
        for source in SOURCES:
            for request_id in ("a", "0" * 128, "3f2c.A_b-9", fresh("req")):
                with self.subTest(source=source.name, request_id=request_id):
                    good = self.accept(source, source.make_body(), request_id=request_id)
                    self.assertEqual(good.header("X-Request-Id"), request_id)
                    bad = self.refuse(source, source.make_body(), 401, signature="0", request_id=request_id)
                    self.assertEqual(bad.header("X-Request-Id"), request_id)
        self.assertEqual(self.server.get("/nowhere", headers={"X-Request-Id": "abc"}).header("X-Request-Id"), "abc")

    def test_any_other_request_id_is_replaced_by_a_new_one(self):
        seen = set()
        for request_id in (None, "", "0" * 129, "a b", "a\tb", "<script>", "é", 'x"y', "a/b", "0" * 5000):
            with self.subTest(request_id=request_id and request_id[:30]):
                answer = self.accept(ANALYTICS, ANALYTICS.make_body(), request_id=request_id).header("X-Request-Id")
                self.assertNotEqual(answer, request_id)
                self.assertNotIn(answer, seen)
                seen.add(answer)

    def test_a_repeat_gets_the_same_body_again(self):
        for source, body in each():
            with self.subTest(source=source.name):
                first = self.accept(source, body, request_id="try-1")
                self.assertIsNone(first.header("Idempotent-Replayed"))
                for attempt in ("try-2", "try-3"):
                    again = self.accept(source, body, at=time.time() - 20, request_id=attempt)
                    self.assertEqual(again.body, first.body)
                    self.assertEqual(again.header("Idempotent-Replayed"), "true")
                    self.assertEqual(again.header("X-Request-Id"), attempt)

    def test_a_repeat_still_needs_its_credentials(self):
        for source, body in each():
            with self.subTest(source=source.name):
                self.accept(source, body)
                self.refuse(source, body, 401, source.codes["signature"], signature="0" * 64)

    def test_the_same_bytes_at_another_source_are_another_event(self):
        body = encode(EMPLOYEE.make_body() | {"reportId": fresh("VD"), "caseNumber": fresh("MED")})
        for source in (EMPLOYEE, ACKNOWLEDGEMENT):
            with self.subTest(source=source.name):
                self.assertIsNone(self.accept(source, body).header("Idempotent-Replayed"))

    def test_one_missing_member_is_400_in_every_dialect(self):
        for source in SOURCES:
            name = [name for name in source.make_body() if name != "details"][-1]
            with self.subTest(source=source.name):
                self.assertIn(name, self.refuse(source, without(source.make_body(), name), 400, source.codes.get("invalid")).body.decode())


class Log(ServerCase):
    def test_nothing_personal_and_nothing_secret_is_logged(self):
        staff, name = fresh("EMP-geheim"), "秘密野 密子"
        event = employee_created(staff, name=name, email="himitsu@hospital.example.com")
        body, text = encode(event), EMPLOYEE.format_time(time.time())
        self.accept(EMPLOYEE, body, timestamp=text)
        self.refuse(EMPLOYEE, body, 401, signature="ab" * 32)
        self.refuse(EMPLOYEE, without(event, "data.email"), 400)
        self.server.employee(staff)
        self.server.stop()
        said = (self.server.output() + self.server.errors()).decode()
        self.server.start()
        type(self).first_process = self.server.process.pid
        for word in (staff, name, "himitsu@", EMPLOYEE.signature(body, text), "ab" * 32, *SECRETS.values(), "it-reader-token"):
            self.assertNotIn(word, said)


if __name__ == "__main__":
    unittest.main()
