# The flows of the five seed documents between two gateways: one plays the medical system, one VoiceDrive, as they are shipped.
import json
import re
import signal
import time
import unittest
from datetime import datetime

from contract import (EMPLOYEE, PHOTO_BASE, SECRETS, STATS_V1, TOKYO, acknowledgement, analytics, employee_created, encode, fresh, iso,
                      parse_iso, photo_deleted, photo_updated, stats)
from harness import PATIENCE, wait_until
from outbound import LOCAL, Deliverer, DeliveryCase, destination, shipped
from receivers import Answer, Receiver
from test_employee import values

PATHS = {"VOICEDRIVE_EMPLOYEE_URL": "/api/webhooks/medical-system/employee",
         "VOICEDRIVE_ACKNOWLEDGEMENT_URL": "/api/webhook/compliance/acknowledgement",
         "VOICEDRIVE_ANALYTICS_URL": "/api/webhook/analytics-notification"}
QUICK = ["30ms", "40ms", "50ms"]
SECRET_WARNING = "【緊急】署名の秘密鍵が誤っているか、漏洩した可能性があります。\n\n"


def as_shipped(**changes):
    """The shipped destinations, allowed to reach this machine without TLS."""
    names = ("voicedrive_employee", "voicedrive_acknowledgement", "voicedrive_analytics", "records_stats")
    return shipped(**{name: LOCAL | changes.get(name, {}) for name in names})


def urls_of(port):
    return {name: f"http://127.0.0.1:{port}{path}" for name, path in PATHS.items()}


def make_medical(port, *, slack=None, **options):
    """The medical system, whose events go to a VoiceDrive on that port."""
    environment = urls_of(port) | ({"SLACK_WEBHOOK_URL": slack.url("/services/T000/B000/alerts")} if slack else {})
    changes = {name: {"schedule": QUICK} for name in ("voicedrive_employee", "voicedrive_acknowledgement")}
    return Deliverer(as_shipped(**changes, voicedrive_analytics={"schedule": QUICK[:2]}), environment=environment, **options)


class Flows(DeliveryCase):
    @classmethod
    def setUpClass(cls):
        cls.medical = Deliverer(as_shipped())
        cls.voicedrive = Deliverer(as_shipped(), environment={"RECORDS_STATS_URL": f"http://127.0.0.1:{cls.medical.port}{STATS_V1.path}"})
        cls.medical.environment |= urls_of(cls.voicedrive.port)
        cls.begin(cls.voicedrive)
        cls.begin(cls.medical)

    def deliver(self, server, event_type, key, event):
        """Hands the event in and answers its delivery when it has arrived, at the first attempt."""
        delivery = server.wait_state(server.send(event_type, key, event), "delivered")
        self.assertEqual((delivery["attempts"], delivery["lastStatus"]), (1, 200), delivery)
        return delivery

    # --- employees (seed employee-photo-webhooks 1.3)

    def test_the_three_test_cases_of_the_employee_seed(self):
        staff, now = fresh("TEST"), time.time()
        events = [employee_created(staff, at=now - 50, name="テスト太郎"), photo_updated(staff, at=now - 40, version=2),
                  photo_deleted(staff, at=now - 30)]
        for number, event in enumerate(events, 1):
            delivery = self.deliver(self.medical, event["eventType"], staff, event)
            self.assertEqual((delivery["destination"], delivery["sequence"]), ("voicedrive-employee", number))
            self.assertEqual(delivery["history"][0]["answer"]["body"], '{"success":true}')
        record = values(self.voicedrive.employee(staff).json())
        self.assertIn("テスト太郎", record)
        self.assertIn("user_request", record)
        self.assertNotIn(f"{PHOTO_BASE}/{staff}-2.jpg", record)
        self.assertEqual([(line["eventType"], line["outcome"]) for line in self.voicedrive.timeline(staff)],
                         [(event["eventType"], "applied") for event in events])

    def test_an_employee_s_events_arrive_in_the_order_in_which_they_were_handed_in(self):
        people, now, events = [fresh("EMP") for _ in range(10)], time.time() - 1000, []
        for number in range(20):
            for staff in people:
                at = now + number
                make = employee_created if number == 0 else photo_deleted if number % 7 == 6 else photo_updated
                events.append((staff, make(staff, at=at) if make is photo_deleted else make(staff, at=at, version=number)))
        self.medical.send_many([(event["eventType"], staff, event) for staff, event in events])
        for staff in people:
            wait_until(lambda: len(self.voicedrive.timeline(staff)) == 20, self.medical.tail)
            lines = self.voicedrive.timeline(staff)
            self.assertEqual([line["timestamp"] for line in lines], [iso(now + number) for number in range(20)])
            self.assertEqual({line["outcome"] for line in lines}, {"applied"})
            self.assertIn(f"{PHOTO_BASE}/{staff}-19.jpg", values(self.voicedrive.employee(staff).json()))

    def test_what_was_handed_in_arrives_as_it_was(self):
        staff = fresh("EMP")
        event = employee_created(staff, name="𠮷田 \"翔\" \\ </script>\u2028", position="看護師\n主任", authLevel=9007199254740993,
                                 remark={"share": 0.1, "tiny": 1e-7, "deep": [[], {}, None, True, -1]})
        self.deliver(self.medical, "employee.created", staff, event)
        record = values(self.voicedrive.employee(staff).json())
        for expected in (event["data"]["fullName"], event["data"]["position"], 9007199254740993):
            self.assertIn(expected, record)

    # --- acknowledgements (seed compliance-acknowledgement)

    def test_an_acknowledgement_is_seen_by_polling(self):
        event = acknowledgement()
        delivery = self.deliver(self.medical, "compliance.acknowledged", event["caseNumber"], event)
        start = parse_iso(delivery["history"][0]["startedAt"]) - parse_iso(delivery["receivedAt"])
        self.assertLess(start, 1 * PATIENCE, "protocol 3.2: within 1 s of being handed over")
        notice, = [n for n in self.voicedrive.acknowledgements(limit=1000).json() if n["caseNumber"] == event["caseNumber"]]
        self.assertEqual(notice["reportId"], event["reportId"])
        self.assertIn(notice["notificationId"], delivery["history"][0]["answer"]["body"])

    # --- analytics notifications (seed analytics-notification)

    def test_analytics_notifications_come_to_the_list_of_level_99(self):
        sent = {kind: analytics(kind) for kind in ("success", "error", "warning", "info")}
        for kind, event in sent.items():
            delivery = self.deliver(self.medical, f"analytics.{kind}", event["notificationId"], event)
            self.assertEqual(delivery["destination"], "voicedrive-analytics")
        listed = {n["notificationId"]: n for n in self.voicedrive.get("/api/notifications?limit=1000").json()}
        for kind, event in sent.items():
            notice = listed[event["notificationId"]]
            self.assertEqual((notice["type"], notice["title"], notice["message"]), (kind, event["title"], event["message"]))

    def test_a_notification_for_another_level_is_given_up_at_once(self):
        event = analytics(accountLevel=50)
        delivery = self.medical.wait_state(self.medical.send("analytics.success", event["notificationId"], event), "dead")
        self.assertEqual((delivery["reason"], delivery["lastStatus"], delivery["attempts"]), ("given_up", 403, 1))

    # --- statistics, the other way (seed announcement-stats)

    def test_statistics_go_from_voicedrive_to_the_medical_system(self):
        name, now = fresh("ann"), time.time()
        for number, kind in enumerate(("stats.updated", "stats.hourly", "stats.daily")):
            delivery = self.deliver(self.voicedrive, kind, name, stats(name, kind, at=now - 100 + number, actions=number))
            self.assertIn("統計情報を正常に受信しました", delivery["history"][0]["answer"]["body"])
        document = self.medical.announcement(name).json()
        self.assertEqual(document["latest"]["actions"], 2)
        self.assertEqual([point["actions"] for point in document["series"]], [0, 1, 2])

    # --- both

    def test_a_repeat_of_what_was_handed_in_is_delivered_once(self):
        staff, identity = fresh("EMP"), fresh("order")
        first = self.medical.hand_in("employee.created", staff, employee_created(staff), id=identity)
        again = self.medical.hand_in("employee.created", staff, employee_created(staff), id=identity)
        self.assertEqual((first.status, again.status, again.body), (202, 202, first.body))
        self.assertEqual(again.header("Idempotent-Replayed"), "true")
        self.medical.wait_state(first.json()["id"], "delivered")
        self.deliver(self.medical, "employee.photo.updated", staff, photo_updated(staff))
        self.assertEqual([line["eventType"] for line in self.voicedrive.timeline(staff)], ["employee.created", "employee.photo.updated"])

    def test_what_no_route_wants_goes_nowhere_and_says_so(self):
        event = self.medical.event(self.medical.send("photo.album", "nobody", {"n": 1}))
        self.assertEqual(event["deliveries"], [])
        self.assertIn("no route matches", event["why"])

    def test_the_log_has_a_line_an_attempt_without_names_or_secrets(self):
        staff = fresh("EMP")
        event = employee_created(staff, name="秘密の名前")
        delivery = self.deliver(self.medical, "employee.created", staff, event)
        wait_until(lambda: delivery["id"] in self.medical.output().decode(), self.medical.tail)
        lines = [line for line in self.medical.output().decode().splitlines() if delivery["id"] in line]
        self.assertEqual(len(lines), 1, lines)
        self.assertIn('"log":"attempt"', lines[0])
        said = self.medical.output().decode() + self.medical.errors().decode()
        for word in (staff, "秘密の名前", *SECRETS.values()):
            self.assertNotIn(word, said)


class PassedOn(DeliveryCase):
    """What a source receives can go to destinations too, byte for byte."""

    def test_a_webhook_is_passed_on_as_it_came_and_a_repeat_is_not(self):
        receiver = self.open(Receiver())
        config = shipped()
        config["destination"].append(destination("archive", receiver.url()))
        config["route"].append({"destination": "archive", "sources": ["employee"], "types": ["employee.photo.*"], "keys": ["EMP-*"]})
        server = self.begin(Deliverer(config))
        staff = fresh("EMP")
        bodies = [json.dumps(photo_updated(staff, version=n, remark="\u2028 é / 𠮷", rate=n + 0.10), indent=n).encode() for n in range(1, 5)]
        for body in (*bodies, bodies[1], bodies[3]):
            self.assertEqual(server.post(EMPLOYEE, body).status, 200)
        self.assertEqual(server.post(EMPLOYEE, employee_created(staff)).status, 200)
        self.assertEqual(server.post(EMPLOYEE, photo_updated(fresh("TMP"))).status, 200)
        last = photo_deleted(staff)
        self.assertEqual(server.post(EMPLOYEE, last).status, 200)
        arrivals = receiver.wait_for(5)
        server.wait_report("archive", pending=0)
        self.assertEqual([arrival.body for arrival in receiver.arrivals()], [*bodies, encode(last)])
        self.assertEqual([arrival.sequence for arrival in arrivals], [1, 2, 3, 4, 5])
        delivery = server.pages("/ops/deliveries", state="delivered", key=staff)[0]
        self.assertEqual((delivery["source"], delivery["type"]), ("employee", "employee.photo.deleted"))
        self.assertEqual(len(server.timeline(staff)), 6)


class WrongSecret(DeliveryCase):
    """401 means that the secret is wrong or known to others: no retry, an urgent alert, a dead letter; mended, it can be sent again."""

    @classmethod
    def setUpClass(cls):
        cls.voicedrive = cls.begin(Deliverer(as_shipped()))
        cls.slack = cls.open(Receiver())

    def give_up(self):
        """A medical system with a wrong secret, the file that holds it, and the delivery that VoiceDrive refused."""
        others = {name: value for name, value in SECRETS.items() if name != "MEDICAL_WEBHOOK_SECRET"}
        medical = make_medical(self.voicedrive.port, slack=self.slack, secrets=others)
        self.addCleanup(medical.dispose)
        file = medical.home / "secret"
        file.write_text("a-wrong-secret-of-more-than-32-characters\n")
        medical.environment["MEDICAL_WEBHOOK_SECRET_FILE"] = str(file)
        medical.start()
        self.staff, self.created = fresh("EMP"), time.time()
        event = employee_created(self.staff)
        delivery = medical.wait_state(medical.send("employee.created", self.staff, event), "dead")
        self.assertEqual((delivery["reason"], delivery["lastStatus"], delivery["attempts"]), ("given_up", 401, 1), delivery)
        self.assertIn("Invalid signature", delivery["history"][0]["answer"]["body"])
        self.assertEqual(self.voicedrive.employee(self.staff).status, 404)
        return medical, file, delivery

    def check_alert(self):
        text = self.slack.wait_for(1, self.staff)[0].json()["text"]
        lines = text.splitlines()
        self.assertTrue(text.startswith(SECRET_WARNING + "🚨 Webhook送信失敗アラート\n\n"), text)
        self.assertIn(f"staffId: {self.staff}", lines)
        self.assertIn("エラー内容: 401 Unauthorized", lines)

    def send_again(self, medical, delivery):
        listed, = medical.dead_letters(key=self.staff)
        self.assertEqual((listed["id"], listed["reason"], listed["lastStatus"]), (delivery["id"], "given_up", 401))
        answer = medical.order(f"/ops/dead-letters/{delivery['id']}/resend")
        self.assertEqual((answer.status, answer.json()), (202, {"id": delivery["id"], "state": "pending"}), answer)
        done = medical.wait_state(delivery["eventId"], "delivered")
        self.assertEqual((done["id"], done["attempts"], done["resends"]), (delivery["id"], 2, 1))
        self.assertEqual([attempt["status"] for attempt in done["history"]], [401, 200])
        self.assertEqual(self.voicedrive.employee(self.staff).status, 200)
        self.assertEqual(medical.dead_letters(), [])
        actions = [entry["action"] for entry in medical.audit(deliveryId=delivery["id"])]
        self.assertEqual(actions, ["delivery_resent", "webhook_delivery_failed"])
        medical.stop()

    def test_mended_by_a_reload(self):
        medical, file, delivery = self.give_up()
        self.check_alert()
        file.write_text(SECRETS["MEDICAL_WEBHOOK_SECRET"] + "\n")
        medical.process.send_signal(signal.SIGHUP)
        wait_until(lambda: b'"reloaded"' in medical.output(), medical.tail)
        self.send_again(medical, delivery)

    def test_mended_by_a_restart(self):
        medical, file, delivery = self.give_up()
        self.check_alert()
        file.write_text(SECRETS["MEDICAL_WEBHOOK_SECRET"])
        medical.restart()
        self.send_again(medical, delivery)
        self.assertEqual(len(self.slack.arrivals(self.staff)), 1, "an alert that was sent is not sent again")


class SlackAlerts(DeliveryCase):
    """What operators read, to the letter of the seeds."""

    @classmethod
    def setUpClass(cls):
        cls.voicedrive = cls.open(Receiver(default=Answer(500, b"{}")))
        cls.slack = cls.open(Receiver(default=Answer(200, b"ok")))
        cls.medical = cls.begin(make_medical(cls.voicedrive.port, slack=cls.slack))

    def alert(self, word):
        arrival = self.slack.wait_for(1, word)[0]
        self.assertEqual((arrival.method, arrival.path, set(arrival.json())), ("POST", "/services/T000/B000/alerts", {"text"}))
        self.assertEqual(arrival.headers["content-type"], "application/json")
        return arrival.json()["text"]

    def check_time(self, text):
        """The one time in a text, in Japan and now; answers the text without it."""
        found = re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d JST", text)
        moment = datetime.strptime(found.group(), "%Y-%m-%d %H:%M:%S JST").replace(tzinfo=TOKYO).timestamp()
        self.assertLess(abs(moment - time.time()), 10 * PATIENCE)
        return text.replace(found.group(), "TIME")

    def test_the_schedule_has_ended(self):
        staff = fresh("EMP")
        delivery = self.medical.wait_state(self.medical.send("employee.created", staff, employee_created(staff)), "dead")
        self.assertEqual((delivery["reason"], delivery["attempts"]), ("exhausted", 4))
        self.assertEqual(self.check_time(self.alert(staff)),
                         "🚨 Webhook送信失敗アラート\n\nイベントタイプ: employee.created\n" f"staffId: {staff}\n"
                         "エラー内容: 500 Internal Server Error\nリトライ状況: 3回失敗（最大リトライ回数に到達）\nタイムスタンプ: TIME\n\n対応が必要です。")

    def test_a_request_that_will_not_get_better(self):
        staff = fresh("EMP")
        self.voicedrive.plan(staff, Answer(400))
        delivery = self.medical.wait_state(self.medical.send("employee.photo.updated", staff, photo_updated(staff)), "dead")
        self.assertEqual((delivery["reason"], delivery["attempts"]), ("given_up", 1))
        text = self.alert(staff)
        self.assertTrue(text.startswith("🚨 Webhook送信失敗アラート\n\nイベントタイプ: employee.photo.updated\n"), text)
        self.assertIn("エラー内容: 400 Bad Request\nリトライ状況: リトライなし", text)

    def test_an_acknowledgement_that_could_not_be_delivered(self):
        event = acknowledgement()
        case = event["caseNumber"]
        delivery = self.medical.wait_state(self.medical.send("compliance.acknowledged", case, event), "dead")
        self.assertEqual((delivery["reason"], delivery["attempts"]), ("exhausted", 4))
        self.assertEqual(self.alert(case), f"ケース番号 {case} の受付確認通知が4回の試行後も配信できませんでした。\n手動での確認が必要です。")
        entry, = self.medical.audit("webhook_delivery_failed", caseNumber=case)
        self.assertEqual((entry["reportId"], entry["attempts"], entry["lastError"]), (event["reportId"], 4, "500 Internal Server Error"))
        self.assertLess(abs(parse_iso(entry["timestamp"]) - time.time()), 10 * PATIENCE)

    def test_nobody_is_alerted_about_an_analytics_notification(self):
        event = analytics()
        self.medical.wait_state(self.medical.send("analytics.success", event["notificationId"], event), "dead")
        staff = fresh("EMP")      # an alert that comes later in the same queue
        self.voicedrive.plan(staff, Answer(401))
        self.medical.wait_state(self.medical.send("employee.created", staff, employee_created(staff)), "dead")
        self.alert(staff)
        self.assertEqual(self.slack.arrivals(event["notificationId"]), [])
        entry, = self.medical.audit("webhook_delivery_failed", key=event["notificationId"])
        self.assertEqual(entry["attempts"], 3)


class AlertsInNumbers(DeliveryCase):
    def setUp(self):
        self.voicedrive, self.slack = Receiver(default=Answer(500)).open(), Receiver().open()
        self.addCleanup(self.voicedrive.close)
        self.addCleanup(self.slack.close)
        self.medical = make_medical(self.voicedrive.port, slack=self.slack)
        self.addCleanup(self.medical.dispose)
        self.medical.start()

    def exhaust(self, staff):
        self.medical.wait_state(self.medical.send("employee.created", staff, employee_created(staff)), "dead")

    def test_many_alike_become_one_message_and_a_digest(self):
        people = [fresh("EMP") for _ in range(4)]
        self.exhaust(people[0])
        self.slack.wait_for(1)
        for staff in people[1:]:
            self.exhaust(staff)
        self.medical.stop()      # no window is waited for any more
        first, digest = [arrival.json()["text"] for arrival in self.slack.wait_for(2)]
        self.assertIn(people[0], first)
        self.assertIn("アラートがさらに3件あります", digest)
        self.assertIn(people[3], digest)

    def test_what_was_told_while_it_stopped_is_not_told_again(self):
        people = [fresh("EMP") for _ in range(3)]
        for staff in people:
            self.exhaust(staff)
        self.slack.wait_for(1)
        self.medical.stop()      # the digest of the other two goes out
        self.slack.wait_for(2)
        self.medical.start()
        marker = fresh("EMP")    # an alert of another kind, behind whatever is told again
        self.voicedrive.plan(marker, Answer(401))
        self.exhaust(marker)
        self.slack.wait_for(1, marker)
        self.medical.stop()
        told = [arrival.json()["text"] for arrival in self.slack.arrivals()]
        self.assertEqual(len(told), 3, "\n---\n".join(told))

    def test_slack_that_is_away_is_tried_again_after_a_second(self):
        staff = fresh("EMP")
        self.slack.plan(staff, Answer(500))
        self.exhaust(staff)
        first, second = self.slack.wait_for(2, staff)
        self.assertEqual(first.body, second.body)
        self.assertGreaterEqual(second.at - first.at, 0.99)
        self.medical.stop()

    def test_an_alert_that_was_not_sent_before_a_kill_is_sent_after_it(self):
        staff = fresh("EMP")
        self.slack.hold()
        self.exhaust(staff)
        self.slack.wait_for(1, staff)
        self.medical.kill9()
        self.slack.release()
        self.medical.start()
        self.slack.wait_for(2, staff)
        self.medical.stop()
        self.medical.start()
        self.exhaust(fresh("EMP"))      # a later alert is there, and the first one did not come again
        self.slack.wait_for(3)
        self.assertEqual(len(self.slack.arrivals(staff)), 2)
        self.medical.stop()


if __name__ == "__main__":
    unittest.main()
