// Sample employee events, for trying a source without writing JSON.
#pragma once
#include <string>

#include "denrei/base/result.hpp"
#include "denrei/base/time.hpp"

namespace denrei {

struct SampleEvent {
  std::string type = "employee.created";
  std::string staff;
  std::string name = "山田 太郎";
  std::string email;      // empty: made from the staff id
  std::string facility = "FAC-001";
  std::string department = "DEPT-001";
  std::string photo_url;  // empty: no photo; a photo update makes one up
  std::string reason;     // of a photo's update or deletion
};

// The body, or what is missing for it.
[[nodiscard]] Result<std::string> make_sample_event(const SampleEvent& sample, WallTime now);

}  // namespace denrei
