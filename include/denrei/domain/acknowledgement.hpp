// The case file of a compliance report: its acknowledgements, each of which becomes a notification to the reporter.
//
// Shape   make_acknowledgement_logic(packed_state) -> KeyLogic; the notification goes to the inbox "acknowledgements"
// Errors  a body that is no object: failed
// Source  protocol §2.2, §4
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "denrei/domain/key_logic.hpp"

namespace denrei {

struct CaseFile {
  std::uint64_t acknowledgements = 0;  // 0: no such case
  std::string report_id;               // of the last one
  std::string timestamp;               // of the last one, as sent
  EventId last;
  WallTime first_received_at{};
  WallTime last_received_at{};
};

[[nodiscard]] std::string encode_case_file(const CaseFile& file);
[[nodiscard]] Result<CaseFile> decode_case_file(std::string_view packed);

// What the reporter reads: our members first, then every other member of the body, which never replaces one of ours.
[[nodiscard]] std::string acknowledgement_notice(const Event& event, const json::object& body);

[[nodiscard]] Result<std::unique_ptr<KeyLogic>> make_acknowledgement_logic(std::string_view packed_state);

}  // namespace denrei
