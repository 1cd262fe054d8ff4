// Counting: buckets, families, and what the registry says about actors.
#include "denrei/base/metrics.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace denrei {
namespace {

using namespace std::chrono_literals;

const MetricFamily* family(const std::vector<MetricFamily>& families, std::string_view name) {
  const auto at = std::find_if(families.begin(), families.end(), [name](const MetricFamily& f) { return f.name == name; });
  return at != families.end() ? &*at : nullptr;
}

TEST(Histogram, PutsADurationInTheFirstBucketThatHoldsIt) {
  Histogram h;
  h.observe(0ns);
  h.observe(500us);      // exactly a bound: it belongs to it
  h.observe(500'001ns);
  h.observe(10s);
  h.observe(11s);
  const auto counts = h.counts();
  EXPECT_EQ(counts[0], 2u);
  EXPECT_EQ(counts[1], 1u);
  EXPECT_EQ(counts[duration_bounds_s.size() - 1], 1u);
  EXPECT_EQ(counts.back(), 1u) << "above every bound";
  EXPECT_NEAR(h.sum_s(), 21.001, 1e-6);
}

TEST(MetricsRegistry, GathersSamplesOfOneNameInOneFamily) {
  MetricsRegistry registry;
  auto& ok = registry.counter("seen_total", "Seen.", {{"result", "ok"}});
  auto& bad = registry.counter("seen_total", "Seen.", {{"result", "bad"}});
  registry.gauge("level", "Level.", {}, [] { return 2.5; });
  auto& took = registry.histogram("took_seconds", "Took.");
  ok.add();
  ok.add(2);
  bad.add();
  took.observe(1ms);
  const auto families = registry.collect();
  ASSERT_EQ(families.size(), 3u);
  const auto* seen = family(families, "seen_total");
  ASSERT_NE(seen, nullptr);
  EXPECT_EQ(seen->kind, MetricKind::counter);
  ASSERT_EQ(seen->samples.size(), 2u);
  EXPECT_EQ(seen->samples[0].value, 3);
  EXPECT_EQ(seen->samples[1].labels.at("result"), "bad");
  EXPECT_EQ(family(families, "level")->samples[0].value, 2.5);
  EXPECT_EQ(family(families, "took_seconds")->samples[0].histogram, &took);
}

TEST(MetricsRegistry, KeepsAddressesWhileItGrows) {
  MetricsRegistry registry;
  auto& first = registry.counter("c0", "");
  auto& actor = registry.actor("Kind", "a0", "");
  for (int i = 1; i < 1'000; ++i) {
    registry.counter("c" + std::to_string(i), "");
    registry.actor("Kind", "a" + std::to_string(i), "a0");
  }
  first.add(7);
  actor.restarts.fetch_add(1);
  const auto families = registry.collect();
  EXPECT_EQ(family(families, "c0")->samples[0].value, 7);
  EXPECT_EQ(family(families, "denrei_actor_restarts_total")->samples[0].value, 1);
}

TEST(MetricsRegistry, NeverShowsAMailboxBelowZero) {
  MetricsRegistry registry;
  auto& actor = registry.actor("Kind", "name", "");
  const auto waiting = [&registry] {
    const auto families = registry.collect();
    return family(families, "denrei_actor_mailbox_messages")->samples[0].value;
  };
  actor.enqueued = 3;
  actor.consumed = 1;
  EXPECT_EQ(waiting(), 2);
  actor.consumed = 4;  // read a moment later than `enqueued`
  EXPECT_EQ(waiting(), 0);
}

}  // namespace
}  // namespace denrei
