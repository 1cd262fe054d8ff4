// A secret that cannot be printed by accident: no stream operator, no formatter, its bytes are wiped when it goes.
#pragma once
#include <string>
#include <string_view>

namespace denrei {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret(Secret&&) = default;
  Secret& operator=(const Secret&) = default;
  Secret& operator=(Secret&&) = default;
  ~Secret();
  // For the signature functions only. Never log what this gives.
  [[nodiscard]] std::string_view reveal() const noexcept { return value_; }
  [[nodiscard]] bool empty() const noexcept { return value_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return value_.size(); }

 private:
  std::string value_;
};

}  // namespace denrei
