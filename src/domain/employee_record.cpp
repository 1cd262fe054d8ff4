// The employee record as packed state and as the reader's JSON. How events change it: employee.cpp.
#include "denrei/base/packing.hpp"
#include "denrei/domain/employee.hpp"
#include "denrei/domain/json_text.hpp"

namespace denrei {
namespace {

constexpr std::uint8_t employee_version = 1;
enum class PhotoKind : std::uint8_t { none = 0, photo = 1, tombstone = 2 };  // written to the store: never renumber

void pack_photo(Packer& packer, const Employee& employee) {
  if (const auto* photo = std::get_if<Photo>(&employee.photo)) {
    pack_recency(packer.u8(static_cast<std::uint8_t>(PhotoKind::photo)), photo->since);
    packer.text(photo->url).text(photo->updated_at).text(photo->mime_type).i64(photo->file_size).text(photo->update_reason);
  } else if (const auto* tombstone = std::get_if<PhotoTombstone>(&employee.photo)) {
    pack_recency(packer.u8(static_cast<std::uint8_t>(PhotoKind::tombstone)), tombstone->since);
    packer.text(tombstone->deleted_at).text(tombstone->reason);
  } else {
    packer.u8(static_cast<std::uint8_t>(PhotoKind::none));
  }
}

Photo unpack_held_photo(Unpacker& unpacker) {
  Photo photo;
  photo.since = unpack_recency(unpacker);
  photo.url = unpacker.text();
  photo.updated_at = unpacker.text();
  photo.mime_type = unpacker.text();
  photo.file_size = unpacker.i64();
  photo.update_reason = unpacker.text();
  return photo;
}

PhotoTombstone unpack_tombstone(Unpacker& unpacker) {
  PhotoTombstone tombstone;
  tombstone.since = unpack_recency(unpacker);
  tombstone.deleted_at = unpacker.text();
  tombstone.reason = unpacker.text();
  return tombstone;
}

// False when the kind is unknown.
bool unpack_photo(Unpacker& unpacker, Employee& employee) {
  switch (unpacker.u8()) {
    case static_cast<std::uint8_t>(PhotoKind::none): return true;
    case static_cast<std::uint8_t>(PhotoKind::photo): employee.photo = unpack_held_photo(unpacker); return true;
    case static_cast<std::uint8_t>(PhotoKind::tombstone): employee.photo = unpack_tombstone(unpacker); return true;
    default: return false;
  }
}

void show_photo(JsonObject& out, const Employee& employee) {
  if (const auto* photo = std::get_if<Photo>(&employee.photo)) {
    out.text("profilePhotoUrl", photo->url).text("photoUpdatedAt", photo->updated_at);
    out.text_if_any("photoMimeType", photo->mime_type).number("photoFileSize", photo->file_size);
    out.text_if_any("updateReason", photo->update_reason);
  } else if (const auto* tombstone = std::get_if<PhotoTombstone>(&employee.photo)) {
    out.raw("photoDeletion", JsonObject{}.text("reason", tombstone->reason).text("photoDeletedAt", tombstone->deleted_at).take());
  }
}

}  // namespace

std::string encode_employee(const Employee& employee) {
  Packer packer(384);  // an ordinary record
  packer.u8(employee_version).u8(employee.complete ? 1 : 0).u64(employee.version);
  packer.i64(to_unix_ms(employee.created_at)).i64(to_unix_ms(employee.updated_at));
  packer.text(employee.full_name).text(employee.email).text(employee.facility_id).text(employee.department_id);
  packer.text(employee.position).text(employee.employment_status).text(employee.hired_at);
  packer.u8(employee.auth_level ? 1 : 0).i64(employee.auth_level.value_or(0));
  pack_photo(packer, employee);
  return packer.take();
}

Result<Employee> decode_employee(std::string_view packed) {
  Unpacker unpacker(packed);
  if (unpacker.u8() != employee_version) return fail(FaultCode::invalid, "not an employee record of a known version");
  Employee employee;
  employee.complete = unpacker.u8() != 0;
  employee.version = unpacker.u64();
  employee.created_at = from_unix_ms(unpacker.i64());
  employee.updated_at = from_unix_ms(unpacker.i64());
  for (auto* text : {&employee.full_name, &employee.email, &employee.facility_id, &employee.department_id, &employee.position,
                     &employee.employment_status, &employee.hired_at})
    *text = unpacker.text();
  const bool has_level = unpacker.u8() != 0;
  if (const auto level = unpacker.i64(); has_level) employee.auth_level = level;
  if (!unpack_photo(unpacker, employee) || !unpacker.ok() || !unpacker.at_end())
    return fail(FaultCode::invalid, "an employee record of no known form");
  return employee;
}

Result<std::string> employee_json(std::string_view staff_id, std::string_view packed_state) {
  if (packed_state.empty()) return fail(FaultCode::not_found, "no employee by this staffId");
  const auto employee = decode_employee(packed_state);
  if (!employee) return tl::unexpected(employee.error());
  JsonObject out(640);
  out.text("staffId", staff_id).boolean("complete", employee->complete);
  out.text_if_any("fullName", employee->full_name).text_if_any("email", employee->email);
  out.text_if_any("facilityId", employee->facility_id).text_if_any("departmentId", employee->department_id);
  out.text_if_any("position", employee->position);
  if (employee->auth_level) out.number("authLevel", *employee->auth_level);
  out.text_if_any("employmentStatus", employee->employment_status).text_if_any("hiredAt", employee->hired_at);
  show_photo(out, *employee);
  out.text("createdAt", format_iso8601(employee->created_at)).text("updatedAt", format_iso8601(employee->updated_at));
  return out.number("version", static_cast<std::int64_t>(employee->version)).take();
}

}  // namespace denrei
