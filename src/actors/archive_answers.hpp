// The texts of the reading API: problems, pages, CORS. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "denrei/actors/messages.hpp"
#include "denrei/domain/key_file.hpp"

namespace denrei {

[[nodiscard]] Answer problem(int status, std::string_view title, std::string_view detail, std::string headers = {});
// One line of a timeline as JSON.
[[nodiscard]] std::string line_json(const Line& line, std::uint64_t repeats);
// The headers that let a configured origin read an answer (protocol §4); empty for every other origin.
[[nodiscard]] std::string cors_headers(const Site& site, Headers request_headers);
// The answer to a preflight request.
[[nodiscard]] Answer preflight(const Site& site, Headers request_headers);

}  // namespace denrei
