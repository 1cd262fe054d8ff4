// Reply views over hiredis' reply tree, and the table of errors.
#include "denrei/adapters/redis/redis_reply.hpp"

#include <array>
#include <charconv>

#include <hiredis/hiredis.h>

namespace denrei {
namespace {

struct ErrorRow {
  std::string_view begins;
  FaultCode code;
  bool new_connection;
  std::string_view explanation;  // instead of Redis' words where those would not help
};

constexpr std::array error_table{
    ErrorRow{"DNARGS", FaultCode::invalid, false, {}},
    ErrorRow{"OOM", FaultCode::overloaded, false, {}},
    ErrorRow{"MISCONF", FaultCode::overloaded, false, {}},
    ErrorRow{"NOREPLICAS", FaultCode::overloaded, false, {}},
    ErrorRow{"LOADING", FaultCode::unavailable, true, {}},
    ErrorRow{"READONLY", FaultCode::unavailable, true, {}},
    ErrorRow{"MASTERDOWN", FaultCode::unavailable, true, {}},
    ErrorRow{"TRYAGAIN", FaultCode::unavailable, false, {}},
    ErrorRow{"CLUSTERDOWN", FaultCode::unavailable, false, {}},
    ErrorRow{"UNBLOCKED", FaultCode::unavailable, true, {}},
    ErrorRow{"ERR Function not found", FaultCode::unavailable, true, "the function library dn1 is gone; loading it again"},
    ErrorRow{"NOAUTH", FaultCode::unavailable, true, "Redis wants a password: redis://[user]:password@host"},
    ErrorRow{"WRONGPASS", FaultCode::unavailable, true, "Redis does not accept this user and password"},
};

const ErrorRow* find_row(std::string_view error_text) noexcept {
  for (const auto& row : error_table)
    if (error_text.starts_with(row.begins)) return &row;
  return nullptr;
}

}  // namespace

bool ReplyView::is_nil() const noexcept { return reply_ == nullptr || reply_->type == REDIS_REPLY_NIL; }
bool ReplyView::is_error() const noexcept { return reply_ != nullptr && reply_->type == REDIS_REPLY_ERROR; }
bool ReplyView::is_array() const noexcept { return reply_ != nullptr && reply_->type == REDIS_REPLY_ARRAY; }

std::string_view ReplyView::text() const noexcept {
  if (reply_ == nullptr || reply_->str == nullptr) return {};
  return {reply_->str, reply_->len};
}

std::optional<std::int64_t> ReplyView::number() const noexcept {
  if (reply_ == nullptr) return std::nullopt;
  if (reply_->type == REDIS_REPLY_INTEGER) return reply_->integer;
  const auto digits = text();
  std::int64_t n = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), n);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return n;
}

std::size_t ReplyView::size() const noexcept { return is_array() ? reply_->elements : 0; }
ReplyView ReplyView::at(std::size_t index) const noexcept {
  return index < size() ? ReplyView(reply_->element[index]) : ReplyView();
}

Fault fault_of_error(std::string_view error_text) {
  const auto* row = find_row(error_text);
  // An error that we do not know may have come after a write: nothing is known about what happened.
  if (row == nullptr) return Fault{FaultCode::unavailable, std::string(error_text)};
  return Fault{row->code, std::string(row->explanation.empty() ? error_text : row->explanation)};
}

bool needs_new_connection(std::string_view error_text) noexcept {
  const auto* row = find_row(error_text);
  return row != nullptr && row->new_connection;
}

}  // namespace denrei
