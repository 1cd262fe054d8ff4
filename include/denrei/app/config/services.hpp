// Outside services of the file: every [[service]] with its [[service.provider]]s read and checked, whether or not its secrets are there.
//
// Shape   read_services(file, draft, problems) -> drafts in the file's order; then take_services(drafts, …) keeps those that can run
// Rules   e-mail is written out in a channel too: that makes a service of the channel's name
// Limits  20 services, providers_max providers each
// Errors  into Problems, with file:line:column
// Source  protocol §4; seed external-services
#pragma once
#include <string>
#include <vector>

#include "denrei/app/config/members.hpp"
#include "denrei/app/config/settings.hpp"

namespace denrei {

struct ServiceDraft {
  Service service;
  std::string place;        // of the table, for what is found out later
  bool of_channel = false;  // written out in a channel of its name
};

[[nodiscard]] std::vector<ServiceDraft> read_services(const ConfigFile& file, ConfigDraft& draft, Problems& problems);
void take_services(std::vector<ServiceDraft> drafts, const ConfigInputs& inputs, Config& config, Problems& problems);

// The members of one kind's provider, but its name.
void read_email_provider(TableReader& table, Provider& out);
void read_storage_provider(TableReader& table, Provider& out);
void read_monitoring_provider(TableReader& table, Provider& out);
void read_cdn_provider(TableReader& table, Provider& out);

void check_mail_address(TableReader& table, std::string_view key, const std::string& address);
inline constexpr IntegerRange service_retries{0, 10};  // the tenth wait is a minute
inline constexpr DurationRange service_timeouts{Millis{100}, std::chrono::minutes{5}};

// What a source needs must exist. Afterwards: what is off, or not of high dependency, holds nothing up, and a notice says so.
void check_needs(const Source& source, const std::string& place, const std::vector<ServiceDraft>& services, Problems& problems);
void keep_live_needs(Config& config);

}  // namespace denrei
