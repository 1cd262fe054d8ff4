// The texts of the Desk: lists, reports, jobs, problems. Pure. Why a delivery is where it is: desk_why.hpp.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dead_letter_job.hpp"
#include "denrei/actors/delivery_messages.hpp"
#include "desk_request.hpp"
#include "desk_why.hpp"

namespace denrei {

// What operators read is not for caches.
[[nodiscard]] Answer desk_answer(int status, std::string body, std::string headers = {});
[[nodiscard]] Answer desk_problem(int status, std::string_view detail, std::string headers = {});
[[nodiscard]] Answer wrong_members(const FieldErrors& errors);       // 400, every error listed
[[nodiscard]] Answer ask_again(std::string_view detail);             // 503 with Retry-After

// {"data":[…],"next":"cursor"|null} and, where it is known, "total".
[[nodiscard]] std::string list_json(const std::vector<std::string>& items, const std::optional<std::string>& next,
                                    std::optional<std::uint64_t> total = std::nullopt);
[[nodiscard]] std::string report_json(const DestinationReport& report);
[[nodiscard]] std::string filter_json(const DeadFilter& filter);     // {} for everything
[[nodiscard]] std::string job_json(const DeadLetterJob& job);
// The audit entry of a job: action "dead_letters_resend_started", "dead_letters_discard_finished", …
[[nodiscard]] std::string job_audit(const DeadLetterJob& job, std::string_view what, std::string_view by, WallTime now);
// `object` with further members at its end; both are JSON objects.
[[nodiscard]] std::string joined(std::string object, const std::string& more);

[[nodiscard]] std::string with_why(std::string object, const Why& why);  // and "why", "whyJa"

// Whether this is what filters of a list ask for; empty ones ask for everything.
struct DeliveryFilter {
  std::string destination, key;
  std::optional<EventId> event;
};
[[nodiscard]] bool matches(const DeliveryFilter& filter, const DeliveryHead& head);
// "waiting" for the time of its next attempt or batch, else "pending".
[[nodiscard]] std::string_view pending_state(const DeliveryHead& head, WallTime now) noexcept;
[[nodiscard]] std::string_view settled_state(const DeliveryHead& head) noexcept;  // of one in the history: delivered or superseded

}  // namespace denrei
