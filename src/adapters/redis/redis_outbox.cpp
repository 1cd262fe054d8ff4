// RedisOutbox: each port call is one command; its answer is decoded where it arrives.
#include "denrei/adapters/redis/redis_outbox.hpp"

#include <algorithm>
#include <string_view>

#include "denrei/adapters/redis/redis_store.hpp"
#include "denrei/base/packing.hpp"

namespace denrei {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::string_view part_key(OutboxPart part) noexcept {
  switch (part) {
    case OutboxPart::pending: return "ob";
    case OutboxPart::dead: return "dx";
  }
  return {};
}

bool has_record(OutboxChange::Kind kind) noexcept {
  switch (kind) {
    case OutboxChange::Kind::finish:
    case OutboxChange::Kind::discard: return false;
    case OutboxChange::Kind::update:
    case OutboxChange::Kind::bury:
    case OutboxChange::Kind::revive:
    case OutboxChange::Kind::amend: return true;
  }
  return false;
}

// How many texts, and these one after the other as one argument: Redis stores them as they come.
void add_texts(RedisCommand& command, const std::vector<std::string>& texts) {
  std::size_t bytes = 0;
  for (const auto& text : texts) bytes += 4 + text.size();
  Packer packed(bytes);
  for (const auto& text : texts) packed.text(text);
  command.arg(texts.size()).arg(packed.bytes());
}

RedisCommand encode_settle(const TagKeys& keys, const Settlement& settlement, const OutboxKeep& keep) {
  auto command = encode_call("dn1_settle", keys, {"m", "ob", "dx", "dh", "au"});
  command.arg(settlement.token).arg(keep.history);
  add_texts(command, settlement.delivered);
  command.arg(keep.audit);
  add_texts(command, settlement.audit);
  std::string kinds;
  for (const auto& change : settlement.changes) kinds.push_back(static_cast<char>(change.kind));
  command.arg(kinds);
  for (const auto& change : settlement.changes) {
    command.arg(change.id);
    if (has_record(change.kind)) command.arg(change.record);
  }
  return command;
}

Result<OutboxPage> decode_page(ReplyView reply) {
  OutboxPage page{std::string(reply.at(0).text()), {}};
  if (page.next.empty()) return tl::unexpected(unexpected_reply());
  page.heads.reserve(reply.size() - 1);
  for (std::size_t i = 1; i < reply.size(); ++i) page.heads.emplace_back(reply.at(i).text());
  return page;
}

Result<FoundEvent> decode_found(ReplyView reply) {
  FoundEvent found;
  if (reply.is_array() && reply.size() == 0) return found;
  Unpacker meta(reply.at(0).text());
  found.known = true;
  found.received_at = from_unix_ms(meta.i64());
  if (!meta.ok()) return tl::unexpected(unexpected_reply());
  if (reply.size() == 1) return found;
  found.seq = static_cast<std::uint64_t>(reply.at(1).number().value_or(0));
  found.record = std::string(reply.at(2).text());
  if (found.seq == 0 || found.record.empty()) return tl::unexpected(unexpected_reply());
  return found;
}

Result<Numbered> decode_numbered(ReplyView reply) {
  Numbered numbered;
  numbered.reserve(reply.size() / 2);
  for (std::size_t i = 0; i + 1 < reply.size(); i += 2) {
    const auto number = reply.at(i).number();
    if (!number) return tl::unexpected(unexpected_reply());
    numbered.emplace_back(static_cast<std::uint64_t>(*number), std::string(reply.at(i + 1).text()));
  }
  return numbered;
}

Pairs decode_hash(ReplyView reply) {
  Pairs values;
  for (std::size_t i = 0; i + 1 < reply.size(); i += 2) values.emplace_back(reply.at(i).text(), reply.at(i + 1).text());
  std::sort(values.begin(), values.end());
  return values;
}

Result<void> decode_done(ReplyView) { return {}; }

std::string register_key(const RedisStore& store, const std::string& group) { return store.keys("ctl")("r:" + group); }

}  // namespace

RedisOutbox::RedisOutbox(const RedisJournal& journal, OutboxKeep keep) : store_(journal.store()), keep_(keep) {}

void RedisOutbox::scan(const LogTag& tag, OutboxPart part, std::string cursor, Done<OutboxPage> done) {
  if (store_->refuses(tag, done)) return;
  auto command = encode_call("dn1_scan", store_->keys(tag), {part_key(part)});
  store_->link->send(command.arg(cursor).arg(limits::outbox_page), decoded<OutboxPage>(std::move(done), decode_page));
}

void RedisOutbox::fetch(const LogTag& tag, OutboxPart part, std::vector<std::string> ids, Done<Blobs> done) {
  if (store_->refuses(tag, done)) return;
  if (ids.empty()) return store_->link->answer(ReplyView(), decoded<Blobs>(std::move(done), decode_blobs));
  RedisCommand command("HMGET");
  command.arg(store_->keys(tag)(part_key(part)));
  for (const auto& id : ids) command.arg(id);
  store_->link->send(command, decoded<Blobs>(std::move(done), decode_blobs));
}

void RedisOutbox::settle(const LogTag& tag, Settlement settlement, Done<void> done) {
  if (store_->refuses(tag, done)) return;
  store_->link->send(encode_settle(store_->keys(tag), settlement, keep_), decoded<void>(std::move(done), decode_status));
}

void RedisOutbox::find_event(const LogTag& tag, const EventId& id, Done<FoundEvent> done) {
  if (store_->refuses(tag, done)) return;
  auto command = encode_call("dn1_find", store_->keys(tag), {"m", "log", "d0", "d1"});
  store_->link->send(command.arg(id.raw()), decoded<FoundEvent>(std::move(done), decode_found));
}

void RedisOutbox::delivered(const LogTag& tag, std::uint64_t before, std::size_t count, Done<Numbered> done) {
  page(tag, "dh", before, count, std::move(done));
}

void RedisOutbox::audit(const LogTag& tag, std::uint64_t before, std::size_t count, Done<Numbered> done) {
  page(tag, "au", before, count, std::move(done));
}

void RedisOutbox::page(const LogTag& tag, std::string_view stream, std::uint64_t before, std::size_t count, Done<Numbered> done) {
  if (store_->refuses(tag, done)) return;
  auto command = encode_call("dn1_page", store_->keys(tag), {stream});
  store_->link->send(command.arg(before).arg(count), decoded<Numbered>(std::move(done), decode_numbered));
}

void RedisOutbox::all(const std::string& group, Done<Pairs> done) {
  store_->link->send(RedisCommand("HGETALL").arg(register_key(*store_, group)), decoded<Pairs>(std::move(done), decode_hash));
}

void RedisOutbox::put(const std::string& group, std::string name, std::string value, Done<void> done) {
  RedisCommand command(value.empty() ? "HDEL" : "HSET");
  command.arg(register_key(*store_, group)).arg(name);
  if (!value.empty()) command.arg(value);
  store_->link->send(command, decoded<void>(std::move(done), decode_done));
}

}  // namespace denrei
