// Judging how a photo is served.
#include "denrei/domain/photo_check.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>

#include "denrei/domain/request_head.hpp"

namespace denrei {
namespace {

constexpr std::array<std::string_view, 3> verdict_names{"ok", "warning", "failed"};
constexpr std::size_t found_bytes_max = 200;   // of a header: one line for a person

std::string_view trim(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  return first == std::string_view::npos ? std::string_view{} : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// Cuts the text before the next separator off `rest`.
std::string_view next_part(std::string_view& rest, char separator) {
  const auto end = rest.find(separator);
  const auto part = trim(rest.substr(0, end));
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return part;
}

std::vector<std::string_view> values_of(const PhotoAnswer& answer, std::string_view name) {
  std::vector<std::string_view> values;
  for (std::string_view rest = answer.headers; !rest.empty();) {
    const auto line = next_part(rest, '\n');
    const auto colon = line.find(':');
    if (colon != std::string_view::npos && equal_ignoring_case(trim(line.substr(0, colon)), name)) values.push_back(trim(line.substr(colon + 1)));
  }
  return values;
}

// Several lines of one header are one list.
std::string joined(const PhotoAnswer& answer, std::string_view name) {
  std::string text;
  for (const auto value : values_of(answer, name)) text.append(text.empty() ? "" : ", ").append(value);
  return text.substr(0, found_bytes_max);
}

std::vector<std::string_view> list_of(std::string_view text) {
  std::vector<std::string_view> items;
  while (!text.empty())
    if (const auto item = next_part(text, ','); !item.empty()) items.push_back(item);
  return items;
}

bool has_item(const std::vector<std::string_view>& items, std::string_view wanted) {
  return std::any_of(items.begin(), items.end(), [&](std::string_view item) { return equal_ignoring_case(item, wanted); });
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty() ? std::optional(number) : std::nullopt;
}

std::optional<std::uint64_t> max_age_of(const std::vector<std::string_view>& directives) {
  for (auto directive : directives)
    if (equal_ignoring_case(next_part(directive, '='), "max-age")) return number_of(trim(directive));
  return std::nullopt;
}

std::string_view media_type_of(std::string_view content_type) { return next_part(content_type, ';'); }

bool is_image(std::string_view type) { return type.size() > 6 && equal_ignoring_case(type.substr(0, 6), "image/"); }

bool is_success(int status) { return status >= 200 && status < 300; }

std::string milliseconds(std::uint32_t from_us, std::uint32_t to_us) {
  return fmt::format("{:.0f} ms", static_cast<double>(to_us > from_us ? to_us - from_us : 0) / 1'000.0);
}

class Judge {
 public:
  Judge(const PhotoFacts& facts, const PhotoExpectation& expectation, Language language)
      : facts_(facts), expectation_(expectation), language_(language) {}

  std::vector<PhotoCheck> checks() && {
    judge_https();
    if (facts_.photo) judge_reachable(*facts_.photo);
    if (facts_.photo && facts_.photo->status == 200) judge_content(*facts_.photo);
    if (facts_.preflight) judge_preflight(*facts_.preflight);
    if (!facts_.origin.empty()) judge_credentials();
    if (facts_.photo && facts_.photo->status == 200) judge_load_time(*facts_.photo);
    return std::move(checks_);
  }

 private:
  [[nodiscard]] std::string say(std::string_view ja, std::string_view en) const {
    switch (language_) {
      case Language::ja: return std::string(ja);
      case Language::en: return std::string(en);
    }
    return std::string(en);
  }
  [[nodiscard]] std::string nothing() const { return say("なし", "none"); }
  [[nodiscard]] std::string or_nothing(std::string text) const { return text.empty() ? nothing() : text; }

  void add(PhotoCheck check) {
    if (check.verdict == PhotoVerdict::ok) check.hint.clear();
    checks_.push_back(std::move(check));
  }
  static PhotoVerdict ok_or(bool ok, PhotoVerdict otherwise) { return ok ? PhotoVerdict::ok : otherwise; }
  static PhotoVerdict ok_if(bool ok) { return ok_or(ok, PhotoVerdict::failed); }

  void judge_https() {
    const auto scheme = facts_.url.substr(0, facts_.url.find(':'));
    add({"https", "HTTPS", ok_if(equal_ignoring_case(scheme, "https")), "https://", scheme + "://",
         say("写真の URL は https:// で始めてください。", "write the photo's URL with https://")});
  }

  void judge_reachable(const PhotoAnswer& answer) {
    const bool failed = answer.error != AttemptError::none;
    const auto found = failed ? fmt::format("{}: {}", attempt_error_name(answer.error), answer.error_text) : std::to_string(answer.status);
    add({"reachable", say("到達", "Reachable"), ok_if(!failed && answer.status == 200), "200", found,
         failed ? error_hint(answer.error) : status_hint(answer)});
  }

  [[nodiscard]] std::string error_hint(AttemptError error) const {
    switch (error) {
      case AttemptError::dns: return say("ホスト名を引けません。URL と DNS を確かめてください。", "the host name is not known: look at the URL and at DNS");
      case AttemptError::tls:
        return say("証明書が検証できません。期限とホスト名、中間証明書を確かめてください。",
                   "the certificate does not hold: look at its dates, its host names and the intermediate ones");
      case AttemptError::timeout: return say("時間内に応答がありません。", "there was no answer in time");
      case AttemptError::blocked:
        return say("公開アドレスではありません。意図したものなら --allow で許してください。",
                   "the address is not public; if that is meant, allow it with --allow");
      case AttemptError::too_large: return say("写真が大きすぎます。小さくするか --max-bytes を上げてください。", "make the photo smaller, or raise --max-bytes");
      case AttemptError::none:
      case AttemptError::connect:
      case AttemptError::broken:
      case AttemptError::crashed: break;
    }
    return say("接続できないか、途中で切れました。", "the server cannot be reached, or it broke off");
  }

  [[nodiscard]] std::string status_hint(const PhotoAnswer& answer) const {
    if (answer.status >= 300 && answer.status < 400)
      return say("転送されます。転送先を写真の URL にしてください: ", "it redirects; use the address that it leads to: ") + joined(answer, "location");
    if (answer.status == 403)
      return say("配信元が拒んでいます。OAC とバケットポリシーを確かめてください。",
                 "the origin refuses: look at the origin access control and the bucket's policy");
    if (answer.status == 404)
      return say("写真がありません。アップロードと URL を確かめてください。", "there is no photo: was it uploaded, is the URL right?");
    return say("200 以外の応答です。", "any answer but 200 is no photo");
  }

  void judge_content(const PhotoAnswer& answer) {
    judge_type(answer);
    judge_size(answer);
    judge_cache(answer);
    if (!facts_.origin.empty()) judge_origin(answer, "cors_origin", say("CORS: 許可元", "CORS: origin"));
  }

  void judge_type(const PhotoAnswer& answer) {
    const auto found = joined(answer, "content-type");
    const auto type = media_type_of(found);
    const bool good = is_image(type) && (expectation_.type.empty() || equal_ignoring_case(type, expectation_.type));
    add({"content_type", say("種類", "Type"), ok_if(good), expectation_.type.empty() ? "image/*" : expectation_.type, or_nothing(found),
         say("アップロード時に Content-Type を付けてください。", "set the Content-Type when the photo is uploaded")});
  }

  void judge_size(const PhotoAnswer& answer) {
    const auto said = number_of(joined(answer, "content-length"));
    const auto bytes = answer.body_bytes ? answer.body_bytes : said;
    const auto text = [this](std::optional<std::uint64_t> number) { return number ? fmt::format("{} B", *number) : nothing(); };
    const auto hint = size_hint(answer, bytes, said);
    PhotoCheck check{"size", say("大きさ", "Size"), ok_if(hint.empty()), {}, {}, hint};
    check.expected = expectation_.bytes ? text(expectation_.bytes) : say("1 B 以上、Content-Length と同じ", "at least 1 B, as Content-Length says");
    check.found = fmt::format("{}, Content-Length {}", text(bytes), text(said));
    if (hint.empty() && !said) {
      check.verdict = PhotoVerdict::warning;
      check.hint = say("Content-Length がありません。", "there is no Content-Length");
    }
    add(std::move(check));
  }

  // Empty: nothing is wrong with it.
  [[nodiscard]] std::string size_hint(const PhotoAnswer& answer, std::optional<std::uint64_t> bytes, std::optional<std::uint64_t> said) const {
    if (bytes.value_or(1) == 0) return say("中身が空です。もう一度アップロードしてください。", "it is empty: upload it again");
    if (said && bytes != said && values_of(answer, "content-encoding").empty())
      return say("Content-Length と実際の大きさが違います。", "Content-Length is not what was sent");
    if (expectation_.bytes && bytes != expectation_.bytes)
      return say("知らされた大きさと違います。古い写真が残っていないか確かめてください。",
                 "it is not the size that was announced: is an old photo still cached?");
    return {};
  }

  void judge_cache(const PhotoAnswer& answer) {
    constexpr std::uint64_t wanted = std::chrono::seconds(photo_cached_for).count();
    const auto found = joined(answer, "cache-control");
    const auto directives = list_of(found);
    const bool forbidden = has_item(directives, "no-store") || has_item(directives, "no-cache") || has_item(directives, "private");
    const bool good = !forbidden && max_age_of(directives).value_or(0) >= wanted;
    const auto hint =
        found.empty() ? say("Cache-Control がありません。CDN の既定値だけが頼りです。", "there is no Cache-Control: only the CDN's default keeps it")
                      : say("24 時間キャッシュできるよう max-age=86400 以上にしてください。", "let it be cached for 24 hours: max-age=86400 or more");
    add({"cache", say("キャッシュ", "Cache"), ok_or(good, found.empty() ? PhotoVerdict::warning : PhotoVerdict::failed),
         fmt::format("Cache-Control: max-age>={}", wanted), or_nothing(found), hint});
  }

  // --- CORS

  void judge_origin(const PhotoAnswer& answer, std::string name, std::string title) {
    const auto values = values_of(answer, "access-control-allow-origin");
    auto hint = say("CDN の応答ヘッダーポリシーで、この Origin を許してください。", "let the CDN's response headers policy allow this origin");
    if (values.size() > 1) hint = say("ヘッダーが二つ以上あります。ブラウザーは拒みます。", "there is more than one such header: browsers refuse that");
    if (values.size() == 1 && values[0] == "*")
      hint = say("どのサイトにも開かれています。取り決めた Origin だけを許してください。", "it is open to every site: allow only the origins that were agreed on");
    add({std::move(name), std::move(title), ok_if(values.size() == 1 && values[0] == facts_.origin),
         "Access-Control-Allow-Origin: " + facts_.origin, or_nothing(joined(answer, "access-control-allow-origin")), std::move(hint)});
  }

  void judge_preflight(const PhotoAnswer& answer) {
    const bool good = answer.error == AttemptError::none && is_success(answer.status);
    const auto found = answer.error == AttemptError::none ? std::to_string(answer.status)
                                                          : fmt::format("{}: {}", attempt_error_name(answer.error), answer.error_text);
    add({"preflight", say("CORS: 事前確認", "CORS: preflight"), ok_if(good), "200–299", found,
         say("OPTIONS に CORS の応答を返すようにしてください。", "let OPTIONS be answered with the CORS headers")});
    if (!good) return;
    judge_origin(answer, "preflight_origin", say("CORS: 事前確認の許可元", "CORS: preflight origin"));
    judge_methods(answer);
    judge_max_age(answer);
  }

  void judge_methods(const PhotoAnswer& answer) {
    const auto found = joined(answer, "access-control-allow-methods");
    const auto methods = list_of(found);
    add({"preflight_methods", say("CORS: メソッド", "CORS: methods"), ok_if(has_item(methods, "GET") && has_item(methods, "HEAD")),
         "Access-Control-Allow-Methods: GET, HEAD", or_nothing(found), say("GET と HEAD を許してください。", "allow GET and HEAD")});
  }

  void judge_max_age(const PhotoAnswer& answer) {
    const auto found = joined(answer, "access-control-max-age");
    const auto expected = std::to_string(photo_preflight_kept.count());
    add({"preflight_max_age", say("CORS: 有効時間", "CORS: max age"), ok_or(found == expected, found.empty() ? PhotoVerdict::failed : PhotoVerdict::warning),
         "Access-Control-Max-Age: " + expected, or_nothing(found), say("3600 秒にしてください。", "set it to 3600 seconds")});
  }

  void judge_credentials() {
    bool is_known = false;
    std::string found;
    for (const auto* answer : {&facts_.photo, &facts_.preflight}) {
      if (!*answer || (*answer)->status == 0) continue;
      is_known = true;
      if (!equal_ignoring_case(found, "true")) found = joined(**answer, "access-control-allow-credentials");
    }
    if (!is_known) return;
    add({"cors_credentials", say("CORS: 資格情報", "CORS: credentials"), ok_if(!equal_ignoring_case(found, "true")),
         say("Access-Control-Allow-Credentials が true でない", "Access-Control-Allow-Credentials is not true"), or_nothing(found),
         say("資格情報を許さないでください。", "do not allow credentials")});
  }

  // --- time

  void judge_load_time(const PhotoAnswer& answer) {
    const auto took = std::chrono::microseconds{answer.total_us};
    const auto connected = std::max(answer.connect_us, answer.tls_us);
    const auto found = fmt::format("{} ({} {}, {} {}, TLS {}, {} {})", milliseconds(0, answer.total_us), say("名前", "name"),
                                   milliseconds(0, answer.dns_us), say("接続", "connect"), milliseconds(answer.dns_us, answer.connect_us),
                                   milliseconds(answer.connect_us, answer.tls_us), say("最初のバイト", "first byte"),
                                   milliseconds(connected, answer.first_byte_us));
    add({"load_time", say("読み込み時間", "Load time"), ok_or(took <= expectation_.load_max, PhotoVerdict::warning),
         fmt::format("<= {} ms", expectation_.load_max.count()), found,
         say("キャッシュに載っているか、もう一度測ってください。", "measure again: was it in the cache?")});
  }

  const PhotoFacts& facts_;
  const PhotoExpectation& expectation_;
  Language language_;
  std::vector<PhotoCheck> checks_;
};

}  // namespace

PhotoRequests photo_check_requests(std::string_view url, std::string_view origin, std::string_view method) {
  PhotoRequests requests{{std::string(method), std::string(url), {{"Accept", "image/*"}}}, std::nullopt};
  if (origin.empty()) return requests;
  requests.photo.headers.push_back({"Origin", std::string(origin)});
  requests.preflight = PhotoRequest{"OPTIONS", std::string(url), {{"Origin", std::string(origin)}, {"Access-Control-Request-Method", "GET"}}};
  return requests;
}

std::string_view photo_verdict_name(PhotoVerdict verdict) noexcept { return verdict_names.at(static_cast<std::size_t>(verdict)); }

std::vector<PhotoCheck> judge_photo(const PhotoFacts& facts, const PhotoExpectation& expectation, Language language) {
  return Judge(facts, expectation, language).checks();
}

PhotoVerdict worst_of(const std::vector<PhotoCheck>& checks) noexcept {
  auto worst = PhotoVerdict::ok;
  for (const auto& check : checks) worst = std::max(worst, check.verdict);
  return worst;
}

}  // namespace denrei
