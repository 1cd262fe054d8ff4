// What the adapters of one Redis share: its link, the prefix of its keys, and how a call that cannot be made is answered.
//
// Shape   store.link->send(encode_call(…, store.keys(tag), …), decoded<T>(done, decode))
// Limits  as RedisLink: one thread, the one that runs the io_context
// Errors  invalid for a tag that cannot be one
#pragma once
#include <memory>
#include <string>
#include <utility>

#include "denrei/adapters/redis/journal_codec.hpp"
#include "denrei/adapters/redis/redis_link.hpp"

namespace denrei {

struct RedisStore {
  std::shared_ptr<RedisLink> link;
  std::string prefix;

  [[nodiscard]] TagKeys keys(const LogTag& tag) const { return {prefix, tag}; }
  // "{}" would make the whole key the hash tag, and the keys of a tag would part in a cluster.
  template <class T>
  bool refuses(const LogTag& tag, const Done<T>& done) const {
    if (!tag.empty() && tag.front() != '}') return false;
    refuse(Fault{FaultCode::invalid, "a log tag is not empty and does not begin with }"}, done);
    return true;
  }
  template <class T>
  void refuse(Fault fault, const Done<T>& done) const {
    link->answer(tl::unexpected(std::move(fault)), [done](const Result<ReplyView>& reply) { done(tl::unexpected(reply.error())); });
  }
};

// Passes a fault on, and a reply through `decode`.
template <class T, class Decode>
ReplyDone decoded(Done<T> done, Decode decode) {
  return [done = std::move(done), decode = std::move(decode)](Result<ReplyView> reply) {
    if (!reply) return done(tl::unexpected(reply.error()));
    done(decode(*reply));
  };
}

}  // namespace denrei
