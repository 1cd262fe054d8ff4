// Files that wait for their receiver.
#include "denrei/adapters/file_spool.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <system_error>
#include <utility>

#include "denrei/base/encoding.hpp"
#include "denrei/base/hmac.hpp"

namespace denrei {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view suffix = ".spool";
constexpr std::size_t digits = 20;
constexpr std::string_view mark = "denrei-spool 1";

std::string head_of(std::string_view bytes) { return fmt::format("{} {} {}\n", mark, bytes.size(), encode_hex(as_view(sha256({bytes})))); }

// Of a file with so many bytes; 0: it is too short to be whole.
std::uint64_t bytes_behind_head(std::uint64_t file_bytes) {
  constexpr std::uint64_t constant = mark.size() + 1 + 1 + 64 + 1;
  for (std::uint64_t written = 1; written <= digits && constant + written <= file_bytes; ++written)
    if (const auto bytes = file_bytes - constant - written; std::to_string(bytes).size() == written) return bytes;
  return 0;
}

std::optional<std::uint64_t> number_of(const std::string& name) {
  std::uint64_t number = 0;
  if (name.size() != digits + suffix.size() || !name.ends_with(suffix)) return std::nullopt;
  const auto [end, error] = std::from_chars(name.data(), name.data() + digits, number);
  return error == std::errc{} && end == name.data() + digits ? std::optional(number) : std::nullopt;
}

Fault fault_of(int number, const fs::path& path) {
  return {FaultCode::io, fmt::format("{}: {}", path.string(), std::generic_category().message(number))};
}

class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
};

Result<void> write_all(int fd, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const auto count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return tl::unexpected(fault_of(errno, path));
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> write_file(const fs::path& path, std::string_view bytes) {
  auto part = path;
  part.replace_extension(".part");
  {
    const Descriptor file(part, O_WRONLY | O_CREAT | O_TRUNC);
    if (file.get() < 0) return tl::unexpected(fault_of(errno, part));
    auto written = write_all(file.get(), head_of(bytes), part);
    if (written) written = write_all(file.get(), bytes, part);
    if (!written) {
      ::unlink(part.c_str());
      return written;
    }
  }
  if (::rename(part.c_str(), path.c_str()) != 0) return tl::unexpected(fault_of(errno, path));
  return {};
}

// Nothing: it is torn, or not there.
std::optional<std::string> read_file(const fs::path& path) {
  const Descriptor file(path, O_RDONLY);
  if (file.get() < 0) return std::nullopt;
  std::string text;
  for (char block[64 * 1024];;) {
    const auto count = ::read(file.get(), block, sizeof block);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::nullopt;
    if (count == 0) break;
    text.append(block, static_cast<std::size_t>(count));
  }
  const auto line = text.find('\n');
  if (line == std::string::npos) return std::nullopt;
  auto bytes = text.substr(line + 1);
  return text.compare(0, line + 1, head_of(bytes)) == 0 ? std::optional(std::move(bytes)) : std::nullopt;
}

}  // namespace

FileSpool::FileSpool(fs::path directory, std::uint64_t bytes_max)
    : directory_(std::move(directory)), bytes_max_(bytes_max), thread_([this] { run(); }) {}

FileSpool::~FileSpool() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

// --- from outside

void FileSpool::push(std::string bytes, Done<SpoolSize> done) {
  order([this, bytes = std::move(bytes), done = std::move(done)] { done(write(bytes)); });
}

void FileSpool::front(Done<std::optional<SpoolItem>> done) {
  order([this, done = std::move(done)] { done(read_oldest()); });
}

void FileSpool::pop(std::uint64_t number, Done<SpoolSize> done) {
  order([this, number, done = std::move(done)] {
    remove(number);
    done(size_);
  });
}

void FileSpool::size(Done<SpoolSize> done) {
  order([this, done = std::move(done)] { done(size_); });
}

void FileSpool::order(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  wake_.notify_one();
}

// --- on the thread

void FileSpool::run() {
  open();
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return ending_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    const auto task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    lock.lock();
  }
}

void FileSpool::open() {
  std::error_code error;
  for (fs::directory_iterator at(directory_, error), end; !error && at != end; at.increment(error)) {
    const auto name = at->path().filename().string();
    std::error_code ignored;
    if (name.ends_with(".part")) fs::remove(at->path(), ignored);
    const auto number = number_of(name);
    const auto bytes = number ? at->file_size(ignored) : 0;
    if (!number || ignored) continue;
    size_.bytes += items_[*number] = bytes_behind_head(bytes);
    last_ = std::max(last_, *number);
  }
  size_.items = items_.size();
  drop_down_to(bytes_max_);
}

Result<SpoolSize> FileSpool::write(const std::string& bytes) {
  if (bytes.size() > bytes_max_) {
    ++size_.dropped;
    return fail(FaultCode::overloaded, fmt::format("{} bytes are more than the spool may hold ({})", bytes.size(), bytes_max_));
  }
  std::error_code error;
  if (fs::create_directories(directory_, error)) fs::permissions(directory_, fs::perms::owner_all, error);
  drop_down_to(bytes_max_ - bytes.size());
  const auto number = last_ + 1;
  if (auto written = write_file(path_of(number), bytes); !written) return tl::unexpected(written.error());
  last_ = number;
  items_[number] = bytes.size();
  size_.bytes += bytes.size();
  size_.items = items_.size();
  return size_;
}

Result<std::optional<SpoolItem>> FileSpool::read_oldest() {
  while (!items_.empty()) {
    const auto number = items_.begin()->first;
    if (auto bytes = read_file(path_of(number))) return std::optional(SpoolItem{number, std::move(*bytes)});
    remove(number);
    ++size_.dropped;
  }
  return std::optional<SpoolItem>();
}

void FileSpool::remove(std::uint64_t number) {
  const auto at = items_.find(number);
  if (at == items_.end()) return;
  size_.bytes -= at->second;
  items_.erase(at);
  size_.items = items_.size();
  std::error_code ignored;  // a file that stays is found again at the next start
  fs::remove(path_of(number), ignored);
}

void FileSpool::drop_down_to(std::uint64_t bytes) {
  while (size_.bytes > bytes && !items_.empty()) {
    remove(items_.begin()->first);
    ++size_.dropped;
  }
}

fs::path FileSpool::path_of(std::uint64_t number) const { return directory_ / fmt::format("{:0{}}{}", number, digits, suffix); }

}  // namespace denrei
