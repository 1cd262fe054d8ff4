// What an operator asks of the Desk: path, query and body of a request, read and checked. Pure.
//
// Shape   find_desk_target(path) -> which question, and the name in its path; MemberReader reads a query or a JSON body
// Limits  reasons 1–500 characters; names 256 characters; limit 1–page_max
// Errors  FieldErrors: everything that is wrong, so that one answer names it all
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "denrei/actors/delivery_messages.hpp"
#include "denrei/domain/json.hpp"

namespace denrei {

enum class DeskPath : std::uint8_t {
  destinations, destination, enable, disable, deliveries, delivery, dead_letters, dead_letter, resend_one, discard_one,
  resend_many, discard_many, jobs, job, cancel_job, exports, one_export, audit, event,
};

struct DeskTarget {
  DeskPath path = DeskPath::destinations;
  bool is_order = false;               // takes POST; the others take GET, and `exports` both
  std::string name;                    // {name}, {dlv_…}, {job_…}, {evt_…}; empty where the path has none
};
[[nodiscard]] std::optional<DeskTarget> find_desk_target(std::string_view path);

// A question that may be answered: who asks is known to be an operator.
struct Asked {
  RequestPtr request;
  DeskTarget target;
  std::string by;                      // "operator" or "admin"
};

struct FieldError {
  std::string field;
  std::string message;
};
using FieldErrors = std::vector<FieldError>;

inline constexpr std::size_t reason_characters_max = 500;  // a sentence or two for the audit, not a document
inline constexpr std::size_t name_characters_max = 256;    // as limits::key_bytes_max

// Members are taken out one by one; what is left in the end is unknown to the path.
class MemberReader {
 public:
  // Every value of a query is a text; numbers in it are digits.
  static MemberReader of_query(std::string_view target, FieldErrors& errors);
  MemberReader(json::object members, std::string prefix, FieldErrors& errors)
      : members_(std::move(members)), prefix_(std::move(prefix)), errors_(&errors) {}

  [[nodiscard]] std::string text(std::string_view name, std::size_t characters_max = name_characters_max);  // empty: not there
  [[nodiscard]] std::string needed_text(std::string_view name, std::size_t characters_max);
  [[nodiscard]] std::optional<std::int64_t> number(std::string_view name, std::int64_t min, std::int64_t max);
  [[nodiscard]] std::optional<WallTime> time(std::string_view name);
  [[nodiscard]] bool flag(std::string_view name);
  [[nodiscard]] std::optional<json::object> object(std::string_view name);
  [[nodiscard]] std::size_t limit();   // "limit", page_default without it
  void refuse_others();
  void complain(std::string_view name, std::string message);

 private:
  [[nodiscard]] std::optional<json::value> take(std::string_view name);

  json::object members_;
  std::string prefix_;                 // "filter." inside it
  FieldErrors* errors_;
  bool is_query_ = false;
  std::vector<std::string> known_;
};

// {destination, key, type, reason, status, since, until}, each of which may be absent.
[[nodiscard]] DeadFilter read_dead_filter(MemberReader& reader);

// The body of an order: an object, or nothing, which counts as an empty one.
[[nodiscard]] Result<json::object> read_order(const InboundRequest& request);

// A cursor of numbers: "12.0.7"; nothing when it is something else.
[[nodiscard]] std::optional<std::vector<std::uint64_t>> parse_places(std::string_view cursor);
[[nodiscard]] std::string places_text(const std::vector<std::uint64_t>& places);

}  // namespace denrei
