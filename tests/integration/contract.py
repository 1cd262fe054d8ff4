# The four default sources as data: paths, secrets, signing (with every way to get it wrong), bodies, error words.
import copy
import hashlib
import hmac
import itertools
import json
import os
import random
import time
import urllib.parse
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Callable, Optional

SECRETS = {
    "MEDICAL_WEBHOOK_SECRET": "it-medical-webhook-secret-0123456789abcdef",
    "MEDICAL_SYSTEM_WEBHOOK_SECRET": "it-medical-system-webhook-secret-0123456789",
    "ANALYTICS_NOTIFICATION_HMAC_SECRET": "it-analytics-notification-secret-0123456789",
    "VOICEDRIVE_WEBHOOK_SECRET": "it-voicedrive-webhook-secret-0123456789abc",
    "VOICEDRIVE_API_TOKEN": "it-voicedrive-api-token-0123456789abcdefgh",
}
PREVIOUS = {f"{name}_PREVIOUS": value.replace("it-", "old-it-") for name, value in SECRETS.items()}
READER_TOKEN = "it-reader-token-0123456789abcdefghijklmnop"
OPERATOR_TOKEN = "it-operator-token-0123456789abcdefghijklmn"
TOKENS = {"DENREI_READER_TOKEN": READER_TOKEN, "DENREI_OPERATOR_TOKEN": OPERATOR_TOKEN}
PHOTO_BASE = "https://d2k8x5j9m1n4p7.cloudfront.net/employees"
NAMES = ["山田太郎", "佐藤花子", "髙橋 﨑子", "鈴木一郎", "渡邊 さくら", "齋藤 蓮", "小原 Ελένη", "𠮷田 翔"]
TOKYO = timezone(timedelta(hours=9))

_run = os.urandom(4).hex()
_count = itertools.count(1)


def fresh(prefix):
    """An id that no other test of this run, or of another run, uses."""
    return f"{prefix}-{_run}-{next(_count)}"


def iso(at=None, millis=True):
    moment = datetime.fromtimestamp(time.time() if at is None else at, timezone.utc)
    return moment.isoformat(timespec="milliseconds" if millis else "seconds").replace("+00:00", "Z")


def parse_iso(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def encode(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def with_raw_member(body, raw, name=b"extra"):
    """The body with one more top-level member whose value is written exactly so."""
    assert body.endswith(b"}")
    return body[:-1] + b',"' + name + b'":' + raw + b"}"


def changed(value, path, new):
    """A copy of a body in which the member at a dotted path has another value."""
    result = copy.deepcopy(value)
    *parents, last = path.split(".")
    target = result
    for name in parents:
        target = target[name]
    target[last] = new
    return result


def without(value, path):
    result = copy.deepcopy(value)
    *parents, last = path.split(".")
    target = result
    for name in parents:
        target = target[name]
    del target[last]
    return result


# --- bodies

def photo(staff_id, at, version=1):
    return {
        "profilePhotoUrl": f"{PHOTO_BASE}/{urllib.parse.quote(staff_id, safe='')}-{version}.jpg",
        "photoUpdatedAt": iso(at),
        "photoMimeType": "image/jpeg",
        "photoFileSize": 180000 + version,
    }


def employee_created(staff_id, *, at=None, name=None, with_photo=True, version=1, photo_at=None, **data):
    at = time.time() if at is None else at
    member = {
        "staffId": staff_id,
        "fullName": name or random.choice(NAMES),
        "email": "yamada@hospital.example.com",
        "facilityId": "obara-hospital",
        "departmentId": "nursing-dept-05",
    }
    if with_photo:
        member |= photo(staff_id, at if photo_at is None else photo_at, version)
    return {"eventType": "employee.created", "timestamp": iso(at), "data": member | data}


def photo_updated(staff_id, *, at=None, version=2, photo_at=None, **data):
    at = time.time() if at is None else at
    member = {"staffId": staff_id} | photo(staff_id, at if photo_at is None else photo_at, version)
    return {"eventType": "employee.photo.updated", "timestamp": iso(at), "data": member | data}


def photo_deleted(staff_id, *, at=None, photo_at=None, reason="user_request", **data):
    at = time.time() if at is None else at
    member = {"staffId": staff_id, "deletionReason": reason, "photoDeletedAt": iso(at if photo_at is None else photo_at)}
    return {"eventType": "employee.photo.deleted", "timestamp": iso(at), "data": member | data}


def acknowledgement(case_number=None, **more):
    case_number = case_number or fresh("MED")
    body = {"reportId": case_number.replace("MED", "VD", 1), "caseNumber": case_number, "timestamp": iso()}
    return body | more


def analytics(kind="success", **more):
    body = {
        "type": kind,
        "title": {"success": "✅ 職員カルテ分析データ送信完了", "error": "❌ 職員カルテ分析データ送信失敗",
                  "warning": "⚠️ K-匿名性違反", "info": "ℹ️ システムメンテナンス"}[kind],
        "message": "期間: 2025-09-30 〜 2025-10-07\n総投稿数: 342件",
        "timestamp": int(time.time()),
        "source": "medical-staff-system",
        "accountLevel": 99,
        "notificationId": fresh("analytics"),
    }
    if kind == "success":
        body["details"] = {
            "period": {"startDate": "2025-09-30", "endDate": "2025-10-07"},
            "summary": {"totalPosts": 342, "totalUsers": 89, "participationRate": "74.2%"},
            "sentiment": {"positive": 172, "neutral": 126, "negative": 39, "confidence": 0.85},
            "topics": {"topKeywords": "業務改善, シフト調整, 患者対応", "emergingTopicsCount": 1},
            "performance": {"processingTime": "0.07秒", "rateLimit": {"remaining": 97, "limit": 100}},
        }
    if kind == "error":
        body["details"] = {
            "error": {"message": "VoiceDriveサーバーに接続できません", "timestamp": "2025-10-07T14:19:13.950Z",
                      "stack": "Error: connect ECONNREFUSED 127.0.0.1:4000\n    at ..."},
            "performance": {"processingTime": "0.05秒", "failedAt": "2025-10-07T14:19:13.950Z"},
            "actionRequired": "管理者による対応が必要です。ログファイルを確認してください。",
        }
    return body | more


def stats(announcement_id=None, event="stats.updated", *, at=None, delivered=450, actions=235, completions=189, details=True):
    figures = {"delivered": delivered, "actions": actions, "completions": completions}
    if details:
        figures["details"] = {
            "viewCount": 380, "uniqueViewers": 320, "averageReadTime": 45,
            "actionsByDepartment": {"看護部": 120, "医局": 50, "事務部": 40, "リハビリ科": 25},
        }
    return {
        "event": event,
        "timestamp": iso(at),
        "announcement": {
            "id": announcement_id or fresh("ann"),
            "title": "【アンケート】職場環境改善に関する意識調査のお願い",
            "category": "survey", "priority": "medium", "publishedAt": "2025-10-07T09:00:00.000Z",
        },
        "stats": figures,
        "metadata": {"source": "voicedrive", "version": "1.0.0", "environment": "production"},
    }


# --- sources

DEFAULT = object()   # "as a correct sender does it"; None leaves the header out


@dataclass(frozen=True)
class Source:
    name: str
    path: str
    secret: str
    signature_header: str
    make_body: Callable[[], dict]
    codes: dict = field(hash=False)
    overload: int = 503
    timestamp_header: Optional[str] = None
    format_time: Optional[Callable[[float], str]] = None
    signs_time: bool = False
    bearer: Optional[str] = None

    def signature(self, body, timestamp="", secret=None):
        key = (SECRETS[self.secret] if secret is None else secret).encode()
        signed = timestamp.encode("utf-8") + body if self.signs_time else body
        return hmac.new(key, signed, hashlib.sha256).hexdigest()

    def headers(self, body, *, secret=None, at=None, timestamp=DEFAULT, signature=DEFAULT, bearer=DEFAULT,
                content_type="application/json", request_id=None):
        """Headers of a signed request; the signature always fits the timestamp text unless given."""
        result = {}
        text = ""
        if self.timestamp_header:
            if timestamp is DEFAULT:
                timestamp = self.format_time(time.time() if at is None else at)
            if timestamp is not None:
                text = timestamp
                result[self.timestamp_header] = text
        if signature is DEFAULT:
            signature = self.signature(body, text, secret)
        if signature is not None:
            result[self.signature_header] = signature
        if self.bearer:
            if bearer is DEFAULT:
                bearer = f"Bearer {SECRETS[self.bearer]}"
            if bearer is not None:
                result["Authorization"] = bearer
        if content_type is not None:
            result["Content-Type"] = content_type
        if request_id is not None:
            result["X-Request-Id"] = request_id
        return result

    def error(self, response):
        """The word by which this source's sender recognises a refusal, its shape checked."""
        body = response.json()
        if self.name == "employee":
            assert set(body) == {"error"} and isinstance(body["error"], str) and body["error"], body
            return body["error"]
        assert body["success"] is False, body
        assert isinstance(body["error"]["code"], str) and isinstance(body["error"]["message"], str), body
        return body["error"]["code"]


EMPLOYEE = Source(
    name="employee", path="/api/webhooks/medical-system/employee", secret="MEDICAL_WEBHOOK_SECRET",
    signature_header="x-webhook-signature", timestamp_header="x-webhook-timestamp",
    format_time=lambda at: str(int(at * 1000)), signs_time=True, overload=500,
    make_body=lambda: employee_created(fresh("EMP")),
    codes={"signature": "Invalid signature", "expired": "Timestamp expired"})
ACKNOWLEDGEMENT = Source(
    name="acknowledgement", path="/api/webhook/compliance/acknowledgement", secret="MEDICAL_SYSTEM_WEBHOOK_SECRET",
    signature_header="X-Webhook-Signature", timestamp_header="X-Webhook-Timestamp", format_time=iso,
    make_body=acknowledgement,
    codes={"signature": "INVALID_SIGNATURE", "expired": "TIMESTAMP_EXPIRED", "invalid": "VALIDATION_ERROR"})
ANALYTICS = Source(
    name="analytics", path="/api/webhook/analytics-notification", secret="ANALYTICS_NOTIFICATION_HMAC_SECRET",
    signature_header="X-Signature", timestamp_header="X-Timestamp", format_time=lambda at: str(int(at)),
    make_body=analytics,
    codes={"signature": "INVALID_SIGNATURE", "expired": "EXPIRED_TIMESTAMP", "invalid": "INVALID_PAYLOAD"})
STATS = Source(
    name="stats", path="/api/voicedrive/stats", secret="VOICEDRIVE_WEBHOOK_SECRET", bearer="VOICEDRIVE_API_TOKEN",
    signature_header="X-VoiceDrive-Signature", make_body=stats,
    codes={"signature": "INVALID_SIGNATURE", "invalid": "VALIDATION_ERROR"})
STATS_V1 = Source(**{**STATS.__dict__, "path": "/api/v1/voicedrive/stats"})
SOURCES = (EMPLOYEE, ACKNOWLEDGEMENT, ANALYTICS, STATS)
GENERAL_CODES = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 413: "PAYLOAD_TOO_LARGE", 415: "UNSUPPORTED_MEDIA_TYPE",
                 429: "RATE_LIMITED"}
