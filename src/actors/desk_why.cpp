// The sentences.
#include "desk_why.hpp"

#include <chrono>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace denrei {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t line_bytes_max = 200;   // of what a receiver said
constexpr std::size_t routes_named_max = 20;  // in one sentence
constexpr auto writing_lasts = 10s;           // after its acceptance an event's deliveries may not be written yet

std::string result_of(int status, AttemptError error) {
  return status != 0 ? fmt::format("{}", status) : std::string(attempt_error_name(error));
}

// The first line, cut between characters.
std::string short_line(std::string_view text) {
  auto line = text.substr(0, text.find_first_of("\r\n"));
  if (line.size() <= line_bytes_max) return std::string(line);
  auto end = line_bytes_max;
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) --end;
  return std::string(line.substr(0, end)) + "…";
}

std::string last_words(const Delivery& delivery) {
  if (delivery.attempts.empty()) return {};
  const auto& last = delivery.attempts.back();
  const auto line = short_line(last.error_text.empty() ? last.answer_body : last.error_text);
  return line.empty() ? line : ": " + line;
}

Why explain_disabled(const DestinationReport& report) {
  const bool says_why = !report.disabled_reason.empty();
  return {fmt::format("destination {} is disabled since {} because {}", report.name, format_iso8601(report.disabled_since),
                      says_why ? report.disabled_reason : "somebody said so without a reason"),
          fmt::format("配信先 {} は {} から無効になっています（理由: {}）", report.name, format_jst(report.disabled_since),
                      says_why ? report.disabled_reason : "記載なし")};
}

Why explain_batch(const DeliveryHead& head, const Destination& settings) {
  const auto result = result_of(head.last_status, head.last_error);
  const auto failed = head.round > 1 ? head.round - 1 : 1;
  return {fmt::format("round {} of {} failed with {}; it goes with the next batch, at the latest at {}", failed, settings.rounds, result,
                      format_iso8601(head.due)),
          fmt::format("第{}回（全{}回）の送信が {} で失敗しました。次の一括送信を待っています（遅くとも {}）", failed, settings.rounds, result,
                      format_jst(head.due))};
}

// "attempt 2 of 4 failed with 500", of the round that it is in.
Why failed_attempt(const DeliveryHead& head, const Destination& settings) {
  const auto result = result_of(head.last_status, head.last_error);
  const auto number = head.round_attempts > 0 ? head.round_attempts : head.attempts;
  const auto of = settings.schedule.size() + 1;
  return {fmt::format("attempt {} of {} failed with {}", number, of, result),
          fmt::format("{}回目（全{}回）の送信が {} で失敗しました", number, of, result)};
}

Why explain_retry(const DeliveryHead& head, const Destination& settings, const DestinationReport& report) {
  auto why = failed_attempt(head, settings);
  why.en += fmt::format("; next at {}", format_iso8601(head.due));
  why.ja += fmt::format("。次は {} です", format_jst(head.due));
  if (report.breaker == "closed") return why;
  why.en += ", or later: the breaker of the destination is not closed";
  why.ja += "（ブレーカーが閉じていないため、さらに遅れることがあります）";
  return why;
}

Why explain_breaker(const DeliveryHead& head, const Destination& settings, const DestinationReport& report) {
  const bool probing = report.breaker == "half_open";
  Why why{fmt::format("destination {} failed again and again, so its breaker is {}: {}", report.name, probing ? "half open" : "open",
                      probing ? "one attempt at a time tries whether it is back" : "no attempt is made for a while"),
          fmt::format("配信先 {} の失敗が続いたため、ブレーカーが{}", report.name,
                      probing ? "半開です。1件ずつ試しています" : "開いています。しばらく送信しません")};
  if (head.attempts == 0) return why;
  const auto failed = failed_attempt(head, settings);
  return {failed.en + "; " + why.en, failed.ja + "。" + why.ja};
}

// How many of its type may go, where that is limited: it may be what it waits for.
void add_limit(Why& why, const DeliveryHead& head, const Destination& settings) {
  const auto* const limit = find_limit(settings.limits, head.type);
  if (limit == nullptr) return;
  const auto seconds = static_cast<double>(limit->window.count()) / 1000;
  why.en += fmt::format("; of type {} at most {} attempts go there in {} s", limit->type, limit->count, seconds);
  why.ja += fmt::format("。種別 {} の送信は {} 秒間に {} 回までです", limit->type, seconds, limit->count);
}

Why explain_turn(const DeliveryHead& head, const Destination& settings, const DestinationReport& report) {
  Why why{fmt::format("waits for its turn: {} deliveries of destination {} are pending, {} under way", report.pending, report.name,
                      report.in_flight),
          fmt::format("順番を待っています。配信先 {} の未配信は {} 件、送信中は {} 件です", report.name, report.pending, report.in_flight)};
  if (report.blocked_lanes > 0) {
    why.en += fmt::format("; {} keys wait for a dead letter to be re-sent or discarded", report.blocked_lanes);
    why.ja += fmt::format("。{} 個のキーが配信不能の再送または破棄を待っています", report.blocked_lanes);
  }
  add_limit(why, head, settings);
  if (head.attempts == 0) return why;
  const auto failed = failed_attempt(head, settings);
  return {failed.en + "; " + why.en, failed.ja + "。" + why.ja};
}

// The newer one says all that it said.
Why explain_superseded(const DeliveryHead& head) {
  const auto so_far_en = head.attempts > 0 ? fmt::format("not sent again after {} attempts", head.attempts) : std::string("not sent");
  const auto so_far_ja = head.attempts > 0 ? fmt::format("{} 回の送信後、再送していません", head.attempts) : std::string("送信していません");
  return {fmt::format("{}: when its turn came at {}, a newer event of type {} and the same key was waiting behind it, and that one is sent instead",
                      so_far_en, format_iso8601(head.ended_at), head.type),
          fmt::format("{}。{} に順番が来た時点で、同じキー・同じ種別（{}）のより新しいイベントが待っていたため、そちらだけを送信します", so_far_ja,
                      format_jst(head.ended_at), head.type)};
}

std::string patterns_text(const std::vector<std::string>& patterns) {
  return patterns.empty() ? "any" : fmt::format("{}", fmt::join(patterns, "|"));
}

std::string routes_text(const Routes& routes) {
  if (routes.empty()) return "none";
  std::string out;
  for (std::size_t i = 0; i < routes.size() && i < routes_named_max; ++i)
    out += fmt::format("{}{} (source {}, type {}, key {}) -> {}", i > 0 ? ", " : "", routes[i].name, patterns_text(routes[i].sources),
                       patterns_text(routes[i].types), patterns_text(routes[i].keys), routes[i].destination);
  return routes.size() > routes_named_max ? out + fmt::format(", and {} more", routes.size() - routes_named_max) : out;
}

Why explain_nothing(const EventTrace& trace, const Routes& routes, WallTime now) {
  if (!trace.event)
    return {"its payload is no longer in the log, and neither outbox, dead letters nor history hold a delivery of it",
            "本文はログに残っておらず、送信待ち・配信不能・配信履歴のいずれにもこのイベントの配信はありません"};
  if (trace.missing.empty())
    return {fmt::format("no route matches source {}, type {}; routes: {}", trace.event->source, trace.event->type, routes_text(routes)),
            fmt::format("受信口 {}・種別 {} に一致する経路がありません。経路: {}", trace.event->source, trace.event->type, routes_text(routes))};
  if (now - trace.received_at < writing_lasts)
    return {"it has only just been accepted, and its deliveries may not be written yet; ask again",
            "受信したばかりで、配信がまだ書き込まれていない可能性があります。少し待って再度確認してください"};
  return {"delivered or discarded longer ago than the history reaches, or the route is newer than the event",
          "履歴に残る期間より前に配信または破棄されたか、経路がこのイベントより新しいものです"};
}

}  // namespace

Why explain_pending(const DeliveryHead& head, const Destination* settings, const DestinationReport* report, WallTime now) {
  if (settings == nullptr || report == nullptr)
    return {fmt::format("destination {} is not configured; its deliveries are kept until it is", head.destination),
            fmt::format("配信先 {} は現在設定されていません。設定されるまで保持されます", head.destination)};
  if (report->disabled) return explain_disabled(*report);
  if (head.waits_for_batch) return explain_batch(head, *settings);
  if (head.attempts > 0 && head.due > now) return explain_retry(head, *settings, *report);
  if (report->breaker != "closed") return explain_breaker(head, *settings, *report);
  return explain_turn(head, *settings, *report);
}

Why explain_dead(const Delivery& delivery) {
  const auto& head = delivery.head;
  const auto result = result_of(head.last_status, head.last_error);
  const auto at = head.ended_at;
  Why why;
  switch (head.dead) {
    case DeadReason::alive:
    case DeadReason::exhausted:
      why = {fmt::format("given up at {} after {} attempts, as the schedule has ended; the last one failed with {}", format_iso8601(at),
                         head.attempts, result),
             fmt::format("{} に {} 回の送信後、再試行の予定が尽きたため断念しました。最後の結果は {} です", format_jst(at),
                         head.attempts, result)};
      break;
    case DeadReason::given_up:
      why = {fmt::format("given up at {} at attempt {}, as {} is not retried", format_iso8601(at), head.attempts, result),
             fmt::format("{} の {} 回目の送信で断念しました。{} は再試行の対象外です", format_jst(at), head.attempts, result)};
      break;
    case DeadReason::pending_limit:
      why = {fmt::format("not sent, as destination {} had as many pending deliveries as it may have at {}", head.destination,
                         format_iso8601(at)),
             fmt::format("{} の時点で配信先 {} の未配信が上限に達していたため、送信していません", format_jst(at), head.destination)};
      break;
    case DeadReason::superseded: why = explain_superseded(head); break;
  }
  const auto words = last_words(delivery);
  why.en += words;
  why.ja += words;
  if (!head.blocks_lane) return why;
  why.en += "; later deliveries of its key wait until it is re-sent or discarded";
  why.ja += "。再送または破棄されるまで、同じキーの後の配信は待ちます";
  return why;
}

Why explain_settled(const DeliveryHead& head) {
  if (head.dead == DeadReason::superseded) return explain_superseded(head);
  return {fmt::format("delivered at attempt {} with status {} at {}", head.attempts, head.last_status, format_iso8601(head.ended_at)),
          fmt::format("{} の {} 回目の送信で配信済みです（状態コード {}）", format_jst(head.ended_at), head.attempts, head.last_status)};
}

Why explain_event(const EventTrace& trace, const Routes& routes, WallTime now) {
  if (trace.pending + trace.dead + trace.delivered + trace.superseded == 0) return explain_nothing(trace, routes, now);
  Why why{fmt::format("{} delivered, {} pending, {} dead", trace.delivered, trace.pending, trace.dead),
          fmt::format("配信済み {} 件、未配信 {} 件、配信不能 {} 件", trace.delivered, trace.pending, trace.dead)};
  if (trace.superseded > 0) {
    why.en += fmt::format(", {} left out for a newer event", trace.superseded);
    why.ja += fmt::format("、新しいイベントに置き換え {} 件", trace.superseded);
  }
  if (trace.missing.empty()) return why;
  why.en += fmt::format("; nothing is known of a delivery to {}: ", fmt::join(trace.missing, ", "));
  why.en += "delivered or discarded longer ago than the history reaches, or the route is newer";
  why.ja += fmt::format("。{} への配信の記録はありません（履歴より古いか、経路のほうが新しい）", fmt::join(trace.missing, "、"));
  return why;
}

}  // namespace denrei
