// Lists and records as commands show them: the query, the table, and the command that shows the next page.
//
// Shape   Members{}.add("key", "S-1").query() -> "?key=S-1"; show_page(answer, page, output, context) -> exit code
// Rules   -o json prints the answer as it came. An empty list is said, and the next command named, on `err`
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "denrei/app/cli/api.hpp"

namespace denrei {

// What a command asks for. One name is the option (--name), the query's and the JSON member's.
class Members {
 public:
  Members& add(std::string name, std::string value);         // an empty value is left out
  Members& add_number(std::string name, std::string digits);
  [[nodiscard]] bool empty() const noexcept { return members_.empty(); }
  [[nodiscard]] std::string query() const;                   // "?a=b&c=d", or nothing
  [[nodiscard]] std::string options() const;                 // " --a b --c d", fit for a shell
  [[nodiscard]] std::string json() const;                    // {"a":"b"}

 private:
  struct Member {
    std::string name;
    std::string value;
    bool is_number = false;
  };
  std::vector<Member> members_;
};

// In quotes where a shell wants them.
[[nodiscard]] std::string quote_for_shell(std::string_view text);

struct PageOptions {
  std::size_t limit;
  std::string cursor;
  PageOptions();
};
void add_page_options(CLI::App& app, PageOptions& options);  // --limit and --cursor
[[nodiscard]] std::string page_query(const Members& members, const PageOptions& page);

// A text as it is, null and what is not there as "-", true and false as yes and no.
[[nodiscard]] std::string cell_of(const json::value& value);

struct Column {
  std::string_view title;
  std::vector<std::string_view> pointers;                    // the first that is there
  std::string (*describe)(const json::value&) = nullptr;     // instead of pointers
};
using Columns = std::vector<Column>;
using Rows = std::vector<std::vector<std::string>>;
[[nodiscard]] Rows make_rows(const Columns& columns, const json::array& items);

// Members one below the other, without those named.
[[nodiscard]] Rows make_record(const json::object& object, const std::vector<std::string_view>& without = {});

struct Page {
  Columns columns;
  std::string what;                                          // "dead letter"
  std::string command;                                       // that shows the next page, but for limit and cursor
  std::size_t limit = 0;                                     // 0: this list has no pages
};
[[nodiscard]] Exit show_page(const ApiAnswer& answer, const Page& page, const std::string& output, CliContext& context);

}  // namespace denrei
