# A load on a server: `load` as a child process, and what must hold for what it measured.
#
# Shape   run_load(options, server, pids, connections, rate) -> what load printed; check_load(place, load, problems)
# Errors  ServerFailed, with what load said and the end of the server's log
import json
import os
import subprocess

from support import servers


def run_load(options, server, pids, connections, rate=0, events=0):
    """rate 0: a closed loop; events 0: as many as the fastest server may need."""
    watched = ",".join(f"{name}={pid}" for name, group in pids.items() for pid in group)
    command = [str(options.build / "load"), "--target", server.target, "--connections", str(connections), "--rate", str(rate),
               "--seconds", str(options.seconds), "--warmup", str(options.warmup), "--keys", str(options.keys), "--pid", watched]
    if events:
        command += ["--events", str(events)]
    environment = {**os.environ, "MEDICAL_WEBHOOK_SECRET": options.secret}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False,
                          preexec_fn=options.placement.place_load)
    if done.returncode != 0:
        raise servers.ServerFailed(f"{server.name}: {done.stderr.strip()}\n{server.log_end()}")
    return json.loads(done.stdout)


def check_load(place, load, problems):
    if load["other_statuses"]:
        problems.append(f"{place}: other answers {load['other_statuses']}")
    if load["errors_in_run"] or load["unanswered"]:
        problems.append(f"{place}: {load['errors_in_run']} broken connections, {load['unanswered']} events unanswered")
    if load["unsent"]:
        problems.append(f"{place}: the server did not keep up, {load['unsent']} events were due and never sent")
