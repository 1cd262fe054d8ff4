// The secrets directory as `denrei secrets` writes it: one file a secret, owner only, each change whole or not at all.
//
// Shape   SecretsDir dir(path); dir.rotate("NAME", fresh, 24h, now): NAME becomes NAME_PREVIOUS until now + 24h, fresh becomes NAME
// Rules   files are 0600 and their folder 0700; for root they belong to the folder's owner, who runs the server
//         a file is written beside its place, flushed and renamed; a rotation that is cut off leaves the old secret in force
// Errors  io, with the path; conflict: it is there already; not_found
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "denrei/base/result.hpp"
#include "denrei/base/time.hpp"

namespace denrei {

class SecretsDir {
 public:
  explicit SecretsDir(std::filesystem::path folder) : folder_(std::move(folder)) {}
  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }
  [[nodiscard]] bool has(const std::string& name) const;

  [[nodiscard]] Result<void> create(const std::string& name, std::string_view value) const;
  // Without an overlap the old one is gone at once, and an older previous one too.
  [[nodiscard]] Result<void> rotate(const std::string& name, std::string_view fresh, Millis overlap, WallTime now) const;
  [[nodiscard]] Result<void> revoke_previous(const std::string& name) const;
  [[nodiscard]] Result<void> revoke(const std::string& name) const;  // the current and the previous one

 private:
  [[nodiscard]] Result<void> make_folder() const;
  [[nodiscard]] Result<void> write(const std::string& name, std::string_view text) const;
  [[nodiscard]] Result<void> remove(const std::string& name) const;
  std::filesystem::path folder_;
};

}  // namespace denrei
