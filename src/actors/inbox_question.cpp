// Reading what a reader asks of an inbox.
#include "inbox_question.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "archive_answers.hpp"
#include "denrei/base/limits.hpp"
#include "denrei/domain/request_head.hpp"
#include "desk_request.hpp"
#include "inbox_tail.hpp"

namespace denrei {
namespace {

constexpr std::string_view default_reader = "default";
constexpr std::string_view level99 = "level99", acknowledgements = "acknowledgements";

struct Row {
  std::string_view inbox;
  InboxAct act;
  bool is_order;
  std::string_view pattern;  // below /api/notifications; * stands for the id
};

// A literal segment stands above the * that would take it too.
constexpr std::array rows{
    Row{acknowledgements, InboxAct::list, false, "/acknowledgements"},
    Row{acknowledgements, InboxAct::counts, false, "/acknowledgements/counts"},
    Row{acknowledgements, InboxAct::mark_up_to, true, "/acknowledgements/confirm"},
    Row{acknowledgements, InboxAct::mark, true, "/acknowledgements/*/confirm"},
    Row{level99, InboxAct::list, false, ""},
    Row{level99, InboxAct::counts, false, "/counts"},
    Row{level99, InboxAct::mark_up_to, true, "/read"},
    Row{level99, InboxAct::mark, true, "/*/read"},
    Row{level99, InboxAct::unmark, true, "/*/unread"},
};

std::optional<InboxPath> match(const Row& row, const std::vector<std::string>& segments) {
  InboxPath path{row.inbox, row.act, row.is_order, {}};
  auto pattern = row.pattern;
  for (std::size_t i = 2; i < segments.size(); ++i) {
    if (pattern.empty()) return std::nullopt;
    pattern.remove_prefix(1);
    const auto part = pattern.substr(0, pattern.find('/'));
    if (part == "*" && !segments[i].empty() && segments[i] != acknowledgements) path.id = segments[i];
    else if (part != segments[i]) return std::nullopt;
    pattern.remove_prefix(part.size());
  }
  return pattern.empty() ? std::optional(std::move(path)) : std::nullopt;
}

tl::unexpected<Answer> wrong(std::string_view detail) { return tl::unexpected(problem(400, "Bad Request", detail)); }

bool is_reader_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view("._@-").find(c) != std::string_view::npos;
  };
  return !name.empty() && name.size() <= limits::reader_name_bytes_max && std::all_of(name.begin(), name.end(), fits);
}

// --- the query of a list

std::optional<Answer> read_query(InboxQuestion& out, std::string_view target) {
  const auto value = [target](std::string_view name) {
    return has_query(target, name) ? std::optional(query_value(target, name).value_or("?")) : std::nullopt;
  };
  out.limit = limits::page_default;
  if (const auto limit = value("limit")) {
    const auto number = parse_cursor(*limit);
    if (!number || *number == 0 || *number > limits::page_max)
      return problem(400, "Bad Request", fmt::format("limit must be a number from 1 to {}", limits::page_max));
    out.limit = static_cast<std::size_t>(*number);
  }
  if (const auto after = value("after")) {
    out.after = parse_cursor(*after);
    if (!out.after) return problem(400, "Bad Request", "after must be one that an answer of this path gave");
    if (*out.after == 0) out.after.reset();
  }
  // What a reader has confirmed is out of the way unless it asks for it; what it has read stays in sight.
  const bool hides = out.inbox == acknowledgements;
  const std::string_view name = hides ? "all" : "unread";
  const auto flag = value(name).value_or("false");
  if (flag != "true" && flag != "false") return problem(400, "Bad Request", fmt::format("{} must be true or false", name));
  out.with_marked = hides ? flag == "true" : flag == "false";
  return std::nullopt;
}

// --- the body of an order

std::optional<Answer> read_ids(InboxQuestion& out, const json::value& ids) {
  const auto is_id = [](const json::value& id) { return id.is_string() && !id.get_string().empty(); };
  const bool fits = ids.is_array() && !ids.get_array().empty() && ids.get_array().size() <= limits::page_max &&
                    std::all_of(ids.get_array().begin(), ids.get_array().end(), is_id);
  if (!fits) return problem(400, "Bad Request", fmt::format("ids must be an array of 1 to {} notification ids or cursors, as texts", limits::page_max));
  out.act = InboxAct::mark;
  for (const auto& id : ids.get_array()) out.ids.emplace_back(id.get_string());
  return std::nullopt;
}

std::optional<Answer> read_upto(InboxQuestion& out, const json::value& upto) {
  const auto cursor = upto.is_string() ? parse_cursor(upto.get_string()) : std::nullopt;
  if (!cursor) return problem(400, "Bad Request", "upto must be a cursor that an answer gave, as a text: {\"upto\":\"12\"}");
  out.upto = *cursor;
  return std::nullopt;
}

std::optional<Answer> read_body(InboxQuestion& out, const InboundRequest& request) {
  if (request.body_too_large) return problem(413, "Content Too Large", "the body of an order is small");
  if (!request.body.empty() && !is_json_media_type(find_header(request.headers, "content-type")))
    return problem(415, "Unsupported Media Type", "Content-Type must be application/json in UTF-8");
  const auto body = read_order(request);
  if (!body) return problem(400, "Bad Request", body.error().detail);
  if (out.act != InboxAct::mark_up_to)
    return body->empty() ? std::nullopt : std::optional(problem(400, "Bad Request", "this path takes no members: the notification stands in the path"));
  if (body->size() == 1 && body->contains("upto")) return read_upto(out, body->at("upto"));
  if (body->size() == 1 && body->contains("ids")) return read_ids(out, body->at("ids"));
  return problem(400, "Bad Request", "the body must be {\"upto\":\"<cursor>\"} or {\"ids\":[\"<id>\", …]}");
}

}  // namespace

std::optional<InboxPath> find_inbox_path(const std::vector<std::string>& segments) {
  if (segments.size() < 2 || segments[0] != "api" || segments[1] != "notifications") return std::nullopt;
  for (const auto& row : rows)
    if (auto path = match(row, segments)) return path;
  return std::nullopt;
}

tl::expected<InboxQuestion, Answer> read_inbox_question(const InboxPath& path, const InboundRequest& request) {
  InboxQuestion out;
  out.inbox = path.inbox;
  out.act = path.act;
  const auto reader = find_header(request.headers, reader_header);
  out.reader = reader.data() == nullptr ? default_reader : reader;
  if (!is_reader_name(out.reader))
    return wrong(fmt::format("{} must be 1 to {} of A-Z a-z 0-9 . _ @ -", reader_header, limits::reader_name_bytes_max));
  if (!path.id.empty()) out.ids = {path.id};
  auto refused = path.is_order ? read_body(out, request) : path.act == InboxAct::list ? read_query(out, request.target) : std::nullopt;
  if (refused) return tl::unexpected(std::move(*refused));
  return out;
}

}  // namespace denrei
