// Employee events for a load run: varied, unique and signed beforehand, each a complete HTTP request in one memory area.
//
// Shape   sign_employee_events(options, now, run) -> SignedEvents; events[i] is the i-th request
// Units   times of the photos rise from event to event and end at `now`, so that they are news, not stale
// Limits  as many as options.events
// Source  protocol §2.1
#pragma once
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "denrei/base/encoding.hpp"
#include "denrei/base/hmac.hpp"
#include "denrei/base/time.hpp"
#include "options.hpp"

namespace denrei::bench {

class SignedEvents {
 public:
  // Memory that is reserved and never written costs nothing; growing would copy gigabytes.
  explicit SignedEvents(std::size_t count) {
    constexpr std::size_t request_bytes_expected = 900;
    bytes_.reserve(count * request_bytes_expected);
    ends_.reserve(count);
  }
  void add(std::string_view head, std::string_view body) {
    bytes_.append(head).append(body);
    body_bytes_ += body.size();
    ends_.push_back(bytes_.size());
  }
  [[nodiscard]] std::size_t count() const noexcept { return ends_.size(); }
  [[nodiscard]] std::string_view operator[](std::size_t i) const noexcept {
    const auto begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(bytes_).substr(begin, ends_[i] - begin);
  }
  [[nodiscard]] double body_bytes_mean() const noexcept {
    return static_cast<double>(body_bytes_) / static_cast<double>(std::max<std::size_t>(1, count()));
  }
  [[nodiscard]] double request_bytes_mean() const noexcept {
    return static_cast<double>(bytes_.size()) / static_cast<double>(std::max<std::size_t>(1, count()));
  }

 private:
  std::string bytes_;
  std::vector<std::size_t> ends_;
  std::size_t body_bytes_ = 0;
};

// SplitMix64: small, and the same events follow the same seed.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t below(std::uint64_t limit) {
    auto z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % limit;
  }
  template <std::size_t N>
  std::string_view pick(const std::array<std::string_view, N>& from) {
    return from[below(N)];
  }

 private:
  std::uint64_t state_;
};

namespace words {
inline constexpr std::array<std::string_view, 12> families{"山田", "佐藤", "鈴木", "高橋", "田中", "伊藤",
                                                           "渡辺", "小林", "加藤", "長谷川", "五十嵐", "髙﨑"};
inline constexpr std::array<std::string_view, 10> givens{"太郎", "花子", "一郎", "美咲", "健", "さくら", "翔太", "陽菜", "悠真", "ひろみ"};
inline constexpr std::array<std::string_view, 8> positions{"看護師", "医師", "薬剤師", "理学療法士", "臨床検査技師",
                                                           "診療放射線技師", "管理栄養士", "事務職員"};
inline constexpr std::array<std::string_view, 4> statuses{"active", "active", "part_time", "on_leave"};
inline constexpr std::array<std::string_view, 3> facilities{"obara-hospital", "tategami-rehabilitation", "minami-clinic"};
inline constexpr std::array<std::string_view, 4> updates{"年次更新による撮り直し", "本人からの申し出による差し替え",
                                                         "異動に伴う名札写真の更新", "画質改善のための再撮影"};
inline constexpr std::array<std::string_view, 3> deletions{"本人からの申し出", "退職に伴う削除", "同意の撤回"};
inline constexpr std::array<std::string_view, 3> image_types{"image/jpeg", "image/png", "image/webp"};
}  // namespace words

// What makes one event different from every other one, also from those of an earlier run against the same server.
struct EventNumber {
  std::string_view run;
  std::size_t index = 0;
};

inline void write_photo(std::string& out, Dice& dice, std::size_t staff, EventNumber number, std::string_view when) {
  fmt::format_to(std::back_inserter(out),
                 R"("profilePhotoUrl":"https://d2k8x5j9m1n4p7.cloudfront.net/employees/EMP-2026-{:06}-{}-{}.jpg",)"
                 R"("photoUpdatedAt":"{}","photoMimeType":"{}","photoFileSize":{})",
                 staff, number.run, number.index, when, dice.pick(words::image_types), 90'000 + dice.below(400'000));
}

inline void write_created(std::string& out, Dice& dice, std::size_t staff, EventNumber number, std::string_view when) {
  fmt::format_to(std::back_inserter(out),
                 R"("fullName":"{} {}","email":"staff{:06}@hospital.example.com","facilityId":"{}",)"
                 R"("departmentId":"nursing-dept-{:02}","position":"{}","authLevel":{},"employmentStatus":"{}",)"
                 R"("hiredAt":"20{:02}-04-01T00:00:00Z",)",
                 dice.pick(words::families), dice.pick(words::givens), staff, dice.pick(words::facilities),
                 1 + dice.below(40), dice.pick(words::positions), 1 + dice.below(18), dice.pick(words::statuses),
                 10 + dice.below(16));
  write_photo(out, dice, staff, number, when);
}

inline void write_updated(std::string& out, Dice& dice, std::size_t staff, EventNumber number, std::string_view when) {
  write_photo(out, dice, staff, number, when);
  fmt::format_to(std::back_inserter(out), R"(,"updateReason":"{}")", dice.pick(words::updates));
}

inline void write_deleted(std::string& out, Dice& dice, EventNumber number, std::string_view when) {
  fmt::format_to(std::back_inserter(out), R"("deletionReason":"{}「受付番号 {}-{}」","photoDeletedAt":"{}")",
                 dice.pick(words::deletions), number.run, number.index, when);
}

// 60 % created, 30 % photo updated, 10 % photo deleted: the bulk load of a new hospital and the traffic after it.
inline void write_body(std::string& out, Dice& dice, std::size_t keys, EventNumber number, std::string_view when) {
  const auto kind = dice.below(10);
  const auto staff = static_cast<std::size_t>(dice.below(keys));
  const auto type = kind < 6 ? "employee.created" : kind < 9 ? "employee.photo.updated" : "employee.photo.deleted";
  out.clear();
  fmt::format_to(std::back_inserter(out), R"({{"eventType":"{}","timestamp":"{}","data":{{"staffId":"EMP-2026-{:06}",)", type,
                 when, staff);
  if (kind < 6) write_created(out, dice, staff, number, when);
  else if (kind < 9) write_updated(out, dice, staff, number, when);
  else write_deleted(out, dice, number, when);
  out += "}}";
}

[[nodiscard]] inline SignedEvents sign_employee_events(const LoadOptions& options, WallTime now, std::string_view run) {
  constexpr std::size_t events_per_ms = 100;  // a million events then spans the ten seconds before the run
  SignedEvents events(options.events);
  const HmacSha256 hmac(options.secret);
  const auto sent_at = fmt::to_string(to_unix_ms(now));
  Dice dice(options.seed);
  std::string head;
  std::string body;
  for (std::size_t i = 0; i < options.events; ++i) {
    const auto age = static_cast<std::int64_t>((options.events - i) / events_per_ms);
    write_body(body, dice, options.keys, {run, i}, format_iso8601(now - Millis{age}));
    head.clear();
    fmt::format_to(std::back_inserter(head),
                   "POST {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: denrei-load\r\n"
                   "Content-Type: application/json; charset=utf-8\r\nx-webhook-timestamp: {}\r\n"
                   "x-webhook-signature: {}\r\nContent-Length: {}\r\n\r\n",
                   options.path, options.target, sent_at, encode_hex(as_view(hmac.sign({sent_at, body}))), body.size());
    events.add(head, body);
  }
  return events;
}

}  // namespace denrei::bench
