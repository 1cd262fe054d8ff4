// The packed record of a notification on its way to an inbox.
#include "denrei/base/packing.hpp"
#include "denrei/domain/key_logic.hpp"

namespace denrei {

constexpr std::uint8_t notification_version = 1;

std::string encode_notification(const Notification& n) {
  Packer packer(1 + 16 + 8 + 4 + n.inbox.size() + 4 + n.json.size());
  packer.u8(notification_version).raw(n.id.raw()).i64(to_unix_ms(n.created_at));
  return packer.text(n.inbox).text(n.json).take();
}

Result<Notification> decode_notification(std::string_view record) {
  Unpacker unpacker(record);
  if (unpacker.u8() != notification_version) return fail(FaultCode::invalid, "not a notification of a known version");
  const auto id = unpacker.raw(16);
  if (!unpacker.ok()) return fail(FaultCode::invalid, "a notification is cut short");
  Notification n;
  n.id = event_id_from_raw(id);
  n.created_at = from_unix_ms(unpacker.i64());
  n.inbox = unpacker.text();
  n.json = unpacker.text();
  if (!unpacker.ok() || !unpacker.at_end()) return fail(FaultCode::invalid, "a notification of the wrong length");
  return n;
}

}  // namespace denrei
