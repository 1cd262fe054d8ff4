// Destinations of the file: every [[destination]] read, checked and completed, whether or not its URL and secrets are there.
//
// Shape   read_destinations(inputs…) -> drafts in the file's order; then take_destinations(drafts, …) keeps those that can run
// Limits  limits::destinations_max destinations
// Errors  into Problems, with file:line:column, or the variable that a URL came from
// Source  protocol §3
#pragma once
#include <string>
#include <vector>

#include "denrei/app/config/channels.hpp"

namespace denrei {

struct DestinationDraft {
  Destination destination;
  bool enabled = true;
  std::string url_env;
  std::string url_origin;   // where the URL comes from
  std::string url_missing;  // the variable that could have held it; empty: there is a URL, or its absence has been said
  std::string place;        // of the table, for what is found out later
  std::string scheme_place;
};

[[nodiscard]] std::vector<DestinationDraft> read_destinations(const ConfigFile& file, const ConfigInputs& inputs,
                                                              const std::vector<ChannelDraft>& channels, ConfigDraft& draft,
                                                              Problems& problems);

// Puts those that can run, and their secrets, into the configuration; why others are off becomes a notice. Channels come before.
void take_destinations(std::vector<DestinationDraft> drafts, const ConfigInputs& inputs, Config& config, Problems& problems);

}  // namespace denrei
