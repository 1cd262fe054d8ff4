// CPU time of the watched processes, of ourselves and of the machine between two moments.
//
// Shape   UsageMeter{processes}; begin(); end() -> Usage
// Errors  not_found: a watched process is not there, or no longer
#pragma once
#include <unistd.h>

#include <vector>

#include "options.hpp"
#include "process_use.hpp"

namespace denrei::bench {

struct Usage {
  std::vector<ProcessUse> processes;  // in the order in which they were named
  ProcessUse self;
  MachineUse machine;
};

class UsageMeter {
 public:
  explicit UsageMeter(const std::vector<WatchedProcess>& processes) : processes_(processes) {}

  [[nodiscard]] Result<void> begin() {
    auto reading = read();
    if (!reading) return tl::unexpected(reading.error());
    before_ = std::move(*reading);
    return {};
  }
  [[nodiscard]] Result<Usage> end() const {
    auto used = read();
    if (!used) return used;
    for (std::size_t i = 0; i < processes_.size(); ++i) used->processes[i].cpu_s -= before_.processes[i].cpu_s;
    used->self.cpu_s -= before_.self.cpu_s;
    used->machine.busy_s -= before_.machine.busy_s;
    used->machine.stolen_s -= before_.machine.stolen_s;
    return used;
  }

 private:
  [[nodiscard]] Result<Usage> read() const {
    Usage now;
    for (const auto& process : processes_) {
      auto use = read_process_use(process.pid);
      if (!use) return tl::unexpected(use.error());
      now.processes.push_back(*use);
    }
    auto self = read_process_use(::getpid());
    if (!self) return tl::unexpected(self.error());
    now.self = *self;
    now.machine = read_machine_use();
    return now;
  }

  const std::vector<WatchedProcess>& processes_;
  Usage before_;
};

}  // namespace denrei::bench
