// An inbox over a fake store, and whoever talks to it: a partition, readers behind an edge, a stream, a channel.
//
// Shape   class InboxTest : public InboxWorld; up(); relay({1, 2}); settle(); read() -> {1, 2}
#pragma once
#include <boost/json/parse.hpp>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "denrei/actors/inbox.hpp"
#include "denrei/base/limits.hpp"
#include "denrei/base/packing.hpp"
#include "denrei/domain/read_marks.hpp"
#include "support/actor_world.hpp"
#include "support/fake_journal.hpp"
#include "support/fake_outbox.hpp"
#include "support/sample_site.hpp"

namespace denrei::test {

class InboxWorld : public ActorWorld {
 protected:
  Inbox spawn(const std::string& name = "level99", const caf::actor& fan_out = {}) {
    return keep(spawn_inbox(stage, meter("Inbox"),
                            {.name = name, .node = "node-1", .journal = journal, .shelf = journal, .registers = registers,
                             .observer = observer.actor(), .fan_out = fan_out, .clock = clock()}));
  }
  void SetUp() override { inbox = spawn(); }
  void store(bool up) {
    caf::anon_send(inbox, StoreChanged{up, up ? "" : "cut"});
    run();
  }
  void up() {
    store(true);
    settle();
  }
  void settle() {
    do run();
    while (journal.deliver() > 0);
  }
  // The process ends and another one begins over the same store.
  void restart(const std::string& name = "level99") {
    end(caf::actor_cast<caf::actor>(inbox));
    run();
    inbox = spawn(name);
    up();
  }

  // --- what comes in

  static Notification note(int n, const std::string& to = "level99") {
    const auto number = std::to_string(n);
    return {to, make_event_id("note", number), from_unix_ms(1'000 + n),
            R"({"notificationId":"note-)" + number + R"(","type":")" + (n % 3 == 0 ? "error" : "info") + R"(","priority":")" +
                (n % 3 == 0 ? "high" : "normal") + R"(","n":)" + number + "}"};
  }
  // As a partition's commit leaves them: in its list of pending notifications.
  std::pair<std::string, Notification> pend(int n, const std::string& to = "level99") {
    journal.log("p0").notifications[{static_cast<std::uint64_t>(n), 0}] = encode_notification(note(n, to));
    return {std::to_string(n) + "-0", note(n, to)};
  }
  void relay(const std::vector<int>& numbers) {
    Relay fact{"p0", {}};
    for (const int n : numbers) fact.notifications.push_back(pend(n));
    caf::anon_send(inbox, std::move(fact));
    run();
  }
  static std::vector<int> numbers(int from, int to) {
    std::vector<int> out;
    for (int n = from; n <= to; ++n) out.push_back(n);
    return out;
  }
  void fill_feed(int count) {
    for (int n = 1; n <= count; n += 500) {
      relay(numbers(n, std::min(count, n + 499)));
      settle();
    }
  }

  // --- readers

  InboxQuestion question(InboxAct act = InboxAct::list) {
    InboxQuestion q;
    q.inbox = inbox_name;
    q.act = act;
    q.reader = "suzuki";
    q.limit = 100;
    return q;
  }
  void ask(InboxQuestion q, HeaderList headers = {}) {
    caf::anon_send(inbox, AskInbox{make_request({.edge = edge.actor(), .method = "GET", .target = "/", .headers = std::move(headers)}), site, std::move(q)});
    run();
  }
  const Answer& answer_to(InboxQuestion q, HeaderList headers = {}) {
    const auto before = answers();
    ask(std::move(q), std::move(headers));
    settle();
    EXPECT_EQ(answers(), before + 1);
    return last();
  }
  [[nodiscard]] std::size_t answers() const { return edge.count<RepliesReady>(); }
  const Answer& last() { return edge.all<RepliesReady>().back().replies.front().answer; }
  json::value last_json() { return json::parse(last().body); }

  static std::vector<int> numbers_in(const Answer& answer) {
    std::vector<int> out;
    const auto body = json::parse(answer.body);
    for (const auto& item : body.as_array()) out.push_back(item.at("n").to_number<int>());
    return out;
  }
  std::vector<int> read(std::optional<std::uint64_t> after = {}, std::size_t limit = 100) {
    auto q = question();
    q.after = after;
    q.limit = limit;
    const auto& answer = answer_to(q);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return numbers_in(answer);
  }
  // Those that this reader has not marked.
  std::vector<int> unmarked(const std::string& reader = "suzuki", std::size_t limit = 100) {
    auto q = question();
    q.reader = reader;
    q.with_marked = false;
    q.limit = limit;
    return numbers_in(answer_to(q));
  }
  InboxQuestion marking(InboxAct act, std::vector<std::string> ids, const std::string& reader = "suzuki") {
    auto q = question(act);
    q.reader = reader;
    q.ids = std::move(ids);
    return q;
  }
  InboxQuestion marking_up_to(std::uint64_t cursor, const std::string& reader = "suzuki") {
    auto q = question(InboxAct::mark_up_to);
    q.reader = reader;
    q.upto = cursor;
    return q;
  }

  // --- the store

  std::size_t pending() { return journal.log("p0").notifications.size(); }
  // The numbers of the notifications in the feed, and how often each is there.
  std::map<int, int> in_feed() {
    std::map<int, int> out;
    for (const auto& entry : journal.log("f.level99").entries)
      for (const auto record : split_texts(entry.blob)) ++out[json::parse(decode_notification(record).value().json).at("n").to_number<int>()];
    return out;
  }
  void expect_each_once_in_feed(int count) {
    EXPECT_EQ(journal.log("f.level99").seq, static_cast<std::uint64_t>(count)) << "the feed's own counter: it may have been trimmed";
    for (const auto& [n, times] : in_feed()) EXPECT_EQ(times, 1) << n;
    EXPECT_EQ(pending(), 0u);
  }

  FakeJournal journal{Answers::by_hand};
  FakeOutbox registers{journal};
  Recorder<Drained> observer{system};
  Recorder<RepliesReady> edge{system};
  SitePtr site = ledger_site();
  std::string inbox_name = "level99";
  Inbox inbox;
};

}  // namespace denrei::test
