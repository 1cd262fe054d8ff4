// An announcement that is counted by an actor which sleeps after every event, and what has gone out of it.
#pragma once
#include <gtest/gtest.h>

#include <fmt/format.h>
#include <string>
#include <vector>

#include "denrei/domain/tally.hpp"
#include "unit/sample_events.hpp"

namespace denrei::samples {

inline constexpr std::string_view notice_body =
    R"({"title":"【アンケート】職場環境","category":"survey","priority":"medium","publishedAt":"2025-10-07T09:00:00.000Z","delivered":450})";

struct CountedAnnouncement {
  std::string id = "ann_1";
  std::string state;
  std::vector<Line> lines;             // what its timeline would hold
  std::vector<Emission> emissions;     // everything that went out
  WallTime now = from_unix_ms(1'760'000'000'000);  // 2025-10-09T08:53:20Z
  int events = 0;

  Outcome hear(std::string_view type, std::string_view body) {
    auto event = make_event({.effect = Effect::tally, .type = std::string(type), .body = std::string(body),
                             .identity = std::to_string(++events), .received_ms = to_unix_ms(now)});
    auto logic = make_key_logic(Effect::tally, id, state).value();
    auto decision = logic->decide(event);
    EXPECT_TRUE(decision.notifications.empty());
    state = logic->encode_state();
    for (auto& emission : decision.emissions) emissions.push_back(std::move(emission));
    if (decision.has_line) lines.push_back({.position = lines.size() + 1, .id = event.id, .type = event.type, .note = decision.note});
    return decision.outcome;
  }

  Outcome publish(std::string_view body = notice_body) { return hear("announcement.published", body); }
  Outcome click(std::string_view department = {}) {
    return hear("action.click", department.empty() ? R"({"action":"click"})" : fmt::format(R"({{"action":"click","department":"{}"}})", department));
  }
  Outcome view(std::string_view viewer, std::string_view seconds = {}) {
    return hear("action.view", seconds.empty() ? fmt::format(R"({{"action":"view","viewer":"{}"}})", viewer)
                                               : fmt::format(R"({{"action":"view","viewer":"{}","readTimeSeconds":{}}})", viewer, seconds));
  }
  Outcome complete() { return hear("action.completion", R"({"action":"completion"})"); }
  Outcome hour(std::string_view at) { return hear("tally.hour", fmt::format(R"({{"at":"{}"}})", at)); }
  Outcome day(std::string_view at) { return hear("tally.day", fmt::format(R"({{"at":"{}"}})", at)); }

  [[nodiscard]] Tally tally() const { return decode_tally(state).value(); }
  // The newest emission, as its receiver reads it.
  [[nodiscard]] std::shared_ptr<const JsonDocument> last() const { return parse_json(emissions.back().body).value(); }
  [[nodiscard]] std::shared_ptr<const JsonDocument> shown() const { return parse_json(tally_json(id, state, lines).value()).value(); }
};

}  // namespace denrei::samples
