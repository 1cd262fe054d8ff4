// The first words on a new wire: who we are, whether the store is fit, and our function library in the version of this build.
//
// Shape   greet_store(wire, options, done): done(ok) when others may speak, or the reason why not
// Errors  unavailable, with a text for operators
// Source  redis.md §4h
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "denrei/adapters/redis/redis_wire.hpp"

namespace denrei {

struct GreetingOptions {
  RedisAddress address;
  std::string_view library;                              // text of dn1.lua, of static storage
  std::function<void(const std::string&)> on_warning;    // may be empty
};

void greet_store(const std::shared_ptr<RedisWire>& wire, GreetingOptions options, std::function<void(Result<void>)> done);

}  // namespace denrei
