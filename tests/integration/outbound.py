# A gateway that delivers: its configuration as data, events handed in, and what operators ask and order.
import copy
import json
import threading
import tomllib
import unittest
from urllib.parse import quote, urlencode

import contract
from contract import OPERATOR_TOKEN, encode
from harness import PATIENCE, ROOT, SANITIZER_WORDS, Denrei, wait_until
from wire import Connection

SENDER_TOKEN = "it-sender-token-0123456789abcdefghijklmno"
ADMIN_TOKEN = "it-admin-token-0123456789abcdefghijklmnop"
TOKENS = contract.TOKENS | {"DENREI_SENDER_TOKEN": SENDER_TOKEN, "DENREI_ADMIN_TOKEN": ADMIN_TOKEN}
PARTNER_SECRET = "it-partner-secret-0123456789abcdefghijklmn"
LOCAL = {"plain_http": True, "allow": ["127.0.0.0/8"]}


# --- configuration

def toml(tables):
    """Tables of one kind as TOML: {"destination": [{…}, …], …}."""
    lines = []
    for name, value in tables.items():
        for table in value if isinstance(value, list) else [value]:
            lines.append(f"[[{name}]]" if isinstance(value, list) else f"[{name}]")
            lines += [f"{key} = {toml_value(member)}" for key, member in table.items()] + [""]
    return "\n".join(lines)


def toml_value(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {toml_value(member)}" for key, member in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def shipped(**changes):
    """The configuration as it is shipped, with members of its destinations changed: shipped(records_stats={"timeout": "1s"})."""
    config = tomllib.loads((ROOT / "config" / "denrei.toml").read_text())
    names = {destination["name"].replace("-", "_"): destination for destination in config["destination"]}
    for name, members in changes.items():
        names[name].update(members)
    for channel in config["channel"]:
        channel["allow"] = LOCAL["allow"]
    return config


def destination(name, url, **members):
    """Standard Webhooks to a receiver on this machine, one attempt and no more unless told otherwise."""
    return {"name": name, "url": url, "scheme": "standard_webhooks", "secret": "PARTNER_WEBHOOK_SECRET", "schedule": []} | LOCAL | members


def route(name, *types):
    """What is of one of these types (default: name.*) goes to that destination."""
    return {"destination": name, "sources": ["api"], "types": list(types or [f"{name}.*"])}


def config_of(*destinations, routes=None, **tables):
    return tables | {"destination": list(destinations), "route": routes or [route(d["name"]) for d in destinations]}


# --- the gateway

class Deliverer(Denrei):
    def __init__(self, config, *, environment=None, **options):
        options.setdefault("tokens", TOKENS)
        super().__init__(environment={"PARTNER_WEBHOOK_SECRET": PARTNER_SECRET} | (environment or {}), **options)
        self.configure(config)
        self.flags += ["--config", str(self.home / "denrei.toml")]

    def configure(self, config):
        """From the next start on."""
        self.config = copy.deepcopy(config)
        (self.home / "denrei.toml").write_text(toml(config))

    # --- handing in

    def hand_in(self, event_type, key, payload=None, *, token=SENDER_TOKEN, connection=None, headers=None, **more):
        body = encode({"type": event_type, "key": key, "payload": {"key": key} if payload is None else payload} | more)
        fields = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {}) | (headers or {})
        if connection is not None:
            return connection.request("POST", "/api/events", fields, body)
        return self.request("POST", "/api/events", fields, body)

    def send(self, event_type, key, payload=None, **more):
        """Hands an event in and answers its id."""
        response = self.hand_in(event_type, key, payload, **more)
        assert response.status == 202, response
        return response.json()["id"]

    def send_many(self, events, at_once=8):
        """Hands (type, key, payload) in over several connections, those of one key in their order; their ids in the order given."""
        ids, failures = [None] * len(events), []

        def run(own):
            try:
                with self.connect() as connection:
                    for number, (event_type, key, payload) in enumerate(events):
                        if hash(key) % at_once == own:
                            ids[number] = self.send(event_type, key, payload, connection=connection)
            except Exception as problem:  # noqa: BLE001 - raised below
                failures.append(problem)

        threads = [threading.Thread(target=run, args=(own,)) for own in range(at_once)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
        return ids

    # --- asking

    def ask(self, path, token=OPERATOR_TOKEN, **query):
        credentials = {"Authorization": f"Bearer {token}"} if token else {}
        with Connection(self.ops_port, timeout=20 * PATIENCE) as connection:
            return connection.get(path + (f"?{urlencode(query)}" if query else ""), credentials)

    def order(self, path, body=None, token=OPERATOR_TOKEN, headers=None):
        fields = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {}) | (headers or {})
        with Connection(self.ops_port, timeout=20 * PATIENCE) as connection:
            return connection.request("POST", path, fields, body if isinstance(body, bytes) else b"" if body is None else encode(body))

    def known(self, path, **query):
        """The answer to a question that must have one."""
        response = self.ask(path, **query)
        assert response.status == 200, response
        return response.json()

    def report(self, name):
        return self.known(f"/ops/destinations/{name}")

    def pages(self, path, **query):
        """Every item of a list, page by page."""
        items, cursor = [], None
        while True:
            page = self.known(path, **query, **({"cursor": cursor} if cursor else {}))
            items += page["data"]
            if page["next"] is None:
                return items
            assert page["next"] != cursor, "paging does not advance"
            cursor = page["next"]

    def dead_letters(self, **query):
        return self.pages("/ops/dead-letters", **query)

    def audit(self, action=None, **members):
        """Entries with these members, newest first."""
        wanted = members | ({"action": action} if action else {})
        return [entry for entry in self.pages("/ops/audit", limit=1000) if all(entry.get(key) == value for key, value in wanted.items())]

    def event(self, event_id):
        response = self.get(f"/api/events/{quote(event_id, safe='')}", OPERATOR_TOKEN)
        assert response.status == 200, response
        return response.json()

    def delivery(self, event_id, name=None):
        """The delivery of an event, to this destination if it has several; None while it has not been written."""
        found = [delivery for delivery in self.event(event_id)["deliveries"] if name in (None, delivery["destination"])]
        assert len(found) <= 1, found
        return found[0] if found else None

    def wait_state(self, event_id, state, name=None, seconds=15.0):
        """The delivery as soon as it is pending, waiting, delivered or dead."""
        def there():
            delivery = self.delivery(event_id, name)
            return delivery if delivery and delivery["state"] == state else None
        return wait_until(there, lambda: f"{self.event(event_id)} is not {state}\n{self.tail()}", seconds)

    def wait_report(self, name, seconds=15.0, **members):
        """The report of a destination as soon as it says this."""
        def there():
            report = self.report(name)
            return report if all(report[key] == value for key, value in members.items()) else None
        return wait_until(there, lambda: f"{self.report(name)} does not say {members}\n{self.tail()}", seconds)

    def metrics(self):
        """Values by name and labels as they are written."""
        lines = self.ops("/metrics").body.decode().splitlines()
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))}


class DeliveryCase(unittest.TestCase):
    """Tests that share gateways and receivers; each gateway has to have lived through all of them and to stop cleanly."""

    @classmethod
    def begin(cls, server):
        """Starts a gateway that the end of the class checks."""
        cls.addClassCleanup(server.dispose)
        server.start()
        cls.addClassCleanup(cls.check_end, server, server.process.pid)
        return server

    @classmethod
    def open(cls, receiver):
        cls.addClassCleanup(receiver.close)
        return receiver.open()

    @staticmethod
    def check_end(server, process):
        assert server.process.pid == process
        assert server.is_alive(), f"the gateway died, exit {server.process.returncode}\n{server.tail()}"
        server.stop()
        for word in SANITIZER_WORDS:
            assert word not in server.errors(), server.tail()

    def check_problem(self, response, status, *words):
        """A refusal of the operators' API (RFC 9457) that says these words."""
        self.assertEqual(response.status, status, response)
        self.assertRegex(response.header("Content-Type"), r"\Aapplication/problem\+json(; charset=utf-8)?\Z", response)
        problem = response.json()
        self.assertEqual(problem["status"], status, response)
        self.assertTrue(problem["title"] and problem["detail"], response)
        for word in words:
            self.assertIn(word, response.body.decode(), response)
        return problem
