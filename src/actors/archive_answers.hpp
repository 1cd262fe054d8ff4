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
// The headers that let a configured origin read an answer (protocol §4); for every other origin only what the answer varies with.
[[nodiscard]] std::string cors_headers(const Site& site, Headers request_headers, std::string_view varies_with = "Origin");
// The answer to a preflight request for a path that takes these methods: "GET, HEAD".
[[nodiscard]] Answer preflight(const Site& site, Headers request_headers, std::string_view methods);

}  // namespace denrei
