// The texts of the Watch: rules as operators see them, and the lines of the log. Pure.
#pragma once
#include <string>

#include "denrei/domain/rule_book.hpp"

namespace denrei {

[[nodiscard]] std::string rule_json(const RuleView& view);
[[nodiscard]] std::string rules_json(const RuleBook& book);                       // GET /ops/alerts
[[nodiscard]] std::string rule_with_history(const RuleBook& book, std::size_t index);  // GET /ops/alerts/{rule}
[[nodiscard]] std::string rule_log_line(const RuleView& view, std::string_view what, WallTime now);

}  // namespace denrei
