// Pages of keys out of scans.
#include "key_list.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "denrei/domain/json_text.hpp"
#include "denrei/domain/key_file.hpp"

namespace denrei {
namespace {

template <class Number>
bool read_whole(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return !text.empty() && error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

bool KeyList::read_cursor(std::string_view text, Place& place) {
  const auto first = text.find(':');
  if (first == std::string_view::npos) return false;
  const auto second = text.find(':', first + 1);
  place.scan = text.substr(first + 1, second == std::string_view::npos ? second : second - first - 1);
  if (second != std::string_view::npos) place.after = text.substr(second + 1);
  std::uint64_t scan = 0;
  return read_whole(text.substr(0, first), place.partition) && read_whole(place.scan, scan);
}

Result<KeyList> KeyList::begin(const ListedKeys& what, std::string_view cursor, std::size_t partitions) {
  Place place;
  if (!read_cursor(cursor, place) || place.partition >= partitions)
    return fail(FaultCode::invalid, "cursor must be one that an answer of this path gave");
  return KeyList(what, std::move(place), partitions);
}

FieldsQuery KeyList::query() const { return {file_field(what_.family, {}), at_.scan, what_.limit - keys_.size()}; }

// What a scan cursor gives is taken in the order of the names, so that a page may end within it: the next one asks with the same
// scan cursor and goes on behind its last name. The shelf only grows, so no older name can come to stand before that one.
bool KeyList::take(FieldsPage page) {
  ++calls_;
  const auto prefix = file_field(what_.family, {}).size();
  for (auto& name : page.fields) name.erase(0, std::min(prefix, name.size()));
  std::sort(page.fields.begin(), page.fields.end());
  auto next = at_.after.empty() ? page.fields.begin() : std::upper_bound(page.fields.begin(), page.fields.end(), at_.after);
  for (; next != page.fields.end() && keys_.size() < what_.limit; ++next)
    if (keys_.empty() || keys_.back() != *next) keys_.push_back(*next);
  if (next != page.fields.end()) {
    at_.after = keys_.back();
    return true;
  }
  const bool ended = page.next == "0";
  at_ = {at_.partition + (ended ? 1 : 0), std::move(page.next), {}};
  return is_over() || keys_.size() >= what_.limit || calls_ >= calls_max;
}

std::string KeyList::body() const {
  std::string out = R"({"data":[)";
  for (const auto& key : keys_) {
    if (&key != &keys_.front()) out += ',';
    out += JsonObject{}.text(what_.member, key).take();
  }
  out += R"(],"next":)";
  if (is_over()) return out + "null}";
  append_json_string(out, fmt::format("{}:{}{}{}", at_.partition, at_.scan, at_.after.empty() ? "" : ":", at_.after));
  return out + '}';
}

}  // namespace denrei
