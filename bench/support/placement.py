# Which cores the server and the load run on.
#
# A server that shares a core with its load answers in large batches and pays for no wake-up across cores: on a 2-core virtual
# machine `bare` cost 1.9 µs an answer beside the load and 3.7 µs apart from it. Left to itself the scheduler picks one or the other, so
# figures would differ by chance. "apart" takes the dearer and honest case: senders are never on the receiver's core.
#
# Shape   Placement("apart" | "free"); place_server(pids); place_load() in the child; describe()
# Limits  needs two cores; with one, everything is free. Redis is never pinned
import contextlib
import os
import pathlib


class Placement:
    def __init__(self, kind):
        cores = sorted(os.sched_getaffinity(0))
        self.apart = kind == "apart" and len(cores) > 1
        self.server_cores, self.load_core = set(cores[:-1]), cores[-1]

    def place_server(self, pids):
        if not self.apart:
            return
        for pid in pids:
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                with contextlib.suppress(ProcessLookupError):
                    os.sched_setaffinity(int(task.name), self.server_cores)

    def place_load(self):
        if self.apart:
            os.sched_setaffinity(0, {self.load_core})

    def describe(self):
        if not self.apart:
            return "free: the scheduler decides"
        cores = ",".join(map(str, sorted(self.server_cores)))
        return f"apart: server on core {cores}, load on core {self.load_core}, Redis anywhere"
