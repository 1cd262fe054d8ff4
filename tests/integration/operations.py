# A gateway whose operators have something to do: destinations of several kinds, dead letters made to order, jobs watched.
from contract import fresh
from harness import free_port, wait_until
from outbound import Deliverer, DeliveryCase, config_of, destination
from receivers import Answer, Receiver

NOBODY = "dlv_" + "0" * 32


class OperationsCase(DeliveryCase):
    """A gateway with three partitions, so that every list is put together; destinations alpha and beta give up at once on 4xx."""

    @classmethod
    def setUpClass(cls):
        cls.receiver, cls.held = cls.open(Receiver()), cls.open(Receiver())
        policy = {"retry_on": ["5xx", "network", "timeout"], "breaker_failures": 0}
        url = cls.receiver.url()
        made = [destination("alpha", url, **policy), destination("beta", url, **policy),
                destination("slow", url, rate=10.0, burst=20, **policy),
                destination("closed", f"http://127.0.0.1:{free_port()}/", **policy),
                destination("held", cls.held.url(), pending_max=1, breaker_failures=0, concurrency=8),
                destination("waiting", url, schedule=["1h"])]
        cls.server = cls.begin(Deliverer(config_of(*made, redis={"partitions": 3})))

    def bury(self, name="alpha", status=400, key=None, kind="made", payload=None):
        """A dead letter there; its delivery."""
        key = key or fresh(name)
        self.receiver.plan(key, Answer(status))
        return self.server.wait_state(self.server.send(f"{name}.{kind}", key, payload), "dead")

    def ids(self, **query):
        return [letter["id"] for letter in self.server.dead_letters(**query)]

    def wait_job(self, job, state="finished"):
        return wait_until(lambda: (lambda now: now if now["state"] == state else None)(self.server.known(f"/ops/jobs/{job}")),
                          lambda: f"{self.server.known(f'/ops/jobs/{job}')} is not {state}\n{self.server.tail()}")

    def start_job(self, kind, filter_, **more):
        answer = self.server.order(f"/ops/dead-letters/{kind}", {"filter": filter_} | more)
        self.assertEqual(answer.status, 202, answer)
        job = answer.json()
        self.assertEqual(answer.header("Location"), f"/ops/jobs/{job['id']}")
        return job

    def wrong_members(self, response):
        """The members that a 400 complains about."""
        problem = self.check_problem(response, 400)
        for error in problem["errors"]:
            self.assertEqual(set(error), {"field", "message"})
        return {error["field"] for error in problem["errors"]}
