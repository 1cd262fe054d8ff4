# Says now and then how the demo's deliveries fare, and once how to ask why one of them was given up.
#
# Use     python3 scripts/demo/deliveries.py PORT OPERATIONS_PORT, until SIGTERM; the operator's token comes from the environment
import http.client
import json
import os
import sys
import time

REPORT_EVERY_S = 10
FIGURES = {"delivered": "delivered", "failedAttempts": "attempts failed", "pending": "pending", "dead": "dead letters"}


def ask(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    try:
        connection.request("GET", path, headers={"Authorization": "Bearer " + os.environ["DENREI_OPERATOR_TOKEN"]})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise OSError(f"{path}: {answer.status} {text.decode('utf-8', 'replace')[:200]}")
        return json.loads(text)["data"]
    finally:
        connection.close()


def describe(destination):
    figures = [f"{destination[member]} {words}" for member, words in FIGURES.items() if destination[member]]
    return f"{destination['name']}: {', '.join(figures) or 'nothing yet'}"


def report(operations):
    print("\n".join(f"{time.strftime('%H:%M:%S')}  {describe(destination)}" for destination in ask(operations, "/ops/destinations")), flush=True)


def explain_a_dead_letter(port, operations):
    """Whether there was one."""
    letters = ask(operations, "/ops/dead-letters?limit=1")
    for letter in letters:
        print(f"\nA delivery to {letter['destination']} was given up. This tells why:\n\n"
              f"  build/denrei why {letter['eventId']} --url http://127.0.0.1:{port}\n", flush=True)
    return bool(letters)


def main(port, operations):
    explained = False
    while True:
        time.sleep(REPORT_EVERY_S)
        try:
            report(operations)
            explained = explained or explain_a_dead_letter(port, operations)
        except (OSError, http.client.HTTPException) as error:
            print("deliveries:", error, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main(*map(int, sys.argv[1:]))
    except KeyboardInterrupt:
        pass
