# Readers of live streams (Server-Sent Events) over raw sockets: what they hear is taken apart by the letter of the specification.
import json
import selectors
import socket
import time

from contract import READER_TOKEN
from harness import PATIENCE
from wire import Closed, format_request

STREAM = "/api/notifications/stream"


class Event:
    def __init__(self, name, id, data, seconds):
        self.name = name
        self.id = id            # of this event; None: it had none
        self.data = data
        self.seconds = seconds  # when its last byte had come, by time.monotonic()

    def json(self):
        return json.loads(self.data)

    def __repr__(self):
        return f"<{self.name} {self.id} {self.data[:200]!r}>"


class Parser:
    """WHATWG HTML 9.2.6: bytes in, events out."""

    def __init__(self):
        self.comments, self.retry = 0, None
        self._rest = b""
        self._name, self._id, self._data = "", None, []

    def feed(self, data):
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [event for line in lines if (event := self._line(line.decode("utf-8"))) is not None]

    def _line(self, line):
        if line == "":
            return self._dispatch()
        if line.startswith(":"):
            self.comments += 1
            return None
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            self._name = value
        elif field == "id":
            self._id = value
        elif field == "data":
            self._data.append(value)
        elif field == "retry":
            self.retry = int(value)
        else:
            raise AssertionError(f"not a field of a stream: {line!r}")
        return None

    def _dispatch(self):
        name, id, data = self._name, self._id, self._data
        self._name, self._id, self._data = "", None, []
        return Event(name or "message", id, "\n".join(data), time.monotonic()) if data else None


class Stream:
    """One reader. Everything that it has heard is in `events`."""

    def __init__(self, server, target=STREAM, *, last=None, token=READER_TOKEN, port=None, tls=None, version="HTTP/1.1", receive_buffer=None):
        headers = {"Accept": "text/event-stream"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if last is not None:
            headers["Last-Event-ID"] = last
        self.events = []
        self.parser = Parser()
        self.head = None        # status and headers, once they are here
        self._raw = b""
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(20 * PATIENCE)
        self.socket.connect(("127.0.0.1", port or server.port))
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_hostname="127.0.0.1", suppress_ragged_eofs=False)
        self.socket.sendall(format_request("GET", target, headers, version=version))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def read_once(self):
        """Takes what has come, or waits for it as long as the socket does. Raises Closed at the end."""
        try:
            data = self.socket.recv(1 << 18)
        except ConnectionError:
            data = b""
        if not data:
            raise Closed("the stream ended")
        if self.head is None:
            self._raw += data
            head, mark, data = self._raw.partition(b"\r\n\r\n")
            if not mark:
                return
            line, *fields = head.decode("latin-1").split("\r\n")
            self.head = int(line.split(" ")[1]), {k.lower(): v.strip() for k, _, v in (f.partition(":") for f in fields)}
        self.events += self.parser.feed(data)

    def read_until(self, condition, what="an event", seconds=15.0):
        """Reads until condition(self) is true."""
        deadline = time.monotonic() + seconds * PATIENCE
        while not condition(self):
            left = deadline - time.monotonic()
            if left <= 0:
                raise AssertionError(f"waited {seconds * PATIENCE:.0f} s in vain for {what}; head {self.head}, heard {self.events[-5:]}")
            self.socket.settimeout(left)
            try:
                self.read_once()
            except TimeoutError:
                pass
        return self

    def open(self):
        """Waits for the head, which has to be that of a stream, and for the first frame."""
        self.read_until(lambda s: s.head is not None and (s.head[0] != 200 or s.parser.retry is not None), "the head")
        assert self.head[0] == 200, self.head
        return self

    def named(self, name):
        return [event for event in self.events if event.name == name]

    def first(self, name, seconds=15.0):
        self.read_until(lambda s: s.named(name), f"an event {name}", seconds)
        return self.named(name)[0]

    def notification(self, notification_id, seconds=15.0):
        """Waits for the notification with this id."""
        self.read_until(lambda s: notification_id in s.heard(), f"the notification {notification_id}", seconds)
        return next(e for e in self.named("notification") if e.json()["notificationId"] == notification_id)

    def heard(self):
        """The ids of all notifications heard, in order."""
        return [event.json()["notificationId"] for event in self.named("notification")]

    def last_id(self):
        """What a client would send as Last-Event-ID."""
        return next((event.id for event in reversed(self.events) if event.id is not None), None)

    def read_to_the_end(self, seconds=15.0):
        deadline = time.monotonic() + seconds * PATIENCE
        try:
            while True:
                self.socket.settimeout(max(0.001, deadline - time.monotonic()))
                self.read_once()
        except Closed:
            return self


class Crowd:
    """Many readers in one thread."""

    def __init__(self, streams):
        self.streams = streams
        self.ended = set()
        self._selector = selectors.DefaultSelector()
        for stream in streams:
            stream.socket.setblocking(False)
            self._selector.register(stream.socket, selectors.EVENT_READ, stream)

    def read_until(self, condition, what, seconds=30.0):
        """Reads until condition(stream) is true for every stream."""
        deadline = time.monotonic() + seconds * PATIENCE
        waiting = {s for s in self.streams if not condition(s)}
        while waiting:
            if time.monotonic() > deadline:
                raise AssertionError(f"{len(waiting)} of {len(self.streams)} streams waited in vain for {what}; {len(self.ended)} ended")
            for key, _ in self._selector.select(0.1):
                try:
                    key.data.read_once()
                except BlockingIOError:
                    continue
                except Closed:
                    self.ended.add(key.data)
                    self._selector.unregister(key.fileobj)
                if condition(key.data):
                    waiting.discard(key.data)

    def close(self):
        self._selector.close()
        for stream in self.streams:
            stream.close()
