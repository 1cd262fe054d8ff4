// Names of faults for logs and answers.
#include "denrei/base/result.hpp"

namespace denrei {

std::string_view fault_name(FaultCode code) noexcept {
  switch (code) {
    case FaultCode::invalid: return "invalid";
    case FaultCode::not_found: return "not_found";
    case FaultCode::unavailable: return "unavailable";
    case FaultCode::fenced: return "fenced";
    case FaultCode::truncated: return "truncated";
    case FaultCode::conflict: return "conflict";
    case FaultCode::overloaded: return "overloaded";
    case FaultCode::io: return "io";
    case FaultCode::denied: return "denied";
  }
  return "unknown";
}

}  // namespace denrei
