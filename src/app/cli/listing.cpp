// Showing lists and records.
#include "denrei/app/cli/listing.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "denrei/app/cli/options.hpp"
#include "denrei/app/cli/screen.hpp"
#include "denrei/base/limits.hpp"
#include "denrei/domain/json_text.hpp"

namespace denrei {
namespace {

const json::array* items_of(const json::value& root) {
  const auto* data = find(root, "/data");
  return data != nullptr && data->is_array() ? &data->get_array() : nullptr;
}

std::string make_cell(const json::value& item, const Column& column) {
  if (column.describe != nullptr) return column.describe(item);
  for (const auto pointer : column.pointers)
    if (const auto* value = find(item, pointer); value != nullptr && !value->is_null()) return cell_of(*value);
  return "-";
}

// What people want to know besides the rows: that there are none, how many there are in all, and how to see more.
void say_rest(const json::value& root, bool is_empty, const Page& page, CliContext& context) {
  const auto* next = find(root, "/next");
  const bool has_next = next != nullptr && !next->is_null();
  if (is_empty) context.err << (has_next ? fmt::format("no {} on this page\n", page.what) : fmt::format("no {}\n", page.what));
  if (!has_next) return;
  if (const auto* total = find(root, "/total"); total != nullptr && total->is_int64()) context.err << cell_of(*total) << " in all; ";
  context.err << fmt::format("more: {} --limit {} --cursor {}\n", page.command, page.limit, quote_for_shell(cell_of(*next)));
}

}  // namespace

Members& Members::add(std::string name, std::string value) {
  if (!value.empty()) members_.push_back({std::move(name), std::move(value)});
  return *this;
}

Members& Members::add_number(std::string name, std::string digits) {
  if (!digits.empty()) members_.push_back({std::move(name), std::move(digits), true});
  return *this;
}

std::string Members::query() const {
  std::string out;
  for (const auto& member : members_) out += fmt::format("{}{}={}", out.empty() ? '?' : '&', member.name, percent_encode(member.value));
  return out;
}

std::string Members::options() const {
  std::string out;
  for (const auto& member : members_) out += fmt::format(" --{} {}", member.name, quote_for_shell(member.value));
  return out;
}

std::string Members::json() const {
  JsonObject out;
  for (const auto& member : members_) member.is_number ? out.raw(member.name, member.value) : out.text(member.name, member.value);
  return out.take();
}

std::string quote_for_shell(std::string_view text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_./:,+@%=").find(c) != std::string_view::npos;
  });
  if (plain) return make_printable(text);
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return make_printable(out + "'");
}

PageOptions::PageOptions() : limit(limits::page_default) {}

void add_page_options(CLI::App& app, PageOptions& options) {
  app.add_option("--limit", options.limit, "Lines")->check(CLI::Range(std::size_t{1}, limits::page_max))->capture_default_str();
  app.add_option("--cursor", options.cursor, "Where the page before ended");
}

std::string page_query(const Members& members, const PageOptions& page) {
  auto all = members;
  return all.add("limit", std::to_string(page.limit)).add("cursor", page.cursor).query();
}

std::string cell_of(const json::value& value) {
  if (value.is_null()) return "-";
  if (value.is_bool()) return value.get_bool() ? "yes" : "no";
  return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

Rows make_rows(const Columns& columns, const json::array& items) {
  Rows rows(1);
  for (const auto& column : columns) rows.front().emplace_back(column.title);
  for (const auto& item : items) {
    auto& row = rows.emplace_back();
    for (const auto& column : columns) row.push_back(make_cell(item, column));
  }
  return rows;
}

Rows make_record(const json::object& object, const std::vector<std::string_view>& without) {
  Rows rows;
  for (const auto& [name, value] : object)
    if (std::find(without.begin(), without.end(), std::string_view(name)) == without.end()) rows.push_back({std::string(name), cell_of(value)});
  return rows;
}

Exit show_page(const ApiAnswer& answer, const Page& page, const std::string& output, CliContext& context) {
  const auto* items = items_of(answer.root);
  if (items == nullptr) return complain(context, Exit::failed, "the server's answer is not a list");
  if (output == "json") context.out << answer.text << '\n';
  else if (!items->empty()) context.out << format_table(make_rows(page.columns, *items));
  say_rest(answer.root, items->empty(), page, context);
  return Exit::done;
}

}  // namespace denrei
