// What time it is. Everything that needs to know takes a Clock; only the wiring and the tests choose which.
#pragma once
#include <functional>

#include "denrei/base/time.hpp"

namespace denrei {

using Clock = std::function<WallTime()>;

}  // namespace denrei
