// Routes: what they match, and the deliveries that an event becomes.
#include "denrei/domain/route.hpp"

#include <gtest/gtest.h>

#include "denrei/base/limits.hpp"
#include "unit/sample_events.hpp"

namespace denrei {
namespace {

Event employee_event() {
  auto event = samples::make_event({.effect = Effect::employee, .type = "employee.created", .body = R"({"a":1})"});
  event.source = "employee";
  event.family = "staff";
  event.key = "EMP-1";
  return event;
}

Route route_to(std::string destination, std::string name = "r") { return {.name = std::move(name), .destination = std::move(destination)}; }

std::vector<Delivery> plan(const Routes& routes, LaneSequences& sequences) {
  return plan_deliveries(routes, employee_event(), 42, from_unix_ms(5'000), sequences);
}

TEST(Route, EmptyListMatchesEverything) { EXPECT_TRUE(matches({}, employee_event())); }

TEST(Route, EachListMustMatch) {
  const auto event = employee_event();
  EXPECT_TRUE(matches({.sources = {"employee"}, .types = {"employee.created"}, .keys = {"EMP-1"}}, event));
  EXPECT_FALSE(matches({.sources = {"api"}, .types = {"employee.created"}, .keys = {"EMP-1"}}, event));
  EXPECT_FALSE(matches({.sources = {"employee"}, .types = {"other"}, .keys = {"EMP-1"}}, event));
  EXPECT_FALSE(matches({.sources = {"employee"}, .types = {"employee.created"}, .keys = {"EMP-2"}}, event));
}

TEST(Route, OneOfAListIsEnough) {
  EXPECT_TRUE(matches({.sources = {"api", "employee"}}, employee_event()));
  EXPECT_FALSE(matches({.sources = {"api", "stats"}}, employee_event()));
}

TEST(Route, PatternIsATextOrABeginning) {
  const auto by_type = [](std::string pattern) { return matches({.types = {std::move(pattern)}}, employee_event()); };
  EXPECT_TRUE(by_type("employee.*"));
  EXPECT_TRUE(by_type("employee.created*"));
  EXPECT_TRUE(by_type("*"));
  EXPECT_FALSE(by_type("employee.photo.*"));
  EXPECT_FALSE(by_type("employee"));
  EXPECT_FALSE(by_type("Employee.*"));
  EXPECT_FALSE(by_type("*.created")) << "a star is one at the end only";
  EXPECT_FALSE(by_type(""));
}

TEST(Plan, DeliveryCarriesWhatTheEventSays) {
  LaneSequences sequences;
  const auto event = employee_event();
  const auto planned = plan({route_to("voicedrive", "employee-out")}, sequences);
  ASSERT_EQ(planned.size(), 1u);
  const auto& head = planned[0].head;
  EXPECT_EQ(head.id, make_delivery_id(event.id, "voicedrive", "employee-out"));
  EXPECT_EQ(head.event, event.id);
  EXPECT_EQ(head.seq, 42u);
  EXPECT_EQ(head.destination, "voicedrive");
  EXPECT_EQ(head.route, "employee-out");
  EXPECT_EQ(head.source, "employee");
  EXPECT_EQ(head.family, "staff");
  EXPECT_EQ(head.key, "EMP-1");
  EXPECT_EQ(head.type, "employee.created");
  EXPECT_EQ(head.lane_sequence, 1u);
  EXPECT_EQ(head.received_at, event.received_at);
  EXPECT_EQ(head.due, from_unix_ms(5'000));
  EXPECT_EQ(head.attempts, 0u);
  EXPECT_EQ(head.round, 1u);
  EXPECT_EQ(head.dead, DeadReason::alive);
  EXPECT_EQ(planned[0].body, event.body);
  EXPECT_TRUE(planned[0].attempts.empty());
}

TEST(Plan, FirstRouteThatMatchesDecidesForItsDestination) {
  LaneSequences sequences;
  auto not_ours = route_to("a", "first");
  not_ours.sources = {"api"};
  const auto planned = plan({not_ours, route_to("a", "second"), route_to("b", "third"), route_to("a", "fourth")}, sequences);
  ASSERT_EQ(planned.size(), 2u);
  EXPECT_EQ(planned[0].head.route, "second");
  EXPECT_EQ(planned[1].head.route, "third");
  EXPECT_EQ(sequences, (LaneSequences{{"a", 1}, {"b", 1}}));
}

TEST(Plan, NothingMatchesNothing) {
  LaneSequences sequences{{"a", 3}};
  auto route = route_to("a");
  route.types = {"other"};
  EXPECT_TRUE(plan({route}, sequences).empty());
  EXPECT_TRUE(plan({}, sequences).empty());
  EXPECT_EQ(sequences, (LaneSequences{{"a", 3}}));
}

TEST(Plan, CountsPerDestination) {
  LaneSequences sequences{{"b", 7}};
  EXPECT_EQ(plan({route_to("a")}, sequences)[0].head.lane_sequence, 1u);
  EXPECT_EQ(plan({route_to("a"), route_to("b")}, sequences)[1].head.lane_sequence, 8u);
  EXPECT_EQ(plan({route_to("a")}, sequences)[0].head.lane_sequence, 3u);
  EXPECT_EQ(sequences, (LaneSequences{{"b", 8}, {"a", 3}}));
}

TEST(Plan, ForgetsADestinationWithoutARouteWhenThereAreTooMany) {
  Routes routes;
  LaneSequences sequences;
  for (std::size_t i = 0; i < limits::destinations_max; ++i) {
    const auto name = "d" + std::to_string(i);
    sequences.emplace_back(name, 10);
    if (i != 3) routes.push_back(route_to(name));
  }
  routes.push_back(route_to("new"));
  const auto planned = plan(routes, sequences);
  ASSERT_EQ(sequences.size(), limits::destinations_max);
  EXPECT_EQ(sequences[0], (LaneSequences::value_type{"d0", 11}));
  EXPECT_EQ(sequences[3], (LaneSequences::value_type{"d4", 11}));
  EXPECT_EQ(sequences.back(), (LaneSequences::value_type{"new", 1}));
  EXPECT_EQ(planned.back().head.lane_sequence, 1u);
}

TEST(Plan, SequencesNeverOutgrowTheKeyFile) {
  Routes routes;
  LaneSequences sequences;
  for (std::size_t i = 0; i < limits::destinations_max + 2; ++i) routes.push_back(route_to("d" + std::to_string(i)));
  EXPECT_EQ(plan(routes, sequences).size(), limits::destinations_max + 2);
  EXPECT_EQ(sequences.size(), limits::destinations_max);
  KeyFile file;
  file.lane_sequences = sequences;
  EXPECT_EQ(open_key_file(encode_key_file(file))->lane_sequences, sequences);
}

}  // namespace
}  // namespace denrei
