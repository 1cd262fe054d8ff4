// The table of refusals: what stands in the source documents is here to the letter.
#include "denrei/domain/dialect_words.hpp"

#include <array>

namespace denrei {
namespace {

using enum Refusal;

// Columns as in RefusalWords: why, name, status, code, analytics code / employee, English / analytics, its hint / stats, detail.
constexpr std::array<RefusalWords, 15> table{{
    {not_found, "not_found", 404, "NOT_FOUND", "NOT_FOUND",
     "Not found", "Not found",
     "エンドポイントが見つかりません", "パスを確認してください",
     "エンドポイントが見つかりません", true},
    {method_not_allowed, "method_not_allowed", 405, "METHOD_NOT_ALLOWED", "METHOD_NOT_ALLOWED",
     "Method not allowed", "Method not allowed",
     "このHTTPメソッドは許可されていません", "Allowヘッダーを確認してください",
     "このHTTPメソッドは許可されていません", true},
    {too_large, "too_large", 413, "PAYLOAD_TOO_LARGE", "PAYLOAD_TOO_LARGE",
     "Payload too large", "Payload too large",
     "ペイロードが大きすぎます", "送信サイズの上限を超えています",
     "リクエストボディが大きすぎます", true},
    {unsupported_media, "unsupported_media", 415, "UNSUPPORTED_MEDIA_TYPE", "UNSUPPORTED_MEDIA_TYPE",
     "Unsupported media type", "Unsupported media type",
     "Content-Typeが不正です", "application/jsonで送信してください",
     "Content-Typeが不正です", true},
    {unauthorized, "unauthorized", 401, "UNAUTHORIZED", "UNAUTHORIZED",
     "Invalid token", "Authentication token is invalid",
     "認証トークンが無効です", "トークンの検証に失敗しました",
     "認証トークンが無効です", false},
    {bad_signature, "bad_signature", 401, "INVALID_SIGNATURE", "INVALID_SIGNATURE",
     "Invalid signature", "Signature verification failed",
     "HMAC署名が無効です", "署名検証に失敗しました",
     "HMAC署名が無効です", false},
    {expired, "expired", 401, "TIMESTAMP_EXPIRED", "EXPIRED_TIMESTAMP",
     "Timestamp expired", "Timestamp too old",
     "タイムスタンプが古すぎるか、未来すぎます", "システム時刻を確認してください",
     "タイムスタンプが古すぎるか、未来すぎます", false},
    {malformed, "malformed", 400, "VALIDATION_ERROR", "INVALID_PAYLOAD",
     "Invalid JSON", "Invalid JSON",
     "ペイロード形式が不正です", "JSONとして解釈できません",
     "リクエストボディが不正です", true},
    {invalid, "invalid", 400, "VALIDATION_ERROR", "INVALID_PAYLOAD",
     "Validation failed", "Validation failed",
     "ペイロード形式が不正です", "ペイロードの検証に失敗しました",
     "リクエストボディが不正です", true},
    {forbidden, "forbidden", 403, "FORBIDDEN", "INVALID_ACCOUNT_LEVEL",
     "Forbidden", "Forbidden",
     "accountLevelが99ではありません", "accountLevelは99固定です",
     "このリクエストは許可されていません", true},
    {rate_limited, "rate_limited", 429, "RATE_LIMITED", "RATE_LIMITED",
     "Too many requests", "Too many requests",
     "リクエスト数が上限を超えました", "Retry-Afterの時間が経過してから再送してください",
     "リクエスト数が上限を超えました", false},
    {overloaded, "overloaded", 503, "OVERLOADED", "OVERLOADED",
     "Temporarily overloaded", "Temporarily overloaded",
     "サーバーが混雑しています", "Retry-Afterの時間が経過してから再送してください",
     "サーバーが混雑しています", false},
    {internal, "internal", 500, "INTERNAL_ERROR", "INTERNAL_ERROR",
     "Internal server error", "Internal server error",
     "内部エラーが発生しました", "時間をおいて再送してください",
     "サーバー内部エラーが発生しました", false},
    {tls_required, "tls_required", 403, "FORBIDDEN", "FORBIDDEN",
     "HTTPS is required", "HTTPS is required",
     "HTTPS接続が必要です", "HTTPSで送信してください",
     "HTTPS接続が必要です", false},
    {address_denied, "address_denied", 403, "FORBIDDEN", "FORBIDDEN",
     "Address not allowed", "Address not allowed",
     "許可されていないIPアドレスです", "送信元のIPアドレスを確認してください",
     "許可されていないIPアドレスです", false},
}};

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < table.size(); ++i)
    if (static_cast<std::size_t>(table[i].why) != i) return false;
  return static_cast<std::size_t>(address_denied) + 1 == table.size();
}
static_assert(is_in_order(), "a row for each Refusal, in the order of the enum");

}  // namespace

const RefusalWords& words_of(Refusal why) noexcept {
  const auto index = static_cast<std::size_t>(why);
  return index < table.size() ? table[index] : table[static_cast<std::size_t>(internal)];
}

std::string_view refusal_name(Refusal why) noexcept { return words_of(why).name; }

}  // namespace denrei
