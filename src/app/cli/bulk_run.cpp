// The loop of a bulk load. Waits in slices, so that the progress moves and Ctrl-C is seen.
#include "denrei/app/cli/bulk_run.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <queue>

#include "denrei/app/cli/bulk_events.hpp"
#include "denrei/app/cli/bulk_interruption.hpp"
#include "denrei/app/cli/screen.hpp"
#include "denrei/domain/destination.hpp"
#include "denrei/domain/json.hpp"
#include "denrei/domain/retry.hpp"
#include "denrei/domain/token_bucket.hpp"

namespace denrei {
namespace {

constexpr Millis slice{1'000};             // the longest wait without looking at the progress
constexpr std::size_t reason_bytes_max = 300;
constexpr double burst_s = 0.1;            // so much is made up for after a late wake-up: nothing at 5/s, ten requests at 100/s

// One request after the other, through the context's client; time passes only in `wait`.
class OneByOne final : public ParallelHttp {
 public:
  OneByOne(CliContext& context, const Interruption& interruption) : context_(context), interruption_(interruption) {}
  void start(std::size_t ticket, HttpRequest request) override { ended_.push_back({ticket, context_.http(request)}); }
  std::vector<HttpEnded> wait(Millis at_most) override {
    if (!ended_.empty() || at_most.count() <= 0) return std::exchange(ended_, {});
    if (context_.wait) context_.wait(at_most);
    else interruption_.wait(at_most);
    return {};
  }

 private:
  CliContext& context_;
  const Interruption& interruption_;
  std::vector<HttpEnded> ended_;
};

// The contract of protocol §3.1 as far as judging an answer goes, with the schedule of the bulk load.
Destination make_rules(const BulkOrder& order) {
  using Kind = OutcomePattern::Kind;
  Destination rules;
  rules.success = {{Kind::status, 200}};
  rules.schedule = order.schedule;
  rules.retry_on = {{Kind::status_class, 5}, {Kind::status, 429}, {Kind::network, 0}, {Kind::timeout, 0}};
  rules.disable_on = {};
  return rules;
}

std::string cut(std::string text) {
  std::replace_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  if (text.size() <= reason_bytes_max) return text;
  auto end = reason_bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

// The text in any of the answers' shapes (protocol §2), else the body.
std::string describe_reply(const HttpReply& reply) {
  std::string text;
  if (const auto document = parse_json(reply.body))
    for (const auto* pointer : {"/error", "/error/message", "/detail", "/message"})
      if (text.empty()) text = find_string((*document)->root(), pointer);
  if (text.empty()) text = reply.body;
  return cut(make_printable(text.empty() ? fmt::format("{}", reply.status) : fmt::format("{}: {}", reply.status, text)));
}

std::string_view header_of(const HttpReply& reply, std::string_view name) {
  for (const auto& header : reply.headers) {
    const Header one{header.name, header.value};
    if (const auto value = find_header({&one, 1}, name); !value.empty()) return value;
  }
  return {};
}

class BulkRun {
 public:
  BulkRun(const BulkOrder& order, BulkState& state, CliContext& context)
      : order_(order), state_(state), context_(context), rules_(make_rules(order)),
        bucket_(order.rate, static_cast<std::uint32_t>(std::max(1.0, std::floor(order.rate * burst_s)))),
        progress_(context.err, context.is_err_terminal(), order.rate, context.now()), tally_(count_rows(state.rows())) {
    if (order.concurrency > 1) http_ = context.parallel_http(interruption_.descriptor());
    else http_ = std::make_unique<OneByOne>(context, interruption_);
    line_up();
  }

  BulkEnd run() {
    while (!is_over()) {
      if (!end_ && is_interrupted()) end_ = BulkEnd{BulkEnd::Kind::interrupted, {}};
      if (!end_) start_what_is_due();
      for (const auto& ended : http_->wait(time_to_wait())) on_ended(ended);
      progress_.update(tally_, context_.now());
    }
    progress_.end();
    return end_.value_or(BulkEnd{});
  }

 private:
  struct Due {
    WallTime at;
    std::size_t row;
    friend bool operator>(const Due& a, const Due& b) { return std::tie(a.at, a.row) > std::tie(b.at, b.row); }
  };

  // Rows whose request was under way when the last run ended come first: nobody knows what became of them.
  void line_up() {
    for (std::size_t row = 0; row < state_.rows().size(); ++row) {
      const auto& known = state_.rows()[row];
      if (known.stage == RowStage::sending) due_.push({WallTime{}, row});
      if (known.stage == RowStage::waiting) due_.push({known.due, row});
      if (known.stage == RowStage::waiting) tally_.last_due = std::max(tally_.last_due, known.due);
    }
    skip_to_open();
  }

  void skip_to_open() {
    while (next_ < state_.rows().size() && state_.rows()[next_].stage != RowStage::open) ++next_;
  }

  [[nodiscard]] bool is_interrupted() const { return context_.is_interrupted ? context_.is_interrupted() : interruption_.is_raised(); }
  [[nodiscard]] bool nothing_left() const { return next_ == state_.rows().size() && due_.empty(); }
  [[nodiscard]] bool is_over() const { return under_way_ == 0 && (end_ || nothing_left()); }

  // When the next row may leave as far as the rows themselves go.
  [[nodiscard]] WallTime next_due() const {
    const auto row_due = next_ < state_.rows().size() ? WallTime{} : due_.top().at;
    return std::max(row_due, held_until_);
  }

  void start_what_is_due() {
    while (!end_ && under_way_ < order_.concurrency && !nothing_left() && !is_interrupted()) {
      const auto now = context_.now();
      if (now < next_due() || !bucket_.take(now)) return;
      start(take_row(now), now);
    }
  }

  // What has waited goes before what is new.
  std::size_t take_row(WallTime now) {
    if (!due_.empty() && due_.top().at <= now) {
      const auto row = due_.top().row;
      due_.pop();
      return row;
    }
    const auto row = next_++;
    skip_to_open();
    return row;
  }

  void start(std::size_t row, WallTime now) {
    const auto body_time = state_.rows()[row].body_time.value_or(now);
    if (!record({.kind = BulkEntry::Kind::sending, .row = row, .at = now, .body_time = body_time})) return;
    ++under_way_;
    ++tally_.requests;
    auto body = make_created_body(order_.file, order_.file.rows[row], body_time);
    http_->start(row, sign_post(order_.sender, order_.url, std::move(body), context_.now()));
  }

  [[nodiscard]] Millis time_to_wait() {
    if (end_ || under_way_ >= order_.concurrency || nothing_left()) return slice;
    const auto now = context_.now();
    return std::clamp(std::max(bucket_.wait(now), next_due() - now), Millis{0}, slice);
  }

  void on_ended(const HttpEnded& ended) {
    --under_way_;
    const auto now = context_.now();
    const auto& reply = ended.reply;
    BulkEntry entry{.row = ended.ticket, .at = now, .status = reply ? reply->status : 0};
    if (reply ? reply->status == 401 : reply.error().code != FaultCode::unavailable) {
      entry.error = reply ? describe_reply(*reply) : cut(make_printable(reply.error().detail));
      entry.kind = BulkEntry::Kind::stopped;
      end_ = BulkEnd{reply ? BulkEnd::Kind::refused : BulkEnd::Kind::broken, entry.error};
    } else {
      judge(reply, entry);
    }
    record(entry);
  }

  void judge(const Result<HttpReply>& reply, BulkEntry& entry) {
    const AttemptResult result{entry.status, reply ? AttemptError::none : AttemptError::broken, reply ? std::string_view(reply->body) : ""};
    const auto judgement = judge_attempt(rules_, result);
    if (judgement == Judgement::delivered) {
      entry.kind = BulkEntry::Kind::done;
      entry.repeat = header_of(*reply, "idempotent-replayed") == "true";
      return;
    }
    entry.error = reply ? describe_reply(*reply) : cut(make_printable(reply.error().detail));
    entry.kind = BulkEntry::Kind::failed;
    const auto retry_after = reply ? parse_retry_after(header_of(*reply, "retry-after"), entry.at) : std::nullopt;
    if (entry.status == 429 && retry_after) held_until_ = std::max(held_until_, entry.at + std::min(*retry_after, rules_.retry_after_max));
    if (judgement != Judgement::retry) return;
    const auto attempts = state_.rows()[entry.row].round_attempts + 1;
    const auto step = decide_retry(rules_, {.attempts = attempts, .now = entry.at, .retry_after = retry_after});
    if (step.kind != NextStep::Kind::retry) return;
    entry.kind = BulkEntry::Kind::retry;
    entry.due = step.due;
    due_.push({step.due, entry.row});
    tally_.last_due = std::max(tally_.last_due, step.due);
  }

  // False, and the end, when it could not be written: then nobody would know of the row after a crash.
  bool record(const BulkEntry& entry) {
    --count_of(state_.rows()[entry.row].stage);
    const auto written = state_.record(entry);
    ++count_of(state_.rows()[entry.row].stage);
    if (written && entry.repeat) ++tally_.repeats;
    if (!written) end_ = BulkEnd{BulkEnd::Kind::broken, written.error().detail};
    return written.has_value();
  }

  std::size_t& count_of(RowStage stage) {
    switch (stage) {
      case RowStage::open:
      case RowStage::sending: return tally_.open;
      case RowStage::waiting: return tally_.waiting;
      case RowStage::sent: return tally_.sent;
      case RowStage::failed: return tally_.failed;
    }
    return tally_.open;
  }

  const BulkOrder& order_;
  BulkState& state_;
  CliContext& context_;
  Destination rules_;
  TokenBucket bucket_;
  Interruption interruption_;
  BulkProgress progress_;
  BulkTally tally_;
  std::unique_ptr<ParallelHttp> http_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::size_t next_ = 0;           // the first row that was never sent
  std::size_t under_way_ = 0;
  WallTime held_until_{};
  std::optional<BulkEnd> end_;
};

}  // namespace

BulkEnd run_bulk(const BulkOrder& order, BulkState& state, CliContext& context) { return BulkRun(order, state, context).run(); }

BulkTally count_rows(const std::vector<RowState>& rows) {
  BulkTally tally{.rows = rows.size()};
  for (const auto& row : rows) {
    switch (row.stage) {
      case RowStage::open:
      case RowStage::sending: ++tally.open; break;
      case RowStage::waiting: ++tally.waiting; break;
      case RowStage::sent: ++tally.sent; break;
      case RowStage::failed: ++tally.failed; break;
    }
    tally.repeats += row.repeat ? 1 : 0;
  }
  return tally;
}

}  // namespace denrei
