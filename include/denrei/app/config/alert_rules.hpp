// Alert rules of the file: every [[alert]] read and checked, whether or not what it watches is on.
//
// Shape   read_alert_rules(file, names, draft, problems) -> rules in the file's order; take_alert_rules(rules, config) keeps those whose
//         source or destination is on
// Units   a threshold is written with its unit: 1 (a count), "95%", "1s"; a heartbeat's times as "02:30", Asia/Tokyo
// Limits  rules_max rules; windows 1 s to 24 h, `for` up to 24 h
// Errors  into Problems, with file:line:column
// Source  protocol §4
#pragma once
#include <string>
#include <vector>

#include "denrei/app/config/settings.hpp"

namespace denrei {

// The names that there are, enabled or not.
struct AlertRuleNames {
  std::vector<std::string> sources;
  std::vector<std::string> destinations;
  std::vector<std::string> channels;
};

[[nodiscard]] std::vector<AlertRuleSpec> read_alert_rules(const ConfigFile& file, const AlertRuleNames& names, ConfigDraft& draft,
                                                          Problems& problems);
// Sources, destinations and channels have been taken before.
void take_alert_rules(std::vector<AlertRuleSpec> rules, Config& config);

}  // namespace denrei
