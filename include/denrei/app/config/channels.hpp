// Channels of the file: every [[channel]] read and checked, whether or not its secret is there.
//
// Shape   read_channels(file, services, draft, problems) -> drafts in the file's order; then take_channels(drafts, …) keeps those that can run
// Rules   e-mail goes through a [[service]] that the channel names, or one that it writes out, which is added to `services` under its name
// Limits  20 channels, 20 addressees each
// Errors  into Problems, with file:line:column
#pragma once
#include <string>
#include <vector>

#include "denrei/app/config/services.hpp"

namespace denrei {

struct ChannelDraft {
  Channel channel;
  std::string place;  // of the table, for what is found out later
};

[[nodiscard]] std::vector<ChannelDraft> read_channels(const ConfigFile& file, std::vector<ServiceDraft>& services, ConfigDraft& draft,
                                                      Problems& problems);
// Services come before: a channel whose service is off is off too.
void take_channels(std::vector<ChannelDraft> drafts, const ConfigInputs& inputs, Config& config, Problems& problems);

}  // namespace denrei
