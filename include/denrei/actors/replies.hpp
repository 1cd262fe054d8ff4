// How actors put replies together: refusals in the source's dialect, problems for everybody else.
#pragma once
#include "denrei/actors/messages.hpp"

namespace denrei {

[[nodiscard]] Reply make_refusal(RequestPtr request, SitePtr site, const LiveSource* source, const RefusalFacts& facts,
                                 EventPtr event = nullptr);
// Sends one reply to the edge that asked.
void say_reply(Reply reply);

}  // namespace denrei
