// Bodies of the three employee events.
#include "denrei/app/cli/sample_event.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace denrei {
namespace {

using boost::json::object;

void add_photo(object& data, const SampleEvent& sample, WallTime now) {
  data["profilePhotoUrl"] = sample.photo_url.empty()
                                ? fmt::format("https://d2k8x5j9m1n4p7.cloudfront.net/employees/{}/profile.jpg", sample.staff)
                                : sample.photo_url;
  data["photoUpdatedAt"] = format_iso8601(now);
  data["photoMimeType"] = "image/jpeg";
  data["photoFileSize"] = 245760;
}

object created(const SampleEvent& sample, WallTime now) {
  object data{{"staffId", sample.staff}, {"fullName", sample.name}};
  data["email"] = sample.email.empty() ? fmt::format("{}@hospital.example", sample.staff) : sample.email;
  data["facilityId"] = sample.facility;
  data["departmentId"] = sample.department;
  if (!sample.photo_url.empty()) add_photo(data, sample, now);
  return data;
}

object photo_updated(const SampleEvent& sample, WallTime now) {
  object data{{"staffId", sample.staff}};
  add_photo(data, sample, now);
  if (!sample.reason.empty()) data["updateReason"] = sample.reason;
  return data;
}

object photo_deleted(const SampleEvent& sample, WallTime now) {
  return {{"staffId", sample.staff},
          {"deletionReason", sample.reason.empty() ? "退職" : sample.reason},
          {"photoDeletedAt", format_iso8601(now)}};
}

}  // namespace

Result<std::string> make_sample_event(const SampleEvent& sample, WallTime now) {
  if (sample.staff.empty()) return fail(FaultCode::invalid, "a sample event needs --staff (or give the body with --data)");
  object data;
  if (sample.type == "employee.created") data = created(sample, now);
  else if (sample.type == "employee.photo.updated") data = photo_updated(sample, now);
  else if (sample.type == "employee.photo.deleted") data = photo_deleted(sample, now);
  else
    return fail(FaultCode::invalid, fmt::format("no sample for '{}'; there are employee.created, employee.photo.updated and "
                                                "employee.photo.deleted (or give the body with --data)", sample.type));
  return boost::json::serialize(object{{"eventType", sample.type}, {"timestamp", format_iso8601(now)}, {"data", std::move(data)}});
}

}  // namespace denrei
