// The reading API.
#include "denrei/actors/archive.hpp"

#include <charconv>
#include <fmt/format.h>
#include <unordered_map>

#include "archive_answers.hpp"
#include "denrei/actors/replies.hpp"
#include "denrei/actors/supervised.hpp"
#include "denrei/base/limits.hpp"
#include "denrei/domain/request_head.hpp"
#include "denrei/domain/tally.hpp"
#include "inbox_question.hpp"
#include "key_list.hpp"

namespace denrei {
namespace {

enum class Question : std::uint8_t { record, timeline, figures, tally, inbox, stream, employees, announcements };
enum class Step : std::uint8_t { applying, file, chunks, repeats, names };

// One reading request under way.
struct Reading {
  RequestPtr request;
  SitePtr site;
  Question question = Question::record;
  Step step = Step::applying;
  std::string key;
  std::string field;            // of its file
  std::uint32_t partition = 0;
  std::uint64_t cursor = 0;
  std::size_t limit = limits::page_default;
  InboxPath inbox;
  InboxQuestion asked;          // of the inbox
  std::size_t partitions_left = 0;
  KeyFile file;
  std::uint32_t first_line = 0; // of `lines`
  std::vector<Line> lines;
  std::optional<std::uint64_t> next;
  std::optional<KeyList> list;
};

constexpr std::string_view reading_methods = "GET, HEAD";

bool is_taken(std::string_view method, std::string_view methods) {
  return method == methods || (methods == reading_methods && (method == "GET" || method == "HEAD"));
}

std::optional<std::uint64_t> number_in_query(const InboundRequest& request, std::string_view name, std::uint64_t otherwise) {
  if (!has_query(request.target, name)) return otherwise;
  const auto text = query_value(request.target, name);
  std::uint64_t value = 0;
  if (!text || text->empty()) return std::nullopt;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  return error == std::errc{} && end == text->data() + text->size() ? std::optional(value) : std::nullopt;
}

class ArchiveAtWork final : public Supervised<Archive::base> {
 public:
  ArchiveAtWork(caf::actor_config& config, ActorMeter& own_meter, ArchiveOptions options)
      : Supervised(config, own_meter), options_(std::move(options)) {}

  behavior_type make_behavior() override {
    return {
        [this](const Serve& order) { on_serve(order); },
        [this](const AppliedNow& fact) { on_applied_now(fact); },
        [this](BlobsRead& fact) { on_blobs_read(fact); },
        [this](FieldsRead& fact) { on_fields_read(fact); },
        [this](const PartitionsOpened& fact) { partitions_ = fact.partitions; },
    };
  }

 private:
  void restart_state() override { readings_.clear(); }

  // --- the question

  void on_serve(const Serve& order) {
    Reading r{order.request, order.site};
    const auto segments = path_segments(path_of(r.request->target));
    if (r.request->method == "OPTIONS") return answer(r, preflight(*r.site, r.request->headers, segments ? methods_of(*segments) : reading_methods));
    if (options_.desk && segments && is_event(*segments)) return caf::anon_send(options_.desk, order);
    if (!segments || !understand(*segments, r)) {
      if (const auto methods = methods_of_sources(*r.site, path_of(r.request->target)); !methods.empty())
        return answer(r, problem(405, "Method Not Allowed", fmt::format("this path takes {}", methods), fmt::format("Allow: {}\r\n", methods)));
      return say_reply(make_refusal(r.request, r.site, nullptr, {.why = Refusal::not_found, .detail = "nothing lives at this path"}));
    }
    const auto methods = methods_of(*segments);
    if (!is_taken(r.request->method, methods))
      return answer(r, problem(405, "Method Not Allowed", fmt::format("this path takes {}", methods), fmt::format("Allow: {}, OPTIONS\r\n", methods)));
    if (!is_authorized(*r.site, Role::reader, *r.request))
      return answer(r, problem(401, "Unauthorized", "a bearer token with the role reader is needed", "WWW-Authenticate: Bearer\r\n"));
    if (r.question == Question::stream) return caf::anon_send(options_.fan_out, order);
    if (r.question == Question::inbox ? !read_inbox(r) : !read_paging(r)) return;
    if (partitions_.empty() || readings_.size() >= limits::reads_waiting_max) return answer(r, unavailable());
    start(std::move(r));
  }

  static bool is_event(const std::vector<std::string>& path) { return path.size() == 3 && path[1] == "events" && !path[2].empty(); }

  static bool is_stream(const std::vector<std::string>& path) { return path.size() == 3 && path[1] == "notifications" && path[2] == "stream"; }

  static std::string_view methods_of(const std::vector<std::string>& path) {
    if (is_stream(path)) return "GET";
    const auto inbox = find_inbox_path(path);
    return inbox && inbox->is_order ? "POST" : reading_methods;
  }

  // Where a key stands in the path of a source, there is perhaps nothing to read, but something to write.
  static std::string methods_of_sources(const Site& site, std::string_view path) {
    std::string methods;
    for (const auto& [pattern, index] : site.patterns)
      if (key_in_path(pattern, path)) methods += (methods.empty() ? "" : ", ") + site.sources[index].source.method;
    return methods;
  }

  bool understand(const std::vector<std::string>& path, Reading& r) const {
    const auto n = path.size();
    if (n >= 3 && path[1] == "employees" && !path[2].empty() && (n == 3 || (n == 4 && path[3] == "timeline"))) {
      r.question = n == 3 ? Question::record : Question::timeline;
      r.field = file_field("employee", path[2]);
    } else if (n == 2 && path[1] == "employees") {
      r.question = Question::employees;
    } else if (n == 4 && path[1] == "announcements" && !path[2].empty() && path[3] == "stats") {
      r.question = Question::figures;
      r.field = file_field("announcement", path[2]);
    } else if (n == 4 && path[1] == "announcements" && !path[2].empty() && path[3] == "tally") {
      r.question = Question::tally;
      r.field = file_field("tally", path[2]);
    } else if (n == 2 && path[1] == "announcements") {
      r.question = Question::announcements;
    } else if (is_stream(path) && options_.fan_out) {
      r.question = Question::stream;
    } else if (auto inbox = find_inbox_path(path)) {
      r.question = Question::inbox;
      r.inbox = std::move(*inbox);
    } else {
      return false;
    }
    if (n >= 3) r.key = path[2];
    return true;
  }

  bool read_inbox(Reading& r) {
    auto asked = read_inbox_question(r.inbox, *r.request);
    if (!asked) answer(r, std::move(asked.error()));
    else r.asked = std::move(*asked);
    return asked.has_value();
  }

  bool read_paging(Reading& r) {
    const auto limit = number_in_query(*r.request, "limit", limits::page_default);
    if (!limit || *limit == 0 || *limit > limits::page_max) {
      answer(r, problem(400, "Bad Request", fmt::format("limit must be a number from 1 to {}", limits::page_max)));
      return false;
    }
    r.limit = *limit;
    if (r.question == Question::employees) return read_list_cursor(r, {"employee", "staffId", r.limit});
    if (r.question == Question::announcements) return read_list_cursor(r, {"tally", "id", r.limit});
    const auto cursor = number_in_query(*r.request, "cursor", 0);
    if (!cursor) {
      answer(r, problem(400, "Bad Request", "cursor must be one that an answer of this path gave"));
      return false;
    }
    r.cursor = *cursor;
    return true;
  }

  bool read_list_cursor(Reading& r, const ListedKeys& what) {
    if (partitions_.empty()) return true;  // refused for that
    const auto& target = r.request->target;
    const auto cursor = has_query(target, "cursor") ? query_value(target, "cursor").value_or("") : std::string(KeyList::first_cursor);
    auto list = KeyList::begin(what, cursor, partitions_.size());
    if (!list) answer(r, problem(400, "Bad Request", list.error().detail));
    else r.list.emplace(std::move(*list));
    return list.has_value();
  }

  // --- first wait until everything accepted before the question is applied

  void start(Reading r) {
    const auto ticket = ++last_ticket_;
    const TellWhenApplied order{address(), ticket};
    if (r.question == Question::inbox || r.list) {
      r.partitions_left = partitions_.size();
      for (const auto& partition : partitions_) caf::anon_send(partition, order);
    } else {
      const std::string_view family(r.field.data(), r.field.find('\0'));
      r.partition = partition_of(family, r.key, static_cast<std::uint32_t>(partitions_.size()));
      r.partitions_left = 1;
      caf::anon_send(partitions_[r.partition], order);
    }
    readings_.emplace(ticket, std::move(r));
  }

  void on_applied_now(const AppliedNow& fact) {
    const auto at = readings_.find(fact.ticket);
    if (at == readings_.end()) return;
    auto& r = at->second;
    if (!fact.ok) return finish(at, unavailable());
    if (--r.partitions_left > 0) return;
    if (r.list) {
      ask_for_names(fact.ticket, r);
    } else if (r.question == Question::inbox) {
      const auto& inbox = options_.inboxes.at(r.asked.inbox);
      caf::anon_send(inbox, AskInbox{r.request, r.site, std::move(r.asked)});
      readings_.erase(at);
    } else {
      look(fact.ticket, r, Step::file, ShelfName::states, {r.field});
    }
  }

  void look(std::uint64_t ticket, Reading& r, Step step, ShelfName shelf, std::vector<std::string> fields) {
    r.step = step;
    options_.shelf.look(partition_tag(r.partition), shelf, std::move(fields),
                        [self = caf::actor_cast<Archive>(this), ticket](Result<Blobs> blobs) {
                          caf::anon_send(self, BlobsRead{ticket, std::move(blobs)});
                        });
  }

  void on_blobs_read(BlobsRead& fact) {
    const auto at = readings_.find(fact.ticket);
    if (at == readings_.end()) return;
    if (!fact.result) return finish(at, unavailable());
    switch (at->second.step) {
      case Step::file: return on_file(at, *fact.result);
      case Step::chunks: return on_chunks(at, *fact.result);
      case Step::repeats: return on_repeats(at, *fact.result);
      case Step::applying:
      case Step::names: return;
    }
  }

  using At = std::unordered_map<std::uint64_t, Reading>::iterator;

  void on_file(At at, Blobs& blobs) {
    auto& r = at->second;
    if (!blobs.front()) return finish(at, problem(404, "Not Found", "no event for this key has been accepted"));
    auto file = open_key_file(*blobs.front());
    if (!file) return finish(at, broken(file.error()));
    r.file = std::move(*file);
    if (r.question != Question::record) return look_for_lines(at);
    auto body = employee_json(r.key, r.file.state);
    finish(at, body ? Answer{200, std::move(*body), {}} : broken(body.error()));
  }

  // The page of lines that the question wants: which chunks hold it. The unfinished last chunk is in the file itself.
  void look_for_lines(At at) {
    auto& r = at->second;
    const auto first_kept = first_kept_line(r.file);
    const bool all = r.question == Question::figures || r.question == Question::tally;
    const auto from = std::max<std::uint64_t>(first_kept, all ? 0 : r.cursor);
    const auto until = all ? r.file.lines : std::min<std::uint64_t>(r.file.lines, from + r.limit);
    if (from > r.file.lines) return finish(at, problem(400, "Bad Request", "the cursor is beyond the end of this timeline"));
    r.first_line = static_cast<std::uint32_t>(from);
    if (until < r.file.lines) r.next = until;
    r.limit = until - from;
    std::vector<std::string> fields;
    const auto full_chunks = r.file.lines / limits::timeline_chunk_lines;
    for (auto chunk = from / limits::timeline_chunk_lines; chunk < full_chunks && chunk * limits::timeline_chunk_lines < until; ++chunk)
      fields.push_back(chunk_field(r.field, static_cast<std::uint32_t>(chunk)));
    if (!fields.empty()) return look(at->first, r, Step::chunks, ShelfName::timeline, std::move(fields));
    Blobs none;
    on_chunks(at, none);
  }

  void on_chunks(At at, Blobs& blobs) {
    auto& r = at->second;
    const auto asked = blobs.size();
    blobs.emplace_back(r.file.tail);
    for (std::size_t i = 0; i < blobs.size(); ++i) {
      // A chunk that fell off the end since the file was read is absent; the others keep their numbers.
      const auto chunk = i < asked ? r.first_line / limits::timeline_chunk_lines + i : r.file.lines / limits::timeline_chunk_lines;
      auto number = static_cast<std::uint64_t>(chunk) * limits::timeline_chunk_lines;
      auto lines = unpack_lines(blobs[i].value_or(std::string{}));
      if (!lines) return finish(at, broken(lines.error()));
      for (auto& line : *lines)
        if (number++ >= r.first_line && r.lines.size() < r.limit) r.lines.push_back(std::move(line));
    }
    if (r.question == Question::figures) {
      auto body = announcement_json(r.key, r.file.state, r.lines);
      return finish(at, body ? Answer{200, std::move(*body), {}} : broken(body.error()));
    }
    if (r.question == Question::tally) {
      auto body = tally_json(r.key, r.file.state, r.lines);
      return finish(at, body ? Answer{200, std::move(*body), {}} : broken(body.error()));
    }
    if (r.lines.empty()) {
      Blobs none;
      return on_repeats(at, none);
    }
    std::vector<std::string> ids;
    for (const auto& line : r.lines) ids.emplace_back(line.id.raw());
    look(at->first, r, Step::repeats, ShelfName::repeats, std::move(ids));
  }

  void on_repeats(At at, const Blobs& blobs) {
    auto& r = at->second;
    std::string body = R"({"data":[)";
    for (std::size_t i = 0; i < r.lines.size(); ++i) {
      if (i > 0) body += ',';
      const auto& count = i < blobs.size() ? blobs[i] : std::nullopt;
      body += line_json(r.lines[i], count ? std::strtoull(count->c_str(), nullptr, 10) : 0);
    }
    body += R"(],"next":)" + (r.next ? fmt::format("\"{}\"", *r.next) : std::string("null")) + "}";
    finish(at, {200, std::move(body), {}});
  }

  void ask_for_names(std::uint64_t ticket, Reading& r) {
    r.step = Step::names;
    options_.shelf.fields(partition_tag(r.list->partition()), ShelfName::states, r.list->query(),
                          [self = caf::actor_cast<Archive>(this), ticket](Result<FieldsPage> page) {
                            caf::anon_send(self, FieldsRead{ticket, std::move(page)});
                          });
  }

  void on_fields_read(FieldsRead& fact) {
    const auto at = readings_.find(fact.ticket);
    if (at == readings_.end()) return;
    if (!fact.result) return finish(at, unavailable());
    auto& r = at->second;
    if (!r.list->take(std::move(*fact.result))) return ask_for_names(fact.ticket, r);
    finish(at, {200, r.list->body(), {}});
  }

  // --- the answer

  static Answer unavailable() {
    return problem(503, "Service Unavailable", "the store is away; ask again", "Retry-After: 1\r\n");
  }
  static Answer broken(const Fault& fault) {
    if (fault.code == FaultCode::not_found) return problem(404, "Not Found", fault.detail);
    return problem(500, "Internal Server Error", fault.detail);
  }

  void finish(At at, Answer a) {
    const auto r = std::move(at->second);
    readings_.erase(at);
    answer(r, std::move(a));
  }

  static void answer(const Reading& r, Answer a) {
    if (r.request->method != "OPTIONS") a.headers += cors_headers(*r.site, r.request->headers);
    Reply reply{r.request, std::move(a)};
    reply.site = r.site;
    say_reply(std::move(reply));
  }

  ArchiveOptions options_;
  std::vector<caf::actor> partitions_;  // of the store; empty until it is open
  std::uint64_t last_ticket_ = 0;
  std::unordered_map<std::uint64_t, Reading> readings_;
};

}  // namespace

Archive spawn_archive(const Stage& stage, ActorMeter& meter, ArchiveOptions options) {
  return spawn_on<ArchiveAtWork>(stage, meter, std::move(options));
}

}  // namespace denrei
