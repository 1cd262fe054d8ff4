// The house's rules as data, and the checker that reads a file's text against them. No files are opened here.
//
// Shape   check_file("src/actors/scribe.cpp", text) -> complaints, each "path:line: what"
// Limits  lines are judged without comments and the contents of string literals, one line at a time
// Source  docs/ARCHITECTURE.md shows the same table of floors
#pragma once
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace denrei::tidy {

struct Floor {
  std::string_view name;
  std::string_view may_see;      // floors whose headers it may include
  std::string_view third_party;  // beginnings of what it may include in <>; standard headers are free; * is everything
};

// The one table to edit when the architecture changes.
inline constexpr std::array floors{
    Floor{"base", "base", "tl/ fmt/ openssl/ arpa/inet.h"},
    Floor{"domain", "base domain", "tl/ fmt/ boost/json"},
    Floor{"ports", "base domain ports", ""},
    Floor{"adapters", "base domain ports adapters",
          "hiredis/ curl/ openssl/ prometheus/ boost/asio boost/system boost/json fmt/ tl/ sys/ fcntl.h poll.h unistd.h"},
    Floor{"actors", "base domain ports actors", "caf/ boost/json fmt/ tl/"},
    Floor{"runtime", "base runtime", "caf/ boost/asio fmt/ tl/"},
    Floor{"http", "base domain ports actors runtime http", "caf/ boost/asio boost/beast boost/json openssl/ fmt/ tl/"},
    Floor{"app", "base domain ports adapters actors runtime http app", "*"},
};

// Words of code that only the named rooms may use. A room is a beginning of a path under include/denrei/ or src/.
struct Ban {
  std::string_view words;   // any of them
  std::string_view where;   // floors that the ban holds for; * is every file, tests and benchmarks too
  std::string_view rooms;   // where it is allowed all the same
  std::string_view why;
};

inline constexpr std::array bans{
    Ban{"std::mutex std::thread std::jthread std::condition_variable std::shared_mutex std::lock_guard std::unique_lock",
        "base domain ports adapters actors runtime http app", "runtime/loop_unit http/edge adapters/line_writer adapters/tracing_sink adapters/file_spool app/serve",
        "threads and locks live in few rooms"},
    Ban{"new", "base domain ports adapters actors runtime http app", "runtime/asio_scheduler", "owners are unique_ptr"},
    Ban{"delete malloc free", "base domain ports adapters actors runtime http app", "", "owners are unique_ptr"},
    Ban{"sleep_for sleep_until usleep nanosleep", "*", "", "nobody sleeps: advance a clock or wait for a condition"},
    Ban{"std::regex", "*", "tests/tidy", "slow, and its stack grows with the input"},
    Ban{"system_clock::now steady_clock::now std::time std::rand std::random_device std::cout std::cerr std::ifstream std::ofstream",
        "base domain ports", "", "decisions get time, dice and files from outside"},
    Ban{"std::cout std::cerr std::ifstream std::ofstream", "actors runtime http", "runtime/asio_scheduler", "only adapters and app do I/O"},
};

inline constexpr std::size_t header_lines_max = 200;
inline constexpr std::size_t source_lines_max = 400;
inline constexpr std::size_t port_methods_max = 5;
// Templates whose bodies must stand in a header: they count as sources.
inline constexpr std::string_view headers_with_bodies = "http/session.hpp";

inline std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const auto blank = text.find(' ');
    if (blank != 0) out.push_back(text.substr(0, blank));
    text.remove_prefix(blank == std::string_view::npos ? text.size() : blank + 1);
  }
  return out;
}

inline bool has_word(std::string_view words, std::string_view wanted) {
  const auto all = split_words(words);
  return std::find(all.begin(), all.end(), wanted) != all.end();
}

inline bool begins_with_one_of(std::string_view text, std::string_view beginnings) {
  const auto all = split_words(beginnings);
  return std::any_of(all.begin(), all.end(), [text](std::string_view b) { return b == "*" || text.starts_with(b); });
}

// "src/actors/scribe.cpp" and "include/denrei/actors/scribe.hpp" -> "actors/scribe…"; other paths stay.
inline std::string_view room_of(std::string_view path) {
  for (const std::string_view root : {"include/denrei/", "src/"})
    if (path.starts_with(root)) return path.substr(root.size());
  return path;
}

inline const Floor* floor_of(std::string_view path) {
  const auto room = room_of(path);
  if (room == path) return nullptr;
  const auto at = std::find_if(floors.begin(), floors.end(), [&](const Floor& f) { return f.name == room.substr(0, room.find('/')); });
  return at == floors.end() ? nullptr : &*at;
}

// A line without its // comment and without what stands between quotes.
inline std::string code_of(std::string_view line) {
  std::string out;
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const bool digit_separator = c == '\'' && i > 0 && std::isalnum(static_cast<unsigned char>(line[i - 1])) != 0;
    if (quote == 0 && c == '/' && i + 1 < line.size() && line[i + 1] == '/') break;
    if (quote != 0 && c == '\\') ++i;
    else if (quote != 0) quote = c == quote ? '\0' : quote;
    else if (c == '"' || (c == '\'' && !digit_separator)) quote = c;
    else out.push_back(c);
  }
  return out;
}

inline bool is_word_char(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// The word as a whole one; "= delete" and "delete;" of a declaration do not count.
inline bool uses_word(std::string_view code, std::string_view word) {
  for (auto at = code.find(word); at != std::string_view::npos; at = code.find(word, at + 1)) {
    const bool starts = at == 0 || (!is_word_char(code[at - 1]) && code[at - 1] != '.' && code[at - 1] != '>');
    const auto after = at + word.size();
    if (!starts || (after < code.size() && is_word_char(code[after]))) continue;
    const auto before = code.substr(0, at).find_last_not_of(' ');
    if (word == "delete" && before != std::string_view::npos && code[before] == '=') continue;
    return true;
  }
  return false;
}

class FileCheck {
 public:
  FileCheck(std::string_view path, std::string_view text) : path_(path), floor_(floor_of(path)) { read(text); }
  [[nodiscard]] std::vector<std::string> take() { return std::move(complaints_); }

 private:
  void read(std::string_view text) {
    std::size_t methods = 0;
    while (!text.empty()) {
      const auto end = text.find('\n');
      const auto line = text.substr(0, end);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
      ++number_;
      if (number_ == 1 && !line.starts_with("// ")) complain("the first line does not say what lives here");
      const auto code = code_of(line);
      if (code.starts_with("#include")) check_include(line);
      else check_code(code);
      if (floor_ != nullptr && floor_->name == "ports" && code.find("virtual") != std::string::npos && code.ends_with("= 0;")) ++methods;
    }
    const auto lines_max = path_.ends_with(".hpp") && !has_word(headers_with_bodies, room_of(path_)) ? header_lines_max : source_lines_max;
    if (number_ > lines_max) complain(std::to_string(number_) + " lines, at most " + std::to_string(lines_max));
    if (methods > port_methods_max) complain("a port has at most " + std::to_string(port_methods_max) + " methods");
  }

  void check_include(std::string_view line) {
    if (floor_ == nullptr) return;
    const auto open = line.find_first_of("<\"");
    const auto close = line.find_last_of(">\"");
    if (open == std::string_view::npos || close <= open) return complain("an #include that cannot be read");
    const auto target = line.substr(open + 1, close - open - 1);
    if (line[open] == '<') return check_third_party(target);
    if (target.starts_with("denrei_gen/")) return;
    if (!target.starts_with("denrei/")) {
      if (target.find('/') != std::string_view::npos) complain("includes " + std::string(target) + " from another folder");
      return;
    }
    const auto to = target.substr(7, target.find('/', 7) - 7);
    if (!has_word(floor_->may_see, to)) complain(std::string(floor_->name) + " may not look at " + std::string(to));
  }

  void check_third_party(std::string_view target) {
    const bool is_standard = target.find_first_of("/.") == std::string_view::npos;
    const bool openssl_in_header = floor_->name == "base" && target.starts_with("openssl/") && path_.ends_with(".hpp");
    if (is_standard || (begins_with_one_of(target, floor_->third_party) && !openssl_in_header)) return;
    complain(std::string(floor_->name) + " may not include <" + std::string(target) + ">");
  }

  void check_code(std::string_view code) {
    if (code.starts_with("#define ") && !code.substr(8).starts_with("DENREI_")) complain("a macro that is not named DENREI_…");
    if (code.find("[=]") != std::string_view::npos || code.find("[=,") != std::string_view::npos) complain("[=] hides what is captured");
    for (const auto& ban : bans) {
      if (ban.where != "*" && (floor_ == nullptr || !has_word(ban.where, floor_->name))) continue;
      if (begins_with_one_of(room_of(path_), ban.rooms)) continue;
      for (const auto word : split_words(ban.words))
        if (uses_word(code, word)) complain(std::string(word) + ": " + std::string(ban.why));
    }
  }

  void complain(std::string_view what) {
    complaints_.push_back(std::string(path_) + ":" + std::to_string(number_) + ": " + std::string(what));
  }

  std::string_view path_;
  const Floor* floor_;
  std::size_t number_ = 0;
  std::vector<std::string> complaints_;
};

inline std::vector<std::string> check_file(std::string_view path, std::string_view text) { return FileCheck(path, text).take(); }

}  // namespace denrei::tidy
