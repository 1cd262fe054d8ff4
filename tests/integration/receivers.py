#!/usr/bin/env python3
# Receivers of the tests' own: HTTP servers that answer as a test says and write down what arrives, in the order in which it arrived.
#
# Receiver         in this process: answers are planned, held back or programmed; it can be closed and opened again
# ReceiverProcess  a process of its own, for kill -9: every arrival is in its file before it is answered
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

from harness import PATIENCE, free_port, live, wait_until

SUCCESS = b'{"success":true}'
PHRASES = {200: "OK", 204: "No Content", 302: "Found", 401: "Unauthorized", 410: "Gone", 429: "Too Many Requests",
           500: "Internal Server Error"}


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: bytes = SUCCESS
    headers: tuple = ()                  # pairs
    after: float = 0.0                   # seconds of thinking
    act: Optional[Callable] = None       # act(link, ended) instead of an answer; the connection is closed after it


@dataclass(frozen=True)
class Arrival:
    """One request, as it came; `at` is when its last byte had been read."""
    number: int
    at: float
    method: str
    path: str
    headers: dict                        # names in lower case
    body: bytes
    connection: int

    @property
    def id(self):
        return self.headers.get("webhook-id")

    @property
    def sequence(self):
        return int(self.headers["denrei-sequence"])

    def json(self):
        return json.loads(self.body)


class Receiver:
    def __init__(self, *, tls=None, default=Answer(), note=None, port=None):
        self.port = port or free_port()
        self.default = default           # an Answer, or a function from an arrival to one
        self.most_at_once = 0
        self._tls, self._note = tls, note
        self._arrivals, self._plans, self._links = [], {}, set()
        self._changed = threading.Condition()
        self._go = threading.Event()
        self._go.set()
        self._ended = threading.Event()
        self._under_way = self._connections = 0
        self._listener = None
        live.add(self)

    # --- life

    def open(self):
        self._ended.clear()
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=512)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()
        return self

    def close(self):
        """Breaks every connection off; what has arrived is remembered."""
        self._ended.set()
        if self._listener is not None:
            with self._changed:
                links, listener = list(self._links), self._listener
                self._listener = None
            for link in [listener, *links]:
                self._break(link)
            listener.close()

    dispose = close

    @staticmethod
    def _break(link):
        try:
            link.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def url(self, path="/hooks", host="127.0.0.1"):
        return f"http{'s' if self._tls else ''}://{host}:{self.port}{path}"

    # --- what it answers

    def plan(self, word, *answers):
        """Requests whose body has this word get these answers (or what these functions of the arrival say) in turn, and then the default."""
        with self._changed:
            self._plans[word.encode()] = list(answers)

    def hold(self):
        """From now on nothing is answered, until release()."""
        self._go.clear()

    def release(self):
        self._go.set()

    # --- what has come

    def arrivals(self, word=None):
        with self._changed:
            return [a for a in self._arrivals if word is None or word.encode() in a.body]

    def wait_for(self, count, word=None, seconds=15.0):
        """The arrivals (with this word) as soon as there are so many."""
        deadline = time.monotonic() + seconds * PATIENCE
        with self._changed:
            while True:
                found = [a for a in self._arrivals if word is None or word.encode() in a.body]
                if len(found) >= count:
                    return found
                left = deadline - time.monotonic()
                if left <= 0:
                    what = f"arrivals with {word}" if word else "arrivals"
                    raise AssertionError(f"{len(found)} of {count} {what} after {seconds * PATIENCE:.0f} s")
                self._changed.wait(left)

    # --- connections

    def _accept(self, listener):
        while True:
            try:
                link, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link):
        with self._changed:
            self._links.add(link)
            self._connections += 1
            number = self._connections
        try:
            if self._ended.is_set():
                return
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                link = self._tls.wrap_socket(link, server_side=True)
            with link.makefile("rb") as reader:
                while self._exchange(link, reader, number):
                    pass
        except (OSError, ValueError):
            pass                         # it hung up, or we did
        finally:
            with self._changed:
                self._links.discard(link)
            link.close()

    def _exchange(self, link, reader, connection):
        """One request and its answer; whether another may follow."""
        if reader.peek(1)[:1] == b"\x16":      # a TLS handshake: its bytes may hold a line's end or not
            link.sendall(encode_answer(Answer(400)))
            return False
        line = reader.readline().decode("latin-1").split()
        if len(line) != 3:
            return False
        headers = {}
        while (text := reader.readline().decode("utf-8", "replace").rstrip("\r\n")):
            name, _, value = text.partition(":")
            headers[name.strip().lower()] = value.strip()
        length = int(headers.get("content-length", 0))
        body = reader.read(length)
        if len(body) < length:
            return False
        answer = self._take_in(line, headers, body, connection)
        try:
            self._go.wait()
            if answer.after:
                self._ended.wait(answer.after)
        finally:
            with self._changed:
                self._under_way -= 1
        if self._ended.is_set():
            return False
        if answer.act is not None:
            answer.act(link, self._ended)
            return False
        link.sendall(encode_answer(answer))
        return True

    def _take_in(self, line, headers, body, connection):
        with self._changed:
            arrival = Arrival(len(self._arrivals), time.time(), line[0], line[1], headers, body, connection)
            if self._note is not None:
                self._note(arrival)
            self._arrivals.append(arrival)
            self._under_way += 1
            self.most_at_once = max(self.most_at_once, self._under_way)
            self._changed.notify_all()
            for word, answers in self._plans.items():
                if answers and word in body:
                    return chosen(answers.pop(0), arrival)
        return chosen(self.default, arrival)


def chosen(answer, arrival):
    return answer if isinstance(answer, Answer) else answer(arrival)


def encode_answer(answer):
    lines = [f"HTTP/1.1 {answer.status} {PHRASES.get(answer.status, 'Word')}", f"Content-Length: {len(answer.body)}"]
    lines += [f"{name}: {value}" for name, value in (("Content-Type", "application/json"), *answer.headers)]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + answer.body


# --- receivers that behave badly

def drip(link, ended):
    """A good beginning, and then a byte now and then for ever."""
    link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not ended.wait(0.05):
        link.sendall(b"x")


def drip_headers(link, ended):
    link.sendall(b"HTTP/1.1 200 OK\r\n")
    while not ended.wait(0.05):
        link.sendall(b"X-Slow: 1\r\n")


def pour(link, ended):
    """A body without an end, as fast as it is read."""
    link.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not ended.is_set():
        link.sendall(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")


def pour_headers(link, ended):
    link.sendall(b"HTTP/1.1 200 OK\r\n")
    while not ended.is_set():
        link.sendall(b"X-More: " + b"x" * 1000 + b"\r\n")


def say(data):
    """Exactly these bytes, and the end of the connection."""
    return lambda link, ended: link.sendall(data)


def say_nothing(link, ended):
    """Keeps the connection and is silent, until the other side goes."""
    while not ended.is_set() and not select.select([link], [], [], 0.05)[0]:
        pass


# --- a receiver that can be killed

class ReceiverProcess:
    """Answers every request with success; its file tells what has come, whoever was killed meanwhile."""

    def __init__(self):
        self.port = free_port()
        self.home = Path(tempfile.mkdtemp(prefix="denrei-receiver-"))
        self.file = self.home / "arrivals"
        self.file.touch()
        self.process = None
        live.add(self)

    def start(self):
        with open(self.home / "log", "ab") as log:
            self.process = subprocess.Popen([sys.executable, __file__, str(self.port), str(self.file)], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)
        wait_until(self.answers, lambda: "the receiver does not start: " + (self.home / "log").read_text())
        return self

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
            return True
        except OSError:
            return False

    def kill9(self):
        self.process.kill()
        self.process.wait()

    def url(self, path="/hooks"):
        return f"http://127.0.0.1:{self.port}{path}"

    def count(self):
        return self.file.read_bytes().count(b"}\n")

    def arrivals(self):
        """Dictionaries with id, sequence and body; a line that a kill cut short was never answered."""
        return [json.loads(line) for line in self.file.read_bytes().splitlines() if line.endswith(b"}}")]

    def dispose(self):
        if self.process is not None and self.process.poll() is None:
            self.kill9()
        for path in self.home.iterdir() if self.home.exists() else ():
            path.unlink()
        if self.home.exists():
            self.home.rmdir()
        live.discard(self)


def main(port, path):
    out = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(out, b"\n")                 # ends a line that a kill may have cut short

    def note(arrival):
        line = {"id": arrival.id, "sequence": arrival.sequence, "body": arrival.json()}
        os.write(out, json.dumps(line).encode() + b"\n")

    Receiver(port=port, note=note, default=Answer(after=0.005)).open()      # so that a kill finds some under way
    threading.Event().wait()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
