// The console's files as they travel inside the binary.
#pragma once
#include <map>
#include <string>

#include "denrei/actors/console.hpp"

namespace denrei {

[[nodiscard]] std::map<std::string, ConsoleFile, std::less<>> console_files();

}  // namespace denrei
