// The journal's calls as Redis commands, and Redis' replies as the journal's answers. Pure.
//
// Shape   encode_append(keys, call) -> RedisCommand; decode_append(reply, count) -> Result<AppendReply>
// Errors  unavailable for replies that dn1 does not give: nothing is known then; fenced, conflict, truncated as dn1 says
// Source  src/adapters/redis/dn1.lua (arguments and replies of each function)
#pragma once
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "denrei/adapters/redis/redis_command.hpp"
#include "denrei/adapters/redis/redis_reply.hpp"
#include "denrei/ports/journal.hpp"
#include "denrei/ports/shelf.hpp"

namespace denrei {

// The keys of one tag: key("log") -> "dn:{p0}:log".
class TagKeys {
 public:
  TagKeys(std::string_view prefix, std::string_view tag);
  [[nodiscard]] std::string operator()(std::string_view name) const { return stem_ + std::string(name); }

 private:
  std::string stem_;
};

struct AppendCall {
  std::span<const AppendRecord> records;
  std::string nonce;
  WallTime now{};
  std::chrono::milliseconds window{};
};

[[nodiscard]] RedisCommand encode_append(const TagKeys& keys, const AppendCall& call);
[[nodiscard]] RedisCommand encode_commit(const TagKeys& keys, const Commit& commit);
// FCALL <function> with the keys of these names; arguments follow with arg().
[[nodiscard]] RedisCommand encode_call(std::string_view function, const TagKeys& keys, std::initializer_list<std::string_view> names);

[[nodiscard]] Fault unexpected_reply();
[[nodiscard]] Result<AppendReply> decode_append(ReplyView reply, std::size_t records);
// The first word of a reply: nothing for OK, else the fault that it names.
[[nodiscard]] Result<void> decode_status(ReplyView reply);
// The answer of an HMGET.
[[nodiscard]] Blobs decode_blobs(ReplyView reply);

}  // namespace denrei
