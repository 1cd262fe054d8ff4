// Key logic: what an accepted event does to its key. One pure class per effect; the key's actor owns one and calls it.
//
// Shape   make_key_logic(effect, key, packed_state) -> Result<unique_ptr<KeyLogic>>; logic.decide(event) -> Decision
// Errors  invalid: the packed state is of no known version; decide() may throw only Bug, and then has changed nothing
// Source  protocol §2.1–2.4 (effects)
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "denrei/domain/event.hpp"
#include "denrei/domain/key_file.hpp"

namespace denrei {

// A record for a reader's inbox; `id` is a function of the source event, so that writing it twice changes nothing.
struct Notification {
  std::string inbox;        // "acknowledgements", "level99"
  EventId id;
  WallTime created_at{};
  std::string json;         // the complete JSON object that the reader gets, without its cursor
};
[[nodiscard]] std::string encode_notification(const Notification& n);
[[nodiscard]] Result<Notification> decode_notification(std::string_view record);

// An event that follows from another one and only goes out: it takes the routes of source "denrei" and this type.
struct Emission {
  std::string type;                          // "stats.updated"
  std::string body;                          // JSON
};

struct Decision {
  Outcome outcome = Outcome::applied;
  std::string note;                          // for the line of the timeline
  std::vector<Notification> notifications;
  std::vector<Emission> emissions;           // of several of one type in a batch of one key only the last goes out
  bool has_line = true;                      // false: so many of these come that the timeline leaves them out unless they failed
};

class KeyLogic {
 public:
  virtual ~KeyLogic() = default;
  [[nodiscard]] virtual Decision decide(const Event& event) = 0;
  [[nodiscard]] virtual std::string encode_state() const = 0;
};

[[nodiscard]] Result<std::unique_ptr<KeyLogic>> make_key_logic(Effect effect, std::string_view key, std::string_view packed_state);

// The readers' views, as JSON text: GET /api/employees/{staffId}; GET /api/announcements/{id}/stats (series: oldest first).
[[nodiscard]] Result<std::string> employee_json(std::string_view staff_id, std::string_view packed_state);
[[nodiscard]] Result<std::string> announcement_json(std::string_view id, std::string_view packed_state, const std::vector<Line>& series);

}  // namespace denrei
