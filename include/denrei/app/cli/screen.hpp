// What a terminal shows: text without control characters, and tables whose columns line up with Japanese in them.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace denrei {

// Control characters (which could steer a terminal) become '?'; line breaks and tabs stay.
[[nodiscard]] std::string make_printable(std::string_view text);
// Columns that UTF-8 text takes: two for a wide character.
[[nodiscard]] std::size_t count_columns(std::string_view utf8);
// Every row has as many cells as the first; line breaks inside a cell become blanks.
[[nodiscard]] std::string format_table(const std::vector<std::vector<std::string>>& rows);

}  // namespace denrei
