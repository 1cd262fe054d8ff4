// What a process and the whole machine have used of the CPU, as the kernel counts it.
//
// Shape   read_process_use(pid) -> CPU seconds, resident KiB; read_machine_use() -> busy and stolen CPU seconds
// Units   seconds since the start of the process or of the machine; subtract two readings
// Errors  not_found when there is no such process; a thread that ended takes its time with it
// Source  Linux Documentation/scheduler/sched-stats.rst (schedstat: first figure = run time in ns), proc(5)
#pragma once
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "denrei/base/result.hpp"

namespace denrei::bench {

struct ProcessUse {
  double cpu_s = 0;
  std::uint64_t resident_kib = 0;
};

[[nodiscard]] inline Result<ProcessUse> read_process_use(int pid) {
  const auto folder = std::filesystem::path("/proc") / std::to_string(pid);
  std::error_code missing;
  ProcessUse use;
  bool seen = false;
  for (std::filesystem::directory_iterator task(folder / "task", missing), end; !missing && task != end; task.increment(missing)) {
    std::ifstream file(task->path() / "schedstat");
    double run_ns = 0;
    if (file >> run_ns) {
      use.cpu_s += run_ns / 1e9;
      seen = true;
    }
  }
  if (!seen) return fail(FaultCode::not_found, "no schedstat for process " + std::to_string(pid));
  std::ifstream memory(folder / "statm");
  std::uint64_t pages = 0;
  std::uint64_t resident_pages = 0;
  if (memory >> pages >> resident_pages)
    use.resident_kib = resident_pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) / 1024;
  return use;
}

struct MachineUse {
  double busy_s = 0;
  double stolen_s = 0;
};

[[nodiscard]] inline MachineUse read_machine_use() {
  std::ifstream file("/proc/stat");
  std::string word;
  double user = 0, nice = 0, system = 0, idle = 0, waiting = 0, interrupts = 0, soft_interrupts = 0, stolen = 0;
  file >> word >> user >> nice >> system >> idle >> waiting >> interrupts >> soft_interrupts >> stolen;
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  return {(user + nice + system + interrupts + soft_interrupts) / ticks, stolen / ticks};
}

}  // namespace denrei::bench
