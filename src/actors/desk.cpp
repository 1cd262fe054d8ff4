// Who may ask what, and whose answer is whose. The questions themselves: desk_*.cpp, one class per kind.
#include "denrei/actors/desk.hpp"

#include <fmt/format.h>
#include <unordered_map>

#include "denrei/actors/replies.hpp"
#include "denrei/actors/supervised.hpp"
#include "denrei/base/limits.hpp"
#include "denrei/domain/request_head.hpp"
#include "desk_question.hpp"
#include "job_runner.hpp"

namespace denrei {
namespace {

using namespace std::chrono_literals;

constexpr auto tick = 1s;
// Our own answer comes before the edge gives up.
constexpr auto question_ticks = static_cast<std::uint32_t>((limits::answer_timeout - 1s) / tick);

QuestionPtr make_question(QuestionStart start) {
  switch (start.asked.target.path) {
    case DeskPath::destinations: return ask_destinations(std::move(start));
    case DeskPath::destination: return ask_destination(std::move(start));
    case DeskPath::enable:
    case DeskPath::disable: return order_switch(std::move(start));
    case DeskPath::deliveries: return ask_deliveries(std::move(start));
    case DeskPath::delivery: return ask_delivery(std::move(start));
    case DeskPath::dead_letters: return ask_dead_letters(std::move(start));
    case DeskPath::dead_letter: return ask_dead_letter(std::move(start));
    case DeskPath::resend_one:
    case DeskPath::discard_one: return order_one(std::move(start));
    case DeskPath::resend_many:
    case DeskPath::discard_many: return order_many(std::move(start));
    case DeskPath::jobs:
    case DeskPath::job:
    case DeskPath::cancel_job: return ask_jobs(std::move(start));
    case DeskPath::exports:
    case DeskPath::one_export: return ask_exports(std::move(start));
    case DeskPath::audit: return ask_audit(std::move(start));
    case DeskPath::event: return ask_event(std::move(start));
  }
  return nullptr;
}

void refuse(const Serve& order, Answer answer) { say_reply({order.request, std::move(answer)}); }

class DeskAtWork final : public Supervised<Desk::base> {
 public:
  DeskAtWork(caf::actor_config& config, ActorMeter& own_meter, DeskOptions options)
      : Supervised(config, own_meter), lines_(*this, std::move(options)), jobs_(lines_) {}

  behavior_type make_behavior() override {
    return {
        [this](const Serve& order) { on_serve(order); },
        [this](const DestinationReport& fact) { tell(fact, &Question::on_report); },
        [this](const PendingListed& fact) { tell(fact, &Question::on_pending_listed); },
        [this](const DeadListed& fact) { if (!tell(fact, &Question::on_dead_listed)) jobs_.on_dead_listed(fact); },
        [this](const DeadSettled& fact) { if (!tell(fact, &Question::on_dead_settled)) jobs_.on_dead_settled(fact); },
        [this](const ResendEnded& fact) { jobs_.on_resend_ended(fact); },
        [this](const FoundEventRead& fact) { tell(fact, &Question::on_found_event); },
        [this](const RecordsRead& fact) { tell(fact, &Question::on_records); },
        [this](const NumberedRead& fact) { tell(fact, &Question::on_numbered); },
        [this](const ExportsTold& fact) { tell(fact, &Question::on_exports_told); },
        [this](const DispatchersOpened& fact) { lines_.use(fact.dispatchers); },
        [this](const SiteChanged& fact) { lines_.use(fact.site); },
        [this](DeskTick) { on_tick(); },
    };
  }

 private:
  // Those who asked hear from the edge that it took too long; the jobs go on.
  void restart_state() override {
    questions_.clear();
    jobs_.lose_steps();
    ticking_ = false;
    arm();
  }

  // --- from the request to the question

  void on_serve(const Serve& order) {
    auto target = find_desk_target(path_of(order.request->target));
    if (!target) return refuse(order, desk_problem(404, "nothing lives at this path"));
    const auto& method = order.request->method;
    if (target->path == DeskPath::exports) target->is_order = method == "POST";
    if (target->is_order && method != "POST") return refuse(order, desk_problem(405, "this path takes POST", "Allow: POST\r\n"));
    if (!target->is_order && method != "GET" && method != "HEAD")
      return refuse(order, desk_problem(405, "this path takes GET", target->path == DeskPath::exports ? "Allow: GET, HEAD, POST\r\n" : "Allow: GET, HEAD\r\n"));
    if (!is_authorized(*order.site, Role::op, *order.request))
      return refuse(order, desk_problem(401, "a bearer token with the role operator is needed", "WWW-Authenticate: Bearer\r\n"));
    if (lines_.partitions() == 0) return refuse(order, ask_again("the store is not open yet; ask again"));
    if (questions_.size() >= limits::reads_waiting_max) return refuse(order, ask_again("too many questions are under way; ask again"));
    const auto* by = is_authorized(*order.site, Role::admin, *order.request) ? "admin" : "operator";
    begin({order.request, std::move(*target), by});
  }

  void begin(Asked asked) {
    const auto number = ++last_number_;
    auto question = make_question({lines_, jobs_, std::move(asked), number});
    auto& begun = *questions_.emplace(number, std::move(question)).first->second;
    begun.start();
    if (begun.is_over()) questions_.erase(number);
    arm();
  }

  // Whether a question was waiting for it.
  template <class Fact>
  bool tell(const Fact& fact, void (Question::*hear)(const Fact&)) {
    const auto at = questions_.find(ticket_number(fact.ticket));
    if (at == questions_.end()) return false;
    ((*at->second).*hear)(fact);
    if (at->second->is_over()) questions_.erase(at);
    arm();
    return true;
  }

  // --- every question has an end

  void arm() {
    if (ticking_ || (questions_.empty() && !jobs_.is_running())) return;
    ticking_ = true;
    delayed_send(this, tick, DeskTick{});
  }

  void on_tick() {
    ticking_ = false;
    for (auto& [number, question] : questions_)
      if (question->ages_out(question_ticks)) question->answer(ask_again("whoever knows gave no answer in time; ask again"));
    std::erase_if(questions_, [](const auto& it) { return it.second->is_over(); });
    jobs_.on_tick();
    arm();
  }

  DeskLines lines_;
  JobRunner jobs_;
  std::uint64_t last_number_ = 0;
  bool ticking_ = false;
  std::unordered_map<std::uint64_t, QuestionPtr> questions_;  // by the number of their tickets
};

}  // namespace

Desk spawn_desk(const Stage& stage, ActorMeter& meter, DeskOptions options) {
  return spawn_on<DeskAtWork>(stage, meter, std::move(options));
}

}  // namespace denrei
