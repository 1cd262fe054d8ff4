# The gateway as a process: started, stopped, killed, asked. Kills only what it started. A redis-server of one's own: redis_server.py.
#
# DENREI_BIN       the binary (default: build/denrei of this tree)
# DENREI_PATIENCE  factor on every deadline, for sanitizer builds (default 1)
import atexit
import os
import random
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import weakref
from pathlib import Path
from urllib.parse import quote

import contract
from wire import Connection

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("DENREI_BIN", ROOT / "build" / "denrei")).resolve()
PATIENCE = float(os.environ.get("DENREI_PATIENCE", "1"))
SANITIZER_WORDS = (b"AddressSanitizer", b"LeakSanitizer", b"ThreadSanitizer", b"runtime error:", b"DENREI_ASSERT", b"terminate called")

_soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (_hard if _hard == resource.RLIM_INFINITY else min(_hard, 65536), _hard))
live = weakref.WeakSet()
_used_ports = set()


@atexit.register
def _end_everything():
    for process in list(live):
        process.dispose()


def wait_until(condition, what, seconds=15.0):
    """Polls until condition() is true (and returns its value); fails with `what` when the deadline passes."""
    deadline = time.monotonic() + seconds * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds * PATIENCE:.0f} s in vain: {what() if callable(what) else what}")
        time.sleep(0.01)


def free_port():
    """A free port below the ephemeral range, where a client that retries can never connect to itself."""
    while True:
        port = random.SystemRandom().randint(15000, 31999)
        if port in _used_ports:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _used_ports.add(port)
        return port


def process_name(pid):
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


class Denrei:
    """One gateway: ports and data directory stay the same over stop, kill and start."""

    def __init__(self, *, environment=None, flags=(), redis=None, secrets=None, tokens=None, data=None, tls=None):
        self.home = Path(tempfile.mkdtemp(prefix="denrei-it-"))
        self.data = Path(data) if data else self.home / "data"
        self.port, self.ops_port = free_port(), free_port()
        self.environment = (contract.SECRETS if secrets is None else secrets) | (contract.TOKENS if tokens is None else tokens)
        self.environment |= environment or {}
        self.flags = list(flags)
        self.redis = redis
        self.tls = tls          # an ssl.SSLContext for the public listener
        self.process = None
        self._redis_seen = set()
        live.add(self)

    # --- life

    def command(self):
        line = [str(BINARY), "serve", "--listen", f"127.0.0.1:{self.port}", "--ops-listen", f"127.0.0.1:{self.ops_port}",
                "--data-dir", str(self.data)]
        return line + (["--redis", self.redis] if self.redis else []) + self.flags

    def spawn(self):
        assert self.process is None or self.process.poll() is not None, "still running"
        if not BINARY.exists():
            raise AssertionError(f"no binary at {BINARY}; build it or set DENREI_BIN")
        environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": str(self.home), "LANG": "C.UTF-8"}
        environment |= {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")} | self.environment
        with open(self.home / "stdout", "ab") as out, open(self.home / "stderr", "ab") as err:
            self.process = subprocess.Popen(self.command(), cwd=self.home, env=environment, stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=err)
        return self

    def start(self, seconds=20.0):
        self.spawn()
        self.wait_ready(seconds)
        return self

    def wait_ready(self, seconds=20.0):
        def ready():
            if self.process.poll() is not None:
                raise AssertionError(f"exit {self.process.returncode} instead of ready\n{self.tail()}")
            return self.readiness() == 200
        wait_until(ready, lambda: f"/readyz answers {self.readiness()}\n{self.tail()}", seconds)
        self.redis_pid()

    def readiness(self):
        """The status of /readyz, or None where nobody answers."""
        try:
            return self.ops("/readyz").status
        except OSError:
            return None

    def wait_exit(self, seconds=30.0):
        try:
            return self.process.wait(seconds * PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running {seconds * PATIENCE:.0f} s later\n{self.tail()}") from None

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def stop(self, seconds=30.0):
        """SIGTERM; the exit code has to be 0."""
        self.redis_pid()
        self.terminate()
        code = self.wait_exit(seconds)
        assert code == 0, f"exit {code} after SIGTERM\n{self.tail()}"

    def kill9(self):
        self.redis_pid()
        self.process.kill()
        self.process.wait()

    def restart(self):
        self.stop()
        return self.start()

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def dispose(self):
        """Ends everything this object started and removes its directory; for clean-up, checks nothing."""
        if self.process is not None and self.process.poll() is None:
            self.redis_pid()
            self.process.kill()
            self.process.wait()
        for pid in self._redis_seen:
            if self._is_our_redis(pid):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.home, ignore_errors=True)
        live.discard(self)

    # --- the embedded redis-server

    def redis_pid(self):
        """The process id of the embedded redis-server, or None while there is none."""
        for pid in self._redis_candidates():
            if self._is_our_redis(pid):
                self._redis_seen.add(pid)
                return pid
        return None

    def _redis_candidates(self):
        try:
            yield int((self.data / "redis.pid").read_text())
        except (OSError, ValueError):
            pass
        if self.is_alive():
            for task in Path(f"/proc/{self.process.pid}/task").glob("*/children"):
                try:
                    yield from map(int, task.read_text().split())
                except OSError:
                    pass

    def _is_our_redis(self, pid):
        """Guards every kill: a running redis-server that works in, or was started with, our data directory."""
        if not is_running(pid) or process_name(pid) != "redis-server":
            return False
        try:
            where = os.readlink(f"/proc/{pid}/cwd")
            line = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace")
        except OSError:
            return False
        ours = str(self.data.resolve())
        return where.startswith(ours) or ours in line or (self.is_alive() and self._parent(pid) == self.process.pid)

    @staticmethod
    def _parent(pid):
        try:
            return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            return 0

    def kill_redis(self):
        pid = wait_until(self.redis_pid, "the embedded redis-server does not run")
        os.kill(pid, signal.SIGKILL)
        return pid

    # --- what it says

    def output(self):
        return (self.home / "stdout").read_bytes()

    def errors(self):
        return (self.home / "stderr").read_bytes()

    def tail(self):
        last = [f"--- {name}\n" + data[-3000:].decode("utf-8", "replace") for name, data in
                (("stdout", self.output()), ("stderr", self.errors()))]
        return "\n".join(last)

    # --- talking to it

    def connect(self, timeout=20.0):
        return Connection(self.port, tls=self.tls, timeout=timeout * PATIENCE)

    def request(self, method, target, headers=(), body=b""):
        with self.connect() as connection:
            return connection.request(method, target, headers, body)

    def get(self, target, token=contract.READER_TOKEN, headers=None):
        credentials = {} if token is None else {"Authorization": f"Bearer {token}"}
        return self.request("GET", target, credentials | (headers or {}))

    def ops(self, target, headers=()):
        with Connection(self.ops_port, timeout=20 * PATIENCE) as connection:
            return connection.get(target, headers)

    def post(self, source, event, connection=None, **signing):
        """Signs and sends an event (a value, or the raw bytes) to its source."""
        body = event if isinstance(event, bytes) else contract.encode(event)
        headers = source.headers(body, **signing)
        if connection is not None:
            return connection.request("POST", source.path, headers, body)
        return self.request("POST", source.path, headers, body)

    # --- the readers' views

    def employee(self, staff_id):
        return self.get(f"/api/employees/{quote(staff_id, safe='')}")

    def timeline_page(self, staff_id, limit=None, cursor=None):
        query = "&".join(f"{k}={quote(str(v), safe='')}" for k, v in (("limit", limit), ("cursor", cursor)) if v is not None)
        return self.get(f"/api/employees/{quote(staff_id, safe='')}/timeline" + (f"?{query}" if query else ""))

    def timeline(self, staff_id, limit=None):
        """Every line, read page by page; an unknown key has none."""
        lines, cursor = [], None
        while True:
            page = self.timeline_page(staff_id, limit, cursor)
            if page.status == 404 and cursor is None:
                return []
            assert page.status == 200, page
            lines += page.json()["data"]
            following = page.json()["next"]
            if following is None:
                return lines
            assert following != cursor and page.json()["data"], "paging does not advance"
            cursor = following

    def acknowledgements(self, after=None, limit=None, headers=None):
        query = "&".join(f"{k}={quote(str(v), safe='')}" for k, v in (("after", after), ("limit", limit)) if v is not None)
        return self.get("/api/notifications/acknowledgements" + (f"?{query}" if query else ""), headers=headers)

    def announcement(self, announcement_id):
        return self.get(f"/api/announcements/{quote(announcement_id, safe='')}/stats")


class ServerCase(unittest.TestCase):
    """Tests that share one gateway; at the end it has to have lived through all of them and to stop cleanly."""

    environment = {}
    flags = ()
    secrets = None
    tokens = None

    @classmethod
    def setUpClass(cls):
        cls.server = Denrei(environment=cls.environment, flags=cls.flags, secrets=cls.secrets, tokens=cls.tokens)
        cls.addClassCleanup(cls.server.dispose)
        cls.server.start()
        cls.first_process = cls.server.process.pid

    @classmethod
    def tearDownClass(cls):
        assert cls.server.process.pid == cls.first_process
        assert cls.server.is_alive(), f"the gateway died, exit {cls.server.process.returncode}\n{cls.server.tail()}"
        cls.server.stop()
        for word in SANITIZER_WORDS:
            assert word not in cls.server.errors(), cls.server.tail()

    def post(self, source, event, **signing):
        """Posts an event and checks what holds for every answer (protocol §1.10)."""
        response = self.server.post(source, event, **signing)
        self.check_answer(response)
        return response

    def accept(self, source, event, **signing):
        response = self.post(source, event, **signing)
        self.assertEqual(response.status, 200, response)
        return response

    def refuse(self, source, event, status, word=None, **signing):
        response = self.post(source, event, **signing)
        self.assertEqual(response.status, status, response)
        found = source.error(response)
        if word is not None and (source.name != "employee" or status == 401):
            self.assertEqual(found, word, response)
        self.assertIsNone(response.header("Idempotent-Replayed"), response)
        return response

    def check_answer(self, response):
        self.assertEqual(response.header("Content-Type"), "application/json; charset=utf-8", response)
        self.assertRegex(response.header("X-Request-Id") or "", r"\A[A-Za-z0-9._-]{1,128}\Z", response)
        response.json()

    def check_problem(self, response, status):
        """A refusal of the reading API: JSON of whatever kind, with the status."""
        self.assertEqual(response.status, status, response)
        self.assertRegex(response.header("Content-Type") or "", r"\Aapplication/(problem\+)?json", response)
        self.assertIsInstance(response.json(), dict)
        self.assertTrue(response.header("X-Request-Id"), response)
