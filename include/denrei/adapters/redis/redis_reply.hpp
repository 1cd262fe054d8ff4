// Answers of Redis: a view of one reply, and what its errors mean to us.
//
// Shape   ReplyView{reply}.at(0).text(); fault_of_error("OOM command not allowed…") -> Fault{overloaded, …}
// Limits  a view lives only as long as the callback it was given to
// Errors  reading what is not there gives nil: empty texts, zeros, no items
// Source  redis.md §1.5 (the error table)
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "denrei/base/result.hpp"

struct redisReply;

namespace denrei {

class ReplyView {
 public:
  ReplyView() = default;
  explicit ReplyView(const redisReply* reply) noexcept : reply_(reply) {}
  [[nodiscard]] bool is_nil() const noexcept;
  [[nodiscard]] bool is_error() const noexcept;
  [[nodiscard]] bool is_array() const noexcept;
  [[nodiscard]] std::string_view text() const noexcept;            // of strings, statuses and errors
  [[nodiscard]] std::optional<std::int64_t> number() const noexcept;  // of integers and of decimal texts
  [[nodiscard]] std::size_t size() const noexcept;                 // of arrays
  [[nodiscard]] ReplyView at(std::size_t index) const noexcept;

 private:
  const redisReply* reply_ = nullptr;
};

[[nodiscard]] Fault fault_of_error(std::string_view error_text);
// True when the connection is of no use after this error: another server must be found, or the library loaded again.
[[nodiscard]] bool needs_new_connection(std::string_view error_text) noexcept;

}  // namespace denrei
