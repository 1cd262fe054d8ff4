// The list of dead letters: in the order of partition and log, by pages.
#include <algorithm>
#include <fmt/format.h>

#include "desk_question.hpp"

namespace denrei {
namespace {

// Deliveries of one event to several destinations share a sequence, and a Dispatcher's page begins behind a sequence. So the last
// sequence is asked for again, with room for as many of it as there can be, and what was given before is left out here.
struct DeadPlace {
  std::uint32_t partition = 0;
  std::uint64_t seq = 0;
  std::optional<DeliveryId> id;      // nothing: the beginning
};

std::optional<DeadPlace> parse_dead_place(std::string_view cursor, std::uint32_t partitions) {
  const auto split = cursor.rfind('.');
  if (split == std::string_view::npos) return std::nullopt;
  const auto places = parse_places(cursor.substr(0, split));
  const auto id = parse_delivery_id("dlv_" + std::string(cursor.substr(split + 1)));
  if (!places || places->size() != 2 || (*places)[0] >= partitions || (*places)[1] == 0 || !id) return std::nullopt;
  return DeadPlace{static_cast<std::uint32_t>((*places)[0]), (*places)[1], *id};
}

class DeadLettersQuestion final : public Question {
 public:
  using Question::Question;

  void start() override {
    auto reader = query();
    (void)reader.text("state");        // as /ops/deliveries?state=dead
    const auto filter = read_dead_filter(reader);
    limit_ = reader.limit();
    if (const auto cursor = reader.text("cursor"); !cursor.empty()) {
      const auto place = parse_dead_place(cursor, lines_.partitions());
      if (place) from_ = *place;
      else reader.complain("cursor", "must be one that an answer of this path gave");
    }
    if (!is_well_asked(reader)) return;
    ask(filter);
  }

  void on_dead_listed(const DeadListed& page) override {
    if (!page.open) return answer(ask_again(fmt::format("partition {} is not open at the moment; ask again", page.partition)));
    total_ += page.total;
    pages_[page.partition] = page.heads;
    if (--waiting_ == 0) finish();
  }

 private:
  // All of them are asked, for the total; those before the cursor for nothing else.
  void ask(const DeadFilter& filter) {
    waiting_ = lines_.partitions();
    const auto same_sequence = 2 * (lines_.options().destinations.size() + lines_.site().routes->size() + 16);
    for (std::uint32_t p = 0; p < lines_.partitions(); ++p) {
      const auto after = p == from_.partition && from_.seq > 0 ? from_.seq - 1 : 0;
      const auto count = p < from_.partition ? 0 : limit_ + same_sequence;
      lines_.ask_dispatcher(p, ListDead{ticket(), filter, after, count});
    }
  }

  [[nodiscard]] bool was_given(std::uint32_t partition, const DeliveryHead& head) const {
    return from_.id && partition == from_.partition && std::pair(head.seq, head.id) <= std::pair(from_.seq, *from_.id);
  }

  void finish() {
    std::vector<std::string> items;
    std::optional<std::string> last, next;
    for (auto& [partition, heads] : pages_) {
      std::sort(heads.begin(), heads.end(), [](const auto& a, const auto& b) { return std::pair(a.seq, a.id) < std::pair(b.seq, b.id); });
      for (const auto& head : heads) {
        if (was_given(partition, head)) continue;
        if (items.size() == limit_) next = last;
        if (next) break;
        items.push_back(delivery_json(head, "dead"));
        last = fmt::format("{}.{}.{}", partition, head.seq, head.id.hash.hex());
      }
    }
    answer(desk_answer(200, list_json(items, next, total_)));
  }

  DeadPlace from_;
  std::size_t limit_ = 0;
  std::size_t waiting_ = 0;
  std::uint64_t total_ = 0;
  std::map<std::uint32_t, std::vector<DeliveryHead>> pages_;  // by partition
};

}  // namespace

QuestionPtr ask_dead_letters(QuestionStart start) { return std::make_unique<DeadLettersQuestion>(std::move(start)); }

}  // namespace denrei
