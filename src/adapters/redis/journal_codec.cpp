// Encoding and decoding of dn1 calls.
#include "denrei/adapters/redis/journal_codec.hpp"

#include "denrei/base/packing.hpp"

namespace denrei {
namespace {

constexpr std::size_t meta_bytes = 12;  // i64 received_ms, u32 body_hash

std::string pack_blob(std::span<const AppendRecord> records) {
  std::size_t bytes = 0;
  for (const auto& record : records) bytes += 4 + record.record.size();
  Packer blob(bytes);
  for (const auto& record : records) blob.text(record.record);
  return blob.take();
}

std::string pack_specials(std::span<const AppendRecord> records) {
  Packer specials;
  for (std::uint32_t i = 0; i < records.size(); ++i) {
    if (records[i].probe) specials.raw("P").u32(i + 1);
    if (records[i].once && !records[i].probe) specials.raw("O").u32(i + 1).raw(records[i].once->raw());
  }
  return specials.take();
}

template <class Pairs>
void add_section(RedisCommand& command, const Pairs& pairs) {
  command.arg(pairs.size());
  for (const auto& [name, value] : pairs) command.arg(name).arg(value);
}

Result<AppendOutcome> decode_verdict(std::string_view verdict) {
  if (verdict == "N") return AppendOutcome{.what = Appended::probed_new};
  if (verdict == "L") return AppendOutcome{.what = Appended::limited};
  if (verdict.size() != 1 + meta_bytes || verdict.front() != 'R') return tl::unexpected(unexpected_reply());
  Unpacker meta(verdict.substr(1));
  AppendOutcome outcome{.what = Appended::repeat};
  outcome.received_at = from_unix_ms(meta.i64());
  outcome.body_hash = meta.u32();
  return outcome;
}

}  // namespace

TagKeys::TagKeys(std::string_view prefix, std::string_view tag) {
  stem_.reserve(prefix.size() + tag.size() + 4);
  stem_.append(prefix).append(":{").append(tag).append("}:");
}

RedisCommand encode_call(std::string_view function, const TagKeys& keys, std::initializer_list<std::string_view> names) {
  RedisCommand command("FCALL", 512);
  command.arg(function).arg(names.size());
  for (const auto name : names) command.arg(keys(name));
  return command;
}

RedisCommand encode_append(const TagKeys& keys, const AppendCall& call) {
  auto command = encode_call("dn1_append", keys, {"m", "log", "d0", "d1", "rp"});
  command.arg(call.nonce).arg(to_unix_ms(call.now)).arg(call.window.count());
  command.arg(pack_blob(call.records)).arg(pack_specials(call.records));
  for (const auto& record : call.records) {
    Packer meta(meta_bytes);
    command.arg(record.id.raw()).arg(meta.i64(to_unix_ms(record.received_at)).u32(record.body_hash).bytes());
  }
  return command;
}

RedisCommand encode_commit(const TagKeys& keys, const Commit& commit) {
  auto command = encode_call("dn1_commit", keys, {"m", "log", "st", "tl", "rp", "ob", "ntf", "sx"});
  command.arg(commit.token).arg(commit.expected).arg(commit.upto).arg(commit.trim_below);
  add_section(command, commit.states);
  add_section(command, commit.chunks);
  command.arg(commit.dropped_chunks.size());
  for (const auto& field : commit.dropped_chunks) command.arg(field);
  add_section(command, commit.outbox);
  add_section(command, commit.notifications);
  add_section(command, commit.counters);
  return command;
}

Fault unexpected_reply() { return {FaultCode::unavailable, "Redis gave an answer that dn1 does not give"}; }

Result<AppendReply> decode_append(ReplyView reply, std::size_t records) {
  const auto first = reply.at(2).number(), fresh = reply.at(3).number();
  if (reply.size() < 4 || reply.size() % 2 != 0 || !first || !fresh) return tl::unexpected(unexpected_reply());
  AppendReply answer{std::string(reply.at(0).text()), std::string(reply.at(1).text()), std::vector<AppendOutcome>(records)};
  for (std::size_t i = 4; i < reply.size(); i += 2) {
    const auto index = reply.at(i).number();
    auto outcome = decode_verdict(reply.at(i + 1).text());
    if (!outcome) return tl::unexpected(outcome.error());
    if (!index || *index < 1 || static_cast<std::size_t>(*index) > records) return tl::unexpected(unexpected_reply());
    answer.outcomes[static_cast<std::size_t>(*index) - 1] = *outcome;
  }
  auto seq = static_cast<std::uint64_t>(*first);
  for (auto& outcome : answer.outcomes)
    if (outcome.what == Appended::fresh) outcome.seq = seq++;
  if (seq != static_cast<std::uint64_t>(*first) + static_cast<std::uint64_t>(*fresh)) return tl::unexpected(unexpected_reply());
  return answer;
}

Result<void> decode_status(ReplyView reply) {
  const auto word = reply.at(0).text();
  if (word == "OK") return {};
  const std::string detail(reply.at(1).text());
  if (word == "FENCED") return fail(FaultCode::fenced, "another owner has acquired this partition");
  if (word == "TRUNCATED") return fail(FaultCode::truncated, "this position is not part of the log's history");
  if (word == "CONFLICT") return fail(FaultCode::conflict, "the cursor is " + detail);
  if (word == "HELD") return fail(FaultCode::conflict, "held by " + detail);
  return tl::unexpected(unexpected_reply());
}

Blobs decode_blobs(ReplyView reply) {
  Blobs blobs(reply.size());
  for (std::size_t i = 0; i < blobs.size(); ++i)
    if (!reply.at(i).is_nil()) blobs[i] = std::string(reply.at(i).text());
  return blobs;
}

}  // namespace denrei
