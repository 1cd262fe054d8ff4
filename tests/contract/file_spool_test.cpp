// The port Spool, held by files and by the fake alike; and what only files can suffer: restarts, torn files, a disk that refuses.
#include "denrei/adapters/file_spool.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <future>
#include <memory>

#include "denrei/adapters/tracing_sink.hpp"
#include "denrei/base/limits.hpp"
#include "denrei/base/ids.hpp"
#include "denrei/domain/span.hpp"
#include "support/fake_spool.hpp"
#include "support/line_keeper.hpp"

namespace denrei::test {
namespace {

namespace fs = std::filesystem;

class Directory {
 public:
  Directory() {
    std::string name = (fs::temp_directory_path() / "denrei-spool-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Directory() { fs::remove_all(path_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  [[nodiscard]] const fs::path& path() const noexcept { return path_; }

 private:
  fs::path path_;
};

// Calls and waits for the answer, which a FileSpool gives on its own thread.
template <class T>
Result<T> wait_for(const std::function<void(Done<T>)>& call) {
  const auto promise = std::make_shared<std::promise<Result<T>>>();
  auto answer = promise->get_future();
  call([promise](Result<T> result) { promise->set_value(std::move(result)); });
  return answer.get();
}
SpoolSize push(Spool& spool, const std::string& bytes) {
  return wait_for<SpoolSize>([&](Done<SpoolSize> done) { spool.push(bytes, std::move(done)); }).value_or(SpoolSize{999, 999, 999});
}
std::optional<SpoolItem> front(Spool& spool) {
  return wait_for<std::optional<SpoolItem>>([&](auto done) { spool.front(std::move(done)); }).value();
}
SpoolSize pop(Spool& spool, std::uint64_t number) {
  return wait_for<SpoolSize>([&](auto done) { spool.pop(number, std::move(done)); }).value();
}
SpoolSize size(Spool& spool) {
  return wait_for<SpoolSize>([&](auto done) { spool.size(std::move(done)); }).value();
}

enum class Kind : std::uint8_t { file, fake };

class SpoolContract : public ::testing::TestWithParam<Kind> {
 protected:
  std::unique_ptr<Spool> open(std::uint64_t bytes_max = 1'000'000) {
    if (GetParam() == Kind::fake) return std::make_unique<FakeSpool>(bytes_max);
    return std::make_unique<FileSpool>(directory_.path() / "spool", bytes_max);
  }
  Directory directory_;
};

TEST_P(SpoolContract, GivesTheOldestUntilItIsTakenOut) {
  const auto spool = open();
  EXPECT_EQ(size(*spool).items, 0u);
  EXPECT_FALSE(front(*spool));
  push(*spool, "first");
  const auto two = push(*spool, std::string("se\0cond\n", 8));
  EXPECT_EQ(two.items, 2u);
  EXPECT_EQ(two.bytes, 13u);
  const auto first = front(*spool);
  EXPECT_EQ(first->bytes, "first");
  EXPECT_EQ(front(*spool)->number, first->number);
  EXPECT_EQ(pop(*spool, first->number).items, 1u);
  EXPECT_EQ(front(*spool)->bytes, std::string("se\0cond\n", 8));
  EXPECT_GT(front(*spool)->number, first->number);
  EXPECT_EQ(pop(*spool, first->number).items, 1u) << "it is gone already";
  EXPECT_EQ(pop(*spool, front(*spool)->number).bytes, 0u);
}

TEST_P(SpoolContract, DropsTheOldestWhenItIsFullAndCountsThem) {
  const auto spool = open(100);
  for (const char c : {'a', 'b', 'c'}) push(*spool, std::string(40, c));
  const auto now = size(*spool);
  EXPECT_EQ(now.items, 2u);
  EXPECT_EQ(now.bytes, 80u);
  EXPECT_EQ(now.dropped, 1u);
  EXPECT_EQ(front(*spool)->bytes, std::string(40, 'b'));
  push(*spool, std::string(100, 'd'));
  EXPECT_EQ(size(*spool).items, 1u);
  EXPECT_EQ(size(*spool).dropped, 3u);
}

TEST_P(SpoolContract, RefusesWhatCannotFitAndKeepsTheRest) {
  const auto spool = open(100);
  push(*spool, "kept");
  const auto refused = wait_for<SpoolSize>([&](auto done) { spool->push(std::string(101, 'x'), std::move(done)); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, FaultCode::overloaded);
  EXPECT_EQ(front(*spool)->bytes, "kept");
  EXPECT_EQ(size(*spool).dropped, 1u);
}

TEST_P(SpoolContract, NumbersRiseThoughAllWasTakenOut) {
  const auto spool = open();
  push(*spool, "a");
  const auto number = front(*spool)->number;
  pop(*spool, number);
  push(*spool, "b");
  EXPECT_GT(front(*spool)->number, number);
}

INSTANTIATE_TEST_SUITE_P(Spools, SpoolContract, ::testing::Values(Kind::file, Kind::fake),
                         [](const auto& param) { return param.param == Kind::file ? "File" : "Fake"; });

class FileSpoolTest : public ::testing::Test {
 protected:
  std::unique_ptr<FileSpool> open(std::uint64_t bytes_max = 1'000'000) { return std::make_unique<FileSpool>(directory.path() / "spool", bytes_max); }
  std::vector<fs::path> files() {
    std::vector<fs::path> out;
    for (const auto& entry : fs::directory_iterator(directory.path() / "spool")) out.push_back(entry.path());
    std::sort(out.begin(), out.end());
    return out;
  }
  Directory directory;
};

TEST_F(FileSpoolTest, SurvivesRestarts) {
  for (const std::size_t bytes : {1u, 9u, 10u, 99u, 100'000u}) push(*open(), std::string(bytes, 'x'));
  const auto spool = open();
  EXPECT_EQ(size(*spool).items, 5u);
  EXPECT_EQ(size(*spool).bytes, 100'119u);
  EXPECT_EQ(front(*spool)->bytes, "x");
  const auto number = front(*spool)->number;
  EXPECT_EQ(pop(*spool, number).bytes, 100'118u);
  push(*spool, "newest");
  EXPECT_EQ(size(*open()).items, 5u);
}

TEST_F(FileSpoolTest, WritesWhatWasPushedBeforeItGoes) {
  {
    const auto spool = open();
    for (int n = 0; n < 100; ++n) spool->push("item", [](const auto&) {});
  }
  EXPECT_EQ(size(*open()).items, 100u);
}

TEST_F(FileSpoolTest, SkipsTornFilesAndCountsThem) {
  const auto spool = open();
  for (const auto* item : {"first", "second", "third", "fourth"}) push(*spool, item);
  const auto all = files();
  ASSERT_EQ(all.size(), 4u);
  fs::resize_file(all[0], fs::file_size(all[0]) - 1);
  { std::ofstream(all[1], std::ios::binary | std::ios::trunc); }
  {
    std::fstream changed(all[2], std::ios::binary | std::ios::in | std::ios::out);
    changed.seekp(-1, std::ios::end);
    changed.put('X');
  }
  EXPECT_EQ(front(*spool)->bytes, "fourth");
  EXPECT_EQ(size(*spool).items, 1u);
  EXPECT_EQ(size(*spool).dropped, 3u);
  EXPECT_EQ(files().size(), 1u);
  EXPECT_EQ(front(*open())->bytes, "fourth");
}

TEST_F(FileSpoolTest, LeavesOtherFilesAloneAndRemovesHalfWrittenOnes) {
  push(*open(), "item");
  { std::ofstream(directory.path() / "spool" / "notes.txt") << "mine"; }
  { std::ofstream(directory.path() / "spool" / "00000000000000000009.part") << "half"; }
  EXPECT_EQ(size(*open()).items, 1u);
  EXPECT_TRUE(fs::exists(directory.path() / "spool" / "notes.txt"));
  EXPECT_FALSE(fs::exists(directory.path() / "spool" / "00000000000000000009.part"));
}

TEST_F(FileSpoolTest, KeepsToASmallerLimitAfterARestart) {
  for (const char c : {'a', 'b', 'c'}) push(*open(), std::string(40, c));
  const auto spool = open(80);
  EXPECT_EQ(size(*spool).items, 2u);
  EXPECT_EQ(front(*spool)->bytes, std::string(40, 'b'));
}

TEST_F(FileSpoolTest, IsForThisUserAlone) {
  push(*open(), "item");
  struct stat found {};
  ASSERT_EQ(::stat((directory.path() / "spool").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777u, 0700u);
  ASSERT_EQ(::stat(files().at(0).c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777u, 0600u);
}

TEST_F(FileSpoolTest, SaysWhenTheDiskDoesNotTakeIt) {
  { std::ofstream(directory.path() / "spool") << "a file stands there"; }
  const auto spool = open();
  const auto refused = wait_for<SpoolSize>([&](auto done) { spool->push("x", std::move(done)); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, FaultCode::io);
  EXPECT_EQ(size(*spool).items, 0u);
}

// --- the log's share that becomes spans

std::string line_of(const std::string& identity) { return R"({"log":"request","eventId":"evt_)" + make_event_id("sink", identity).hex() + "\"}"; }

TEST(TracingSink, PassesEveryLineOnAndKeepsTheTracedOnes) {
  LineKeeper log;
  TracingSink sink(log, 0.25);
  std::size_t traced = 0;
  for (int n = 0; n < 1'000; ++n) {
    const auto line = line_of(std::to_string(n));
    traced += is_traced(event_of_line(line), 0.25);
    sink.write(line);
  }
  sink.write(R"({"log":"alert"})");
  EXPECT_EQ(log.lines().size(), 1'001u);
  EXPECT_NEAR(static_cast<double>(traced), 250.0, 60.0);
  const auto first = sink.take(10);
  EXPECT_EQ(first.size(), 10u);
  EXPECT_EQ(sink.take(5'000).size(), traced - 10);
  EXPECT_TRUE(sink.take(1).empty());
}

TEST(TracingSink, KeepsOnlySoMany) {
  LineKeeper log;
  TracingSink sink(log, 1);
  for (std::size_t n = 0; n < limits::traced_lines_max + 3; ++n) sink.write(line_of(std::to_string(n)));
  EXPECT_EQ(sink.left_out(), 3u);
  EXPECT_EQ(sink.take(SIZE_MAX).size(), limits::traced_lines_max);
}

TEST(TracingSink, KeepsNothingWithoutAShare) {
  LineKeeper log;
  TracingSink sink(log, 0);
  sink.write(line_of("1"));
  EXPECT_TRUE(sink.take(1).empty());
  EXPECT_EQ(log.lines().size(), 1u);
}

}  // namespace
}  // namespace denrei::test
