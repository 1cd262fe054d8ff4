// The greeting, step by step: AUTH, SELECT, INFO, CONFIG GET, FUNCTION LIST, FUNCTION LOAD.
#include "denrei/adapters/redis/greeting.hpp"

#include "denrei/adapters/redis/store_check.hpp"

namespace denrei {
namespace {

class Greeting : public std::enable_shared_from_this<Greeting> {
 public:
  Greeting(std::shared_ptr<RedisWire> wire, GreetingOptions options, std::function<void(Result<void>)> done)
      : wire_(std::move(wire)), options_(std::move(options)), done_(std::move(done)) {}

  void authenticate() {
    const auto& address = options_.address;
    if (address.password.empty()) return select();
    RedisCommand command("AUTH");
    if (!address.user.empty()) command.arg(address.user);
    step(command.arg(address.password.reveal()), [](Greeting& self, ReplyView) { self.select(); });
  }

 private:
  using Next = void (*)(Greeting&, ReplyView);

  void step(const RedisCommand& command, Next next) {
    wire_->send(command, [self = shared_from_this(), next](Result<ReplyView> reply) {
      if (!reply) return self->done_(fail(FaultCode::unavailable, reply.error().detail));
      next(*self, *reply);
    });
  }

  void select() {
    if (options_.address.database == 0) return inspect();
    step(RedisCommand("SELECT").arg(options_.address.database), [](Greeting& self, ReplyView) { self.inspect(); });
  }

  void inspect() {
    step(RedisCommand("INFO"), [](Greeting& self, ReplyView reply) {
      self.facts_.info = reply.text();
      self.ask_fsync();
    });
  }

  // Hosted stores often forbid CONFIG: then the policy stays unknown, and that is no reason to stay away.
  void ask_fsync() {
    wire_->send(RedisCommand("CONFIG").arg("GET").arg("appendfsync"), [self = shared_from_this()](Result<ReplyView> reply) {
      if (reply && reply->size() == 2) self->facts_.append_fsync = std::string(reply->at(1).text());
      self->judge();
    });
  }

  void judge() {
    const auto warnings = judge_store(facts_);
    if (!warnings) return done_(tl::unexpected(warnings.error()));
    if (options_.on_warning)
      for (const auto& warning : *warnings) options_.on_warning(warning);
    step(RedisCommand("FUNCTION").arg("LIST").arg("LIBRARYNAME").arg("dn1").arg("WITHCODE"),
         [](Greeting& self, ReplyView reply) { self.load_library(reply); });
  }

  void load_library(ReplyView libraries) {
    const auto library = libraries.at(0);
    for (std::size_t i = 0; i + 1 < library.size(); i += 2)
      if (library.at(i).text() == "library_code" && library.at(i + 1).text() == options_.library) return done_({});
    step(RedisCommand("FUNCTION").arg("LOAD").arg("REPLACE").arg(options_.library), [](Greeting& self, ReplyView) { self.done_({}); });
  }

  std::shared_ptr<RedisWire> wire_;
  GreetingOptions options_;
  std::function<void(Result<void>)> done_;
  StoreFacts facts_;
};

}  // namespace

void greet_store(const std::shared_ptr<RedisWire>& wire, GreetingOptions options, std::function<void(Result<void>)> done) {
  std::make_shared<Greeting>(wire, std::move(options), std::move(done))->authenticate();
}

}  // namespace denrei
