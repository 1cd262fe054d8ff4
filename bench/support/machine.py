# What the figures were taken on: the machine, the versions and the compiler flags.
#
# Shape   machine_facts(options, work_folder) -> {name: text}
# Errors  what cannot be found out is "unknown"
import datetime
import os
import pathlib
import platform
import re
import subprocess


def first_line(command, folder=None):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, cwd=folder, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    lines = (done.stdout + done.stderr).splitlines()
    return lines[0].strip() if lines and done.returncode == 0 else "unknown"


def found(pattern, path):
    try:
        match = re.search(pattern, pathlib.Path(path).read_text(), re.MULTILINE)
    except OSError:
        return "unknown"
    return match.group(1) if match else "unknown"


def file_system(folder):
    mounts = [line.split() for line in pathlib.Path("/proc/self/mounts").read_text().splitlines()]
    inside = [m for m in mounts if folder == m[1] or folder.startswith(m[1].rstrip("/") + "/")]
    device, point, kind = max(inside, key=lambda m: len(m[1]))[:3]
    return f"{kind} on {device} ({point})"


def compiler(build):
    cache = build / "CMakeCache.txt"
    if not cache.exists():
        return "unknown (no CMakeCache.txt)"

    def value(name):
        return found(rf"^{name}:[A-Z]+=(.*)$", cache)

    kind = value("CMAKE_BUILD_TYPE")
    flags = " ".join(f for f in (value("CMAKE_CXX_FLAGS"), value(f"CMAKE_CXX_FLAGS_{kind.upper()}")) if f != "unknown")
    sanitizer = value("DENREI_SANITIZE")
    return f"{first_line([value('CMAKE_CXX_COMPILER'), '--version'])}; {kind}: {' '.join(flags.split())}" + (
        f" SANITIZERS {sanitizer}" if sanitizer not in ("", "unknown") else "")


def commit(root):
    name = first_line(["git", "rev-parse", "--short", "HEAD"], root)
    changed = first_line(["git", "status", "--porcelain"], root)
    return name if name == "unknown" else name + (" with local changes" if changed != "unknown" else "")


def machine_facts(options, work_folder):
    model = found(r"^model name\s*:\s*(.*)$", "/proc/cpuinfo")
    memory_kib = found(r"^MemTotal:\s+(\d+)", "/proc/meminfo")
    virtual = " (virtual machine)" if "hypervisor" in found(r"^flags\s*:(.*)$", "/proc/cpuinfo").split() else ""
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "cpu": f"{model}, {os.cpu_count()} cores{virtual}",
        "memory": f"{int(memory_kib) // 1024} MiB" if memory_kib.isdigit() else memory_kib,
        "kernel": f"{platform.system()} {platform.release()}",
        "file system": file_system(str(work_folder)),
        "load before": f"{os.getloadavg()[0]:.2f}",
        "commit": commit(options.root),
        "denrei": first_line([str(options.build / "denrei"), "--version"]),
        "redis": first_line(["redis-server", "--version"]),
        "nginx": first_line([options.nginx, "-v"]),
        "compiler": compiler(options.build),
    }
