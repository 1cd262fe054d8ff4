// Whether a destination is disabled, why and since when: as it stands in the register that outlives the process.
#pragma once
#include <boost/json/serialize.hpp>
#include <optional>
#include <string>

#include "denrei/actors/delivery_messages.hpp"
#include "denrei/base/time.hpp"
#include "denrei/domain/json.hpp"
#include "denrei/domain/json_text.hpp"
#include "denrei/ports/chronicle.hpp"

namespace denrei {

struct Disabled {
  std::string reason;
  std::string by;
  WallTime since{};
};

[[nodiscard]] inline std::string disabled_text(const Disabled& disabled) {
  return json::serialize(json::object{{"reason", disabled.reason}, {"by", disabled.by}, {"since", format_iso8601(disabled.since)}});
}

// The audit entry of a switch.
[[nodiscard]] inline std::string switch_entry(std::string_view action, std::string_view destination, const Disabled& why) {
  JsonObject entry;
  entry.text("action", action).text("destination", destination).text_if_any("reason", why.reason).text("by", why.by);
  return entry.text("timestamp", format_iso8601(why.since)).take();
}

// An unreadable register still means disabled: somebody wanted it so.
[[nodiscard]] inline Disabled parse_disabled(std::string_view text) {
  Disabled out{"disabled, for a reason that cannot be read", "", {}};
  const auto document = parse_json(text);
  if (!document) return out;
  out.reason = find_string((*document)->root(), "/reason");
  out.by = find_string((*document)->root(), "/by");
  if (const auto since = parse_iso8601(find_string((*document)->root(), "/since"))) out.since = *since;
  return out;
}

// Whether it is on: known once the register has been read; until then nothing may go.
class DestinationSwitch {
 public:
  DestinationSwitch(Registers& registers, std::string name) : registers_(registers), name_(std::move(name)) {}
  [[nodiscard]] bool is_known() const noexcept { return known_; }
  [[nodiscard]] bool is_on() const noexcept { return known_ && !disabled_; }
  [[nodiscard]] const std::optional<Disabled>& disabled() const noexcept { return disabled_; }

  // Reads what it does not know and writes what it has not written. `self` hears RegistersRead: of what was read, or that either
  // has failed; then it must be asked to do so again.
  template <class Self>
  void synchronize(Self self) {
    if (!is_saved_) save(self);
    if (!known_) registers_.all(group, [self](Result<Values> values) { caf::anon_send(self, RegistersRead{std::move(values)}); });
  }
  void learn(const RegistersRead& fact) {
    if (!fact.values) is_saved_ = is_saved_ && !known_;
    if (!fact.values || std::exchange(known_, true)) return;
    for (const auto& [name, text] : *fact.values)
      if (name == name_) disabled_ = parse_disabled(text);
  }
  template <class Self>
  void disable(Disabled why, Self self) {
    known_ = true;
    disabled_ = std::move(why);
    is_saved_ = false;
    save(self);
  }
  template <class Self>
  void enable(Self self) {
    known_ = true;
    disabled_.reset();
    is_saved_ = false;
    save(self);
  }

  void report(DestinationReport& out) const {
    if (!disabled_) return;
    out.disabled = true;
    out.disabled_reason = disabled_->reason;
    out.disabled_since = disabled_->since;
  }

 private:
  using Values = std::vector<std::pair<std::string, std::string>>;

  template <class Self>
  void save(Self self) {
    registers_.put(group, name_, disabled_ ? disabled_text(*disabled_) : std::string{}, [self](Result<void> result) {
      if (!result) caf::anon_send(self, RegistersRead{tl::unexpected(std::move(result.error()))});
    });
    is_saved_ = true;
  }

  static constexpr const char* group = "destinations";
  Registers& registers_;
  std::string name_;
  bool known_ = false;
  bool is_saved_ = true;
  std::optional<Disabled> disabled_;
};

}  // namespace denrei
