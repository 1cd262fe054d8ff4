// Style as a test: floors, room signs, sizes and banned words, read from the tree itself. The rules are in rules.hpp.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "tidy/rules.hpp"

namespace denrei::tidy {
namespace {

namespace fs = std::filesystem;

bool is_ours(const fs::path& path) { return path.extension() == ".cpp" || path.extension() == ".hpp"; }

std::vector<fs::path> files_under(std::string_view folder) {
  std::vector<fs::path> out;
  const auto root = fs::path(DENREI_ROOT) / folder;
  if (!fs::exists(root)) return out;
  for (const auto& entry : fs::recursive_directory_iterator(root))
    if (entry.is_regular_file() && is_ours(entry.path())) out.push_back(entry.path());
  return out;
}

std::string read_all(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Tree, KeepsTheHouseRules) {
  std::size_t files = 0;
  for (const std::string_view folder : {"include", "src", "tests", "bench"})
    for (const auto& path : files_under(folder)) {
      ++files;
      for (const auto& complaint : check_file(fs::relative(path, DENREI_ROOT).string(), read_all(path))) ADD_FAILURE() << complaint;
    }
  EXPECT_GT(files, 100u) << "the tree was not found";
}

TEST(Tree, HasNoFloorThatTheTableDoesNotKnow) {
  for (const std::string_view folder : {"include", "src"})
    for (const auto& path : files_under(folder)) {
      const auto relative = fs::relative(path, DENREI_ROOT).string();
      EXPECT_NE(floor_of(relative), nullptr) << relative;
    }
}

// --- the checker itself: each bad sample must be found, each good one must pass

std::size_t complaints(std::string_view path, std::string_view text) { return check_file(path, text).size(); }

TEST(TidyCheck, FindsAFloorThatLooksUp) {
  EXPECT_EQ(complaints("src/domain/a.cpp", "// A.\n#include \"denrei/actors/scribe.hpp\"\n"), 1u);
  EXPECT_EQ(complaints("include/denrei/adapters/a.hpp", "// A.\n#include \"denrei/actors/scribe.hpp\"\n"), 1u);
  EXPECT_EQ(complaints("src/actors/a.cpp", "// A.\n#include \"denrei/adapters/redis/redis_link.hpp\"\n"), 1u);
  EXPECT_EQ(complaints("src/adapters/a.cpp", "// A.\n#include \"denrei/runtime/loop_unit.hpp\"\n"), 1u);
  EXPECT_EQ(complaints("src/runtime/a.cpp", "// A.\n#include \"denrei/actors/scribe.hpp\"\n"), 1u);
  EXPECT_EQ(complaints("src/actors/a.cpp", "// A.\n#include \"../http/request_line.hpp\"\n"), 1u);
  EXPECT_EQ(complaints("src/http/a.cpp", "// A.\n#include \"denrei/runtime/loop_unit.hpp\"\n#include \"denrei/base/ids.hpp\"\n"), 0u);
}

TEST(TidyCheck, FindsForeignHeadersOnTheWrongFloor) {
  EXPECT_EQ(complaints("src/actors/a.cpp", "// A.\n#include <boost/asio/post.hpp>\n"), 1u);
  EXPECT_EQ(complaints("src/domain/a.cpp", "// A.\n#include <unistd.h>\n"), 1u);
  EXPECT_EQ(complaints("src/adapters/a.cpp", "// A.\n#include <caf/all.hpp>\n"), 1u);
  EXPECT_EQ(complaints("include/denrei/base/a.hpp", "// A.\n#include <openssl/evp.h>\n"), 1u);
  EXPECT_EQ(complaints("src/base/a.cpp", "// A.\n#include <openssl/evp.h>\n#include <vector>\n"), 0u);
}

TEST(TidyCheck, FindsAFileWithoutASign) {
  EXPECT_EQ(complaints("tests/unit/a.cpp", "#include <vector>\n"), 1u);
  EXPECT_EQ(complaints("tests/unit/a.cpp", "//\n"), 1u);
  EXPECT_EQ(complaints("tests/unit/a.cpp", "// What lives here.\n"), 0u);
}

TEST(TidyCheck, FindsFilesThatAreTooLong) {
  const auto lines = [](std::size_t count) {
    std::string text = "// A.\n";
    for (std::size_t i = 1; i < count; ++i) text += "int a;\n";
    return text;
  };
  EXPECT_EQ(complaints("include/denrei/base/a.hpp", lines(200)), 0u);
  EXPECT_EQ(complaints("include/denrei/base/a.hpp", lines(201)), 1u);
  EXPECT_EQ(complaints("src/base/a.cpp", lines(400)), 0u);
  EXPECT_EQ(complaints("src/base/a.cpp", lines(401)), 1u);
}

TEST(TidyCheck, FindsLocksAndThreadsOutsideTheirRooms) {
  constexpr std::string_view text = "// A.\nstd::mutex m;\nstd::thread t;\n";
  EXPECT_EQ(complaints("src/actors/scribe.cpp", text), 2u);
  EXPECT_EQ(complaints("include/denrei/http/server.hpp", text), 2u);
  EXPECT_EQ(complaints("include/denrei/http/edge.hpp", text), 0u);
  EXPECT_EQ(complaints("include/denrei/runtime/loop_unit.hpp", text), 0u);
}

TEST(TidyCheck, FindsOwnershipByHand) {
  EXPECT_EQ(complaints("src/domain/a.cpp", "// A.\nauto* p = new int;\n"), 1u);
  EXPECT_EQ(complaints("src/domain/a.cpp", "// A.\ndelete p;\n"), 1u);
  EXPECT_EQ(complaints("src/domain/a.cpp", "// A.\nA(const A&) = delete;  // a new rule\nint renew = 1;\n"), 0u);
  EXPECT_EQ(complaints("src/domain/a.cpp", "// A.\nsay(\"a new // day\"); auto c = '\"'; auto n = 1'000;\n"), 0u);
  EXPECT_EQ(complaints("src/domain/a.cpp", "// A.\nauto c = '\"'; auto* p = new int;\n"), 1u);
}

TEST(TidyCheck, FindsSleepsRegexesAndCatchAllCaptures) {
  EXPECT_EQ(complaints("tests/unit/a.cpp", "// A.\nstd::this_thread::sleep_for(1s);\n"), 1u);
  EXPECT_EQ(complaints("src/app/a.cpp", "// A.\nstd::regex r;\n"), 1u);
  EXPECT_EQ(complaints("src/app/a.cpp", "// A.\nauto f = [=] { return x; };\n"), 1u);
}

TEST(TidyCheck, FindsClocksAndFilesInDecisions) {
  EXPECT_EQ(complaints("src/domain/a.cpp", "// A.\nauto t = std::chrono::system_clock::now();\n"), 1u);
  EXPECT_EQ(complaints("src/actors/a.cpp", "// A.\nstd::ifstream in;\n"), 1u);
}

TEST(TidyCheck, FindsMacrosWithoutOurPrefix) {
  EXPECT_EQ(complaints("src/base/a.cpp", "// A.\n#define MAX 1\n"), 1u);
  EXPECT_EQ(complaints("src/base/a.cpp", "// A.\n#define DENREI_MAX 1\n"), 0u);
}

TEST(TidyCheck, FindsPortsThatAskTooMuch) {
  std::string text = "// A.\n";
  for (int i = 0; i < 6; ++i) text += "  virtual void ask() = 0;\n";
  EXPECT_EQ(complaints("include/denrei/ports/a.hpp", text), 1u);
  EXPECT_EQ(complaints("include/denrei/http/a.hpp", text), 0u);
}

}  // namespace
}  // namespace denrei::tidy
