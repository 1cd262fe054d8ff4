// Exports, and the daily archive of the audit.
#include "denrei/actors/exporter.hpp"

#include <algorithm>
#include <deque>
#include <fmt/format.h>

#include "archive_days.hpp"
#include "denrei/actors/partition.hpp"
#include "denrei/actors/supervised.hpp"
#include "denrei/domain/json_text.hpp"
#include "export_run.hpp"

namespace denrei {
namespace {

using namespace std::chrono_literals;

constexpr auto tick = 1s;
constexpr std::uint32_t question_ticks_max = 30;  // then a question is asked again
constexpr std::uint32_t trouble_ticks_max = 300;  // longer than a store needs to restart
constexpr const char* archive_group = "archive";
constexpr const char* archive_name = "audit";

class ExporterAtWork final : public Supervised<Exporter::base> {
 public:
  ExporterAtWork(caf::actor_config& config, ActorMeter& own_meter, ExporterOptions options)
      : Supervised(config, own_meter), options_(std::move(options)) {}

  behavior_type make_behavior() override {
    arm();
    return {
        [this](const StartExport& order) { on_start(order); },
        [this](const ListExports& order) { on_list(order); },
        [this](const ObjectStored& fact) { on_stored(fact); },
        [this](const NumberedRead& fact) { on_numbered(fact); },
        [this](const DeadListed& fact) { on_dead_listed(fact); },
        [this](const RecordsRead& fact) { on_records(fact); },
        [this](const RegistersRead& fact) { on_registers(fact); },
        [this](const ArchiveNoted& fact) { on_archive_noted(fact); },
        [this](const DispatchersOpened& fact) { on_opened(fact); },
        [this](ExporterTick) { on_tick(); },
        [this](const Drain&) { on_drain(); },
    };
  }

 private:
  // An export whose step threw might do so for ever.
  void restart_state() override {
    if (run_) end_run(ExportState::failed, "interrupted by a crash");
    noting_ = asking_registers_ = ticking_ = false;
    arm();
  }

  Exporter me() { return caf::actor_cast<Exporter>(this); }

  // --- orders

  void on_start(const StartExport& order) {
    ExportsTold answer{.ticket = order.ticket};
    answer.why = why_not(answer.again_in);
    answer.ok = answer.why.empty();
    if (answer.ok) answer.reports.push_back(*add(order.order));
    caf::anon_send(asker(), std::move(answer));
    begin_next();
  }

  [[nodiscard]] caf::actor asker() { return caf::actor_cast<caf::actor>(current_sender()); }

  // Why an order is not taken; empty: it is.
  [[nodiscard]] std::string why_not(std::chrono::seconds& again_in) const {
    if (draining_) return "the process is about to end";
    if (dispatchers_.empty()) return "the store is not open yet; ask again";
    if (is_off()) {
      again_in = std::chrono::ceil<std::chrono::seconds>(options_.service.return_after);
      return describe_off();
    }
    if (waiting() >= limits::exports_waiting_max) return fmt::format("{} exports wait, more are not taken; ask again", limits::exports_waiting_max);
    return {};
  }

  [[nodiscard]] std::string_view effect() const { return service_effect(options_.service.dependency, options_.state.state.load(std::memory_order_relaxed)); }
  [[nodiscard]] bool is_off() const { return effect() == "function_off" || effect() == "maintenance"; }

  [[nodiscard]] std::string describe_off() const {
    const auto& s = options_.service;
    return fmt::format("オブジェクトストレージ「{0}」（依存度 {1}）が停止しているため、エクスポートを一時的に無効にしています（{2}）。復旧すると自動で再開します。 / "
                       "Exports are off ({2}): the object storage \"{0}\" (dependency {1}) is down; they come back by themselves when it does.",
                       s.name, dependency_name(s.dependency), effect());
  }

  [[nodiscard]] std::size_t waiting() const {
    return static_cast<std::size_t>(std::count_if(exports_.begin(), exports_.end(), [](const auto& e) { return e.state == ExportState::waiting; }));
  }

  ExportReport* add(ExportOrder order) {
    if (exports_.size() >= limits::jobs_kept) {
      const auto oldest = std::find_if(exports_.begin(), exports_.end(), [](const auto& e) { return e.ended_at.has_value(); });
      if (oldest != exports_.end()) exports_.erase(oldest);
    }
    const auto now = options_.clock();
    auto id = "exp_" + make_event_id("export", fmt::format("{}.{}", to_unix_ms(now), ++last_export_)).hex().substr(0, 16);
    exports_.push_back({.id = std::move(id), .order = std::move(order), .started_at = now});
    return &exports_.back();
  }

  void on_list(const ListExports& order) {
    ExportsTold answer{.ticket = order.ticket};
    for (auto at = exports_.rbegin(); at != exports_.rend(); ++at)
      if (order.id.empty() || at->id == order.id) answer.reports.push_back(*at);
    caf::anon_send(asker(), std::move(answer));
  }

  // --- one export at a time

  void begin_next() {
    if (run_ || draining_ || dispatchers_.empty()) return;
    const auto next = std::find_if(exports_.begin(), exports_.end(), [](const auto& e) { return e.state == ExportState::waiting; });
    if (next != exports_.end()) return begin(*next, std::nullopt);
    if (const auto day = archive_due()) begin_archive(*day);
  }

  void begin(ExportReport& report, std::optional<std::int64_t> archive_day) {
    report.state = ExportState::running;
    run_.emplace(report.id, archive_day, make_export_source(report.order, static_cast<std::uint32_t>(dispatchers_.size()), options_.clock()));
    arm();
    go_on();
  }

  ExportReport& report() {
    return *std::find_if(exports_.begin(), exports_.end(), [this](const auto& e) { return e.id == run_->id(); });
  }

  // Lines go into the object until more must be asked for, the object is full, or nothing is left.
  void go_on() {
    if (!run_ || run_->storing() != 0 || !run_->asking().empty()) return;
    for (;;) {
      auto line = run_->take_kept();
      if (!line) line = run_->source().take();
      if (!line) break;
      if (!run_->takes(*line)) {
        run_->keep(std::move(*line));
        return store();
      }
      run_->append(*line);
    }
    const auto questions = run_->source().wanted();
    for (const auto& question : questions) ask({question});
    if (!questions.empty()) return;
    if (run_->has_object()) return store();
    end_run(ExportState::finished, {});
  }

  void store() { caf::anon_send(options_.depot, run_->make_order(report(), ++last_ticket_, caf::actor_cast<caf::actor>(this))); }

  void on_stored(const ObjectStored& fact) {
    if (!run_ || run_->storing() != fact.ticket || fact.ticket == 0) return;
    if (!fact.ok) return end_run(ExportState::failed, fact.error);
    run_->stored(report(), fact.provider);
    run_->trouble_ticks = 0;
    go_on();
  }

  void end_run(ExportState state, std::string why) {
    auto& ended = report();
    ended.state = state;
    ended.ended_at = options_.clock();
    ended.why = std::move(why);
    if (options_.log != nullptr) log(ended);
    const auto day = run_->archive_day();
    run_.reset();
    if (day && state == ExportState::finished) note_archived(*day);
    else if (day) archive_.failed(options_.clock());
    begin_next();
  }

  void log(const ExportReport& ended) const {
    JsonObject line;
    line.text("timestamp", format_iso8601(*ended.ended_at)).text("log", "export").text("exportId", ended.id);
    line.text("what", export_what_name(ended.order.what)).text("by", ended.order.by).boolean("success", ended.state == ExportState::finished);
    line.number("entries", static_cast<std::int64_t>(ended.entries)).number("bytes", static_cast<std::int64_t>(ended.bytes));
    line.number("objects", static_cast<std::int64_t>(ended.keys.size())).text_if_any("error", ended.why);
    options_.log->write(line.take());
  }

  // --- questions

  void ask(ExportRun::Asking asking) {
    const auto ticket = ++last_ticket_;
    const auto question = asking.question;
    run_->asking().emplace(ticket, ExportRun::Asking{question});
    std::visit([this, ticket](const auto& q) { put(ticket, q); }, question);
  }

  void put(std::uint64_t ticket, const AskAudit& q) {
    options_.chronicle.audit(partition_tag(q.partition), q.before, q.count, [self = me(), ticket, p = q.partition](Result<Numbered> page) {
      caf::anon_send(self, NumberedRead{ticket, p, std::move(page)});
    });
  }
  void put(std::uint64_t ticket, const AskDeadList& q) {
    caf::unsafe_send_as(this, dispatchers_.at(q.partition), ListDead{ticket, q.filter, q.after, q.count});
  }
  void put(std::uint64_t ticket, const AskDeadRecords& q) {
    std::vector<std::string> raw;
    for (const auto& id : q.ids) raw.emplace_back(id.raw());
    options_.outbox.fetch(partition_tag(q.partition), OutboxPart::dead, std::move(raw), [self = me(), ticket, p = q.partition](Result<Blobs> records) {
      caf::anon_send(self, RecordsRead{ticket, p, OutboxPart::dead, std::move(records)});
    });
  }

  void on_numbered(const NumberedRead& fact) {
    if (fact.page) answered<AskAudit>(fact.ticket, *fact.page);
    else unanswered(fact.ticket, "the store is away");
  }
  void on_dead_listed(const DeadListed& fact) {
    if (fact.open) answered<AskDeadList>(fact.ticket, fact);
    else unanswered(fact.ticket, fmt::format("partition {} is not open at the moment", fact.partition));
  }
  void on_records(const RecordsRead& fact) {
    if (fact.records) answered<AskDeadRecords>(fact.ticket, *fact.records);
    else unanswered(fact.ticket, "the store is away");
  }

  template <class Question, class Answer>
  void answered(std::uint64_t ticket, const Answer& answer) {
    if (!run_) return;
    const auto node = run_->asking().extract(ticket);
    if (!node || !std::holds_alternative<Question>(node.mapped().question)) return;
    run_->trouble_ticks = 0;
    run_->source().add(std::get<Question>(node.mapped().question), answer);
    go_on();
  }

  void unanswered(std::uint64_t ticket, std::string why) {
    if (!run_) return;
    const auto at = run_->asking().find(ticket);
    if (at == run_->asking().end()) return;
    at->second.again = true;
    run_->trouble = std::move(why);
  }

  void ask_again() {
    std::vector<ExportRun::Asking> again;
    std::erase_if(run_->asking(), [&](const auto& item) {
      const bool lost = item.second.again || item.second.ticks >= question_ticks_max;
      if (lost) again.push_back(item.second);
      return lost;
    });
    for (auto& asking : again) ask(std::move(asking));
  }

  // --- the archive

  void on_opened(const DispatchersOpened& fact) {
    dispatchers_ = fact.dispatchers;
    learn_archive();
    begin_next();
  }

  void learn_archive() {
    if (!options_.archives_audit || archive_.is_known() || std::exchange(asking_registers_, true)) return;
    options_.registers.all(archive_group, [self = me()](auto values) { caf::anon_send(self, RegistersRead{std::move(values)}); });
  }

  void on_registers(const RegistersRead& fact) {
    asking_registers_ = false;
    if (!fact.values) return;
    std::optional<std::int64_t> last;
    for (const auto& [name, value] : *fact.values) {
      const auto day = parse_tokyo_day(value);
      if (name == archive_name && day) last = *day;
    }
    archive_.know(last);
    begin_next();
  }

  [[nodiscard]] std::optional<std::int64_t> archive_due() const {
    return !options_.archives_audit || noting_ || is_off() ? std::nullopt : archive_.due(options_.clock());
  }

  void begin_archive(std::int64_t day) {
    begin(*add({.what = ExportWhat::audit, .since = tokyo_day_begin(day), .until = tokyo_day_begin(day + 1) - Millis{1}, .by = "denrei"}), day);
  }

  // The next day only when this one is written down.
  void note_archived(std::int64_t day) {
    noting_ = true;
    options_.registers.put(archive_group, archive_name, tokyo_day_text(day), [self = me(), day](Result<void> result) {
      caf::anon_send(self, ArchiveNoted{day, std::move(result)});
    });
  }

  void on_archive_noted(const ArchiveNoted& fact) {
    noting_ = false;
    if (fact.result) archive_.done(fact.day);
    else archive_.failed(options_.clock());
    begin_next();
  }

  // --- time and the end

  void arm() {
    if (draining_ || std::exchange(ticking_, true)) return;
    delayed_send(this, tick, ExporterTick{});
  }

  void on_tick() {
    ticking_ = false;
    if (run_) on_running_tick();
    else if (!dispatchers_.empty()) learn_archive();
    begin_next();
    arm();
  }

  void on_running_tick() {
    for (auto& [ticket, asking] : run_->asking()) ++asking.ticks;
    if (run_->asking().empty()) return;
    if (++run_->trouble_ticks > trouble_ticks_max) return end_run(ExportState::failed, run_->trouble.empty() ? "no answer" : run_->trouble);
    ask_again();
  }

  void on_drain() {
    draining_ = true;
    if (run_) end_run(ExportState::failed, "the process ended");
    caf::anon_send(options_.observer, Drained{meter().name});
  }

  ExporterOptions options_;
  std::vector<caf::actor> dispatchers_;      // by partition; empty until the store is open
  std::deque<ExportReport> exports_;         // oldest first
  std::optional<ExportRun> run_;
  std::uint64_t last_export_ = 0;
  std::uint64_t last_ticket_ = 0;
  ArchiveDays archive_;
  bool asking_registers_ = false;
  bool noting_ = false;                      // the register is being written
  bool ticking_ = false;
  bool draining_ = false;
};

}  // namespace

Exporter spawn_exporter(const Stage& stage, ActorMeter& meter, ExporterOptions options) {
  return spawn_on<ExporterAtWork>(stage, meter, std::move(options));
}

}  // namespace denrei
