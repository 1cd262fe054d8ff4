// The mark book of an inbox: what its readers have marked as the store knows it, and the orders that wait for the store. Pure.
//
// Shape   load(values); take(order, …); while next_put(reader) gives something, store it; stored(reader) gives who is to be answered
// Limits  mark_readers_max readers who have marks; the inbox bounds the orders that wait
// Errors  overloaded: too many readers, or too many stretches of one
// Why     one write at a time of each reader: orders that come meanwhile go together with the next one
#pragma once
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "denrei/actors/fan_out_messages.hpp"
#include "denrei/domain/read_marks.hpp"

namespace denrei {

class MarkBook {
 public:
  using Values = std::vector<std::pair<std::string, std::string>>;

  [[nodiscard]] bool is_loaded() const noexcept { return loaded_; }
  // A value that cannot be read counts as no marks.
  void load(const Values& values);
  // Nobody knows what the store has now. Gives the orders that were waiting for it.
  [[nodiscard]] std::vector<AskInbox> forget();

  // As the store has them.
  [[nodiscard]] const ReadMarks& of(const std::string& reader) const;
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_; }

  // True: the store knows it already, and `ask` can be answered. Else the book keeps `ask` until stored() gives it back.
  [[nodiscard]] Result<bool> take(AskInbox& ask, const MarkOrder& order, MarkStretch window);
  // What to write for this reader now; an empty value: nothing is marked any more.
  [[nodiscard]] std::optional<std::string> next_put(const std::string& reader);
  [[nodiscard]] std::vector<AskInbox> stored(const std::string& reader);

  // Readers who have marked nothing of what the inbox still shows make room. Gives those that the store may forget.
  [[nodiscard]] std::vector<std::string> make_room(const std::string& for_reader, MarkStretch window);
  // Marks beyond the newest cursor are of notifications that the store has lost. Gives the readers whose marks changed: to be put.
  [[nodiscard]] std::vector<std::string> cut_behind(std::uint64_t newest);

 private:
  struct Reader {
    ReadMarks stored;               // the store has confirmed them
    ReadMarks wanted;               // after all orders taken
    std::vector<AskInbox> waiting;  // for the next write
    std::vector<AskInbox> flying;   // for the one under way
    bool is_flying = false;
    bool is_dirty = false;          // `wanted` goes with the next write
    ReadMarks sent;                 // by the one under way
  };
  bool is_idle(const Reader& reader) const noexcept { return !reader.is_flying && !reader.is_dirty; }

  std::map<std::string, Reader> readers_;
  std::size_t waiting_ = 0;
  bool loaded_ = false;
};

}  // namespace denrei
