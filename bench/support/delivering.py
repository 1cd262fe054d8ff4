# Denrei with a destination: the shipped configuration, and a route of all employee events to an nginx that answers 200.
#
# Shape   Deliverer(place, sink, flags): a server as any other; DeliveryWatch(server) samples what was delivered while it runs
# Units   seconds of the monotonic clock; deliveries
import threading
import time

from support import command, servers

SAMPLE_SECONDS = 0.1  # a page of metrics costs the gateway about 0.25 ms of CPU
ATTEMPTS = "denrei_delivery_attempts_total"

# Signed as the contract of VoiceDrive wants it. A backlog is what is measured, so none is too long.
DESTINATION = """
[[destination]]
name             = "sink"
url_env          = "BENCH_SINK_URL"
plain_http       = true
allow            = ["127.0.0.1"]
scheme           = "hmac_timestamp_body"
signature_header = "x-webhook-signature"
timestamp_header = "x-webhook-timestamp"
timestamp_format = "unix_ms"
secret           = "MEDICAL_WEBHOOK_SECRET"
schedule         = ["1s", "1s", "1s"]
pending_max      = 10000000

[[route]]
destination = "sink"
sources     = ["employee"]
"""


class Deliverer(servers.Denrei):
    def __init__(self, place, sink, flags):
        super().__init__(place)
        self.sink, self.flags = sink, flags

    def arguments(self, options):
        config = self.folder / "denrei.toml"
        config.write_text((command.ROOT / "config" / "denrei.toml").read_text() + DESTINATION)
        return ["--config", str(config), *self.flags, *options.denrei_arg]

    def variables(self, options):
        return super().variables(options) | {"BENCH_SINK_URL": f"http://{self.sink.target}/hooks"}


class Deliveries:
    """What one page of metrics says about the destination."""

    def __init__(self, metrics):
        self.at = time.monotonic()
        self.delivered = int(metrics.total(ATTEMPTS, result="delivered") or 0)
        self.failed = int(sum(metrics.total(ATTEMPTS, result=result) or 0 for result in ("retried", "given_up")))
        self.dead = int(metrics.total("denrei_dead_letters") or 0)
        self.pending = int(metrics.total("denrei_deliveries_pending") or 0)


class DeliveryWatch:
    """Samples in the background from `with` on; wait() ends it when nothing is left to deliver."""

    def __init__(self, server):
        self.server = server
        self.first = self.last = Deliveries(server.metrics())
        self.before = self.first.delivered
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *problem):
        self._ended.set()
        self._thread.join()

    def _sample(self):
        while not self._ended.wait(SAMPLE_SECONDS):
            self._take()

    def _take(self):
        now = Deliveries(self.server.metrics())
        if self.first.delivered == self.before and now.delivered > self.before:
            self.first = now
        self.last = now

    def delivered(self):
        return self.last.delivered - self.before

    def rate(self):
        """From the first sample that saw a delivery to the last one; what the first had seen by then does not count."""
        seconds = self.last.at - self.first.at
        return (self.last.delivered - self.first.delivered) / seconds if seconds > 0 else 0.0

    def wait(self, accepted, seconds):
        """Whether all of them were delivered in time."""
        self._ended.set()
        self._thread.join()

        def all_there():
            self._take()
            return self.delivered() >= accepted and self.last.pending == 0
        return servers.wait_until(all_there, seconds)
