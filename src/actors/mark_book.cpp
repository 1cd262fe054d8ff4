// The mark book of an inbox.
#include "mark_book.hpp"

#include <fmt/format.h>

#include "denrei/base/limits.hpp"

namespace denrei {

void MarkBook::load(const Values& values) {
  readers_.clear();
  for (const auto& [name, value] : values)
    if (auto marks = decode_marks(value)) readers_[name].stored = readers_[name].wanted = std::move(*marks);
  loaded_ = true;
}

std::vector<AskInbox> MarkBook::forget() {
  std::vector<AskInbox> orders;
  for (auto& [name, reader] : readers_)
    for (auto* held : {&reader.flying, &reader.waiting})
      for (auto& ask : *held) orders.push_back(std::move(ask));
  readers_.clear();
  waiting_ = 0;
  loaded_ = false;
  return orders;
}

const ReadMarks& MarkBook::of(const std::string& reader) const {
  static const ReadMarks none;
  const auto at = readers_.find(reader);
  return at == readers_.end() ? none : at->second.stored;
}

Result<bool> MarkBook::take(AskInbox& ask, const MarkOrder& order, MarkStretch window) {
  const auto& name = ask.question.reader;
  const auto known = readers_.find(name);
  auto decided = decide_marks(known == readers_.end() ? ReadMarks{} : known->second.wanted, order, window);
  if (!decided) return tl::unexpected(std::move(decided.error()));
  if (known == readers_.end() && decided->is_empty()) return true;
  if (known == readers_.end() && readers_.size() >= limits::mark_readers_max)
    return fail(FaultCode::overloaded,
                fmt::format("this inbox keeps the marks of {} readers, and there are as many: use the names of Denrei-Reader again, "
                            "one for each account", limits::mark_readers_max));
  auto& reader = readers_[name];
  reader.is_dirty |= *decided != reader.wanted;
  reader.wanted = std::move(*decided);
  if (is_idle(reader)) return true;
  // Also one that changes nothing waits for what is under way: its answer counts what that has marked.
  (reader.is_dirty ? reader.waiting : reader.flying).push_back(std::move(ask));
  ++waiting_;
  return false;
}

std::optional<std::string> MarkBook::next_put(const std::string& name) {
  const auto at = readers_.find(name);
  if (at == readers_.end() || at->second.is_flying || !at->second.is_dirty) return std::nullopt;
  auto& reader = at->second;
  reader.is_flying = true;
  reader.is_dirty = false;
  reader.flying = std::exchange(reader.waiting, {});
  reader.sent = reader.wanted;
  return reader.sent.is_empty() ? std::string{} : encode_marks(reader.sent);
}

std::vector<AskInbox> MarkBook::stored(const std::string& name) {
  const auto at = readers_.find(name);
  if (at == readers_.end() || !at->second.is_flying) return {};
  auto& reader = at->second;
  reader.is_flying = false;
  reader.stored = std::exchange(reader.sent, {});
  auto orders = std::exchange(reader.flying, {});
  waiting_ -= orders.size();
  if (is_idle(reader) && reader.stored.is_empty()) readers_.erase(at);
  return orders;
}

std::vector<std::string> MarkBook::make_room(const std::string& for_reader, MarkStretch window) {
  std::vector<std::string> gone;
  if (readers_.size() < limits::mark_readers_max || readers_.contains(for_reader)) return gone;
  std::erase_if(readers_, [&](auto& entry) {
    auto shown = entry.second.stored;
    shown.keep(window);
    const bool goes = is_idle(entry.second) && shown.is_empty();
    if (goes) gone.push_back(entry.first);
    return goes;
  });
  return gone;
}

std::vector<std::string> MarkBook::cut_behind(std::uint64_t newest) {
  std::vector<std::string> changed;
  for (auto& [name, reader] : readers_) {
    auto left = reader.wanted;
    left.keep({0, newest});
    if (left == reader.wanted) continue;
    reader.wanted = left;
    reader.stored.keep({0, newest});
    reader.is_dirty = true;
    changed.push_back(name);
  }
  return changed;
}

}  // namespace denrei
