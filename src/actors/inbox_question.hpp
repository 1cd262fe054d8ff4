// What a reader asks of an inbox: path, query, body and the header Denrei-Reader of a request, read and checked. Pure.
//
// Shape   find_inbox_path(segments) -> which question; read_inbox_question(path, request) -> InboxQuestion, or the problem to answer
// Limits  limit 1–page_max; at most page_max ids; reader 1–64 of [A-Za-z0-9._@-], "default" without the header
// Errors  400 with what to change; 413 and 415 for the body of an order
// Source  protocol §4
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "denrei/actors/fan_out_messages.hpp"

namespace denrei {

inline constexpr std::string_view reader_header = "Denrei-Reader";

struct InboxPath {
  std::string_view inbox;
  InboxAct act = InboxAct::list;
  bool is_order = false;               // takes POST; the others take GET
  std::string id;                      // that stands in the path; empty: it has none
};
[[nodiscard]] std::optional<InboxPath> find_inbox_path(const std::vector<std::string>& segments);

[[nodiscard]] tl::expected<InboxQuestion, Answer> read_inbox_question(const InboxPath& path, const InboundRequest& request);

}  // namespace denrei
