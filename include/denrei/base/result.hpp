// Faults and results: how an operation says that it could not give its value.
//
// Shape   Result<T> is T or Fault{code, detail}; return fail(code, "text") to fail
// Units   none
// Errors  an expected result of the trade (duplicate, stale) is an enum value, not a Fault
// Source  house §6
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace denrei {

enum class FaultCode : std::uint8_t {
  invalid,      // the input is wrong; the detail says where and why
  not_found,    // what was asked for does not exist
  unavailable,  // the store or a service is away, or it is not known whether it acted
  fenced,       // somebody else owns the partition now
  truncated,    // the history that we know is no longer the history of the store
  conflict,     // the cursor moved under us
  overloaded,   // a limit is reached; try again later
  io,           // a file or socket failed
  denied,       // the other side knows who asks and will not serve us: wrong key, no permission
};

struct Fault {
  FaultCode code = FaultCode::invalid;
  std::string detail;
  friend bool operator==(const Fault&, const Fault&) = default;
};

template <class T>
using Result = tl::expected<T, Fault>;

[[nodiscard]] inline tl::unexpected<Fault> fail(FaultCode code, std::string detail = {}) {
  return tl::unexpected<Fault>(Fault{code, std::move(detail)});
}

[[nodiscard]] std::string_view fault_name(FaultCode code) noexcept;

}  // namespace denrei
