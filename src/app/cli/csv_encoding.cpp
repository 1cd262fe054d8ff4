// Which encoding a spreadsheet was saved in, and its text as UTF-8.
#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <iconv.h>
#include <optional>

#include "denrei/app/cli/csv.hpp"
#include "denrei/base/encoding.hpp"

namespace denrei {
namespace {

constexpr std::string_view utf8_mark = "\xEF\xBB\xBF";

class Converter {
 public:
  Converter() : handle_(iconv_open("UTF-8", "CP932")) {}
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;
  ~Converter() {
    if (is_open()) iconv_close(handle_);
  }
  [[nodiscard]] bool is_open() const { return handle_ != reinterpret_cast<iconv_t>(-1); }

  // Appends what could be converted; answers how many bytes of the input that was.
  std::size_t convert(std::string_view bytes, std::string& out) {
    auto* in = const_cast<char*>(bytes.data());  // iconv's interface; it only reads
    auto left = bytes.size();
    char block[16 * 1024];
    while (left > 0) {
      char* end = block;
      auto room = sizeof block;
      const auto result = iconv(handle_, &in, &left, &end, &room);
      const auto error = errno;
      out.append(block, static_cast<std::size_t>(end - block));
      if (result == static_cast<std::size_t>(-1) && error != E2BIG) break;
    }
    return bytes.size() - left;
  }

 private:
  iconv_t handle_;
};

std::size_t line_at(std::string_view bytes, std::size_t position) {
  const auto before = bytes.substr(0, position);
  return 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
}

struct Utf8Lines {
  std::size_t first_wrong = 0;  // its number; 0: none
  std::size_t wrong = 0;
  std::size_t foreign = 0;      // valid ones with characters beyond ASCII
};

Utf8Lines look_at_lines(std::string_view bytes) {
  Utf8Lines seen;
  for (std::size_t number = 1; !bytes.empty(); ++number) {
    const auto end = std::min(bytes.find('\n'), bytes.size());
    const auto line = bytes.substr(0, end);
    if (!is_utf8(line)) {
      ++seen.wrong;
      if (seen.first_wrong == 0) seen.first_wrong = number;
    } else if (std::any_of(line.begin(), line.end(), [](char c) { return c < 0; })) {
      ++seen.foreign;
    }
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  return seen;
}

std::optional<std::string_view> name_other_format(std::string_view bytes) {
  if (bytes.starts_with("PK\x03\x04") || bytes.starts_with("\xD0\xCF\x11\xE0")) return "an Excel workbook";
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF")) return "UTF-16 text";
  if (bytes.find('\0') != std::string_view::npos) return "not text (it holds a zero byte)";
  return std::nullopt;
}

}  // namespace

Result<DecodedText> decode_spreadsheet(std::string_view bytes) {
  if (const auto other = name_other_format(bytes))
    return fail(FaultCode::invalid, fmt::format("line 1: this is {}; save the sheet as \"CSV UTF-8\"", *other));
  const bool marked = bytes.starts_with(utf8_mark);
  if (marked) bytes.remove_prefix(utf8_mark.size());
  const auto lines = look_at_lines(bytes);
  if (lines.wrong == 0) return DecodedText{std::string(bytes), marked ? "UTF-8 with BOM" : "UTF-8"};
  // Bytes of Japanese UTF-8 often make some CP932 text, but hardly a line of CP932 makes valid UTF-8.
  if (marked || lines.foreign > lines.wrong)
    return fail(FaultCode::invalid, fmt::format("line {}: is not valid UTF-8, as the rest of the file is", lines.first_wrong));
  Converter converter;
  if (!converter.is_open()) return fail(FaultCode::io, "this system's iconv knows no CP932");
  DecodedText text{{}, "CP932"};
  const auto converted = converter.convert(bytes, text.utf8);
  if (converted == bytes.size()) return text;
  return fail(FaultCode::invalid, fmt::format("line {}: is neither UTF-8 (wrong from line {}) nor CP932",
                                              line_at(bytes, converted), lines.first_wrong));
}

}  // namespace denrei
