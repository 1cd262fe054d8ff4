// Channels of the file: every [[channel]] read and checked, whether or not its secret is there.
//
// Shape   read_channels(file, draft, problems) -> drafts in the file's order; then take_channels(drafts, …) keeps those that can run
// Limits  20 channels, 20 addressees each
// Errors  into Problems, with file:line:column
#pragma once
#include <string>
#include <vector>

#include "denrei/app/config/settings.hpp"

namespace denrei {

struct ChannelDraft {
  Channel channel;
  std::string place;  // of the table, for what is found out later
};

[[nodiscard]] std::vector<ChannelDraft> read_channels(const ConfigFile& file, ConfigDraft& draft, Problems& problems);
void take_channels(std::vector<ChannelDraft> drafts, const ConfigInputs& inputs, Config& config, Problems& problems);

}  // namespace denrei
