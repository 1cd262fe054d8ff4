// Headers of a destination: their names, and that each is said once.
#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "denrei/app/config/destination_reader.hpp"
#include "denrei/domain/request_head.hpp"

namespace denrei {
namespace {

constexpr std::size_t headers_max = 20;
constexpr std::size_t header_name_bytes_max = 64;
constexpr std::size_t header_value_bytes_max = 1024;

// What every request says, and what only the HTTP client may say.
constexpr std::array own_headers{"content-type", "user-agent", "webhook-id", "denrei-sequence", "host", "content-length",
                                 "content-encoding", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect"};

bool is_one_of(std::string_view name, const auto& names) {
  return std::any_of(names.begin(), names.end(), [&](std::string_view known) { return equal_ignoring_case(known, name); });
}

// A token of RFC 9110 §5.6.2.
bool is_header_name(std::string_view name) {
  const auto is_good = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  };
  return !name.empty() && name.size() <= header_name_bytes_max && std::all_of(name.begin(), name.end(), is_good);
}

// Line breaks would begin another header; what is not ASCII is read differently by different receivers.
bool is_header_value(std::string_view value) {
  return value.size() <= header_value_bytes_max && !value.starts_with(' ') && !value.ends_with(' ') &&
         std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c < '\x7f'; });
}

class HeaderNames {
 public:
  HeaderNames(TableReader& table, Problems& problems) : table_(table), problems_(problems) {}

  void claim_member(std::string_view key, const std::string& name) {
    // Standard Webhooks signs the id that Denrei sends anyhow.
    const bool is_own_id = key == "id_header" && equal_ignoring_case(name, "webhook-id");
    if (!name.empty()) claim(table_.place(key), name, is_own_id);
  }
  void claim(const std::string& place, const std::string& name, bool is_own_id = false) {
    if (!is_header_name(name)) problems_.add(place, fmt::format("'{}' is not the name of a header", name));
    else if (is_one_of(name, own_headers) && !is_own_id) problems_.add(place, fmt::format("header '{}' is Denrei's own", name));
    else if (equal_ignoring_case(name, "authorization")) problems_.add(place, "header 'Authorization' holds a secret: name it in 'bearer'");
    else if (is_one_of(name, claimed_)) problems_.add(place, fmt::format("header '{}' is already used by this destination", name));
    claimed_.push_back(name);
  }

 private:
  TableReader& table_;
  Problems& problems_;
  std::vector<std::string> claimed_;
};

void read_fixed_headers(TableReader& table, Problems& problems, HeaderNames& names, Destination& out) {
  const auto* node = table.node("headers");
  if (node == nullptr) return;
  const auto* headers = node->as_table();
  if (headers == nullptr || headers->size() > headers_max) {
    table.complain("headers", fmt::format("'headers' must be a table {{ \"X-Name\" = \"value\" }} of at most {}", headers_max));
    return;
  }
  for (const auto& [key, item] : *headers) {
    const std::string name(key.str());
    names.claim(table.place_of(item), name);
    const auto value = item.value_exact<std::string>();
    if (value && is_header_value(*value)) out.headers.push_back({name, *value});
    else problems.add(table.place_of(item), fmt::format("header '{}' must be a text of at most {} visible ASCII characters and blanks, "
                                                        "without blanks at its ends", name, header_value_bytes_max));
  }
}

}  // namespace

void read_headers(TableReader& table, Problems& problems, Destination& destination) {
  table.read("request_id_header", destination.request_id_header);
  HeaderNames names(table, problems);
  names.claim_member("signature_header", destination.signature.signature_header);
  names.claim_member("timestamp_header", destination.signature.timestamp_header);
  names.claim_member("id_header", destination.signature.id_header);
  names.claim_member("request_id_header", destination.request_id_header);
  read_fixed_headers(table, problems, names, destination);
}

}  // namespace denrei
