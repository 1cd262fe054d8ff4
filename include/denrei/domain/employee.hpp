// The employee record: a person, the state of the photo, and how the three employee events change them.
//
// Shape   apply_employee_event(employee, event, body) -> Outcome; encode_employee / decode_employee
// Errors  an event of another type or with an unreadable photo group: failed, and nothing has changed
// Source  protocol §2.1
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "denrei/domain/key_logic.hpp"
#include "denrei/domain/recency.hpp"

namespace denrei {

struct NoPhoto {};

struct Photo {
  Recency since;              // photoUpdatedAt
  std::string url;
  std::string updated_at;     // as sent
  std::string mime_type;
  std::int64_t file_size = 0;
  std::string update_reason;
};

struct PhotoTombstone {
  Recency since;              // photoDeletedAt
  std::string deleted_at;     // as sent
  std::string reason;
};

struct Employee {
  bool complete = false;      // a created event has been applied
  std::string full_name;
  std::string email;
  std::string facility_id;
  std::string department_id;
  std::string position;
  std::string employment_status;
  std::string hired_at;
  std::optional<std::int64_t> auth_level;
  std::variant<NoPhoto, Photo, PhotoTombstone> photo;
  WallTime created_at{};      // when the first applied event was received
  WallTime updated_at{};      // when the last applied event was received
  std::uint64_t version = 0;  // applied events; 0: nobody known by this key
};

[[nodiscard]] Outcome apply_employee_event(Employee& employee, const Event& event, const json::value& body);
[[nodiscard]] std::string encode_employee(const Employee& employee);
[[nodiscard]] Result<Employee> decode_employee(std::string_view packed);

[[nodiscard]] Result<std::unique_ptr<KeyLogic>> make_employee_logic(std::string_view packed_state);

}  // namespace denrei
