// How an acknowledgement enters its case file and what the reporter is told.
#include "denrei/domain/acknowledgement.hpp"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>

#include "denrei/base/packing.hpp"
#include "denrei/domain/dialect.hpp"
#include "denrei/domain/json_text.hpp"

namespace denrei {
namespace {

constexpr std::uint8_t case_file_version = 1;
// The last two are added when it is read: the inbox's place and the reader's mark.
constexpr std::array<std::string_view, 7> our_members{"notificationId", "reportId", "caseNumber", "timestamp", "receivedAt", "cursor", "isConfirmed"};

class AcknowledgementLogic final : public KeyLogic {
 public:
  explicit AcknowledgementLogic(CaseFile file) : file_(std::move(file)) {}

  Decision decide(const Event& event) override {
    Decision decision{.outcome = Outcome::failed, .note = {}, .notifications = {}};
    const auto body = json_of(event);
    if (!body || !(*body)->root().is_object()) return decision;
    const auto& root = (*body)->root();
    decision.notifications.push_back({"acknowledgements", event.id, event.received_at, acknowledgement_notice(event, root.get_object())});
    decision.outcome = Outcome::applied;
    take(event, root);
    return decision;
  }

  std::string encode_state() const override { return file_.acknowledgements == 0 ? std::string{} : encode_case_file(file_); }

 private:
  void take(const Event& event, const json::value& root) {
    file_.report_id = find_string(root, "/reportId");
    file_.timestamp = find_string(root, "/timestamp");
    file_.last = event.id;
    if (file_.acknowledgements == 0) file_.first_received_at = event.received_at;
    file_.last_received_at = event.received_at;
    ++file_.acknowledgements;
  }

  CaseFile file_;
};

}  // namespace

std::string acknowledgement_notice(const Event& event, const json::object& body) {
  JsonObject out(192 + event.body.size());
  out.text("notificationId", notification_number(event.id));
  for (const auto name : {"reportId", "caseNumber", "timestamp"})
    if (const auto* value = body.if_contains(name)) out.value(name, *value);
  out.text("receivedAt", format_iso8601(event.received_at));
  for (const auto& member : body) {
    const std::string_view name{member.key().data(), member.key().size()};
    if (std::find(our_members.begin(), our_members.end(), name) == our_members.end()) out.value(name, member.value());
  }
  return out.take();
}

std::string encode_case_file(const CaseFile& file) {
  Packer packer(1 + 8 + 16 + 8 + 8 + 4 + file.report_id.size() + 4 + file.timestamp.size());
  packer.u8(case_file_version).u64(file.acknowledgements).raw(file.last.raw());
  packer.i64(to_unix_ms(file.first_received_at)).i64(to_unix_ms(file.last_received_at));
  return packer.text(file.report_id).text(file.timestamp).take();
}

Result<CaseFile> decode_case_file(std::string_view packed) {
  Unpacker unpacker(packed);
  if (unpacker.u8() != case_file_version) return fail(FaultCode::invalid, "not a case file of a known version");
  CaseFile file;
  file.acknowledgements = unpacker.u64();
  const auto last = unpacker.raw(16);
  if (!unpacker.ok()) return fail(FaultCode::invalid, "a case file is cut short");
  file.last = event_id_from_raw(last);
  file.first_received_at = from_unix_ms(unpacker.i64());
  file.last_received_at = from_unix_ms(unpacker.i64());
  file.report_id = unpacker.text();
  file.timestamp = unpacker.text();
  if (!unpacker.ok() || !unpacker.at_end()) return fail(FaultCode::invalid, "a case file of the wrong length");
  return file;
}

Result<std::unique_ptr<KeyLogic>> make_acknowledgement_logic(std::string_view packed_state) {
  if (packed_state.empty()) return std::make_unique<AcknowledgementLogic>(CaseFile{});
  auto file = decode_case_file(packed_state);
  if (!file) return tl::unexpected(std::move(file.error()));
  return std::make_unique<AcknowledgementLogic>(std::move(*file));
}

}  // namespace denrei
