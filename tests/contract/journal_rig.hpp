// One stand for every journal: the same handles for the fake and for Redis, so that one suite can hold both to the port.
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "denrei/ports/chronicle.hpp"
#include "denrei/ports/journal.hpp"
#include "denrei/ports/outbox.hpp"
#include "denrei/ports/shelf.hpp"

namespace denrei::test {

// A directory that goes with its owner.
class ScratchDirectory {
 public:
  explicit ScratchDirectory(const std::string& below = {});
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path root_, path_;
};

// What the rigs' partitions remember: little, so that tests see it go.
inline constexpr std::uint64_t rig_history_keep = 40, rig_audit_keep = 20;

class JournalRig {
 public:
  virtual ~JournalRig() = default;
  virtual Journal& journal() = 0;
  virtual Shelf& shelf() = 0;
  virtual Outbox& outbox() = 0;
  virtual Chronicle& chronicle() = 0;
  virtual Registers& registers() = 0;
  virtual void run_until(const std::function<bool()>& condition) = 0;
  virtual void set_full(bool full) = 0;                          // no memory for new events
  virtual void cut() = 0;                                        // the store dies
  virtual void mend() = 0;                                       // and is there again, with what it had
  virtual void lose_newest(const LogTag& tag, std::size_t entries) = 0;  // as after a failover that lost them
};

[[nodiscard]] std::unique_ptr<JournalRig> make_fake_rig();
[[nodiscard]] std::unique_ptr<JournalRig> make_redis_rig();

}  // namespace denrei::test
