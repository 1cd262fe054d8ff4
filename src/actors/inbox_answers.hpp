// What an inbox says to its readers: pages, counts, marks, and whether the page is one that the reader has already. Pure.
//
// Shape   look_answer(view, request, question) for list and counts; marked_answer(view, question) after an order
// Why     the entity tag is made of the newest notification, this reader's marks and the question, all of which outlive a restart;
//         so a poll that finds nothing new costs no pass over the inbox
// Source  protocol §4; seed analytics-notification §9.2 (isRead)
#pragma once
#include "inbox_tail.hpp"

namespace denrei {

struct InboxView {
  const InboxTail& tail;
  const ReadMarks& marks;              // of the reader who asks
};

[[nodiscard]] Answer look_answer(const InboxView& view, const InboundRequest& request, const InboxQuestion& question);
// {"unread":n} or {"unconfirmed":n}
[[nodiscard]] Answer marked_answer(const InboxView& view, const InboxQuestion& question);
// An order that cannot be carried out: what is unknown, or which limit stands against it.
[[nodiscard]] Answer unknown_id(std::string_view id);
[[nodiscard]] Answer refused_marks(const Fault& fault);
[[nodiscard]] Answer inbox_unavailable();

// To the edge that asked, with the headers that a browser wants.
void say_inbox_answer(const AskInbox& ask, Answer answer);

}  // namespace denrei
