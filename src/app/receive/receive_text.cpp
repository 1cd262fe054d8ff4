// Lines and reports.
#include "denrei/app/receive/receive_text.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "denrei/app/cli/screen.hpp"
#include "denrei/base/encoding.hpp"
#include "denrei/domain/json_text.hpp"

namespace denrei {
namespace {

std::string word_or_dash(std::string_view text) {
  if (text.empty()) return "-";
  auto printable = make_printable(text);
  std::replace_if(printable.begin(), printable.end(), [](char c) { return c == '\n' || c == '\t'; }, '?');
  return printable.find_first_of(" \"=") == std::string::npos ? printable : fmt::format("\"{}\"", printable);
}

std::string_view yes_or_no(bool yes) { return yes ? "yes" : "no"; }

std::string describe_violation(const OrderViolation& v) {
  return fmt::format("  {} key={} sequence={} after {}{} id={}\n", word_or_dash(v.path), word_or_dash(v.key), v.sequence, v.after,
                     v.twice ? " (this number came before)" : "", word_or_dash(v.id));
}

std::string describe_order(std::string_view what, const OrderCheck& order) {
  auto out = fmt::format("{}: {}; {} lanes, {} violations, {} missing so far\n", what, order.held() ? "held" : "NOT held", order.lanes(),
                         order.violations(), order.missing());
  for (const auto& violation : order.first_violations()) out += describe_violation(violation);
  return out;
}

std::string order_json(const OrderCheck& order) {
  std::vector<std::string> first;
  for (const auto& v : order.first_violations())
    first.push_back(JsonObject{}.text("path", v.path).text("key", v.key).text("id", v.id).number("sequence", v.sequence).number("after", v.after)
                        .boolean("twice", v.twice).take());
  return JsonObject{}
      .boolean("held", order.held())
      .number("lanes", static_cast<std::int64_t>(order.lanes()))
      .number("violations", static_cast<std::int64_t>(order.violations()))
      .number("missing", static_cast<std::int64_t>(order.missing()))
      .raw("first", fmt::format("[{}]", fmt::join(first, ",")))
      .take();
}

template <class Counts>
std::string counts_json(const Counts& counts) {
  JsonObject out;
  for (const auto& [name, count] : counts) out.number(fmt::format("{}", name), static_cast<std::int64_t>(count));
  return out.take();
}

template <class Counts>
std::string describe_counts(const Counts& counts) {
  std::vector<std::string> parts;
  for (const auto& [name, count] : counts) parts.push_back(fmt::format("{}: {}", name, count));
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace

std::string request_text(const RequestNote& note) {
  return fmt::format("{} {} {} verified={} id={} sequence={} key={} status={}{}{}", format_iso8601(note.at), make_printable(note.method),
                     make_printable(note.path), note.verified ? yes_or_no(*note.verified) : "-", word_or_dash(note.id),
                     note.sequence > 0 ? std::to_string(note.sequence) : "-", word_or_dash(note.key), note.status,
                     note.refusal.empty() ? "" : fmt::format(" refused={}", note.refusal), note.repeat ? " repeat" : "");
}

std::string request_json(const RequestNote& note) {
  JsonObject out(384);
  out.text("at", format_iso8601(note.at)).text("method", note.method).text("path", note.path).text("id", note.id);
  if (note.sequence > 0) out.number("sequence", note.sequence);
  else out.raw("sequence", "null");
  out.text("key", note.key).number("status", note.status);
  if (note.verified) out.boolean("verified", *note.verified);
  else out.raw("verified", "null");
  out.text_if_any("refusal", note.refusal).boolean("repeat", note.repeat);
  return out.text("bodySha256", encode_hex(as_view(sha256({note.body})))).take();
}

std::string report_text(const ReceiveReport& report) {
  const auto& book = *report.book;
  auto out = fmt::format("{} requests, {} distinct deliveries ({} accepted), {} repeats, {} refused signatures\n", report.requests,
                         book.deliveries(), book.accepted(), book.repeats(), report.refused_signatures());
  if (!report.refused.empty()) out += fmt::format("refused: {}\n", describe_counts(report.refused));
  if (!report.by_status.empty()) out += fmt::format("answers by status (0: none): {}\n", describe_counts(report.by_status));
  if (report.failed_handshakes > 0) out += fmt::format("{} TLS handshakes failed\n", report.failed_handshakes);
  if (book.without_id() + book.unnumbered() > 0)
    out += fmt::format("not checked for order: {} without webhook-id, {} without Denrei-Sequence\n", book.without_id(), book.unnumbered());
  out += describe_order("order of first arrivals", book.arrivals());
  out += describe_order("order of acceptances", book.acceptances());
  if (!book.is_complete()) out += "there were too many deliveries, lanes or gaps to keep: figures beyond the limit are not exact\n";
  return out;
}

std::string report_json(const ReceiveReport& report) {
  const auto& book = *report.book;
  const auto number = [](std::uint64_t n) { return static_cast<std::int64_t>(n); };
  return JsonObject(1'024)
      .text("mode", receive_mode_name(report.mode))
      .number("requests", number(report.requests))
      .number("deliveries", number(book.deliveries()))
      .number("accepted", number(book.accepted()))
      .number("repeats", number(book.repeats()))
      .number("refusedSignatures", number(report.refused_signatures()))
      .raw("refused", counts_json(report.refused))
      .raw("byStatus", counts_json(report.by_status))
      .number("failedHandshakes", number(report.failed_handshakes))
      .number("withoutId", number(book.without_id()))
      .number("unnumbered", number(book.unnumbered()))
      .raw("order", order_json(book.arrivals()))
      .raw("acceptedOrder", order_json(book.acceptances()))
      .boolean("complete", book.is_complete())
      .take();
}

}  // namespace denrei
