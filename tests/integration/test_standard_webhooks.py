# Deliveries as Standard Webhooks, judged by somebody else's code: the npm package `standardwebhooks`, which npm/verify.mjs runs.
# scripts/set-up test installs it; where it could not (no network), these tests are skipped. A wrong verdict is a failure.
import base64
import json
import shutil
import subprocess
import unittest
from pathlib import Path

from contract import fresh
from harness import PATIENCE
from outbound import PARTNER_SECRET, Deliverer, DeliveryCase, config_of, destination
from receivers import Answer, Receiver

NPM = Path(__file__).resolve().parent / "npm"
CODED_SECRET = "whsec_" + base64.b64encode(bytes(range(7, 39))).decode()
NEXT_SECRET = "whsec_" + base64.b64encode(bytes(range(40, 72))).decode()
PAYLOADS = [
    {"n": 1},
    {"name": "髙橋 﨑子 𠮷田", "quoted": "\"\\/\b\u2028</script>", "empty": ["", {}, [], None, False]},
    {"share": 0.1, "tiny": 1e-7, "many": list(range(2000))},
]


def what_is_missing():
    if shutil.which("node") is None:
        return "node is not installed; scripts/set-up test installs it"
    if not (NPM / "node_modules").is_dir():
        return "the npm packages are not installed; scripts/set-up test installs them where the npm registry can be reached"
    return None


def request_of(arrival, secret):
    return {"secret": secret, "raw": not secret.startswith("whsec_"), "headers": dict(arrival.headers),
            "body": base64.b64encode(arrival.body).decode()}


def judge(*requests):
    """The library's verdict on each."""
    lines = "".join(json.dumps(request) + "\n" for request in requests)
    done = subprocess.run(["node", str(NPM / "verify.mjs")], input=lines, capture_output=True, text=True, timeout=30 * PATIENCE, check=False)
    if done.returncode != 0:
        raise AssertionError(f"verify.mjs ended with {done.returncode}\n{done.stderr}")
    verdicts = [json.loads(line) for line in done.stdout.rstrip("\n").split("\n")]   # not splitlines: U+2028 is no end
    assert len(verdicts) == len(requests), done.stdout
    return verdicts


def with_header(request, name, change):
    return request | {"headers": request["headers"] | {name: change(request["headers"][name])}}


def without_header(request, name):
    return request | {"headers": {n: value for n, value in request["headers"].items() if n != name}}


def with_body(request, body):
    return request | {"body": base64.b64encode(body).decode()}


@unittest.skipIf(what_is_missing() is not None, what_is_missing())
class StandardWebhooks(DeliveryCase):
    @classmethod
    def setUpClass(cls):
        cls.receiver = cls.open(Receiver())
        cls.secrets = {"coded": CODED_SECRET, "plain": PARTNER_SECRET, "rotated": NEXT_SECRET}
        destinations = [destination(name, cls.receiver.url(f"/{name}"), secret=f"{name.upper()}_WEBHOOK_SECRET", schedule=["1s"])
                        for name in cls.secrets]
        environment = {f"{name.upper()}_WEBHOOK_SECRET": secret for name, secret in cls.secrets.items()}
        environment["ROTATED_WEBHOOK_SECRET_PREVIOUS"] = CODED_SECRET
        cls.server = cls.begin(Deliverer(config_of(*destinations), environment=environment))

    def deliver(self, name, payload=None, attempts=1):
        """The arrivals of an event that goes to this destination, as requests for the judge."""
        word = fresh("sw")
        self.server.send(f"{name}.sent", word, {"word": word} | (payload or {}))
        arrivals = self.receiver.wait_for(attempts, f'"{word}"')
        self.assertEqual({a.path for a in arrivals}, {f"/{name}"})
        return [request_of(arrival, self.secrets[name]) for arrival in arrivals]

    def test_the_library_accepts_every_delivery(self):
        for name in self.secrets:
            with self.subTest(secret=name):
                requests = [self.deliver(name, payload)[0] for payload in PAYLOADS]
                for payload, verdict in zip(PAYLOADS, judge(*requests), strict=True):
                    self.assertTrue(verdict["verified"], verdict)
                    self.assertLessEqual(payload.items(), verdict["payload"].items())

    def test_a_retry_has_the_same_id_and_a_signature_of_its_own(self):
        word = fresh("sw")
        self.receiver.plan(word, Answer(500))
        self.server.send("coded.sent", word, {"word": word})
        arrivals = self.receiver.wait_for(2, word)
        for verdict in judge(*(request_of(arrival, CODED_SECRET) for arrival in arrivals)):
            self.assertTrue(verdict["verified"], verdict)
        first, second = (arrival.headers for arrival in arrivals)
        self.assertEqual(first["webhook-id"], second["webhook-id"])
        for name in ("webhook-timestamp", "webhook-signature"):
            self.assertNotEqual(first[name], second[name])

    def test_while_a_secret_is_rotated_receivers_of_either_one_accept(self):
        by_next, = self.deliver("rotated")
        signatures = by_next["headers"]["webhook-signature"].split(" ")
        self.assertEqual(len(signatures), 2, signatures)
        by_previous = by_next | {"secret": CODED_SECRET}
        only_first = with_header(by_previous, "webhook-signature", lambda text: text.split(" ")[0])
        by_stranger = by_next | {"secret": "whsec_" + base64.b64encode(bytes(32)).decode()}
        accepted, also_accepted, *rejected = judge(by_next, by_previous, only_first, by_stranger)
        self.assertTrue(accepted["verified"], accepted)
        self.assertTrue(also_accepted["verified"], also_accepted)
        for verdict in rejected:
            self.assertFalse(verdict["verified"], verdict)

    def test_the_library_rejects_what_was_tampered_with(self):
        request, = self.deliver("coded")
        body = base64.b64decode(request["body"])
        tampered = {
            "a byte more": with_body(request, body + b" "),
            "another body": with_body(request, body.replace(b"sw-", b"sx-")),
            "another id": with_header(request, "webhook-id", lambda text: text + "0"),
            "another time": with_header(request, "webhook-timestamp", lambda text: str(int(text) + 1)),
            "an old time": with_header(request, "webhook-timestamp", lambda text: str(int(text) - 3600)),
            "another signature": with_header(request, "webhook-signature", lambda text: "v1," + base64.b64encode(bytes(32)).decode()),
            "another version": with_header(request, "webhook-signature", lambda text: text.replace("v1,", "v9,")),
            "another secret": request | {"secret": "whsec_" + base64.b64encode(bytes(32)).decode()},
            "no signature": without_header(request, "webhook-signature"),
        }
        original, *verdicts = judge(request, *tampered.values())
        self.assertTrue(original["verified"], original)
        for what, verdict in zip(tampered, verdicts, strict=True):
            with self.subTest(what=what):
                self.assertFalse(verdict["verified"], verdict)


if __name__ == "__main__":
    unittest.main()
