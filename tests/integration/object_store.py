# An object storage of the tests' own: S3's PUT, GET, HEAD and DELETE of objects in one bucket. It verifies every signature by its own
# reading of AWS's description (signature version 4), and refuses as S3 does. It can be told to fail.
import hashlib
import hmac
import json
import re
import threading
import time
from datetime import datetime, timezone
from urllib.parse import quote, unquote

from receivers import Answer, Receiver

SKEW = 15 * 60
CREDENTIAL = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/,]+)/(\d{8})/([^/,]+)/s3/aws4_request,\s*SignedHeaders=([^,]+),\s*Signature=([0-9a-f]{64})\Z")
MUST_BE_SIGNED = {"host", "x-amz-date", "x-amz-content-sha256"}


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def _hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def encoded(text, safe=""):
    return quote(text, safe=safe + "-_.~")


def canonical_query(query):
    """Every part decoded and encoded again by the rule, then sorted."""
    pairs = [part.partition("=")[::2] for part in query.split("&") if part]
    return "&".join(f"{name}={value}" for name, value in sorted((encoded(unquote(n)), encoded(unquote(v))) for n, v in pairs))


def signature_of(method, target, headers, body_hash, *, secret, day, region, signed):
    """What the request must be signed with: `signed` are the names of the headers in their order."""
    path, _, query = target.partition("?")
    lines = [method, encoded(unquote(path), "/"), canonical_query(query)]
    lines += [f"{name}:{' '.join(headers[name].split())}" for name in signed] + ["", ";".join(signed), body_hash]
    scope = f"{day}/{region}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, sha256("\n".join(lines).encode())])
    key = _hmac(_hmac(_hmac(_hmac(b"AWS4" + secret.encode(), day), region), "s3"), "aws4_request")
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


class Refusal(Exception):
    def __init__(self, status, code, message):
        super().__init__(code)
        self.answer = Answer(status, f"<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>".encode())


class ObjectStore:
    def __init__(self, *, access_key="AKIDENREI", secret="it-storage-secret/with+signs=0123456789", bucket="backup", region="ap-northeast-1"):
        self.access_key, self.secret, self.bucket, self.region = access_key, secret, bucket, region
        self.objects = {}                # key -> bytes, in the order of the first writing
        self.types = {}
        self.refusals = []               # codes
        self._failing = 0                # requests that are answered 503; -1: all
        self._lock = threading.Lock()
        self.receiver = Receiver(default=self._answer)

    def open(self):
        self.receiver.open()
        return self

    def close(self):
        self.receiver.close()

    def url(self):
        return self.receiver.url("")

    def fail(self, requests=-1):
        """So many requests (-1: all that follow) are answered 503 SlowDown."""
        with self._lock:
            self._failing = requests

    def work(self):
        self.fail(0)

    def lines(self, prefix):
        """What the objects below a key hold, as JSON values, in the order in which they were written."""
        return [json.loads(line) for key, body in self.objects.items() if key.startswith(prefix) for line in body.splitlines()]

    def provider(self, name="primary", **members):
        return {"name": name, "url": self.url(), "region": self.region, "bucket": self.bucket, "access_key": self.access_key,
                "secret": "STORAGE_SECRET", "plain_http": True, "allow": ["127.0.0.0/8"]} | members

    # --- a request

    def _answer(self, arrival):
        with self._lock:
            if self._failing != 0:
                self._failing -= self._failing > 0
                return Answer(503, b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>")
            try:
                self._verify(arrival)
                return self._act(arrival)
            except Refusal as refusal:
                self.refusals.append(str(refusal))
                return refusal.answer

    def _verify(self, arrival):
        headers = arrival.headers
        found = CREDENTIAL.match(headers.get("authorization", ""))
        if not found:
            raise Refusal(403, "AccessDenied", "no signature of version 4")
        access_key, day, region, names, signature = found.groups()
        signed = names.split(";")
        if not MUST_BE_SIGNED <= set(signed) or signed != sorted(signed) or not set(signed) <= set(headers):
            raise Refusal(400, "AuthorizationHeaderMalformed", f"signed are {names}")
        if region != self.region:
            raise Refusal(400, "AuthorizationHeaderMalformed", f"the region is {self.region}")
        self._check_time(headers["x-amz-date"], day)
        if headers["x-amz-content-sha256"] != sha256(arrival.body):
            raise Refusal(400, "XAmzContentSHA256Mismatch", "the body is another one")
        if access_key != self.access_key:
            raise Refusal(403, "InvalidAccessKeyId", "nobody has this key")
        expected = signature_of(arrival.method, arrival.path, headers, sha256(arrival.body), secret=self.secret, day=day, region=region, signed=signed)
        if not hmac.compare_digest(signature, expected):
            raise Refusal(403, "SignatureDoesNotMatch", "the signature does not match")

    @staticmethod
    def _check_time(date, day):
        try:
            at = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
        except ValueError:
            raise Refusal(400, "AuthorizationHeaderMalformed", date) from None
        if date[:8] != day or abs(at.timestamp() - time.time()) > SKEW:
            raise Refusal(403, "RequestTimeTooSkewed", date)

    def _act(self, arrival):
        bucket, _, key = unquote(arrival.path.partition("?")[0]).lstrip("/").partition("/")
        if bucket != self.bucket:
            raise Refusal(404, "NoSuchBucket", bucket)
        if arrival.method == "PUT":
            self.objects[key], self.types[key] = arrival.body, arrival.headers.get("content-type")
            return Answer(200, b"")
        if arrival.method == "DELETE":
            self.objects.pop(key, None)
            return Answer(204, b"")
        if key not in self.objects:
            raise Refusal(404, "NoSuchKey", key)
        return Answer(200, self.objects[key] if arrival.method == "GET" else b"")
