// A bulletin: an analytics notification that goes to every account of level 99, with its icon and priority.
//
// Shape   make_bulletin_logic(packed_state) -> KeyLogic; the notification goes to the inbox "level99"
// Errors  a body that is no object: failed
// Source  protocol §2.3; seed analytics-notification §7, §9.2
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "denrei/domain/key_logic.hpp"

namespace denrei {

// "✅" for success, "❌" for error, "⚠️" for warning, "ℹ️" for info and everything else.
[[nodiscard]] std::string_view bulletin_icon(std::string_view type) noexcept;

// What an account of level 99 reads.
[[nodiscard]] std::string bulletin_notice(const Event& event, const json::value& body);

[[nodiscard]] Result<std::unique_ptr<KeyLogic>> make_bulletin_logic(std::string_view packed_state);

}  // namespace denrei
