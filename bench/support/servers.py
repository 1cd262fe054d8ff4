# The servers under measurement: nginx, bare and denrei, each started privately on loopback ports and stopped by its handle.
#
# Shape   with start(kind, place) as server: server.target, server.pids() -> {name: [pid, …]}
# Limits  20 s to become ready, 30 s to stop
# Errors  ServerFailed, with the end of the server's log
import contextlib
import glob
import http.client
import os
import pathlib
import pwd
import signal
import socket
import subprocess
import time

from support.metrics import Metrics

READY_SECONDS = 20
STOP_SECONDS = 30
ANSWER = '{"success":true}'


class ServerFailed(Exception):
    pass


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(condition, seconds, pause=0.02):
    """The condition's value as soon as it is true, or its last value when the time is over."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() >= end:
            return value
        time.sleep(pause)


def http_get(port, path):
    """(status, text), or None while nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def cpu_seconds(pids):
    """The scheduler's run time of all threads of these processes."""
    total = 0
    for pid in pids:
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


class Server:
    """A child process with its own folder and log file."""

    name = ""

    def __init__(self, place):
        self.folder = pathlib.Path(place)
        self.folder.mkdir(parents=True)
        self.port = free_port()
        self.target = f"127.0.0.1:{self.port}"
        self.log = self.folder / "server.log"
        self.process = None

    def run(self, command, environment=None):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            cwd=self.folder, env=environment)
        if not wait_until(lambda: self.is_ready() or self.process.poll() is not None, READY_SECONDS):
            raise ServerFailed(f"{self.name} was not ready after {READY_SECONDS} s\n{self.log_end()}")
        if self.process.poll() is not None:
            raise ServerFailed(f"{self.name} ended with {self.process.returncode}\n{self.log_end()}")

    def is_ready(self):
        return http_get(self.port, "/") is not None

    def pids(self):
        return {"gateway": [self.process.pid]}

    def log_end(self):
        return self.log.read_text("utf-8", "replace")[-2000:] if self.log.exists() else ""

    def stop(self):
        """What was wrong with the end, or nothing."""
        if self.process is None:
            return None
        if self.process.poll() is not None:
            return f"{self.name} ended by itself with {self.process.returncode}\n{self.log_end()}"
        self.process.terminate()
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return f"{self.name} did not stop within {STOP_SECONDS} s of SIGTERM"
        return None if code == 0 else f"{self.name} ended with {code} after SIGTERM\n{self.log_end()}"


class Nginx(Server):
    name = "nginx"

    def start(self, options):
        user = f"user {pwd.getpwuid(os.geteuid()).pw_name} root;" if os.geteuid() == 0 else ""
        temporary = "\n".join(f"  {kind}_temp_path {self.folder}/{kind};"
                              for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        config = self.folder / "nginx.conf"
        config.write_text(f"""daemon off; worker_processes 1; pid {self.folder}/nginx.pid; {user}
error_log {self.log} error;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 75s; default_type application/json;
{temporary}
  server {{ listen 127.0.0.1:{self.port} backlog=1024; return 200 '{ANSWER}'; }}
}}
""")
        self.run([options.nginx, "-p", str(self.folder), "-e", str(self.log), "-c", str(config)])

    def pids(self):
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return {"gateway": [self.process.pid, *map(int, children)]}


class Bare(Server):
    name = "bare"

    def start(self, options):
        self.run([str(options.build / "bare"), str(self.port)])


class Denrei(Server):
    name = "denrei"

    def start(self, options):
        self.ops_port = free_port()
        self.data = self.folder / "data"
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ") if name in os.environ}
        self.run([str(options.build / "denrei"), "serve", "--listen", self.target, "--ops-listen",
                  f"127.0.0.1:{self.ops_port}", "--data-dir", str(self.data), *self.arguments(options)],
                 environment | self.variables(options))

    def arguments(self, options):
        return options.denrei_arg

    def variables(self, options):
        return {"MEDICAL_WEBHOOK_SECRET": options.secret}

    def is_ready(self):
        return (http_get(self.ops_port, "/readyz") or (0,))[0] == 200

    def redis_pid(self):
        try:
            return int((self.data / "redis.pid").read_text())
        except (OSError, ValueError):
            return None

    def pids(self):
        redis = self.redis_pid()
        return {"gateway": [self.process.pid], **({"redis": [redis]} if redis else {})}

    def metrics(self):
        """What /metrics says; nothing while nobody answers."""
        status, text = http_get(self.ops_port, "/metrics") or (0, "")
        return Metrics(text if status == 200 else "")

    def counter(self, name):
        """The sum of a counter over its labels, or None when it is not exported."""
        value = self.metrics().total(name)
        return None if value is None else int(value)

    def durability(self):
        sockets = glob.glob(str(self.data / "*.sock"))
        if not sockets:
            return "unknown"
        answer = subprocess.run(["redis-cli", "-s", sockets[0], "CONFIG", "GET", "appendfsync"], capture_output=True,
                                text=True, timeout=5, check=False).stdout.split()
        return "appendfsync " + answer[1] if len(answer) == 2 else "unknown"

    def stop(self):
        redis = self.redis_pid()
        trouble = super().stop()
        if redis and not wait_until(lambda: not is_redis(redis), 5):
            with contextlib.suppress(ProcessLookupError):
                os.kill(redis, signal.SIGTERM)
            trouble = (trouble or "") + f"redis-server {redis} outlived denrei"
        return trouble


def is_redis(pid):
    with contextlib.suppress(OSError):
        return b"redis-server" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


KINDS = {kind.name: kind for kind in (Nginx, Bare, Denrei)}


@contextlib.contextmanager
def running(server, options, problems):
    try:
        server.start(options)
        yield server
    finally:
        trouble = server.stop()
        if trouble:
            problems.append(trouble)
