# Raw HTTP/1.1 over sockets: what goes out is exactly what a test wrote, what comes in is read without mercy.
import json
import select
import socket
import ssl
import time


class Closed(ConnectionError):
    """The other side closed the connection before the answer was complete."""


class Response:
    def __init__(self, version, status, reason, headers, body):
        self.version = version
        self.status = status
        self.reason = reason
        self.headers = headers
        self.body = body

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name):
        """The value of a header that comes at most once, or None."""
        values = self.all(name)
        if len(values) > 1:
            raise AssertionError(f"{name} came {len(values)} times: {values}")
        return values[0] if values else None

    def json(self):
        return json.loads(self.body.decode("utf-8"))

    def __repr__(self):
        return f"<{self.status} {self.reason} {self.headers} {self.body[:600]!r}>"


def header_lines(headers):
    pairs = headers.items() if isinstance(headers, dict) else headers
    return b"".join(f"{name}: {value}\r\n".encode("utf-8") for name, value in pairs)


def format_request(method, target, headers=(), body=b"", version="HTTP/1.1"):
    """A complete request; Host and Content-Length are added unless the test brings its own framing."""
    pairs = list(headers.items() if isinstance(headers, dict) else headers)
    names = {name.lower() for name, _ in pairs}
    if "host" not in names:
        pairs.insert(0, ("Host", "127.0.0.1"))
    if (body or method == "POST") and not names & {"content-length", "transfer-encoding"}:
        pairs.append(("Content-Length", str(len(body))))
    return f"{method} {target} {version}\r\n".encode("utf-8") + header_lines(pairs) + b"\r\n" + body


def chunked(body, size, extension=b"", trailers=b""):
    """The body in chunks of `size` bytes, as Transfer-Encoding: chunked wants it."""
    parts = [body[i:i + size] for i in range(0, len(body), size)]
    framed = b"".join(b"%x%s\r\n%s\r\n" % (len(part), extension, part) for part in parts)
    return framed + b"0\r\n" + trailers + b"\r\n"


class Connection:
    def __init__(self, port, *, tls=None, timeout=20.0, host="127.0.0.1"):
        self.timeout = timeout
        self.socket = socket.create_connection((host, port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            try:
                self.socket = tls.wrap_socket(self.socket, server_hostname=host)
            except BaseException:
                self.socket.close()
                raise
        self._buffer = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def request(self, method, target, headers=(), body=b""):
        self.send(format_request(method, target, headers, body))
        return self.read_response(method)

    def get(self, target, headers=()):
        return self.request("GET", target, headers)

    def read_response(self, method="POST"):
        """The next final answer; 100 Continue answers before it are passed over."""
        while True:
            response = self.read_any(method)
            if response.status >= 200:
                return response

    def read_any(self, method="POST"):
        """The next answer, also an interim one (1xx)."""
        head = self._take_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        version, status, reason = (head[0].split(" ", 2) + [""])[:3]
        if not version.startswith("HTTP/"):
            raise AssertionError(f"not an HTTP answer: {head[0]!r}")
        pairs = []
        for line in head[1:]:
            name, _, value = line.partition(":")
            pairs.append((name, value.strip()))
        response = Response(version, int(status), reason, pairs, b"")
        if response.status >= 200 and response.status not in (204, 304) and method != "HEAD":
            response.body = self._read_body(response)
        return response

    def _read_body(self, response):
        length = response.header("Content-Length")
        if length is not None:
            return self._take(int(length))
        if (response.header("Transfer-Encoding") or "").lower() == "chunked":
            return self._read_chunks()
        return self._take_rest()

    def _read_chunks(self):
        body = b""
        while True:
            size = int(self._take_until(b"\r\n").split(b";")[0], 16)
            if size == 0:
                while self._take_until(b"\r\n"):
                    pass
                return body
            body += self._take(size)
            self._take(2)

    def _fill(self):
        data = self.socket.recv(65536)
        if not data:
            raise Closed(f"closed with {bytes(self._buffer[:200])!r} unread")
        self._buffer += data

    def _take(self, count):
        while len(self._buffer) < count:
            self._fill()
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def _take_until(self, mark):
        searched = 0
        while (at := self._buffer.find(mark, searched)) < 0:
            searched = max(0, len(self._buffer) - len(mark))
            self._fill()
        taken = bytes(self._buffer[:at])
        del self._buffer[:at + len(mark)]
        return taken

    def _take_rest(self):
        try:
            while True:
                self._fill()
        except (Closed, ConnectionError):
            taken = bytes(self._buffer)
            self._buffer.clear()
            return taken

    def readable(self, seconds):
        pending = isinstance(self.socket, ssl.SSLSocket) and self.socket.pending() > 0
        return bool(self._buffer) or pending or bool(select.select([self.socket], [], [], seconds)[0])

    def drain(self, seconds=20.0):
        """Everything until the peer closes; raises TimeoutError if it has not closed after `seconds`."""
        deadline = time.monotonic() + seconds
        data = bytes(self._buffer)
        self._buffer.clear()
        while True:
            self.socket.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                more = self.socket.recv(65536)
            except ConnectionError:
                more = b""
            if not more:
                return data
            data += more
            if time.monotonic() > deadline:
                raise TimeoutError("the peer keeps the connection open")


def status_of(raw):
    """The status of the first answer in raw bytes, or None where there is none."""
    line = raw.split(b"\r\n", 1)[0].split(b" ")
    return int(line[1]) if len(line) >= 2 and line[0].startswith(b"HTTP/") and line[1].isdigit() else None
