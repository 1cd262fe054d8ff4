// One [[destination]] table: its members read and checked. What holds between destinations stands in destinations.cpp.
#pragma once
#include "denrei/app/config/destinations.hpp"
#include "denrei/app/config/table_reader.hpp"

namespace denrei {

// What only some readers of members need.
struct DestinationSurroundings {
  const ConfigInputs& inputs;
  std::vector<std::string> channels;  // that there are
};

// Answers the destination as far as it could be read; every complaint went through `table` or into `problems`.
[[nodiscard]] DestinationDraft read_destination(TableReader& table, const DestinationSurroundings& around, Problems& problems);

// When and how often is tried: schedule, patterns, rounds, times, rate, order, breaker, caps.
void read_delivery_policy(TableReader& table, Destination& destination);
// Limits by type, and types of which only the newest waits. After the order is known.
void read_type_policy(TableReader& table, Problems& problems, Destination& destination);

// Header names, and the headers that are sent as they are: none may say again what Denrei says.
void read_headers(TableReader& table, Problems& problems, Destination& destination);

}  // namespace denrei
