# What the benchmarks' command lines share: options, the check that everything is built, a folder for data, and the end.
#
# Shape   add_options(parser, seconds=…); complete(parser, options, programs); with work_folder(options) as folder;
#         exit_code(problems, misses)
# Errors  exit 2 where something is not built or not installed
import contextlib
import os
import pathlib
import secrets
import shlex
import shutil
import sys
import tempfile

from support import machine, placement

ROOT = pathlib.Path(__file__).resolve().parents[2]


def add_options(parser, *, seconds):
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build", help="where the programs are (build)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=seconds, help=f"measured time of each load ({seconds})")
    parser.add_argument("--warmup", type=float, default=1)
    parser.add_argument("--keys", type=int, default=10_000, help="different staffIds (10000)")
    parser.add_argument("--quick", action="store_true", help=f"one round of {min(3, seconds)} s")
    parser.add_argument("--json", type=pathlib.Path, help="write everything that was measured to this file, too")
    parser.add_argument("--denrei-arg", action="append", default=[], help="a further argument for denrei serve")
    parser.add_argument("--nginx", default=shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin") or "nginx")
    parser.add_argument("--work-folder", type=pathlib.Path, help="where data and logs go: a real disk (the build folder)")
    parser.add_argument("--keep", action="store_true", help="leave data and logs where they are")


def complete(parser, options, programs, place):
    """Derived options; `programs` must have been built, and nginx be there where it is among them."""
    options.build = options.build.resolve()
    options.root = ROOT
    options.placement = placement.Placement(place)
    options.secret = secrets.token_hex(32)
    if options.quick:
        options.rounds, options.seconds = 1, min(3, options.seconds)
    if options.rounds < 1:
        parser.error("--rounds is at least 1")
    missing = sorted(p for p in programs - {"nginx"} if not os.access(options.build / p, os.X_OK))
    if "nginx" in programs and not shutil.which(options.nginx):
        missing.append("nginx")
    if missing:
        parser.error(f"not there: {', '.join(missing)} (build or install them, or say where with --build and --nginx)")
    return options


@contextlib.contextmanager
def work_folder(options):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-", dir=options.work_folder or options.build))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)


def facts(options, folder):
    return {"command": shlex.join(["python3", *sys.argv]), "placement": options.placement.describe(),
            **machine.machine_facts(options, folder)}


def exit_code(problems, misses=()):
    return 1 if problems else 99 if misses else 0
