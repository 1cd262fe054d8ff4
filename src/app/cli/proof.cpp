// Explaining a proof step by step: bearer, signature, time, with the usual slips named.
#include <charconv>
#include <fmt/format.h>

#include "denrei/app/cli/signing.hpp"
#include "denrei/base/encoding.hpp"

namespace denrei {
namespace {

using Verdict = Step::Verdict;

Step judge_bearer(const Source& source, const std::optional<Secret>& token, Headers headers) {
  const auto given = find_header(headers, "Authorization");
  if (given.empty()) return {Verdict::bad, "bearer", "no Authorization header"};
  if (!given.starts_with("Bearer ")) return {Verdict::bad, "bearer", "Authorization does not start with 'Bearer '"};
  if (!token) return {Verdict::skipped, "bearer", fmt::format("{} is not set here", source.bearer)};
  if (!equal_in_constant_time(given.substr(7), token->reveal())) return {Verdict::bad, "bearer", fmt::format("not the token in {}", source.bearer)};
  return {Verdict::good, "bearer", fmt::format("the token in {}", source.bearer)};
}

bool is_signed_with(const SignatureSpec& spec, const HmacSha256& key, Headers headers, std::string_view body, WallTime now) {
  return verify_signature(spec, {&key, 1}, headers, body, now) != Credentials::bad_signature;
}

// Slips that happen on the way from an editor to a command: the body gained or lost its last line break.
std::string guess_slip(const SignatureSpec& spec, std::span<const HmacSha256> keys, const Proof& proof) {
  const auto fits = [&](std::string_view body) {
    for (const auto& key : keys)
      if (is_signed_with(spec, key, proof.headers, body, proof.now)) return true;
    return false;
  };
  const auto longer = std::string(proof.body) + '\n';
  if (proof.body.ends_with('\n') && fits(proof.body.substr(0, proof.body.size() - 1)))
    return "; it fits without the line break at the body's end";
  if (fits(longer)) return "; it fits with a line break at the body's end";
  return "; wrong secret, or the body or a signed header was changed";
}

Step judge_signature(const SignatureSpec& spec, std::span<const HmacSha256> keys, const Proof& proof) {
  const auto given = find_header(proof.headers, spec.signature_header);
  if (given.empty()) return {Verdict::bad, "signature", fmt::format("no {} header", spec.signature_header)};
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (is_signed_with(spec, keys[i], proof.headers, proof.body, proof.now))
      return {Verdict::good, "signature", i == 0 ? "made with the current secret" : "made with the previous secret"};
  unsigned char bytes[32];
  if (spec.scheme.starts_with("hmac_") && !decode_hex(given, bytes, sizeof bytes))
    return {Verdict::bad, "signature", fmt::format("{} has {} characters, not 64 hexadecimal digits", spec.signature_header, given.size())};
  return {Verdict::bad, "signature", fmt::format("{} does not fit the body{}", spec.signature_header, guess_slip(spec, keys, proof))};
}

std::optional<WallTime> read_header_time(std::string_view text, TimestampFormat format) {
  if (format == TimestampFormat::iso8601) {
    const auto time = parse_iso8601(text);
    return time ? std::optional(*time) : std::nullopt;
  }
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 0 || number > 99'999'999'999'999) return std::nullopt;
  if (format == TimestampFormat::unix_s && number > 99'999'999'999) return std::nullopt;
  return from_unix_ms(format == TimestampFormat::unix_s ? number * 1'000 : number);
}

std::string describe_time(const SignatureSpec& spec, const Proof& proof) {
  const auto given = find_header(proof.headers, spec.timestamp_header);
  if (spec.timestamp_header.empty()) return "the time in the signature";
  if (given.empty()) return fmt::format("no {} header", spec.timestamp_header);
  const auto time = read_header_time(given, spec.timestamp_format);
  if (!time) return fmt::format("{} is not readable as this source writes time", spec.timestamp_header);
  const auto age_s = std::chrono::duration<double>(proof.now - *time).count();
  return fmt::format("{} is {:.1f} s {}, {} s are allowed", spec.timestamp_header, age_s < 0 ? -age_s : age_s,
                     age_s < 0 ? "in the future" : "old", spec.tolerance.count());
}

Step judge_time(const SignatureSpec& spec, std::span<const HmacSha256> keys, const Proof& proof, bool signature_good) {
  if (spec.timestamp_header.empty() && spec.timestamp_format == TimestampFormat::none)
    return {Verdict::skipped, "time", "this source sends none"};
  if (!signature_good) return {Verdict::skipped, "time", fmt::format("not judged ({})", describe_time(spec, proof))};
  const bool valid = verify_signature(spec, keys, proof.headers, proof.body, proof.now) == Credentials::valid;
  return {valid ? Verdict::good : Verdict::bad, "time", describe_time(spec, proof)};
}

}  // namespace

std::vector<Step> explain_proof(const Source& source, std::span<const HmacSha256> keys, const std::optional<Secret>& bearer,
                                const Proof& proof) {
  std::vector<Step> steps;
  if (!source.bearer.empty()) steps.push_back(judge_bearer(source, bearer, proof.headers));
  steps.push_back(judge_signature(source.signature, keys, proof));
  const bool signature_good = steps.back().verdict == Verdict::good;
  steps.push_back(judge_time(source.signature, keys, proof, signature_good));
  return steps;
}

}  // namespace denrei
