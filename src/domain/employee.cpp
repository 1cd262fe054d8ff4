// How employee events change the record. The newest photo state wins whatever order it arrives in; all else in arrival order.
#include "denrei/domain/employee.hpp"

namespace denrei {
namespace {

constexpr std::string_view photo_members[] = {"/data/profilePhotoUrl", "/data/photoUpdatedAt", "/data/photoMimeType",
                                              "/data/photoFileSize"};

bool has_photo_group(const json::value& body) {
  for (const auto member : photo_members)
    if (find(body, member) != nullptr) return true;
  return false;
}

Result<Photo> read_photo(const Event& event, const json::value& body) {
  Photo photo;
  photo.url = find_string(body, "/data/profilePhotoUrl");
  photo.updated_at = find_string(body, "/data/photoUpdatedAt");
  photo.mime_type = find_string(body, "/data/photoMimeType");
  photo.update_reason = find_string(body, "/data/updateReason");
  const auto* size = find(body, "/data/photoFileSize");
  const auto at = parse_iso8601(photo.updated_at);
  if (!at || photo.url.empty() || size == nullptr || !size->is_int64())
    return fail(FaultCode::invalid, "the photo group is incomplete or unreadable");
  photo.file_size = size->get_int64();
  photo.since = {*at, event.id};
  return photo;
}

Result<PhotoTombstone> read_tombstone(const Event& event, const json::value& body) {
  PhotoTombstone tombstone;
  tombstone.deleted_at = find_string(body, "/data/photoDeletedAt");
  tombstone.reason = find_string(body, "/data/deletionReason");
  const auto at = parse_iso8601(tombstone.deleted_at);
  if (!at) return fail(FaultCode::invalid, "photoDeletedAt is unreadable");
  tombstone.since = {*at, event.id};
  return tombstone;
}

std::optional<Recency> photo_since(const Employee& employee) {
  if (const auto* photo = std::get_if<Photo>(&employee.photo)) return photo->since;
  if (const auto* tombstone = std::get_if<PhotoTombstone>(&employee.photo)) return tombstone->since;
  return std::nullopt;
}

template <class PhotoState>
bool take_newer(Employee& employee, PhotoState state) {
  const auto held = photo_since(employee);
  if (held && !(*held < state.since)) return false;
  employee.photo = std::move(state);
  return true;
}

void count_applied(Employee& employee, const Event& event) {
  if (employee.version == 0) employee.created_at = event.received_at;
  employee.updated_at = event.received_at;
  ++employee.version;
}

// What the event does not say stays: the bulk load re-creates people without their optional members.
void take_if_said(std::string& held, const json::value& body, std::string_view pointer) {
  if (const auto said = find_string(body, pointer); !said.empty()) held = said;
}

Outcome apply_created(Employee& employee, const Event& event, const json::value& body) {
  if (has_photo_group(body)) {
    auto photo = read_photo(event, body);
    if (!photo) return Outcome::failed;
    photo->update_reason.clear();  // belongs to photo.updated only
    (void)take_newer(employee, std::move(*photo));  // an older photo stays out, the rest applies
  }
  take_if_said(employee.full_name, body, "/data/fullName");
  take_if_said(employee.email, body, "/data/email");
  take_if_said(employee.facility_id, body, "/data/facilityId");
  take_if_said(employee.department_id, body, "/data/departmentId");
  take_if_said(employee.position, body, "/data/position");
  take_if_said(employee.employment_status, body, "/data/employmentStatus");
  take_if_said(employee.hired_at, body, "/data/hiredAt");
  if (const auto* level = find(body, "/data/authLevel"); level != nullptr && level->is_int64()) employee.auth_level = level->get_int64();
  employee.complete = true;
  count_applied(employee, event);
  return Outcome::applied;
}

template <class PhotoState>
Outcome apply_photo(Employee& employee, const Event& event, Result<PhotoState> state) {
  if (!state) return Outcome::failed;
  if (!take_newer(employee, std::move(*state))) return Outcome::stale;
  count_applied(employee, event);
  return Outcome::applied;
}

class EmployeeLogic final : public KeyLogic {
 public:
  explicit EmployeeLogic(Employee employee) : employee_(std::move(employee)) {}

  Decision decide(const Event& event) override {
    Decision decision{.outcome = Outcome::failed, .note = {}, .notifications = {}};
    if (const auto body = json_of(event)) decision.outcome = apply_employee_event(employee_, event, (*body)->root());
    return decision;
  }

  std::string encode_state() const override { return employee_.version == 0 ? std::string{} : encode_employee(employee_); }

 private:
  Employee employee_;
};

}  // namespace

Outcome apply_employee_event(Employee& employee, const Event& event, const json::value& body) {
  if (event.type == "employee.created") return apply_created(employee, event, body);
  if (event.type == "employee.photo.updated") return apply_photo(employee, event, read_photo(event, body));
  if (event.type == "employee.photo.deleted") return apply_photo(employee, event, read_tombstone(event, body));
  return Outcome::failed;
}

Result<std::unique_ptr<KeyLogic>> make_employee_logic(std::string_view packed_state) {
  if (packed_state.empty()) return std::make_unique<EmployeeLogic>(Employee{});
  auto employee = decode_employee(packed_state);
  if (!employee) return tl::unexpected(std::move(employee.error()));
  return std::make_unique<EmployeeLogic>(std::move(*employee));
}

}  // namespace denrei
