# A redis-server of the test's own on a unix socket, for --redis unix://…: paused, killed, filled, brought back.
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from harness import live, wait_until


class RedisServer:
    """Set as strictly as the embedded one; its data survive kill9() and start()."""

    def __init__(self):
        self.home = Path(tempfile.mkdtemp(prefix="denrei-redis-"))
        self.url = f"unix://{self.home}/redis.sock"
        self.process = None
        live.add(self)

    def start(self):
        with open(self.home / "log", "ab") as log:
            self.process = subprocess.Popen(
                ["redis-server", "--port", "0", "--unixsocket", str(self.home / "redis.sock"), "--dir", str(self.home),
                 "--save", "", "--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.home)
        wait_until(self.answers, lambda: "redis-server does not answer: " + (self.home / "log").read_text())
        return self

    def command(self, *words):
        """One command in the Redis protocol; the raw answer."""
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(5)
            link.connect(str(self.home / "redis.sock"))
            parts = [b"$%d\r\n%s\r\n" % (len(word.encode()), word.encode()) for word in words]
            link.sendall(b"*%d\r\n" % len(parts) + b"".join(parts))
            return link.recv(65536)

    def answers(self):
        try:
            return self.command("PING") == b"+PONG\r\n"
        except OSError:
            return False

    def kill9(self):
        self.process.kill()
        self.process.wait()

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def dispose(self):
        if self.process is not None and self.process.poll() is None:
            self.kill9()
        shutil.rmtree(self.home, ignore_errors=True)
        live.discard(self)
