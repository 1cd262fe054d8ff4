# The console: its files, its sessions and what they may, and that every path it asks is there and says what the page reads.
import json
import re
import shutil
import subprocess
import unittest
from pathlib import Path

from contract import ANALYTICS, OPERATOR_TOKEN, READER_TOKEN, analytics, fresh
from harness import PATIENCE, ROOT, free_port, wait_until
from outbound import ADMIN_TOKEN, SENDER_TOKEN, Deliverer, DeliveryCase, destination, route, shipped
from receivers import Answer, Receiver
from streams import Stream
from wire import Connection

ONE_TIME = "it-console-token-0123456789abcdefghijklmn"
WRITE = {"X-Denrei-Console": "1", "Content-Type": "application/json"}
TYPES = {"html": "text/html", "js": "text/javascript", "css": "text/css"}
# What the page's own names stand for in its paths, and which letter is one of what in its functions.
FUNCTIONS = {"destinationState": "d", "showDestinations": "d", "showDeadLetters": "l", "showAlerts": "r", "showServices": "s", "showActors": "a",
             "listProblems": "drsa"}


def console_world(receiver):
    """Something of everything that the page shows: a destination, a rule that can fire, a service that nobody has used."""
    config = shipped()
    collector = {"name": "collector", "url": f"http://127.0.0.1:{free_port()}", "plain_http": True, "allow": ["127.0.0.1"]}
    return {"source": [source for source in config["source"] if source["name"] == "analytics"],
            "destination": [destination("partner", receiver.url()), destination("nobody", f"http://127.0.0.1:{free_port()}/")],
            "route": [route("partner"), route("nobody")],
            "service": [{"name": "monitoring", "kind": "monitoring", "interval": "1h", "provider": [collector]}],
            "alert": [{"name": name, "measure": "signature_failures", "over": "source:analytics", "threshold": 1, "window": "1h", "channels": []}
                      for name in ("signatures", "untouched")]}


class Browser:
    """Keeps the cookie of one gateway as a browser does; sends no token."""

    def __init__(self, server, cookie=None):
        self.server, self.cookie = server, cookie

    def ask(self, method, path, body=None, headers=None, port=None):
        fields = ({"Cookie": f"theme=dark; {self.cookie}"} if self.cookie else {}) | (headers or {})
        with Connection(port or self.server.ops_port) as connection:
            answer = connection.request(method, path, fields, b"" if body is None else json.dumps(body).encode())
        if (cookie := answer.header("Set-Cookie")) is not None:
            self.cookie = cookie.split(";")[0]
        return answer

    def get(self, path, **more):
        return self.ask("GET", path, **more)

    def post(self, path, body=None, headers=None, **more):
        return self.ask("POST", path, body if body is not None else {}, WRITE if headers is None else headers, **more)

    def sign_in(self, token=OPERATOR_TOKEN):
        return self.post("/console/session", {"token": token})


class Console(DeliveryCase):
    @classmethod
    def setUpClass(cls):
        cls.receiver = cls.open(Receiver())
        cls.server = cls.begin(Deliverer(console_world(cls.receiver)))

    def browser(self, token=OPERATOR_TOKEN):
        browser = Browser(self.server)
        self.assertEqual(browser.sign_in(token).status, 204)
        return browser

    def bury(self):
        """A dead letter; its delivery."""
        key = fresh("partner")
        self.receiver.plan(key, Answer(500))
        return self.server.wait_state(self.server.send("partner.made", key), "dead")

    def fire(self):
        self.assertEqual(self.server.post(ANALYTICS, analytics(), signature="0" * 64).status, 401)
        wait_until(lambda: {rule["state"] for rule in self.server.known("/ops/alerts")["rules"]} == {"firing"}, self.server.tail)

    # --- files

    def test_its_files_are_open_to_everybody_and_load_nothing_from_elsewhere(self):
        names = sorted(path.name for path in (ROOT / "console").iterdir())
        self.assertLessEqual({"index.html", "console.js", "console.css"}, set(names))
        for path, kind in [("/console", "html"), ("/console/", "html"), *((f"/console/{name}", name.rsplit(".", 1)[1]) for name in names)]:
            with self.subTest(path=path):
                answer = Browser(self.server).get(path)
                self.assertEqual(answer.status, 200, answer)
                self.assertEqual(answer.header("Content-Type"), f"{TYPES[kind]}; charset=utf-8")
                policy = dict(part.strip().split(" ", 1) for part in answer.header("Content-Security-Policy").split(";"))
                self.assertEqual((policy["default-src"], policy["frame-ancestors"], policy["base-uri"]), ("'self'", "'none'", "'none'"))
                self.assertNotIn("unsafe", answer.header("Content-Security-Policy"))
                self.assertEqual(answer.header("X-Content-Type-Options"), "nosniff")
                self.assertEqual(answer.header("Referrer-Policy"), "no-referrer")
                self.assertEqual(answer.header("Cache-Control"), "no-cache")
                self.assertNotRegex(answer.body.decode(), r"https?://|[\s\"']//\w")
                self.assertIsNone(answer.header("Set-Cookie"))

    def test_the_page_obeys_its_own_policy(self):
        page = Browser(self.server).get("/console").body.decode()
        self.assertEqual(re.findall(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|<style", page), [], "nothing inline: default-src 'self' forbids it")
        for path in re.findall(r"(?:src|href)=\"([^\"]+)\"", page):
            self.assertEqual(Browser(self.server).get(path).status, 200, path)
        for element in set(re.findall(r"\bat\(\"([\w-]+)\"\)|\bfill\(\"([\w-]+)\"", self.script())):
            self.assertIn(f'id="{"".join(element)}"', page)

    def test_other_paths_and_methods_are_refused(self):
        browser = Browser(self.server)
        for path in ("/console/nothing.js", "/console/../etc/passwd", "/console/%2e%2e/denrei.toml", "/consoles"):
            self.check_problem(browser.get(path), 404)
        answer = browser.post("/console")
        self.check_problem(answer, 405)
        self.assertEqual(answer.header("Allow"), "GET, HEAD")
        self.assertEqual(browser.get("/console/session").header("Allow"), "POST, DELETE")
        self.assertEqual(browser.get("/console", port=self.server.port).status, 404, "the site listener has no console")

    # --- sessions

    def test_who_may_sign_in(self):
        for token, status in ((OPERATOR_TOKEN, 204), (ADMIN_TOKEN, 204), (READER_TOKEN, 401), (SENDER_TOKEN, 401), ("", 401), (OPERATOR_TOKEN + "x", 401)):
            with self.subTest(token=token):
                browser = Browser(self.server)
                answer = browser.sign_in(token)
                self.assertEqual(answer.status, status, answer)
                self.assertEqual(browser.cookie is not None, status == 204)
                self.assertEqual(browser.get("/ops/destinations").status, 200 if status == 204 else 401)
        for body in (b"", b"{", b"[]", b'{"token":1}'):
            with self.subTest(body=body), Connection(self.server.ops_port) as connection:
                self.assertIn(connection.request("POST", "/console/session", WRITE, body).status, (400, 401))

    def test_no_token_at_the_start_opens_nothing(self):
        for path in ("/console?token=", "/console?token", f"/console?token={OPERATOR_TOKEN}"):
            answer = Browser(self.server).get(path)
            self.check_problem(answer, 401)
            self.assertIsNone(answer.header("Set-Cookie"))

    def test_the_cookie_is_kept_from_scripts_and_from_other_sites(self):
        answer = Browser(self.server).sign_in()
        parts = [part.strip() for part in answer.header("Set-Cookie").split(";")]
        self.assertRegex(parts[0], r"\Adenrei_console=\d+\.[0-9a-f]{64}\Z")
        self.assertEqual(sorted(parts[1:]), ["HttpOnly", "Max-Age=43200", "Path=/", "SameSite=Strict"])
        self.assertNotIn(OPERATOR_TOKEN, str(answer.headers))

    def test_a_forged_cookie_opens_nothing(self):
        name, value = self.browser().cookie.split("=")
        until, signature = value.split(".")
        wrong = [f"{int(until) + 1}.{signature}", f"{until}.{'0' * 64}", f"{until}.", until, "", f".{signature}", f"-1.{signature}", f"{until}.{signature}0"]
        for forged in wrong:
            with self.subTest(forged=forged):
                self.assertEqual(Browser(self.server, f"{name}={forged}").get("/ops/destinations").status, 401)

    def test_signing_out_takes_the_cookie_back(self):
        browser = self.browser()
        answer = browser.ask("DELETE", "/console/session", headers=WRITE)
        self.assertEqual(answer.status, 204)
        self.assertIn("Max-Age=0", answer.header("Set-Cookie"))
        self.assertEqual(browser.get("/ops/destinations").status, 401)

    # --- what a session may

    def test_a_session_reads_what_operators_read(self):
        browser = self.browser()
        for path in ("/ops/actors", "/ops/alerts", "/ops/destinations", "/ops/dead-letters", "/ops/jobs", "/ops/audit", "/ops/deliveries?state=dead"):
            with self.subTest(path=path):
                self.assertEqual(Browser(self.server).get(path).status, 401)
                self.assertEqual(browser.get(path).status, 200)

    def test_orders_need_the_page_s_own_header(self):
        self.fire()
        browser, letter = self.browser(), self.bury()
        for path in ("/ops/alerts/untouched/acknowledge", f"/ops/dead-letters/{letter['id']}/resend", "/ops/destinations/partner/disable"):
            for headers in ({}, {"Content-Type": "application/json"}, WRITE | {"Cookie": "denrei_console=1.2"}, {"X-Denrei-Console": ""}):
                with self.subTest(path=path, headers=headers):
                    self.check_problem(browser.post(path, headers=headers), 401)
        self.assertFalse(self.server.report("partner")["disabled"])
        self.assertFalse(self.server.known("/ops/alerts/untouched")["acknowledged"])
        self.assertEqual(self.server.delivery(letter["eventId"])["state"], "dead")

    def test_an_alert_is_acknowledged_and_silenced_from_the_page(self):
        self.fire()
        browser = self.browser()
        answer = browser.post("/ops/alerts/signatures/silence", {"for": "2h", "reason": "console"})
        self.assertEqual((answer.status, answer.json()["silenceReason"]), (200, "console"), answer)
        self.assertEqual(browser.post("/ops/alerts/signatures/unsilence").json()["silencedUntil"], None)
        answer = browser.post("/ops/alerts/signatures/acknowledge")
        self.assertEqual((answer.status, answer.json()["acknowledgedBy"]), (200, "operator"), answer)

    def test_a_dead_letter_is_sent_again_from_the_page(self):
        letter = self.bury()
        answer = self.browser().post(f"/ops/dead-letters/{letter['id']}/resend")
        self.assertEqual(answer.status, 202, answer)
        self.server.wait_state(letter["eventId"], "delivered")
        entry, = self.server.audit("delivery_resent", deliveryId=letter["id"])
        self.assertEqual(entry["by"], "operator")

    def test_a_session_follows_the_operators_stream(self):
        stream = Stream(self.server, "/ops/stream", token=None, port=self.server.ops_port)
        self.addCleanup(stream.close)
        stream.read_until(lambda s: s.head is not None, "the head")
        self.assertEqual(stream.head[0], 401)
        cookie = self.browser().cookie
        followed = Stream(self.server, f"/ops/stream HTTP/1.1\r\nCookie: {cookie}\r\nX-Rest:", token=None, port=self.server.ops_port)
        self.addCleanup(followed.close)
        self.assertEqual(followed.first("ready").json()["topic"], "operations")

    def test_the_session_is_nothing_at_the_site_listener(self):
        browser = self.browser()
        for method, path in (("GET", "/api/notifications"), ("GET", "/api/notifications/stream"), ("GET", "/api/events/evt_" + "0" * 32),
                             ("POST", "/api/notifications/read"), ("POST", "/api/events")):
            with self.subTest(path=path):
                self.assertEqual(browser.ask(method, path, {"upto": "1"} if method == "POST" else None, WRITE, self.server.port).status, 401)

    # --- what the page asks and reads

    def script(self):
        return Browser(self.server).get("/console/console.js").body.decode()

    def functions(self):
        """The script's functions by name, as text."""
        parts = re.split(r"(?m)^(?:async )?function (\w+)", self.script())
        return dict(zip(parts[1::2], parts[2::2]))

    def test_every_path_that_the_page_asks_for_is_there(self):
        self.fire()
        letter = self.bury()
        found = set(re.findall(r"[\"`](/(?:ops|readyz|console)[^\"`]*|\$\{path\}/\w+)[\"`]", self.script()))
        alert = "/ops/alerts/signatures"
        asked = {"/ops/alerts/${encodeURIComponent(r.name)}": ("GET", alert, 200),
                 "${path}/acknowledge": ("POST", f"{alert}/acknowledge", 200), "${path}/unsilence": ("POST", f"{alert}/unsilence", 200),
                 "${path}/silence": ("POST", f"{alert}/silence", 200), "/ops/dead-letters/${l.id}/resend": ("POST", f"/ops/dead-letters/{letter['id']}/resend", 202),
                 "/console/session": ("DELETE", "/console/session", 204)}
        self.assertLessEqual(set(asked), found)
        browser = self.browser()
        for text in sorted(found - {"/ops/stream"}, key=lambda text: text == "/console/session"):
            with self.subTest(text=text):
                method, path, status = asked.get(text, ("GET", text, 200))
                self.assertNotIn("$", path, "this test does not know what stands there")
                body = {"for": "2h", "reason": "console"} if path.endswith("/silence") else {}
                self.assertEqual(browser.ask(method, path, body if method == "POST" else None, WRITE).status, status)
        browser.sign_in()
        browser.post(f"{alert}/unsilence")

    def test_answers_have_the_members_that_the_page_reads(self):
        self.fire()
        self.bury()
        self.server.wait_state(self.server.send("nobody.made", fresh("nobody")), "dead")
        browser = self.browser()
        ready = wait_until(lambda: (lambda now: now if now["services"] else None)(browser.get("/readyz?verbose").json()), self.server.tail)
        samples = {"d": browser.get("/ops/destinations").json()["data"], "l": browser.get("/ops/dead-letters?limit=1000").json()["data"],
                   "r": browser.get("/ops/alerts").json()["rules"], "s": ready["services"], "a": browser.get("/ops/actors").json()["actors"]}
        samples = {letter: {member for sample in several for member in sample} for letter, several in samples.items()}
        functions = self.functions()
        self.assertLessEqual(set(FUNCTIONS), set(functions))
        for name, letters in FUNCTIONS.items():
            read = set(re.findall(rf"\b([{letters}])\.(\w+)", functions[name]))
            self.assertTrue(read, name)
            for letter, member in read:
                with self.subTest(function=name, member=f"{letter}.{member}"):
                    self.assertIn(member, samples[letter])
        for member in set(re.findall(r"\bready\.(\w+)", self.script())):
            self.assertIn(member, ready)

    def test_every_word_that_the_page_says_is_in_both_languages(self):
        words = Browser(self.server).get("/console/words.js").body.decode()
        japanese, english = (set(re.findall(r"(?m)(?:^|[,{]) *(\w+): (?=[\"(])", part)) for part in words.split("en: {"))
        self.assertEqual(japanese - {"ja"}, english)
        page = Browser(self.server).get("/console").body.decode()
        said = set(re.findall(r"\bword\(\"(\w+)\"\)", self.script())) | set(re.findall(r"data-word=\"(\w+)\"", page))
        said |= {name for heads in re.findall(r"fill\(\"[\w-]+\", \[([^\]]+)\]", self.script()) for name in re.findall(r"\w+", heads)}
        self.assertLessEqual(said, english)


@unittest.skipIf(shutil.which("node") is None, "node is not installed")
class Page(DeliveryCase):
    """The page's own scripts at work; console_page.js is the browser."""

    def test_it_signs_in_shows_what_is_wrong_and_its_buttons_work(self):
        for language, words in (("ja", ("アラート発報中", "確認済", "未確認")), ("en", ("Alert firing", "acknowledged", "unknown"))):
            with self.subTest(language=language):
                self.check_page(language, words)

    def check_page(self, language, words):
        receiver = self.open(Receiver(default=Answer(500)))
        server = self.begin(Deliverer(console_world(receiver)))
        self.assertEqual(server.post(ANALYTICS, analytics(), signature="0" * 64).status, 401)
        for _ in range(2):
            server.wait_state(server.send("partner.made", fresh("partner")), "dead")
        wait_until(lambda: {rule["state"] for rule in server.known("/ops/alerts")["rules"]} == {"firing"}, server.tail)
        receiver.default = Answer(200)
        done = subprocess.run(["node", Path(__file__).with_name("console_page.js"), f"http://127.0.0.1:{server.ops_port}", OPERATOR_TOKEN, language],
                              capture_output=True, text=True, timeout=30 * PATIENCE, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        page = json.loads(done.stdout)
        self.assertEqual((page["before"], page["after"]), ({"signIn": False, "panels": True}, {"signIn": True, "panels": False}))
        self.assertEqual((page["clicked"], page["stream"]), (["acknowledge", "resend"], "/ops/stream"))
        self.assertRegex(page["said"]["happening"], r"alert  told by a channel\Z|alert  told by a channel \|")
        for word in words:
            self.assertIn(word, " ".join(page["said"].values()))
        for unwanted in ("undefined", "NaN", "[object", "Invalid Date", "null"):
            self.assertNotIn(unwanted, " ".join(page["said"].values()))
        wait_until(lambda: len(server.dead_letters()) == 1, server.tail)
        self.assertEqual([server.known(f"/ops/alerts/{name}")["acknowledged"] for name in ("signatures", "untouched")], [True, False])


class OneTimeToken(DeliveryCase):
    def test_it_opens_one_session_and_a_restart_ends_all_of_them(self):
        receiver = self.open(Receiver())
        server = Deliverer(console_world(receiver), environment={"DENREI_CONSOLE_TOKEN": ONE_TIME})
        self.addCleanup(server.dispose)
        server.start()
        wrong, browser, late = Browser(server), Browser(server), Browser(server)
        self.check_problem(wrong.get(f"/console?token={ONE_TIME[:-1]}x"), 401)
        answer = browser.get(f"/console?token={ONE_TIME}")
        self.assertEqual((answer.status, answer.header("Location")), (303, "/console"), answer)
        self.assertIn("no-store", answer.header("Cache-Control"))
        self.check_problem(late.get(f"/console?token={ONE_TIME}"), 401, "operator")
        self.assertEqual([b.get("/ops/destinations").status for b in (wrong, browser, late)], [401, 200, 401])
        self.assertEqual(Browser(server).post("/ops/alerts/signatures/silence", headers=WRITE | {"Authorization": f"Bearer {ONE_TIME}"}).status, 401)
        self.assertEqual(late.sign_in().status, 204)
        server.restart()
        for old in (browser, late):
            self.assertEqual(old.get("/ops/destinations").status, 401)
        self.assertEqual(late.sign_in().status, 204)
        wait_until(lambda: late.get("/ops/destinations").status == 200, server.tail)
        self.assertNotIn(ONE_TIME.encode(), server.output() + server.errors())
        server.stop()


if __name__ == "__main__":
    unittest.main()
