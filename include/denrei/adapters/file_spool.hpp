// A spool as files in a directory, one for each item, written and read by a thread of its own: no event loop waits for the disk.
//
// Shape   FileSpool(directory, bytes_max); calls as ports/spool. The directory is made when it is first needed, for this user alone
// Files   <20 digits>.spool: a line "denrei-spool 1 <bytes> <sha256>" and the bytes; written beside it as .part and renamed. A file whose
//         line does not fit its bytes is torn: removed and counted
// Limits  bytes_max of items; an item that is larger by itself is refused as overloaded
#pragma once
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "denrei/ports/spool.hpp"

namespace denrei {

class FileSpool final : public Spool {
 public:
  FileSpool(std::filesystem::path directory, std::uint64_t bytes_max);
  ~FileSpool() override;
  FileSpool(const FileSpool&) = delete;
  FileSpool& operator=(const FileSpool&) = delete;
  void push(std::string bytes, Done<SpoolSize> done) override;
  void front(Done<std::optional<SpoolItem>> done) override;
  void pop(std::uint64_t number, Done<SpoolSize> done) override;
  void size(Done<SpoolSize> done) override;

 private:
  void order(std::function<void()> task);
  void run();
  // On the thread.
  void open();
  [[nodiscard]] Result<SpoolSize> write(const std::string& bytes);
  [[nodiscard]] Result<std::optional<SpoolItem>> read_oldest();
  void remove(std::uint64_t number);
  void drop_down_to(std::uint64_t bytes);
  [[nodiscard]] std::filesystem::path path_of(std::uint64_t number) const;

  const std::filesystem::path directory_;
  const std::uint64_t bytes_max_;
  std::map<std::uint64_t, std::uint64_t> items_;  // number -> bytes
  SpoolSize size_;
  std::uint64_t last_ = 0;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;       // as many as its user has under way
  bool ending_ = false;
  std::thread thread_;                            // last: begins when all else is there
};

}  // namespace denrei
