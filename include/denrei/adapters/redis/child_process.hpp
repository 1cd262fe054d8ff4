// A child process of ours and, by its pid file, one that a killed parent left behind. Nothing about Redis.
//
// Shape   spawn_child(spec) -> Result<pid>; wait_for_exit(pid, timeout); end_stale_child(stale) -> whether one was there
// Limits  call spawn_child from a thread that lives as long as the child should: PDEATHSIG fires when *that thread* ends
// Errors  io
// Source  pidfd_open(2), prctl(2) PR_SET_PDEATHSIG, close_range(2)
#pragma once
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "denrei/base/result.hpp"

namespace denrei {

struct ChildSpec {
  std::filesystem::path program;            // absolute
  std::vector<std::string> arguments;       // without the program's name
  std::filesystem::path working_directory;
  std::filesystem::path output;             // standard output and error are appended to this file
};

// The child has its own process group (the terminal's Ctrl-C does not reach it), none of our descriptors, and gets SIGTERM
// when we die.
[[nodiscard]] Result<pid_t> spawn_child(const ChildSpec& spec);

// How our child ended, if it has: never waits.
[[nodiscard]] std::optional<int> reap_child(pid_t pid) noexcept;
// SIGTERM, and SIGKILL when that has not helped in time; the child is gone and reaped afterwards.
void end_child(pid_t pid, std::chrono::milliseconds timeout) noexcept;

struct StaleChild {
  std::filesystem::path pid_file;
  std::string program_name;                 // what its command line must contain
  std::filesystem::path working_directory;  // where it must be running
  std::chrono::milliseconds timeout{};      // between SIGTERM and SIGKILL, and after that
};

// Ends the process that the pid file names, if it is what it should be. True when there was one.
[[nodiscard]] Result<bool> end_stale_child(const StaleChild& stale);

// Searches PATH.
[[nodiscard]] std::optional<std::filesystem::path> find_program(const std::string& name);

}  // namespace denrei
