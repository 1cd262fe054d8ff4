// What a bulk load shows while it works, and how Ctrl-C reaches it.
#include "denrei/app/cli/bulk_progress.hpp"

#include <csignal>
#include <poll.h>

#include "bulk_world.hpp"
#include "denrei/app/cli/bulk_interruption.hpp"

namespace denrei {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::size_t count(const std::string& text, char c) { return static_cast<std::size_t>(std::count(text.begin(), text.end(), c)); }

const WallTime start = from_unix_ms(1'700'000'000'000);

TEST(BulkProgress, RedrawsATerminalAtMostFiveTimesASecond) {
  std::ostringstream err;
  BulkProgress progress(err, true, 5, start);
  for (int ms = 0; ms < 1'000; ms += 10) progress.update({.rows = 100, .open = 100}, start + Millis{ms});
  EXPECT_EQ(count(err.str(), '\r'), 5u);
  EXPECT_EQ(count(err.str(), '\n'), 0u);
}

TEST(BulkProgress, SaysHowFarItIsAndHowLongItTakes) {
  std::ostringstream err;
  BulkProgress progress(err, true, 5, start);
  progress.update({.rows = 300, .open = 148, .waiting = 2, .sent = 149, .failed = 1, .requests = 155, .last_due = start + Millis{90'000}},
                  start + Millis{31'000});
  EXPECT_EQ(err.str(), "\r[##########----------] 150/300  1 failed  2 retrying  5.0/s  0:59 left");
  err.str("");
  progress.update({.rows = 300, .open = 10, .sent = 290, .requests = 290}, start + Millis{58'000});
  EXPECT_EQ(err.str(), "\r[###################-] 290/300  5.0/s  0:02 left" + std::string(22, ' '));
  err.str("");
  progress.end();
  EXPECT_EQ(err.str(), "\r" + std::string(48, ' ') + "\r");
}

TEST(BulkProgress, WritesALineForEveryTenthElsewhere) {
  std::ostringstream err;
  BulkProgress progress(err, false, 100, start);
  for (std::size_t sent = 0; sent <= 300; ++sent)
    progress.update({.rows = 300, .open = 300 - sent, .sent = sent, .requests = sent}, start + Millis{10 * static_cast<std::int64_t>(sent)});
  progress.end();
  EXPECT_EQ(count(err.str(), '\n'), 10u);
  EXPECT_THAT(err.str(), AllOf(::testing::StartsWith("30/300  0:03 left\n"), Not(HasSubstr("\r"))));
}

TEST(BulkProgress, WritesALineEveryTenSecondsWhenNothingMoves) {
  std::ostringstream err;
  BulkProgress progress(err, false, 5, start);
  for (int s = 1; s <= 60; ++s) progress.update({.rows = 10, .waiting = 10, .last_due = start + Millis{60'000}}, start + std::chrono::seconds{s});
  EXPECT_EQ(count(err.str(), '\n'), 6u);
  EXPECT_THAT(err.str(), HasSubstr("0/10  10 retrying  0:50 left\n"));
}

TEST(BulkProgress, GoesOnWhenTheClockIsSetBack) {
  std::ostringstream err;
  BulkProgress progress(err, true, 5, start);
  progress.update({.rows = 10, .open = 10}, start);
  progress.update({.rows = 10, .open = 9, .sent = 1}, start - std::chrono::hours{1});
  EXPECT_THAT(err.str(), HasSubstr("1/10"));
}

TEST(BulkProgress, ShowsLengthsAsPeopleReadThem) {
  EXPECT_EQ(format_length(Millis{-5}), "0:00");
  EXPECT_EQ(format_length(Millis{59'499}), "0:59");
  EXPECT_EQ(format_length(Millis{59'500}), "1:00");
  EXPECT_EQ(format_length(Millis{3'723'000}), "1:02:03");
}

class BulkScreen : public BulkWorld {};

TEST_F(BulkScreen, DrawsABarOnATerminalAndPlainLinesElsewhere) {
  write_people(20);
  on_terminal_ = true;
  ASSERT_EQ(bulk(), 0);
  EXPECT_THAT(err_.str(), AllOf(HasSubstr("\r[##########----------] 10/20  "), HasSubstr(" \r20 rows: 20 sent")));
  on_terminal_ = false;
  write_people(21);
  ASSERT_EQ(bulk({"--state", (folder_ / "other").string()}), 0);
  EXPECT_THAT(err_.str(), AllOf(Not(HasSubstr("\r")), HasSubstr("15/21  ")));
}

bool is_readable(int descriptor) {
  pollfd entry{descriptor, POLLIN, 0};
  return poll(&entry, 1, 0) == 1;
}

TEST(Interruption, TurnsASignalIntoAnAnswerAndEndsWaits) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const Interruption interruption;
    EXPECT_FALSE(interruption.is_raised());
    interruption.wait(Millis{1});
    ASSERT_EQ(raise(signal), 0);
    EXPECT_TRUE(interruption.is_raised());
    EXPECT_TRUE(is_readable(interruption.descriptor()));
    const auto before = std::chrono::steady_clock::now();
    interruption.wait(std::chrono::minutes{1});
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds{30});
  }
}

TEST(Interruption, PutsTheOldHandlersBackAndLetsASecondSignalThrough) {
  struct sigaction before {};
  struct sigaction now {};
  sigaction(SIGINT, nullptr, &before);
  {
    const Interruption interruption;
    sigaction(SIGINT, nullptr, &now);
    EXPECT_NE(now.sa_handler, before.sa_handler);
    ASSERT_EQ(raise(SIGINT), 0);
    sigaction(SIGINT, nullptr, &now);
    EXPECT_EQ(now.sa_handler, SIG_DFL);
  }
  sigaction(SIGINT, nullptr, &now);
  EXPECT_EQ(now.sa_handler, before.sa_handler);
}

}  // namespace
}  // namespace denrei
