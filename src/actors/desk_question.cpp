// What all questions of the Desk share.
#include "desk_question.hpp"

#include "denrei/actors/partition.hpp"
#include "denrei/actors/replies.hpp"
#include "denrei/domain/request_head.hpp"

namespace denrei {

void DeskLines::find_event(std::uint64_t ticket, std::uint32_t partition, const EventId& id) {
  options_.chronicle.find_event(partition_tag(partition), id,
                                [self = caf::actor_cast<Desk>(&self_), ticket, partition](Result<FoundEvent> found) {
                                  caf::anon_send(self, FoundEventRead{ticket, partition, std::move(found)});
                                });
}

void DeskLines::fetch(std::uint64_t ticket, std::uint32_t partition, OutboxPart part, const std::vector<DeliveryId>& ids) {
  std::vector<std::string> raw;
  for (const auto& id : ids) raw.emplace_back(id.raw());
  options_.outbox.fetch(partition_tag(partition), part, std::move(raw),
                        [self = caf::actor_cast<Desk>(&self_), ticket, partition, part](Result<Blobs> records) {
                          caf::anon_send(self, RecordsRead{ticket, partition, part, std::move(records)});
                        });
}

void DeskLines::read_delivered(std::uint64_t ticket, std::uint32_t partition, std::uint64_t before, std::size_t count) {
  options_.chronicle.delivered(partition_tag(partition), before, count,
                               [self = caf::actor_cast<Desk>(&self_), ticket, partition](Result<Numbered> page) {
                                 caf::anon_send(self, NumberedRead{ticket, partition, std::move(page)});
                               });
}

void DeskLines::read_audit(std::uint64_t ticket, std::uint32_t partition, std::uint64_t before, std::size_t count) {
  options_.chronicle.audit(partition_tag(partition), before, count,
                           [self = caf::actor_cast<Desk>(&self_), ticket, partition](Result<Numbered> page) {
                             caf::anon_send(self, NumberedRead{ticket, partition, std::move(page)});
                           });
}

void Question::answer(Answer answer) {
  if (std::exchange(over_, true)) return;
  Reply reply{asked_.request, std::move(answer)};
  say_reply(std::move(reply));
}

std::optional<MemberReader> Question::order() {
  const auto& request = *asked_.request;
  if (request.body_too_large) {
    answer(desk_problem(413, "the body of an order is small"));
    return std::nullopt;
  }
  if (!request.body.empty() && !is_json_media_type(find_header(request.headers, "content-type"))) {
    answer(desk_problem(415, "Content-Type must be application/json in UTF-8"));
    return std::nullopt;
  }
  auto members = read_order(request);
  if (members) return MemberReader(std::move(*members), {}, errors_);
  answer(desk_problem(400, members.error().detail));
  return std::nullopt;
}

bool Question::is_well_asked(MemberReader& reader) {
  reader.refuse_others();
  if (!errors_.empty()) answer(wrong_members(errors_));
  return errors_.empty();
}

}  // namespace denrei
