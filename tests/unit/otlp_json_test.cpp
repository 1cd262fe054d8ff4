// Metrics and spans in OTLP's JSON, and spans from log lines.
#include "denrei/domain/otlp_json.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <limits>
#include <set>

#include "denrei/base/ids.hpp"
#include "denrei/domain/json.hpp"

namespace denrei {
namespace {

const MetricTimes times{from_unix_ms(1'760'000'000'000), from_unix_ms(1'760'000'060'123)};
const OtlpResource resource{"0.1.0", "node \"a\""};

json::value pushed_metrics(const MetricsRegistry& registry) { return json::parse(make_metrics_push(resource, registry.collect(), times)); }
const json::value& metric(const json::value& push, std::size_t index = 0) {
  return push.at("resourceMetrics").at(0).at("scopeMetrics").at(0).at("metrics").at(index);
}

TEST(OtlpMetrics, NameTheirResource) {
  const auto push = pushed_metrics(MetricsRegistry{});
  const auto& attributes = push.at("resourceMetrics").at(0).at("resource").at("attributes").as_array();
  ASSERT_EQ(attributes.size(), 3u);
  EXPECT_EQ(json::serialize(attributes[0]), R"({"key":"service.name","value":{"stringValue":"denrei"}})");
  EXPECT_EQ(attributes[1].at("value").at("stringValue").as_string(), "0.1.0");
  EXPECT_EQ(attributes[2].at("value").at("stringValue").as_string(), "node \"a\"");
  EXPECT_TRUE(push.at("resourceMetrics").at(0).at("scopeMetrics").at(0).at("metrics").as_array().empty());
}

TEST(OtlpMetrics, CountersAreCumulativeMonotonicSums) {
  MetricsRegistry registry;
  registry.counter("denrei_events_total", "Events.", {{"source", "staff"}}).add(5);
  const auto push = pushed_metrics(registry);
  EXPECT_EQ(metric(push).at("name").as_string(), "denrei_events_total");
  EXPECT_EQ(metric(push).at("description").as_string(), "Events.");
  const auto& sum = metric(push).at("sum");
  EXPECT_EQ(sum.at("aggregationTemporality").as_int64(), 2);
  EXPECT_TRUE(sum.at("isMonotonic").as_bool());
  EXPECT_EQ(json::serialize(sum.at("dataPoints").at(0)),
            R"({"attributes":[{"key":"source","value":{"stringValue":"staff"}}],"startTimeUnixNano":"1760000000000000000",)"
            R"("timeUnixNano":"1760000060123000000","asDouble":5})");
}

TEST(OtlpMetrics, GaugesHaveNoStartAndOnlyFiniteValues) {
  MetricsRegistry registry;
  registry.gauge("denrei_store_bytes", "Size.", {}, [] { return 1.5; });
  registry.gauge("denrei_store_bytes", "Size.", {{"of", "nobody"}}, [] { return std::numeric_limits<double>::quiet_NaN(); });
  const auto push = pushed_metrics(registry);
  EXPECT_EQ(metric(push).at("unit").as_string(), "By");
  const auto& points = metric(push).at("gauge").at("dataPoints").as_array();
  ASSERT_EQ(points.size(), 1u);
  EXPECT_EQ(json::serialize(points[0]), R"({"attributes":[],"timeUnixNano":"1760000060123000000","asDouble":1.5E0})");
}

TEST(OtlpMetrics, HistogramsHaveOneBucketMoreThanBounds) {
  MetricsRegistry registry;
  auto& histogram = registry.histogram("denrei_request_duration_seconds", "Answers.");
  histogram.observe(std::chrono::milliseconds{2});
  histogram.observe(std::chrono::seconds{60});
  const auto push = pushed_metrics(registry);
  EXPECT_EQ(metric(push).at("unit").as_string(), "s");
  const auto& point = metric(push).at("histogram").at("dataPoints").at(0);
  const auto& buckets = point.at("bucketCounts").as_array();
  EXPECT_EQ(buckets.size(), duration_bounds_s.size() + 1);
  EXPECT_EQ(point.at("explicitBounds").as_array().size(), duration_bounds_s.size());
  EXPECT_EQ(point.at("explicitBounds").at(0).as_double(), 0.0005);
  EXPECT_EQ(buckets[2].as_string(), "1");
  EXPECT_EQ(buckets.back().as_string(), "1");
  EXPECT_EQ(point.at("count").as_string(), "2");
  EXPECT_DOUBLE_EQ(point.at("sum").to_number<double>(), 60.002);
  EXPECT_EQ(metric(push).at("histogram").at("aggregationTemporality").as_int64(), 2);
}

// --- spans

const std::string event = make_event_id("staff", "1").hex();

std::string request_line(const std::string& result, int status = 200, const std::string& request_id = "req-1") {
  return R"({"timestamp":"2025-10-09T08:53:20.500Z","log":"request","requestId":")" + request_id + R"(","method":"POST","path":"/webhooks/employee",)"
         R"("endpoint":"staff","result":")" + result + R"(","status":)" + std::to_string(status) + R"(,"success":true,"bytes":12,"processingTime":1.250,)"
         R"("eventId":"evt_)" + event + R"(","type":"employee.created","source":"staff","notificationId":"N-77","keyHash":123456,"receivedAt":"x"})";
}
std::string attempt_line(int attempt, const std::string& rest) {
  return R"({"timestamp":"2025-10-09T08:53:21.000Z","log":"attempt","deliveryId":"dlv_00112233445566778899aabbccddeeff","eventId":"evt_)" + event +
         R"(","destination":"voicedrive","type":"employee.created","keyHash":123456,"sequence":1,"attempt":)" + std::to_string(attempt) + "," + rest + "}";
}

TEST(Span, OfAReceiptIsTheRootOfItsTrace) {
  const auto span = span_of_line(request_line("accepted"));
  ASSERT_TRUE(span);
  EXPECT_EQ(span->trace_id, event);
  EXPECT_EQ(span->span_id.size(), 16u);
  EXPECT_EQ(span->parent_id, "");
  EXPECT_EQ(span->name, "receive staff");
  EXPECT_EQ(span->end_us, 1'760'000'000'500'000);
  EXPECT_EQ(span->start_us, span->end_us - 1'250);
  EXPECT_FALSE(span->failed);
}

TEST(Span, OfAnAttemptHangsBelowTheReceiptWithoutKnowingIt) {
  const auto receipt = span_of_line(request_line("accepted"));
  const auto first = span_of_line(attempt_line(1, R"("status":500,"address":"192.0.2.1","totalMs":12.5)"));
  const auto second = span_of_line(attempt_line(2, R"("status":0,"error":"timeout","errorText":"x","totalMs":30000.000)"));
  const auto third = span_of_line(attempt_line(3, R"("status":204)"));
  ASSERT_TRUE(first && second && third);
  for (const auto& span : {*first, *second, *third}) {
    EXPECT_EQ(span.trace_id, event);
    EXPECT_EQ(span.parent_id, receipt->span_id);
    EXPECT_EQ(span.name, "deliver voicedrive");
  }
  EXPECT_EQ((std::set<std::string>{receipt->span_id, first->span_id, second->span_id, third->span_id}).size(), 4u);
  EXPECT_EQ(first->end_us - first->start_us, 12'500);
  EXPECT_EQ(first->status_text, "HTTP 500");
  EXPECT_EQ(second->status_text, "timeout");
  EXPECT_EQ(second->end_us - second->start_us, 30'000'000);
  EXPECT_FALSE(third->failed);
  EXPECT_EQ(third->end_us, third->start_us);
}

TEST(Span, OfARepeatIsOneOfItsOwnBelowTheReceipt) {
  const auto receipt = span_of_line(request_line("accepted"));
  const auto repeat = span_of_line(request_line("repeat", 200, "req-2"));
  ASSERT_TRUE(repeat);
  EXPECT_EQ(repeat->parent_id, receipt->span_id);
  EXPECT_NE(repeat->span_id, receipt->span_id);
  EXPECT_NE(repeat->span_id, span_of_line(request_line("repeat", 200, "req-3"))->span_id);
  EXPECT_TRUE(span_of_line(request_line("overloaded", 503))->failed);
}

TEST(Span, SaysNothingAboutPeople) {
  const auto push = make_traces_push(resource, {*span_of_line(request_line("accepted")), *span_of_line(attempt_line(1, R"("status":200,"errorText":"S-1")"))});
  for (const auto* word : {"N-77", "123456", "/webhooks", "S-1"}) EXPECT_EQ(push.find(word), std::string::npos) << word;
}

TEST(Span, IsNotMadeOfOtherLines) {
  for (const std::string& line : {std::string(), std::string("{}"), std::string("not json \"eventId\":\"evt_") + event + "\"", std::string(R"({"log":"alert"})"),
                                 R"({"log":"request","status":404,"text":"\"eventId\":\"evt_)" + event + "\\\"\"}",
                                 R"({"log":"request","status":200,"eventId":"evt_)" + event + "\"}"})
    EXPECT_FALSE(span_of_line(line)) << line;
}

TEST(Span, IsWrittenAsOtlpWantsIt) {
  const auto push = json::parse(make_traces_push(resource, {*span_of_line(attempt_line(1, R"("status":500,"totalMs":0.001)"))}));
  const auto& span = push.at("resourceSpans").at(0).at("scopeSpans").at(0).at("spans").at(0);
  EXPECT_EQ(span.at("traceId").as_string(), event);
  EXPECT_EQ(span.at("kind").as_int64(), 3);
  EXPECT_EQ(span.at("startTimeUnixNano").as_string(), "1760000000999999000");
  EXPECT_EQ(span.at("endTimeUnixNano").as_string(), "1760000001000000000");
  EXPECT_EQ(json::serialize(span.at("status")), R"({"code":2,"message":"HTTP 500"})");
  EXPECT_EQ(json::serialize(span.at("attributes").at(0)), R"({"key":"http.response.status_code","value":{"intValue":"500"}})");
  EXPECT_EQ(push.at("resourceSpans").at(0).at("resource").at("attributes").as_array().size(), 3u);
}

TEST(Tracing, TakesAShareOfAllEventsAndAlwaysTheSame) {
  int traced = 0;
  for (int n = 0; n < 20'000; ++n) {
    const auto id = make_event_id("share", std::to_string(n)).hex();
    traced += is_traced(id, 0.1);
    EXPECT_TRUE(is_traced(id, 1));
    EXPECT_FALSE(is_traced(id, 0));
    if (is_traced(id, 0.01)) { EXPECT_TRUE(is_traced(id, 0.1)) << "a larger share holds the smaller one"; }
  }
  EXPECT_NEAR(traced, 2'000, 150);
  EXPECT_FALSE(is_traced("short", 1));
}

}  // namespace
}  // namespace denrei
