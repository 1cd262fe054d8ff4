// Packed records: the little binary format of everything that Denrei writes to Redis.
//
// Shape   Packer{}.u8(1).u64(n).text(s).take() -> bytes; Unpacker{bytes}.u8() … then ok() says whether all were there
// Units   integers are little-endian and of fixed width; a text is a u32 length and its bytes
// Limits  a text is at most 4 GiB; a record starts with a version byte by convention
// Errors  reading past the end gives zeros and empty texts, and ok() is false from then on
#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace denrei {

class Packer {
 public:
  explicit Packer(std::size_t reserve_bytes = 0) { bytes_.reserve(reserve_bytes); }
  Packer& u8(std::uint8_t v) { bytes_.push_back(static_cast<char>(v)); return *this; }
  Packer& u16(std::uint16_t v) { return number(v); }
  Packer& u32(std::uint32_t v) { return number(v); }
  Packer& u64(std::uint64_t v) { return number(v); }
  Packer& i64(std::int64_t v) { return number(static_cast<std::uint64_t>(v)); }
  Packer& raw(std::string_view bytes) { bytes_.append(bytes); return *this; }
  Packer& text(std::string_view s) { u32(static_cast<std::uint32_t>(s.size())); return raw(s); }
  [[nodiscard]] std::string take() { return std::move(bytes_); }
  [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }

 private:
  template <class T>
  Packer& number(T v) {
    char b[sizeof v];
    std::memcpy(b, &v, sizeof v);  // x86-64 and arm64 are little-endian
    bytes_.append(b, sizeof v);
    return *this;
  }
  std::string bytes_;
};

class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : rest_(bytes) {}
  std::uint8_t u8() { return number<std::uint8_t>(); }
  std::uint16_t u16() { return number<std::uint16_t>(); }
  std::uint32_t u32() { return number<std::uint32_t>(); }
  std::uint64_t u64() { return number<std::uint64_t>(); }
  std::int64_t i64() { return static_cast<std::int64_t>(number<std::uint64_t>()); }
  std::string_view raw(std::size_t count) {
    if (rest_.size() < count) { ok_ = false; rest_ = {}; return {}; }
    auto out = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return out;
  }
  std::string_view text() { return raw(u32()); }
  [[nodiscard]] bool ok() const noexcept { return ok_; }
  [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }
  [[nodiscard]] std::string_view rest() const noexcept { return rest_; }

 private:
  template <class T>
  T number() {
    T v{};
    auto b = raw(sizeof v);
    if (b.size() == sizeof v) std::memcpy(&v, b.data(), sizeof v);
    return v;
  }
  std::string_view rest_;
  bool ok_ = true;
};

// The texts that stand one after the other in `bytes`, up to the first broken one: how a log entry holds its records.
[[nodiscard]] inline std::vector<std::string_view> split_texts(std::string_view bytes) {
  std::vector<std::string_view> out;
  for (Unpacker in(bytes); !in.at_end();) {
    const auto text = in.text();
    if (!in.ok()) break;
    out.push_back(text);
  }
  return out;
}

}  // namespace denrei
