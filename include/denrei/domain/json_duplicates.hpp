// The name of a duplicate key: a second, slow reading of a body that is already known to hold one.
//
// Shape   find_duplicate_key(body) -> the first key that its object holds twice, shortened and fit for a log line
// Limits  called for refused bodies only; n log n in the number of keys; the name is cut to 64 bytes
// Errors  empty when there is no duplicate or the body is no JSON
// Source  RFC 8259 §4: names within an object SHOULD be unique; here they must
#pragma once
#include <string>
#include <string_view>

namespace denrei {

[[nodiscard]] std::string find_duplicate_key(std::string_view text);

}  // namespace denrei
