// The readers of an inbox.
#include "inbox_readers.hpp"

#include "denrei/base/limits.hpp"

namespace denrei {

void InboxReaders::ask(AskInbox ask, std::uint64_t behind) {
  if (waiting_.size() + marks_.waiting() >= limits::reads_waiting_max) return say_inbox_answer(ask, inbox_unavailable());
  waiting_.emplace_back(behind, std::move(ask));
}

void InboxReaders::answer_until(const Inbox& self, std::uint64_t open) {
  while (marks_.is_loaded() && !waiting_.empty() && waiting_.front().first < open) {
    auto ask = std::move(waiting_.front().second);
    waiting_.pop_front();
    carry_out(self, ask);
  }
}

void InboxReaders::refuse_waiting() {
  for (const auto& [behind, ask] : std::exchange(waiting_, {})) say_inbox_answer(ask, inbox_unavailable());
}

void InboxReaders::carry_out(const Inbox& self, AskInbox& ask) {
  switch (ask.question.act) {
    case InboxAct::list:
    case InboxAct::counts: return say_inbox_answer(ask, look_answer(view_of(ask), *ask.request, ask.question));
    case InboxAct::mark: return mark(self, ask, Marking::mark);
    case InboxAct::unmark: return mark(self, ask, Marking::unmark);
    case InboxAct::mark_up_to: return mark_up_to(self, ask);
  }
}

void InboxReaders::mark(const Inbox& self, AskInbox& ask, Marking what) {
  MarkOrder order{what, {}};
  for (const auto& id : ask.question.ids) {
    const auto cursors = tail_.find(id);
    if (cursors.empty()) return say_inbox_answer(ask, unknown_id(id));
    order.cursors.insert(order.cursors.end(), cursors.begin(), cursors.end());
  }
  change(self, ask, order);
}

// A cursor from beyond is one of a feed that is no more: nobody has seen what it would mark.
void InboxReaders::mark_up_to(const Inbox& self, AskInbox& ask) {
  if (ask.question.upto > tail_.window().last) return say_inbox_answer(ask, unknown_id(std::to_string(ask.question.upto)));
  change(self, ask, {Marking::mark_up_to, {ask.question.upto}});
}

void InboxReaders::change(const Inbox& self, AskInbox& ask, const MarkOrder& order) {
  const auto reader = ask.question.reader;
  for (auto& gone : marks_.make_room(reader, tail_.window())) registers_.put(group_, std::move(gone), {}, [](Result<void>) {});
  const auto settled = marks_.take(ask, order, tail_.window());
  if (!settled) return say_inbox_answer(ask, refused_marks(settled.error()));
  if (*settled) return say_inbox_answer(ask, marked_answer(view_of(ask), ask.question));
  store(self, reader);
}

void InboxReaders::store(const Inbox& self, const std::string& reader) {
  auto value = marks_.next_put(reader);
  if (!value) return;
  registers_.put(group_, reader, std::move(*value), [self, life = life_, reader](Result<void> result) {
    caf::anon_send(self, MarksStored{life, reader, std::move(result)});
  });
}

bool InboxReaders::on_marks_stored(const Inbox& self, const MarksStored& fact) {
  if (fact.life != life_) return true;
  if (!fact.result) {
    lose_marks();
    return false;
  }
  for (const auto& ask : marks_.stored(fact.reader)) say_inbox_answer(ask, marked_answer(view_of(ask), ask.question));
  store(self, fact.reader);
  return true;
}

void InboxReaders::lose_marks() {
  ++life_;
  loading_ = false;
  for (const auto& ask : marks_.forget()) say_inbox_answer(ask, inbox_unavailable());
}

void InboxReaders::load(const Inbox& self) {
  if (marks_.is_loaded() || std::exchange(loading_, true)) return;
  registers_.all(group_, [self, life = life_](Result<MarkBook::Values> result) { caf::anon_send(self, MarksRead{life, std::move(result)}); });
}

bool InboxReaders::on_marks_read(const MarksRead& fact) {
  if (fact.life != life_) return true;
  loading_ = false;
  if (fact.result) marks_.load(*fact.result);
  return fact.result.has_value();
}

void InboxReaders::cut_marks(const Inbox& self) {
  if (!marks_.is_loaded()) return;
  for (const auto& reader : marks_.cut_behind(tail_.window().last)) store(self, reader);
}

}  // namespace denrei
