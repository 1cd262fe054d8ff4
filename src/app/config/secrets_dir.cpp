// Writing secrets.
#include "denrei/app/config/secrets_dir.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "denrei/app/config/config_file.hpp"
#include "denrei/app/config/secret_places.hpp"

namespace denrei {
namespace {

constexpr mode_t owner_only = S_IRUSR | S_IWUSR;

tl::unexpected<Fault> system_fault(const std::filesystem::path& path, std::string_view what) {
  return fail(FaultCode::io, fmt::format("{}: cannot be {}: {}", path.string(), what, std::strerror(errno)));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { if (fd_ >= 0) ::close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }

 private:
  int fd_;
};

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(fd) == 0;
}

// The server does not run as root: what root writes for it must be its own.
bool give_to_owner_of(const std::filesystem::path& folder, int fd) {
  struct stat facts {};
  if (::geteuid() != 0 || ::stat(folder.c_str(), &facts) != 0) return true;
  return ::fchown(fd, facts.st_uid, facts.st_gid) == 0;
}

Result<void> flush_folder(const std::filesystem::path& folder) {
  const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.is_open() || ::fsync(descriptor.get()) != 0) return system_fault(folder, "flushed");
  return {};
}

}  // namespace

bool SecretsDir::has(const std::string& name) const {
  std::error_code error;
  return std::filesystem::exists(folder_ / name, error);
}

Result<void> SecretsDir::make_folder() const {
  std::error_code error;
  if (std::filesystem::is_directory(folder_, error)) return {};
  const auto above = folder_.parent_path();
  if (::geteuid() == 0 && !std::filesystem::exists(above, error))  // whose would it be?
    return fail(FaultCode::io, fmt::format("{} does not exist: create it for the user that runs the server", above.string()));
  std::filesystem::create_directories(above, error);
  if (::mkdir(folder_.c_str(), S_IRWXU) != 0 && errno != EEXIST) return system_fault(folder_, "created");
  const Descriptor descriptor(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.is_open() || !give_to_owner_of(above, descriptor.get())) return system_fault(folder_, "created");
  return {};
}

Result<void> SecretsDir::write(const std::string& name, std::string_view text) const {
  const auto path = folder_ / name;
  const auto beside = folder_ / fmt::format(".{}.{}.new", name, ::getpid());
  ::unlink(beside.c_str());
  {
    const Descriptor file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, owner_only));
    if (!file.is_open()) return system_fault(beside, "created");
    if (!give_to_owner_of(folder_, file.get()) || !write_all(file.get(), text)) {
      const auto fault = system_fault(beside, "written");
      ::unlink(beside.c_str());
      return fault;
    }
  }
  if (::rename(beside.c_str(), path.c_str()) != 0) return system_fault(path, "written");
  return flush_folder(folder_);
}

Result<void> SecretsDir::remove(const std::string& name) const {
  const auto path = folder_ / name;
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_fault(path, "removed");
  return {};
}

Result<void> SecretsDir::create(const std::string& name, std::string_view value) const {
  if (has(name)) return fail(FaultCode::conflict, fmt::format("{} is there already: rotate it without --init", (folder_ / name).string()));
  if (auto made = make_folder(); !made) return made;
  return write(name, fmt::format("{}\n", value));
}

Result<void> SecretsDir::rotate(const std::string& name, std::string_view fresh, Millis overlap, WallTime now) const {
  const auto current = read_small_file(folder_ / name);
  if (!current) return fail(FaultCode::not_found, current.error().detail);
  const auto previous = name + previous_suffix;
  if (overlap <= Millis{0}) {
    if (auto gone = revoke_previous(name); !gone && gone.error().code != FaultCode::not_found) return gone;
    return write(name, fmt::format("{}\n", fresh));
  }
  // In this order: wherever it is cut off, the secret in force is the old one, or the new one with the old one beside it.
  if (auto done = write(previous + until_suffix, format_iso8601(now + overlap) + "\n"); !done) return done;
  if (auto done = write(previous, *current); !done) return done;
  return write(name, fmt::format("{}\n", fresh));
}

Result<void> SecretsDir::revoke_previous(const std::string& name) const {
  const auto previous = name + previous_suffix;
  if (!has(previous)) return fail(FaultCode::not_found, fmt::format("{}: there is none", (folder_ / previous).string()));
  if (auto gone = remove(previous); !gone) return gone;
  if (auto gone = remove(previous + until_suffix); !gone) return gone;
  return flush_folder(folder_);
}

Result<void> SecretsDir::revoke(const std::string& name) const {
  if (!has(name)) return fail(FaultCode::not_found, fmt::format("{}: there is none", (folder_ / name).string()));
  if (auto gone = remove(name); !gone) return gone;
  if (auto gone = revoke_previous(name); !gone && gone.error().code != FaultCode::not_found) return gone;
  return flush_folder(folder_);
}

}  // namespace denrei
