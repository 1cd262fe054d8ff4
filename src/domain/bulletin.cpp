// How an analytics notification becomes what an account of level 99 reads.
#include "denrei/domain/bulletin.hpp"

#include <array>

#include "denrei/base/packing.hpp"
#include "denrei/domain/json_text.hpp"

namespace denrei {
namespace {

constexpr std::uint8_t bulletin_version = 1;
constexpr std::int64_t unix_s_max = 253'402'300'799;  // 9999-12-31T23:59:59Z, where ISO 8601 with four digits ends

struct Icon {
  std::string_view type;
  std::string_view icon;
};
constexpr std::array<Icon, 4> icons{{{"success", "✅"}, {"error", "❌"}, {"warning", "⚠️"}, {"info", "ℹ️"}}};

// A time outside the calendar is handed on as it came.
void show_timestamp(JsonObject& out, const json::value& body) {
  const auto* timestamp = find(body, "/timestamp");
  if (timestamp == nullptr) return;
  if (timestamp->is_int64() && timestamp->get_int64() >= 0 && timestamp->get_int64() <= unix_s_max)
    out.text("timestamp", format_iso8601(from_unix_ms(timestamp->get_int64() * 1000)));
  else
    out.value("timestamp", *timestamp);
}

class BulletinLogic final : public KeyLogic {
 public:
  explicit BulletinLogic(std::uint64_t bulletins) : bulletins_(bulletins) {}

  Decision decide(const Event& event) override {
    Decision decision{.outcome = Outcome::failed, .note = {}, .notifications = {}};
    const auto body = json_of(event);
    if (!body || !(*body)->root().is_object()) return decision;
    decision.notifications.push_back({"level99", event.id, event.received_at, bulletin_notice(event, (*body)->root())});
    decision.outcome = Outcome::applied;
    ++bulletins_;
    return decision;
  }

  std::string encode_state() const override {
    return bulletins_ == 0 ? std::string{} : Packer(9).u8(bulletin_version).u64(bulletins_).take();
  }

 private:
  std::uint64_t bulletins_;
};

}  // namespace

std::string_view bulletin_icon(std::string_view type) noexcept {
  for (const auto& row : icons)
    if (row.type == type) return row.icon;
  return icons.back().icon;
}

std::string bulletin_notice(const Event& event, const json::value& body) {
  const auto type = find_string(body, "/type");
  JsonObject out(384 + event.body.size());
  out.text("notificationId", event.identity.empty() ? find_string(body, "/notificationId") : std::string_view(event.identity));
  out.text("type", type).text("icon", bulletin_icon(type)).text("priority", type == "error" ? "high" : "normal");
  out.text("title", find_string(body, "/title")).text("message", find_string(body, "/message"));
  if (const auto* details = find(body, "/details")) out.value("details", *details);
  show_timestamp(out, body);
  out.text("source", find_string(body, "/source")).text("receivedAt", format_iso8601(event.received_at));
  return out.number("accountLevel", 99).take();
}

Result<std::unique_ptr<KeyLogic>> make_bulletin_logic(std::string_view packed_state) {
  if (packed_state.empty()) return std::make_unique<BulletinLogic>(0u);
  Unpacker unpacker(packed_state);
  if (unpacker.u8() != bulletin_version) return fail(FaultCode::invalid, "not a bulletin state of a known version");
  const auto bulletins = unpacker.u64();
  if (!unpacker.ok() || !unpacker.at_end()) return fail(FaultCode::invalid, "a bulletin state of the wrong length");
  return std::make_unique<BulletinLogic>(bulletins);
}

}  // namespace denrei
