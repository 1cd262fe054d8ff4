# Demo traffic: an invented hospital of 40 staff sends what the two real systems would send, signed, to one loopback port.
#
# Use     python3 scripts/demo/traffic.py PORT; secrets come from the environment, as Denrei's do
# Shape   first everybody is created (a bulk load), then about three events a second until SIGTERM
# Now and then a sender repeats itself, a photo comes late, or a signature is wrong: Denrei's answer to each is known and checked.
import hashlib
import hmac
import http.client
import itertools
import json
import os
import random
import sys
import time
import uuid
from datetime import datetime, timezone

EVENTS_PER_SECOND = 3
REPORT_EVERY_S = 10
SENT_KEPT = 200     # bodies from which a repeat is chosen
LATE_BY_S = 7 * 24 * 3600

SURNAMES = ["佐藤", "鈴木", "髙橋", "田中", "伊藤", "渡邊", "山本", "中村", "小林", "加藤"]
GIVEN_NAMES = ["結衣", "大輝", "さくら", "蓮"]
POSITIONS = ["看護師", "主任看護師", "医師", "薬剤師", "理学療法士", "医療事務"]
DEPARTMENTS = ["看護部", "医局", "薬剤部", "リハビリ科", "事務部"]
STAFF = [{"staffId": f"EMP-2025-{number:03}", "fullName": f"{surname} {given}"}
         for number, (given, surname) in enumerate(itertools.product(GIVEN_NAMES, SURNAMES), start=1)]
ANNOUNCEMENTS = [
    ("ANN-2025-001", "【アンケート】職場環境改善に関する意識調査のお願い", "survey"),
    ("ANN-2025-002", "インフルエンザ予防接種のご案内", "announcement"),
    ("ANN-2025-003", "医療安全研修の受講について", "training"),
]


def iso(at=None):
    moment = datetime.fromtimestamp(time.time() if at is None else at, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def sign(secret_name, *parts):
    return hmac.new(os.environ[secret_name].encode(), b"".join(parts), hashlib.sha256).hexdigest()


# --- the four senders: path and headers of a body

def employee_headers(body):
    now = str(int(time.time() * 1000))
    return {"x-webhook-timestamp": now, "x-webhook-signature": sign("MEDICAL_WEBHOOK_SECRET", now.encode(), body)}


def acknowledgement_headers(body):
    return {"X-Webhook-Timestamp": iso(), "X-Webhook-Signature": sign("MEDICAL_SYSTEM_WEBHOOK_SECRET", body),
            "X-Request-Id": str(uuid.uuid4())}


def analytics_headers(body):
    return {"X-Timestamp": str(int(time.time())), "X-Signature": sign("ANALYTICS_NOTIFICATION_HMAC_SECRET", body)}


def stats_headers(body):
    return {"Authorization": "Bearer " + os.environ["VOICEDRIVE_API_TOKEN"],
            "X-VoiceDrive-Signature": sign("VOICEDRIVE_WEBHOOK_SECRET", body)}


def sender_headers(_body):
    return {"Authorization": "Bearer " + os.environ["DENREI_SENDER_TOKEN"]}


SENDERS = {
    "employee": ("/api/webhooks/medical-system/employee", employee_headers),
    "acknowledgement": ("/api/webhook/compliance/acknowledgement", acknowledgement_headers),
    "analytics": ("/api/webhook/analytics-notification", analytics_headers),
    "stats": ("/api/voicedrive/stats", stats_headers),
    "announcement": ("/api/announcements/", sender_headers),  # and its id: people read and click, Denrei counts and tells the records
}


# --- bodies

def created(person):
    data = person | {"email": person["staffId"].lower() + "@minatodai.example", "facilityId": "FAC-001",
                     "departmentId": random.choice(DEPARTMENTS), "position": random.choice(POSITIONS), "employmentStatus": "active"}
    return {"eventType": "employee.created", "timestamp": iso(), "data": data}


def photo_updated(person, at=None):
    data = {"staffId": person["staffId"], "photoUpdatedAt": iso(at), "photoMimeType": "image/jpeg",
            "profilePhotoUrl": f"https://d2k8x5j9m1n4p7.cloudfront.net/employees/{person['staffId']}-{uuid.uuid4().hex[:8]}.jpg",
            "photoFileSize": random.randint(80_000, 400_000)}
    return {"eventType": "employee.photo.updated", "timestamp": iso(), "data": data}


def photo_deleted(person):
    data = {"staffId": person["staffId"], "deletionReason": "本人の希望", "photoDeletedAt": iso()}
    return {"eventType": "employee.photo.deleted", "timestamp": iso(), "data": data}


def acknowledgement():
    number = f"2025-{random.randrange(10_000):04}"
    return {"reportId": f"VD-{number}", "caseNumber": f"MED-{number}", "timestamp": iso()}


def analytics():
    kind, title, message = random.choice([
        ("success", "職員カルテ分析データ送信完了", "総投稿数: 342件"), ("info", "システムメンテナンス", "今夜 02:00 から 30 分間"),
        ("warning", "K-匿名性違反", "対象者が 5 名未満の部署があります"), ("error", "職員カルテ分析データ送信失敗", "接続できません")])
    return {"type": kind, "title": title, "message": message, "timestamp": int(time.time()), "source": "medical-staff-system",
            "accountLevel": 99, "notificationId": "demo-" + uuid.uuid4().hex}


CIRCULARS = [
    ("ann_20251007_001", "【アンケート】職場環境改善に関する意識調査のお願い", "survey"),
    ("ann_20251007_002", "ストレスチェック面談のご案内", "interview"),
]


def published(title, category):
    return {"title": title, "category": category, "priority": "medium", "publishedAt": "2025-10-07T09:00:00.000Z", "delivered": len(STAFF)}


def action(person):
    kind = random.choice(["view", "view", "click", "completion"])
    return {"action": kind, "department": random.choice(DEPARTMENTS), "viewer": person["staffId"], "readTimeSeconds": random.randint(5, 120),
            "actionId": uuid.uuid4().hex}


class Announcement:
    """Figures that only grow, as people read and click."""

    def __init__(self, name, title, category):
        self.about = {"id": name, "title": title, "category": category, "priority": "medium", "publishedAt": "2025-10-07T00:00:00.000Z"}
        self.actions = dict.fromkeys(DEPARTMENTS, 0)
        self.completions = 0

    def figures(self):
        self.actions[random.choice(DEPARTMENTS)] += 1
        self.completions += random.randrange(2)
        stats = {"delivered": len(STAFF), "actions": sum(self.actions.values()), "completions": self.completions,
                 "details": {"actionsByDepartment": self.actions}}
        return {"event": "stats.updated", "timestamp": iso(), "announcement": self.about, "stats": stats,
                "metadata": {"source": "voicedrive", "version": "1.0.0", "environment": "development"}}


# --- sending

class Traffic:
    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
        self.sent = []
        self.counts = {"accepted": 0, "repeat": 0, "refused": 0, "failed": 0}
        self.announcements = [Announcement(*row) for row in ANNOUNCEMENTS]

    def post(self, sender, body, wanted, spoil=False, below="", method="POST"):
        path, make_headers = SENDERS[sender]
        headers = {"Content-Type": "application/json"} | make_headers(body)
        if spoil:
            name = next(n for n in headers if n.lower().endswith("signature"))
            headers[name] = headers[name][::-1]
        try:
            self.connection.request(method, path + below, body, headers)
            answer = self.connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            return self.complain(f"{sender}: {error}")
        repeated = answer.getheader("Idempotent-Replayed") == "true"
        became = "refused" if answer.status == 401 else "repeat" if repeated else "accepted" if answer.status in (200, 202) else "failed"
        if became != wanted:
            return self.complain(f"{sender}: {answer.status} instead of {wanted}: {text[:200]}")
        self.counts[became] += 1

    def complain(self, text):
        self.counts["failed"] += 1
        print("traffic:", text, file=sys.stderr, flush=True)

    def send(self, sender, event):
        body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        self.post(sender, body, "accepted")
        self.sent = self.sent[-SENT_KEPT:] + [(sender, body)]

    def publish(self, circular):
        name, title, category = circular
        self.post("announcement", json.dumps(published(title, category)).encode(), "accepted", below=name, method="PUT")

    def act(self, person):
        self.post("announcement", json.dumps(action(person)).encode(), "accepted", below=random.choice(CIRCULARS)[0] + "/actions")

    def bad_signature(self):
        self.post("employee", json.dumps(photo_updated(random.choice(STAFF))).encode(), "refused", spoil=True)

    def one_event(self):
        person = random.choice(STAFF)
        choices = [
            (40, lambda: self.send("employee", photo_updated(person))),
            (8, lambda: self.send("employee", created(person))),
            (4, lambda: self.send("employee", photo_deleted(person))),
            (4, lambda: self.send("employee", photo_updated(person, time.time() - LATE_BY_S))),
            (5, lambda: self.post(*random.choice(self.sent), "repeat")),
            (3, self.bad_signature),
            (20, lambda: self.send("stats", random.choice(self.announcements).figures())),
            (10, lambda: self.send("acknowledgement", acknowledgement())),
            (6, lambda: self.send("analytics", analytics())),
            (30, lambda: self.act(person)),
        ]
        random.choices([act for _, act in choices], [weight for weight, _ in choices])[0]()

    def report(self):
        total = sum(self.counts.values())
        print(f"{time.strftime('%H:%M:%S')}  sent {total}:", ", ".join(f"{n} {what}" for what, n in self.counts.items()), flush=True)


def main():
    traffic = Traffic(int(sys.argv[1]))
    for person in STAFF:
        traffic.send("employee", created(person))
    for circular in CIRCULARS:
        traffic.publish(circular)
    # Every receiver hears of something at once.
    for sender, event in (("employee", photo_deleted(STAFF[0])), ("acknowledgement", acknowledgement()), ("stats", traffic.announcements[0].figures())):
        traffic.send(sender, event)
    last_report = time.monotonic()
    while True:
        traffic.one_event()
        time.sleep(random.expovariate(EVENTS_PER_SECOND))
        if time.monotonic() - last_report >= REPORT_EVERY_S:
            last_report = time.monotonic()
            traffic.report()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
