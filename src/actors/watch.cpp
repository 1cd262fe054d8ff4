// Keeping watch over alert rules.
#include "denrei/actors/watch.hpp"

#include <fmt/format.h>

#include "denrei/actors/replies.hpp"
#include "denrei/actors/supervised.hpp"
#include "denrei/base/duration.hpp"
#include "denrei/domain/json_text.hpp"
#include "denrei/domain/request_head.hpp"
#include "desk_answers.hpp"
#include "desk_request.hpp"
#include "watch_answers.hpp"

namespace denrei {
namespace {

using namespace std::chrono_literals;

constexpr auto tick_every = 1s;                    // a bad signature is known within it; sampling costs a few loads a rule
constexpr Millis silence_min = 1min;
constexpr Millis silence_max = std::chrono::hours{24 * 30};  // a rule nobody wants to hear of for longer belongs out of the configuration
constexpr const char* group = "alerts";
constexpr const char* register_name = "rules";

class WatchAtWork final : public Supervised<Watch::base> {
 public:
  WatchAtWork(caf::actor_config& config, ActorMeter& own_meter, WatchOptions options)
      : Supervised(config, own_meter), options_(std::move(options)), book_(options_.rules, now()) {}

  behavior_type make_behavior() override {
    arm();
    read();
    return {
        [this](const Serve& order) { on_serve(order); },
        [this](const RegistersRead& fact) { on_read(fact); },
        [this](const StoreChanged& fact) { if (fact.up && !known_) read(); },
        [this](const RulesKept& fact) { on_kept(fact); },
        [this](const AlertSettled& fact) { if (book_.told(fact.ticket)) keep(); },
        [this](WatchTick tick) { on_tick(tick); },
    };
  }

 private:
  void restart_state() override {
    reading_ = false;
    keeping_ = 0;
    obeyed_.clear();
    arm();
  }

  // --- time passes

  [[nodiscard]] RuleTime now() { return {clock().now(), options_.clock()}; }

  void arm() { delayed_send(this, tick_every, WatchTick{++ticks_}); }

  void on_tick(const WatchTick& tick) {
    if (tick.number != ticks_) return;  // of before a crash
    arm();
    const auto when = now();
    for (std::size_t i = 0; i < book_.size(); ++i) book_.sample(i, options_.count(book_.spec(i)), when);
    if (!known_) return read();
    for (const auto i : book_.decide(when)) show(i, phase_name(book_.view(i).state.phase));
    keep();
  }

  // --- what outlives the process

  void read() {
    if (std::exchange(reading_, true)) return;
    options_.registers.all(group, [self = caf::actor_cast<Watch>(this)](Result<std::vector<std::pair<std::string, std::string>>> values) {
      caf::anon_send(self, RegistersRead{std::move(values)});
    });
  }

  void on_read(const RegistersRead& fact) {
    reading_ = false;
    if (!fact.values || std::exchange(known_, true)) return;
    for (const auto& [name, text] : *fact.values)
      if (name == register_name)
        if (const auto restored = book_.restore(text, now()); !restored) log_line("what was kept cannot be read: " + restored.error().detail);
    for (std::size_t i = 0; i < book_.size(); ++i) meter_firing(i);
    announce();
  }

  void keep() {
    if (keeping_ != 0 || book_.version() == kept_) return announce();
    keeping_ = book_.version();
    options_.registers.put(group, register_name, book_.encode(), [self = caf::actor_cast<Watch>(this), version = keeping_](Result<void> result) {
      caf::anon_send(self, RulesKept{version, result.has_value()});
    });
  }

  // Also when it could not be kept: what is to be announced may be just that the store is away. The next tick tries again.
  void on_kept(const RulesKept& fact) {
    if (fact.version != keeping_) return;
    keeping_ = 0;
    if (fact.ok) kept_ = fact.version;
    answer_orders(fact);
    book_.settle(fact.version);
    if (fact.ok) keep();
    else announce();
  }

  // --- whoever has to know

  void announce() {
    if (!known_) return;
    for (auto& news : book_.take_news())
      caf::anon_send(options_.alerts, RaiseAlert{.alert = std::move(news.alert), .id = std::nullopt, .asker = caf::actor_cast<caf::actor>(this), .ticket = news.ticket});
  }

  void meter_firing(std::size_t index) {
    const auto at = options_.meters.find(book_.spec(index).name);
    if (at != options_.meters.end()) at->second->firing.store(book_.view(index).state.phase == RulePhase::firing);
  }

  void show(std::size_t index, std::string_view what) {
    const auto view = book_.view(index);
    meter_firing(index);
    if (options_.fan_out) caf::anon_send(options_.fan_out, Publish{"operations", "alert", rule_json(view)});
    if (options_.log != nullptr) options_.log->write(rule_log_line(view, what, options_.clock()));
  }

  void log_line(const std::string& text) const {
    if (options_.log == nullptr) return;
    options_.log->write(JsonObject{}.text("timestamp", format_iso8601(options_.clock())).text("log", "alert rule").text("event", text).take());
  }

  // --- operators

  struct Asked {
    const Serve& order;
    std::size_t index = 0;
    std::string by;
    MemberReader body;
    FieldErrors& errors;
  };

  void on_serve(const Serve& order) {
    const auto segments = path_segments(path_of(order.request->target));  // ops, alerts, rule, what
    const bool is_order = segments && segments->size() == 4;
    if (!segments || segments->size() < 2 || segments->size() > 4 || (is_order && !is_order_word(segments->back())))
      return say(order, desk_problem(404, "nothing lives at this path"));
    const auto& method = order.request->method;
    if (is_order && method != "POST") return say(order, desk_problem(405, "this path takes POST", "Allow: POST\r\n"));
    if (!is_order && method != "GET" && method != "HEAD") return say(order, desk_problem(405, "this path takes GET", "Allow: GET, HEAD\r\n"));
    if (!is_authorized(*order.site, Role::op, *order.request))
      return say(order, desk_problem(401, "a bearer token with the role operator is needed", "WWW-Authenticate: Bearer\r\n"));
    if (!known_) return say(order, ask_again("what was known about the rules has not been read yet; ask again"));
    if (segments->size() == 2) return say(order, desk_answer(200, rules_json(book_)));
    const auto index = book_.find_rule((*segments)[2]);
    if (!index) return say(order, desk_problem(404, fmt::format("there is no alert rule {}; GET /ops/alerts lists them", (*segments)[2])));
    if (is_order) return serve_order(order, *index, segments->back());
    say(order, desk_answer(200, rule_with_history(book_, *index)));
  }

  static bool is_order_word(std::string_view word) { return word == "acknowledge" || word == "silence" || word == "unsilence"; }

  void serve_order(const Serve& order, std::size_t index, const std::string& word) {
    const auto& request = *order.request;
    if (request.body_too_large) return say(order, desk_problem(413, "the body of an order is small"));
    if (!request.body.empty() && !is_json_media_type(find_header(request.headers, "content-type")))
      return say(order, desk_problem(415, "Content-Type must be application/json in UTF-8"));
    auto members = read_order(request);
    if (!members) return say(order, desk_problem(400, members.error().detail));
    FieldErrors errors;
    Asked asked{order, index, is_authorized(*order.site, Role::admin, request) ? "admin" : "operator", MemberReader(std::move(*members), {}, errors), errors};
    if (auto by = asked.body.text("by"); !by.empty()) asked.by = std::move(by);
    const auto obeyed = word == "acknowledge" ? acknowledge(asked) : word == "silence" ? silence(asked) : unsilence(asked);
    if (!errors.empty()) return say(order, wrong_members(errors));
    if (!obeyed) return say(order, desk_problem(409, obeyed.error().detail));
    show(index, word);
    obeyed_.push_back({order, index, book_.version()});
    keep();
    if (keeping_ == 0) answer_orders({book_.version(), true});  // it has changed nothing
  }

  // An order is answered when the store has it: what an operator was told must outlive the process.
  void answer_orders(const RulesKept& fact) {
    for (auto at = obeyed_.begin(); at != obeyed_.end();) {
      if (at->version > fact.version) {
        ++at;
        continue;
      }
      say(at->order, fact.ok ? desk_answer(200, rule_json(book_.view(at->index)))
                             : ask_again("the order holds, but the store did not take it, so that a restart would forget it; send it again"));
      at = obeyed_.erase(at);
    }
  }

  struct Obeyed {
    Serve order;
    std::size_t index = 0;
    std::uint64_t version = 0;                       // that has to be kept
  };

  [[nodiscard]] Result<void> acknowledge(Asked& asked) {
    auto note = asked.body.text("note", reason_characters_max);
    asked.body.refuse_others();
    if (!asked.errors.empty()) return {};
    return book_.acknowledge(asked.index, std::move(asked.by), std::move(note), options_.clock());
  }

  [[nodiscard]] Result<void> silence(Asked& asked) {
    const auto text = asked.body.needed_text("for", name_characters_max);
    auto reason = asked.body.needed_text("reason", reason_characters_max);
    asked.body.refuse_others();
    const auto length = parse_duration(text);
    if (!text.empty() && (!length || *length < silence_min || *length > silence_max))
      asked.body.complain("for", "must be a duration from 1m to 30d, such as 2h");
    if (!asked.errors.empty()) return {};
    book_.silence(asked.index, {options_.clock() + *length, std::move(asked.by), std::move(reason)});
    return {};
  }

  [[nodiscard]] Result<void> unsilence(Asked& asked) {
    asked.body.refuse_others();
    if (asked.errors.empty()) book_.unsilence(asked.index);
    return {};
  }

  static void say(const Serve& order, Answer answer) {
    Reply reply{order.request, std::move(answer)};
    reply.site = order.site;
    say_reply(std::move(reply));
  }

  WatchOptions options_;
  RuleBook book_;
  bool known_ = false;                               // what was kept has been read
  bool reading_ = false;
  std::uint64_t keeping_ = 0;                        // the version that is being written; 0: none
  std::uint64_t kept_ = 0;
  std::uint64_t ticks_ = 0;
  std::vector<Obeyed> obeyed_;                       // as many as requests can be under way
};

}  // namespace

Watch spawn_watch(const Stage& stage, ActorMeter& meter, WatchOptions options) {
  return spawn_on<WatchAtWork>(stage, meter, std::move(options));
}

}  // namespace denrei
