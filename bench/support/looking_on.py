# People who look on: many live streams of one denrei, read by one thread, and notifications that they are to see.
#
# Shape   with Onlookers(server, count, notifications_per_s) as onlookers: …; onlookers.seen, .sent, .lag_ms (of each event's last reader)
# Limits  as many streams as this process may open files
import hashlib
import hmac
import http.client
import json
import selectors
import socket
import threading
import time
import uuid

PATH = "/api/webhook/analytics-notification"
OPEN_SECONDS = 20


class Onlookers:
    def __init__(self, server, count, notifications_per_s):
        self.server, self.count, self.rate = server, count, notifications_per_s
        self.seen, self.sent, self.ended = 0, 0, False
        self.sent_at, self.last_seen_at, self.copies = {}, {}, {}
        self.threads = []

    def __enter__(self):
        self.selector = selectors.DefaultSelector()
        for _ in range(self.count):
            self.selector.register(self.open_stream(), selectors.EVENT_READ, bytearray())
        if self.count:
            self.run(self.read)
            self.wait(lambda: self.server.counter("denrei_streams_open") == self.count)
        if self.rate:
            self.run(self.post)
        return self

    def __exit__(self, *_):
        self.ended = True
        for thread in self.threads:
            thread.join()
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()

    def run(self, work):
        self.threads.append(threading.Thread(target=work))
        self.threads[-1].start()

    @staticmethod
    def wait(condition):
        end = time.monotonic() + OPEN_SECONDS
        while not condition():
            if time.monotonic() > end:
                raise OSError("the streams did not open")
            time.sleep(0.05)

    def open_stream(self):
        stream = socket.create_connection(("127.0.0.1", self.server.port))
        stream.sendall(f"GET /api/notifications/stream HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {self.server.reader_token}\r\n\r\n".encode())
        return stream

    def read(self):
        while not self.ended:
            for key, _ in self.selector.select(timeout=0.1):
                try:
                    got = key.fileobj.recv(65536)
                except OSError:
                    got = b""
                if not got:
                    self.selector.unregister(key.fileobj)
                    continue
                self.take(key.data, got)

    def take(self, rest, got):
        rest += got
        while (end := rest.find(b"\n\n")) >= 0:
            frame, now = bytes(rest[:end]), time.monotonic()
            del rest[:end + 2]
            mark = frame.find(b"bench-")
            if mark >= 0:
                name = frame[mark:mark + 38].decode()
                self.seen += 1
                self.last_seen_at[name] = now
                self.copies[name] = self.copies.get(name, 0) + 1

    def post(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        due = time.monotonic()
        while not self.ended:
            name = f"bench-{uuid.uuid4().hex}"
            body = json.dumps({"type": "info", "title": "live", "message": "for everybody", "timestamp": int(time.time()), "source": "medical-staff-system",
                               "accountLevel": 99, "notificationId": name}).encode()
            headers = {"Content-Type": "application/json", "X-Timestamp": str(int(time.time())),
                       "X-Signature": hmac.new(self.server.secret.encode(), body, hashlib.sha256).hexdigest()}
            self.sent_at[name] = time.monotonic()
            connection.request("POST", PATH, body, headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status == 200:
                self.sent += 1
            due += 1 / self.rate
            time.sleep(max(0.0, due - time.monotonic()))
        connection.close()

    def everybody_saw(self):
        """Whether every notification that was accepted has reached every stream, once."""
        return self.seen == self.sent * self.count

    def lags_ms(self):
        """From the send of each notification to its last reader."""
        return sorted((self.last_seen_at[name] - at) * 1e3 for name, at in self.sent_at.items() if self.copies.get(name) == self.count)
