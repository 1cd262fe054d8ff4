// What an inbox says to its readers.
#include "inbox_answers.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>

#include "archive_answers.hpp"
#include "denrei/actors/replies.hpp"
#include "denrei/base/encoding.hpp"
#include "denrei/domain/json_text.hpp"

namespace denrei {
namespace {

// What a mark is called in this inbox.
struct Words {
  std::string_view is_marked, unmarked;
};
Words words_of(const InboxQuestion& question) {
  return question.inbox == "acknowledgements" ? Words{"isConfirmed", "unconfirmed"} : Words{"isRead", "unread"};
}

std::int64_t number(std::size_t n) { return static_cast<std::int64_t>(n); }

struct Count {
  std::size_t total = 0;
  std::size_t unmarked = 0;
  void add(bool is_marked) {
    ++total;
    if (!is_marked) ++unmarked;
  }
};

std::string make_etag(const InboxView& view, const InboxQuestion& question) {
  const auto newest = view.tail.newest();
  return fmt::format("\"{}-{}-{:x}-{}{}-{}-{}\"", newest.seq, newest.nonce, view.marks.fingerprint(), question.act == InboxAct::counts ? 'c' : 'l',
                     question.with_marked ? 'a' : 'u', question.after.value_or(0), question.limit);
}

// With a cursor the next ones, so that paging misses nothing. Without one the newest; but of those that wait to be confirmed the
// oldest, so that confirming page by page works through them all.
std::vector<std::pair<const TailItem*, bool>> choose_page(const InboxView& view, const InboxQuestion& question) {
  std::vector<std::pair<const TailItem*, bool>> page;
  const bool forwards = question.after || (question.inbox == "acknowledgements" && !question.with_marked);
  MarkWalk walk(view.marks);
  std::size_t seen = 0;
  for (auto at = view.tail.first_behind(question.after.value_or(0)); at != view.tail.items().end(); ++at) {
    const bool is_marked = walk.is_marked(at->seq);
    if (is_marked && !question.with_marked) continue;
    if (page.size() < question.limit) page.emplace_back(&*at, is_marked);
    else if (forwards) break;
    else page[seen % question.limit] = {&*at, is_marked};
    ++seen;
  }
  if (seen > page.size()) std::rotate(page.begin(), page.begin() + static_cast<std::ptrdiff_t>(seen % page.size()), page.end());
  return page;
}

std::string list_body(const InboxView& view, const InboxQuestion& question) {
  const auto words = words_of(question);
  const bool shows_marks = question.inbox != "acknowledgements" || question.with_marked;
  std::string body = "[";
  for (const auto& [item, is_marked] : choose_page(view, question)) {
    if (body.size() > 1) body += ',';
    body += fmt::format(R"({{"cursor":"{}")", item->seq);
    if (shows_marks) body += fmt::format(R"(,"{}":{})", words.is_marked, is_marked);
    if (item->json->size() > 2) body += ',';
    body.append(*item->json, 1);  // the object without its opening brace
  }
  return body + "]";
}

std::string types_json(const std::map<std::string_view, Count>& by_type) {
  JsonObject types;
  for (const auto& [type, count] : by_type) {
    JsonObject one(48);
    one.number("total", number(count.total)).number("unread", number(count.unmarked));
    types.raw(type, one.take());
  }
  return types.take();
}

std::string counts_body(const InboxView& view, const InboxQuestion& question) {
  Count all, high;
  std::map<std::string_view, Count> by_type;
  MarkWalk walk(view.marks);
  for (const auto& item : view.tail.items()) {
    const bool is_marked = walk.is_marked(item.seq);
    all.add(is_marked);
    if (item.is_high) high.add(is_marked);
    if (!item.type.empty()) by_type[item.type].add(is_marked);
  }
  JsonObject out;
  out.number("total", number(all.total)).number(words_of(question).unmarked, number(all.unmarked));
  // Types and priorities are of bulletins; an acknowledgement has neither.
  if (question.inbox != "acknowledgements") out.number("highPriorityUnread", number(high.unmarked)).raw("byType", types_json(by_type));
  return out.text("newest", std::to_string(view.tail.newest().seq)).take();
}

}  // namespace

Answer look_answer(const InboxView& view, const InboundRequest& request, const InboxQuestion& question) {
  const auto etag = make_etag(view, question);
  auto headers = fmt::format("ETag: {}\r\nCache-Control: private, no-cache\r\n", etag);
  const auto known = find_header(request.headers, "if-none-match");
  if (known == "*" || known.find(etag) != std::string_view::npos) return {304, {}, std::move(headers), {}};
  return {200, question.act == InboxAct::counts ? counts_body(view, question) : list_body(view, question), std::move(headers)};
}

Answer marked_answer(const InboxView& view, const InboxQuestion& question) {
  Count all;
  MarkWalk walk(view.marks);
  for (const auto& item : view.tail.items()) all.add(walk.is_marked(item.seq));
  return {200, JsonObject(32).number(words_of(question).unmarked, number(all.unmarked)).take(), "Cache-Control: no-store\r\n"};
}

Answer unknown_id(std::string_view id) {
  return problem(404, "Not Found", fmt::format("no notification that this inbox still shows has the id or cursor {}; nothing was marked",
                                              is_utf8(id) ? id : "that was given"));
}

Answer refused_marks(const Fault& fault) { return problem(409, "Conflict", fault.detail); }

Answer inbox_unavailable() {
  return problem(503, "Service Unavailable", "the store is away; ask again", "Retry-After: 1\r\n");
}

void say_inbox_answer(const AskInbox& ask, Answer answer) {
  answer.headers += cors_headers(*ask.site, ask.request->headers, "Origin, Denrei-Reader");
  Reply reply{ask.request, std::move(answer)};
  reply.site = ask.site;
  say_reply(std::move(reply));
}

}  // namespace denrei
