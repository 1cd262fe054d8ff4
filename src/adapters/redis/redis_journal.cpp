// RedisJournal: each port call is one command; its answer is decoded where it arrives.
#include "denrei/adapters/redis/redis_journal.hpp"

#include <array>

#include <fmt/format.h>
#include <openssl/rand.h>

#include "denrei/adapters/redis/greeting.hpp"
#include "denrei/adapters/redis/journal_codec.hpp"
#include "denrei/adapters/redis/redis_store.hpp"
#include "denrei/base/assert.hpp"
#include "denrei/base/encoding.hpp"

namespace denrei {
namespace {

constexpr std::string_view library =
#include "denrei_gen/dn1_lua.inc"
    ;
constexpr std::int64_t layout_version = 1;
constexpr std::size_t notifications_page = 1'000;  // ports/shelf.hpp

template <std::size_t Count>
std::array<unsigned char, Count> random_bytes() {
  std::array<unsigned char, Count> bytes{};
  DENREI_ASSERT(RAND_bytes(bytes.data(), Count) == 1);
  return bytes;
}

std::string make_nonce() {
  std::uint64_t n = 0;
  std::memcpy(&n, random_bytes<sizeof n>().data(), sizeof n);
  return std::to_string(n >> 1U);
}

std::string make_token() {
  const auto bytes = random_bytes<16>();
  return encode_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::vector<LogEntry> decode_stream(ReplyView reply) {
  std::vector<LogEntry> entries;
  entries.reserve(reply.size());
  for (std::size_t i = 0; i < reply.size(); ++i)
    entries.push_back({std::string(reply.at(i).at(0).text()), std::string(reply.at(i).at(1).at(1).text())});
  return entries;
}

Result<unsigned> decode_layout(ReplyView reply) {
  const auto layout = reply.at(0).number(), partitions = reply.at(1).number();
  if (layout != layout_version)
    return fail(FaultCode::invalid, fmt::format("this store has layout {}, this Denrei knows layout {}", reply.at(0).text(), layout_version));
  if (!partitions || *partitions < 1 || *partitions > UINT16_MAX)
    return fail(FaultCode::invalid, fmt::format("this store says that it has '{}' partitions", reply.at(1).text()));
  return static_cast<unsigned>(*partitions);
}

std::string_view shelf_key(ShelfName shelf) noexcept {
  switch (shelf) {
    case ShelfName::states: return "st";
    case ShelfName::timeline: return "tl";
    case ShelfName::repeats: return "rp";
  }
  return {};
}

Result<FieldsPage> decode_fields(ReplyView reply) {
  FieldsPage page{std::string(reply.at(0).text()), {}};
  if (page.next.empty()) return tl::unexpected(unexpected_reply());
  page.fields.reserve(reply.size() - 1);
  for (std::size_t i = 1; i < reply.size(); ++i) page.fields.emplace_back(reply.at(i).text());
  return page;
}

LinkOptions make_link_options(const RedisOptions& options, RedisAddress address) {
  LinkOptions link{.address = address, .deadline = options.deadline, .greet = {}, .on_state = options.on_state};
  link.greet = [greeting = GreetingOptions{std::move(address), library, options.on_warning}](
                   const std::shared_ptr<RedisWire>& wire, std::function<void(Result<void>)> done) {
    greet_store(wire, greeting, std::move(done));
  };
  return link;
}

}  // namespace

RedisJournal::RedisJournal(boost::asio::io_context& io, RedisOptions options)
    : store_(std::make_shared<RedisStore>()), dedupe_window_(options.dedupe_window) {
  auto address = parse_redis_url(options.url);
  store_->prefix = options.prefix;
  store_->link = std::make_shared<RedisLink>(io, make_link_options(options, address.value_or(RedisAddress{})));
  if (address) store_->link->start();
  else store_->link->stay_down(address.error().detail);
}

RedisJournal::~RedisJournal() { store_->link->stop(); }

std::shared_ptr<const RedisStore> RedisJournal::store() const noexcept { return store_; }

bool RedisJournal::is_up() const noexcept { return store_->link->is_up(); }

void RedisJournal::open_layout(unsigned partitions_wanted, Done<unsigned> done) {
  const auto key = store_->keys("ctl")("cfg");
  const auto ignore = [](const Result<ReplyView>&) {};  // the HMGET behind it answers for all three
  store_->link->send(RedisCommand("HSETNX").arg(key).arg("layout").arg(layout_version), ignore);
  store_->link->send(RedisCommand("HSETNX").arg(key).arg("partitions").arg(partitions_wanted), ignore);
  store_->link->send(RedisCommand("HMGET").arg(key).arg("layout").arg("partitions"), decoded<unsigned>(std::move(done), decode_layout));
}

void RedisJournal::acquire(const LogTag& tag, AcquireRequest request, Done<Acquired> done) {
  if (store_->refuses(tag, done)) return;
  auto token = make_token();
  auto command = encode_call("dn1_acquire", store_->keys(tag), {"m", "log", "d0", "d1", "st", "tl", "rp", "ob", "ntf", "sx", "dx", "dh", "au"});
  command.arg(request.node).arg(token).arg(request.take_over ? "*" : "").arg(0);
  store_->link->send(command, decoded<Acquired>(std::move(done), [token = std::move(token)](ReplyView reply) -> Result<Acquired> {
    if (auto status = decode_status(reply); !status) return tl::unexpected(status.error());
    return Acquired{token, std::string(reply.at(2).text()), static_cast<std::uint64_t>(reply.at(3).number().value_or(0))};
  }));
}

void RedisJournal::release(const LogTag& tag, std::string token, Done<void> done) {
  if (store_->refuses(tag, done)) return;
  store_->link->send(encode_call("dn1_release", store_->keys(tag), {"m"}).arg(token), decoded<void>(std::move(done), decode_status));
}

void RedisJournal::append(const LogTag& tag, std::vector<AppendRecord> records, WallTime now, Done<AppendReply> done) {
  if (store_->refuses(tag, done)) return;
  if (records.size() > limits::append_events_max)
    return store_->refuse(Fault{FaultCode::invalid, fmt::format("at most {} records in one append", limits::append_events_max)}, done);
  const AppendCall call{records, make_nonce(), now, dedupe_window_};
  auto decode = [count = records.size()](ReplyView reply) { return decode_append(reply, count); };
  store_->link->send(encode_append(store_->keys(tag), call), decoded<AppendReply>(std::move(done), std::move(decode)));
}

void RedisJournal::read(const LogTag& tag, std::string token, std::string after, std::size_t count, Done<std::vector<LogEntry>> done) {
  if (store_->refuses(tag, done)) return;
  auto command = encode_call("dn1_read", store_->keys(tag), {"m", "log"});
  command.arg(token).arg(after).arg(count);
  store_->link->send(command, decoded<std::vector<LogEntry>>(std::move(done), [](ReplyView reply) -> Result<std::vector<LogEntry>> {
    if (auto status = decode_status(reply); !status) return tl::unexpected(status.error());
    std::vector<LogEntry> entries;
    for (std::size_t i = 1; i + 1 < reply.size(); i += 2)
      entries.push_back({std::string(reply.at(i).text()), std::string(reply.at(i + 1).text())});
    return entries;
  }));
}

void RedisJournal::commit(const LogTag& tag, Commit commit, Done<void> done) {
  if (store_->refuses(tag, done)) return;
  store_->link->send(encode_commit(store_->keys(tag), commit), decoded<void>(std::move(done), decode_status));
}

void RedisJournal::look(const LogTag& tag, ShelfName shelf, std::vector<std::string> fields, Done<Blobs> done) {
  if (store_->refuses(tag, done)) return;
  if (fields.empty()) return store_->link->answer(ReplyView(), decoded<Blobs>(std::move(done), decode_blobs));
  RedisCommand command("HMGET");
  command.arg(store_->keys(tag)(shelf_key(shelf)));
  for (const auto& field : fields) command.arg(field);
  store_->link->send(command, decoded<Blobs>(std::move(done), decode_blobs));
}

void RedisJournal::fields(const LogTag& tag, ShelfName shelf, FieldsQuery query, Done<FieldsPage> done) {
  if (store_->refuses(tag, done)) return;
  auto command = encode_call("dn1_fields", store_->keys(tag), {shelf_key(shelf)});
  store_->link->send(command.arg(query.cursor).arg(query.count).arg(query.prefix), decoded<FieldsPage>(std::move(done), decode_fields));
}

void RedisJournal::pending_notifications(const LogTag& tag, Done<std::vector<std::pair<std::string, std::string>>> done) {
  if (store_->refuses(tag, done)) return;
  auto command = RedisCommand("XRANGE").arg(store_->keys(tag)("ntf")).arg("-").arg("+").arg("COUNT").arg(notifications_page);
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  store_->link->send(command, decoded<Pairs>(std::move(done), [](ReplyView reply) {
    Pairs pairs;
    for (auto& entry : decode_stream(reply)) pairs.emplace_back(std::move(entry.id), std::move(entry.blob));
    return pairs;
  }));
}

void RedisJournal::forget_notifications(const LogTag& tag, std::vector<std::string> ids, Done<void> done) {
  if (store_->refuses(tag, done)) return;
  const auto decode = [](ReplyView) -> Result<void> { return {}; };
  if (ids.empty()) return store_->link->answer(ReplyView(), decoded<void>(std::move(done), decode));
  RedisCommand command("XDEL");
  command.arg(store_->keys(tag)("ntf"));
  for (const auto& id : ids) command.arg(id);
  store_->link->send(command, decoded<void>(std::move(done), decode));
}

void RedisJournal::newest(const LogTag& tag, NewestQuery query, Done<std::vector<LogEntry>> done) {
  if (store_->refuses(tag, done)) return;
  auto command = encode_call("dn1_newest", store_->keys(tag), {"log"});
  command.arg(query.before).arg(query.count).arg(query.bytes);
  store_->link->send(command, decoded<std::vector<LogEntry>>(std::move(done), [](ReplyView reply) {
    std::vector<LogEntry> entries;
    entries.reserve(reply.size() / 2);
    for (auto i = reply.size(); i >= 2; i -= 2)
      entries.push_back({std::string(reply.at(i - 2).text()), std::string(reply.at(i - 1).text())});
    return entries;
  }));
}

}  // namespace denrei
