// A blocking Redis client for tests: looks into the store and bends it, past everything that is under test.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include <hiredis/hiredis.h>

namespace denrei::test {

class RawRedis {
 public:
  explicit RawRedis(const std::string& socket_path) : context_(redisConnectUnix(socket_path.c_str())) {}

  [[nodiscard]] bool is_connected() const noexcept { return context_->err == 0; }
  // Arrays come flattened; nil is "(nil)"; an error is its text.
  std::vector<std::string> operator()(const std::vector<std::string>& arguments) {
    std::vector<const char*> values;
    std::vector<std::size_t> sizes;
    for (const auto& argument : arguments) {
      values.push_back(argument.data());
      sizes.push_back(argument.size());
    }
    void* raw = redisCommandArgv(context_.get(), static_cast<int>(values.size()), values.data(), sizes.data());
    if (raw == nullptr) return {context_->errstr};
    const std::unique_ptr<redisReply, Free> reply(static_cast<redisReply*>(raw));
    std::vector<std::string> out;
    flatten(*reply, out);
    return out;
  }
  std::string one(const std::vector<std::string>& arguments) {
    const auto all = (*this)(arguments);
    return all.empty() ? std::string() : all.front();
  }

 private:
  struct Free {
    void operator()(redisReply* reply) const noexcept { freeReplyObject(reply); }
    void operator()(redisContext* context) const noexcept { redisFree(context); }
  };
  static void flatten(const redisReply& reply, std::vector<std::string>& out) {
    if (reply.type == REDIS_REPLY_ARRAY) {
      for (std::size_t i = 0; i < reply.elements; ++i) flatten(*reply.element[i], out);
    } else if (reply.type == REDIS_REPLY_INTEGER) {
      out.push_back(std::to_string(reply.integer));
    } else {
      out.push_back(reply.type == REDIS_REPLY_NIL ? "(nil)" : std::string(reply.str, static_cast<std::size_t>(reply.len)));
    }
  }
  std::unique_ptr<redisContext, Free> context_;
};

}  // namespace denrei::test
