// The readers of an inbox: questions that wait until what came before them is in the feed, and marks on their way to the store.
//
// Shape   ask(…); answer_until(place) whenever something has landed; load() and the two on_… bring the marks in from the store
// Limits  reads_waiting_max questions and orders
// Errors  503 while the store is away, or when nobody knows whether it has taken a mark
#pragma once
#include <deque>
#include <string>
#include <utility>

#include "denrei/actors/inbox.hpp"
#include "inbox_answers.hpp"
#include "mark_book.hpp"

namespace denrei {

class InboxReaders {
 public:
  // `tail` is the inbox's own, and outlives its readers.
  InboxReaders(Registers& registers, const std::string& inbox, const InboxTail& tail)
      : registers_(registers), group_("read." + inbox), tail_(tail) {}

  // To be answered when everything up to the place `behind`, in the order of arrival, is in the feed.
  void ask(AskInbox ask, std::uint64_t behind);
  // Everything below the place `open` is in the feed now.
  void answer_until(const Inbox& self, std::uint64_t open);
  // The store is away.
  void refuse_waiting();

  void load(const Inbox& self);
  // False: it is to be tried again.
  [[nodiscard]] bool on_marks_read(const MarksRead& fact);
  [[nodiscard]] bool on_marks_stored(const Inbox& self, const MarksStored& fact);
  // Nobody knows which marks the store has: they are to be read again.
  void lose_marks();
  // The tail was read anew: what it no longer has was never marked.
  void cut_marks(const Inbox& self);
  void clear() { waiting_.clear(); }

 private:
  [[nodiscard]] InboxView view_of(const AskInbox& ask) const { return {tail_, marks_.of(ask.question.reader)}; }
  void carry_out(const Inbox& self, AskInbox& ask);
  void mark(const Inbox& self, AskInbox& ask, Marking what);
  void mark_up_to(const Inbox& self, AskInbox& ask);
  void change(const Inbox& self, AskInbox& ask, const MarkOrder& order);
  void store(const Inbox& self, const std::string& reader);

  Registers& registers_;
  std::string group_;
  const InboxTail& tail_;
  std::deque<std::pair<std::uint64_t, AskInbox>> waiting_;
  MarkBook marks_;
  std::uint64_t life_ = 1;
  bool loading_ = false;
};

}  // namespace denrei
