// The state file on disk: locked, read back, appended to and synced.
#include "denrei/app/cli/bulk_state.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "denrei/domain/json.hpp"
#include "denrei/domain/json_text.hpp"

namespace denrei {
namespace {

constexpr std::int64_t state_version = 1;
constexpr std::size_t line_bytes_max = 8 * 1024;  // ours have under 1 KiB
constexpr mode_t owner_only = 0600;               // reasons may quote what the receiver said about a person

std::string system_error(std::string_view what, const std::string& path) {
  return fmt::format("{}: cannot be {}: {}", path, what, std::strerror(errno));
}

std::string format_load(const BulkLoad& load, WallTime now) {
  return JsonObject{}
      .number("denreiBulk", state_version)
      .text("csvSha256", load.csv_sha256)
      .number("rows", static_cast<std::int64_t>(load.rows))
      .text("source", load.source)
      .text("url", load.url)
      .text("at", format_iso8601(now))
      .take();
}

Result<BulkLoad> parse_load(std::string_view line) {
  const auto document = parse_json(line);
  const auto* version = document ? find((*document)->root(), "/denreiBulk") : nullptr;
  if (version == nullptr) return fail(FaultCode::conflict, "is not the state of a bulk load");
  const auto& root = (*document)->root();
  const auto* rows = find(root, "/rows");
  if (!version->is_int64() || version->get_int64() != state_version || rows == nullptr || !rows->is_int64() || rows->get_int64() < 0)
    return fail(FaultCode::conflict, "was written by another version");
  return BulkLoad{std::string(find_string(root, "/csvSha256")), static_cast<std::size_t>(rows->get_int64()),
                  std::string(find_string(root, "/source")), std::string(find_string(root, "/url"))};
}

// What makes going on impossible, or nothing.
std::string find_difference(const BulkLoad& before, const BulkLoad& now) {
  if (before.csv_sha256 != now.csv_sha256 || before.rows != now.rows) return "the CSV has changed since";
  if (before.url != now.url) return fmt::format("it is about sending to {}", before.url);
  if (before.source != now.source) return fmt::format("it is about source {}", before.source);
  return {};
}

}  // namespace

class BulkState::File {
 public:
  File(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { close(descriptor_); }

  static Result<std::unique_ptr<File>> open(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, owner_only);
    if (descriptor < 0) return fail(FaultCode::io, system_error("opened", path));
    auto file = std::make_unique<File>(descriptor, path);
    if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) return file;
    if (errno == EWOULDBLOCK) return fail(FaultCode::overloaded, fmt::format("{}: another run is at work with it", path));
    return fail(FaultCode::io, system_error("locked", path));
  }

  // Calls `take` with each whole line; then cuts off what follows the last one, which was being written when the run ended.
  template <class Take>
  Result<void> read_lines(Take take) {
    std::string pending;
    char block[64 * 1024];
    off_t whole = 0;
    for (ssize_t got = 0; (got = pread(descriptor_, block, sizeof block, whole + static_cast<off_t>(pending.size()))) != 0;) {
      if (got < 0) return fail(FaultCode::io, system_error("read", path_));
      pending.append(block, static_cast<std::size_t>(got));
      std::size_t from = 0;
      for (auto end = pending.find('\n'); end != std::string::npos; end = pending.find('\n', from)) {
        if (auto taken = take(std::string_view(pending).substr(from, end - from)); !taken) return taken;
        from = end + 1;
      }
      pending.erase(0, from);
      whole += static_cast<off_t>(from);
      if (pending.size() > line_bytes_max) return fail(FaultCode::conflict, fmt::format("{}: is not the state of a bulk load", path_));
    }
    if (pending.empty() || whole == 0) return {};
    return ftruncate(descriptor_, whole) == 0 ? Result<void>{} : fail(FaultCode::io, system_error("cut", path_));
  }

  [[nodiscard]] bool is_empty() const {
    struct stat facts {};
    return fstat(descriptor_, &facts) == 0 && facts.st_size == 0;
  }

  // After a line that could not be written whole nothing follows: reading back would take both for one.
  Result<void> append(std::string line) {
    if (torn_) return fail(FaultCode::io, fmt::format("{}: cannot be written", path_));
    line += '\n';
    const auto written = write(descriptor_, line.data(), line.size());
    torn_ = written != static_cast<ssize_t>(line.size());
    if (torn_ && written >= 0) errno = ENOSPC;
    if (torn_) return fail(FaultCode::io, system_error("written", path_));
    return fdatasync(descriptor_) == 0 ? Result<void>{} : fail(FaultCode::io, system_error("synced", path_));
  }

  // After this the file's name is as safe as its content.
  void sync_folder() const {
    const auto folder = std::filesystem::path(path_).parent_path();
    const int descriptor = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return;
    (void)fsync(descriptor);
    close(descriptor);
  }

 private:
  int descriptor_;
  std::string path_;
  bool torn_ = false;
};

BulkState::BulkState(std::unique_ptr<File> file, std::size_t rows) : file_(std::move(file)), rows_(rows) {}
BulkState::BulkState(BulkState&&) noexcept = default;
BulkState& BulkState::operator=(BulkState&&) noexcept = default;
BulkState::~BulkState() = default;

Result<BulkState> BulkState::open(const std::string& path, const BulkLoad& load, WallTime now) {
  auto file = File::open(path);
  if (!file) return tl::unexpected(file.error());
  BulkState state(std::move(*file), load.rows);
  if (state.file_->is_empty()) {
    if (auto written = state.file_->append(format_load(load, now)); !written) return tl::unexpected(written.error());
    state.file_->sync_folder();
    return state;
  }
  state.resumed_ = true;
  if (auto read = state.read_lines(path, load); !read) return tl::unexpected(read.error());
  return state;
}

Result<void> BulkState::read_lines(const std::string& path, const BulkLoad& load) {
  std::size_t number = 0;
  const auto take = [&](std::string_view line) -> Result<void> {
    if (++number == 1) {
      const auto before = parse_load(line);
      if (!before) return fail(before.error().code, fmt::format("{}: {}", path, before.error().detail));
      const auto difference = find_difference(*before, load);
      return difference.empty() ? Result<void>{} : fail(FaultCode::conflict, fmt::format("{}: {}", path, difference));
    }
    const auto entry = parse_entry(line);
    if (!entry || entry->row >= rows_.size())
      return fail(FaultCode::conflict, fmt::format("{}:{}: is not an entry of this load", path, number));
    apply_entry(rows_[entry->row], *entry);
    return {};
  };
  if (auto read = file_->read_lines(take); !read) return read;
  return number > 0 ? Result<void>{} : fail(FaultCode::conflict, fmt::format("{}: is not the state of a bulk load", path));
}

Result<void> BulkState::record(const BulkEntry& entry) {
  if (auto written = file_->append(format_entry(entry)); !written) return written;
  apply_entry(rows_[entry.row], entry);
  return {};
}

}  // namespace denrei
