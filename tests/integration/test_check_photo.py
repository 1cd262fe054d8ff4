# denrei check photo against a CDN of the test's own: https with a certificate of its own, and everything that can be wrong with it.
import json
import os
import shutil
import ssl
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import BINARY, PATIENCE, SANITIZER_WORDS
from receivers import Answer, Receiver, say, say_nothing
from test_tls import make_certificate

ORIGIN = "https://voicedrive.example.com"
PHOTO = b"\xff\xd8\xff\xe0" + b"photo" * 36_000          # 180 KB, as the contract's photos
CORS = {"Access-Control-Allow-Origin": ORIGIN}
PREFLIGHT = CORS | {"Access-Control-Allow-Methods": "GET, HEAD", "Access-Control-Max-Age": "3600"}
GOOD = {"Content-Type": "image/jpeg", "Cache-Control": "public, max-age=86400"} | CORS


def answer(status, headers, body=b"", after=0.0):
    lines = [f"HTTP/1.1 {status} Word", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return Answer(act=say("\r\n".join(lines).encode() + b"\r\n\r\n" + body), after=after)


def without(headers, *names):
    return {name: value for name, value in headers.items() if name not in names}


# What a GET and an OPTIONS of a path are answered; a path that is not here is not there.
PATHS = {
    "/good.jpg": (answer(200, GOOD, PHOTO), answer(200, PREFLIGHT)),
    "/page.jpg": (answer(200, GOOD | {"Content-Type": "text/html"}, b"<html>"), answer(200, PREFLIGHT)),
    "/moved.jpg": (answer(301, {"Location": "https://elsewhere.example/good.jpg"}), answer(200, PREFLIGHT)),
    "/nocors.jpg": (answer(200, without(GOOD, *CORS), PHOTO), answer(200, {})),
    "/anybody.jpg": (answer(200, GOOD | {"Access-Control-Allow-Origin": "*"}, PHOTO), answer(200, PREFLIGHT)),
    "/nooptions.jpg": (answer(200, GOOD, PHOTO), answer(403, {})),
    "/credentials.jpg": (answer(200, GOOD | {"Access-Control-Allow-Credentials": "true"}, PHOTO), answer(200, PREFLIGHT)),
    "/shortlived.jpg": (answer(200, GOOD | {"Cache-Control": "max-age=60"}, PHOTO), answer(200, PREFLIGHT)),
    "/uncached.jpg": (answer(200, without(GOOD, "Cache-Control"), PHOTO), answer(200, PREFLIGHT)),
    "/empty.jpg": (answer(200, GOOD), answer(200, PREFLIGHT)),
    "/slow.jpg": (answer(200, GOOD, PHOTO, after=0.4), answer(200, PREFLIGHT)),
    "/silent.jpg": (Answer(act=say_nothing), answer(200, PREFLIGHT)),
}


def serve(arrival):
    photo, preflight = PATHS.get(arrival.path, (answer(404, {}), answer(404, {})))
    return preflight if arrival.method == "OPTIONS" else photo


class CheckPhoto(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="denrei-photo-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        make_certificate(cls.folder, 2000)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cls.folder / "cert.pem", cls.folder / "key.pem")
        cls.cdn = Receiver(tls=context, default=serve)
        cls.addClassCleanup(cls.cdn.close)
        cls.cdn.open()

    def run_check(self, url, *flags, trusting=True, allowing=True):
        line = [str(BINARY), "check", "photo", url, *flags]
        line += ["--ca-file", str(self.folder / "cert.pem")] if trusting else []
        line += ["--allow", "127.0.0.0/8"] if allowing else []
        environment = {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"} | {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}
        done = subprocess.run(line, capture_output=True, text=True, timeout=30 * PATIENCE, env=environment, check=False)
        for word in SANITIZER_WORDS:
            self.assertNotIn(word.decode(), done.stderr)
        return done

    def check(self, path, *flags, exit_code, **options):
        """What is not ok, by name, after a run with --json that ended so."""
        done = self.run_check(self.cdn.url(path), "--json", *flags, **options)
        self.assertEqual(done.returncode, exit_code, done)
        report = json.loads(done.stdout)
        verdicts = {check["name"]: check["verdict"] for check in report["checks"]}
        expected = "failed" if exit_code else ("warning" if "warning" in verdicts.values() else "ok")
        self.assertEqual(report["verdict"], expected, report)
        for check in report["checks"]:
            self.assertEqual("hint" in check, check["verdict"] != "ok", check)
        return {name: verdict for name, verdict in verdicts.items() if verdict != "ok"}

    def test_a_photo_as_agreed(self):
        before = len(self.cdn.arrivals())
        self.assertEqual(self.check("/good.jpg", "--slow", "20s", "--expect-type", "image/jpeg", "--expect-size", str(len(PHOTO)), exit_code=0), {})
        get, options = self.cdn.arrivals()[before:]
        self.assertEqual((get.method, options.method), ("GET", "OPTIONS"))
        self.assertEqual((get.headers["origin"], options.headers["origin"]), (ORIGIN, ORIGIN))
        self.assertEqual(options.headers["access-control-request-method"], "GET")

    def test_a_table_for_people(self):
        done = self.run_check(self.cdn.url("/missing.jpg"), "--lang", "ja")
        self.assertEqual(done.returncode, 1, done)
        self.assertIn("不合格", done.stdout)
        self.assertIn("写真がありません", done.stdout)
        done = self.run_check(self.cdn.url("/good.jpg"), "--slow", "20s")
        self.assertEqual(done.returncode, 0, done)
        self.assertIn("Reachable", done.stdout)

    def test_what_is_wrong_with_a_photo(self):
        cases = [("/missing.jpg", {"reachable": "failed", "preflight": "failed"}), ("/moved.jpg", {"reachable": "failed"}),
                 ("/page.jpg", {"content_type": "failed"}), ("/anybody.jpg", {"cors_origin": "failed"}), ("/nooptions.jpg", {"preflight": "failed"}),
                 ("/credentials.jpg", {"cors_credentials": "failed"}), ("/shortlived.jpg", {"cache": "failed"}), ("/empty.jpg", {"size": "failed"}),
                 ("/nocors.jpg", {"cors_origin": "failed", "preflight_origin": "failed", "preflight_methods": "failed", "preflight_max_age": "failed"})]
        for path, wrong in cases:
            with self.subTest(path=path):
                self.assertEqual(self.check(path, "--slow", "20s", exit_code=1), wrong)

    def test_warnings_alone_are_no_failure(self):
        self.assertEqual(self.check("/uncached.jpg", "--slow", "20s", exit_code=0), {"cache": "warning"})
        self.assertEqual(self.check("/slow.jpg", "--slow", "300ms", exit_code=0), {"load_time": "warning"})

    def test_a_photo_that_is_not_the_announced_one(self):
        self.assertEqual(self.check("/good.jpg", "--slow", "20s", "--expect-size", "185000", exit_code=1), {"size": "failed"})
        self.assertEqual(self.check("/good.jpg", "--slow", "20s", "--expect-type", "image/png", exit_code=1), {"content_type": "failed"})

    def test_a_photo_that_is_too_large(self):
        self.assertEqual(self.check("/good.jpg", "--max-bytes", "100000", exit_code=1), {"reachable": "failed"})

    def test_an_answer_that_does_not_come(self):
        self.assertEqual(self.check("/silent.jpg", "--timeout", "500ms", exit_code=1), {"reachable": "failed"})

    def test_plain_http_is_not_even_asked(self):
        before = len(self.cdn.arrivals())
        done = self.run_check(self.cdn.url("/good.jpg").replace("https:", "http:"), "--json")
        self.assertEqual(done.returncode, 1, done)
        self.assertEqual([check["name"] for check in json.loads(done.stdout)["checks"]], ["https"])
        self.assertEqual(len(self.cdn.arrivals()), before)

    def test_certificates_and_addresses_are_checked(self):
        before = len(self.cdn.arrivals())
        for options, word in (({"trusting": False}, "tls"), ({"allowing": False}, "blocked")):
            with self.subTest(options=options):
                done = self.run_check(self.cdn.url("/good.jpg"), "--json", **options)
                self.assertEqual(done.returncode, 1, done)
                reachable = json.loads(done.stdout)["checks"][1]
                self.assertEqual((reachable["name"], reachable["verdict"]), ("reachable", "failed"))
                self.assertTrue(reachable["found"].startswith(word), reachable)
        self.assertEqual(len(self.cdn.arrivals()), before)

    def test_wrong_words_on_the_command_line(self):
        for line in (["ftp://photos.example.com/1.jpg"], ["--json"], [self.cdn.url("/good.jpg"), "--timeout", "soon"],
                     [self.cdn.url("/good.jpg"), "--allow", "everybody"]):
            with self.subTest(line=line):
                done = self.run_check(*line, trusting=False, allowing=False)
                self.assertEqual(done.returncode, 2, done)
                self.assertTrue(done.stderr)


if __name__ == "__main__":
    unittest.main()
