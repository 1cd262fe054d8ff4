// The photo check: which requests it wants, and what each answer comes to.
#include "denrei/domain/photo_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace denrei {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string url = "https://photos.example.com/employees/TEST-001.jpg";
const std::string origin = "https://voicedrive.example.com";

// As seed §1.2 and §4.3 have it.
PhotoAnswer good_photo() {
  PhotoAnswer answer;
  answer.status = 200;
  answer.headers = "content-type: image/jpeg\r\nContent-Length: 180000\r\nCache-Control: public, max-age=86400\r\n"
                   "Access-Control-Allow-Origin: " + origin + "\r\n";
  answer.body_bytes = 180'000;
  answer.dns_us = 12'000;
  answer.connect_us = 20'000;
  answer.tls_us = 50'000;
  answer.first_byte_us = 90'000;
  answer.total_us = 120'000;
  return answer;
}

PhotoAnswer good_preflight() {
  PhotoAnswer answer;
  answer.status = 200;
  answer.headers = "access-control-allow-origin: " + origin + "\r\naccess-control-allow-methods: GET, HEAD\r\naccess-control-max-age: 3600\r\n";
  return answer;
}

std::string without(std::string headers, const std::string& name) {
  const auto at = headers.find(name);
  return at == std::string::npos ? headers : headers.erase(at, headers.find('\n', at) + 1 - at);
}

class PhotoCheckTest : public ::testing::Test {
 protected:
  std::vector<PhotoCheck> judge(Language language = Language::en) { return judge_photo(facts, expectation, language); }
  // The check of that name; one that was not made fails the test.
  PhotoCheck check(std::string_view name) {
    for (auto& one : judge())
      if (one.name == name) return one;
    ADD_FAILURE() << name << " was not looked at";
    return {};
  }
  std::vector<std::string> names() {
    std::vector<std::string> out;
    for (const auto& one : judge()) out.push_back(one.name);
    return out;
  }
  // Everything that is not ok, as "name verdict".
  std::vector<std::string> complaints() {
    std::vector<std::string> out;
    for (const auto& one : judge())
      if (one.verdict != PhotoVerdict::ok) out.push_back(one.name + " " + std::string(photo_verdict_name(one.verdict)));
    return out;
  }

  PhotoFacts facts{url, origin, good_photo(), good_preflight()};
  PhotoExpectation expectation;
};

TEST(PhotoRequests, AreThePhotoAndAPreflight) {
  const auto requests = photo_check_requests(url, origin);
  EXPECT_EQ(requests.photo.method, "GET");
  EXPECT_EQ(requests.photo.url, url);
  ASSERT_EQ(requests.photo.headers.size(), 2u);
  EXPECT_EQ(requests.photo.headers[1].name + ": " + requests.photo.headers[1].value, "Origin: " + origin);
  ASSERT_TRUE(requests.preflight);
  EXPECT_EQ(requests.preflight->method, "OPTIONS");
  EXPECT_EQ(requests.preflight->url, url);
  ASSERT_EQ(requests.preflight->headers.size(), 2u);
  EXPECT_EQ(requests.preflight->headers[0].value, origin);
  EXPECT_EQ(requests.preflight->headers[1].name + ": " + requests.preflight->headers[1].value, "Access-Control-Request-Method: GET");
}

TEST(PhotoRequests, AreThePhotoAloneWithoutAnOrigin) {
  const auto requests = photo_check_requests(url, "", "HEAD");
  EXPECT_EQ(requests.photo.method, "HEAD");
  EXPECT_EQ(requests.photo.headers.size(), 1u);
  EXPECT_FALSE(requests.preflight);
}

TEST_F(PhotoCheckTest, FindsNothingWrongWithAPhotoAsAgreed) {
  EXPECT_THAT(complaints(), ElementsAre());
  EXPECT_THAT(names(), ElementsAre("https", "reachable", "content_type", "size", "cache", "cors_origin", "preflight", "preflight_origin",
                                   "preflight_methods", "preflight_max_age", "cors_credentials", "load_time"));
  for (const auto& one : judge()) EXPECT_EQ(one.hint, "") << one.name;
  EXPECT_EQ(worst_of(judge()), PhotoVerdict::ok);
}

TEST_F(PhotoCheckTest, WantsHttps) {
  facts = {"http://photos.example.com/1.jpg", origin, std::nullopt, std::nullopt};
  EXPECT_THAT(names(), ElementsAre("https")) << "nothing else is known";
  EXPECT_EQ(check("https").verdict, PhotoVerdict::failed);
  facts.url = "HTTPS://photos.example.com/1.jpg";
  EXPECT_EQ(check("https").verdict, PhotoVerdict::ok);
}

TEST_F(PhotoCheckTest, SaysWhyAPhotoCannotBeReached) {
  facts.preflight.reset();
  for (const auto& [error, hint] : std::vector<std::pair<AttemptError, std::string>>{
           {AttemptError::dns, "DNS"}, {AttemptError::connect, "cannot be reached"}, {AttemptError::tls, "certificate"}, {AttemptError::timeout, "in time"},
           {AttemptError::blocked, "--allow"}, {AttemptError::broken, "broke off"}, {AttemptError::too_large, "--max-bytes"}}) {
    facts.photo = PhotoAnswer{.error = error, .error_text = "the reason"};
    EXPECT_THAT(complaints(), ElementsAre("reachable failed"));
    EXPECT_EQ(names().size(), 2u) << "nothing is said about a photo that nobody has seen";
    EXPECT_THAT(check("reachable").found, HasSubstr("the reason"));
    EXPECT_THAT(check("reachable").hint, HasSubstr(hint));
  }
}

TEST_F(PhotoCheckTest, TakesNothingBut200ForAPhoto) {
  for (const auto& [status, hint] :
       std::vector<std::pair<int, std::string>>{{301, "https://elsewhere.example/"}, {403, "bucket"}, {404, "no photo"}, {204, "200"}, {500, "200"}}) {
    facts.photo->status = status;
    facts.photo->headers = "Location: https://elsewhere.example/\r\nContent-Type: text/html\r\n";
    EXPECT_THAT(complaints(), ElementsAre("reachable failed")) << status;
    EXPECT_THAT(check("reachable").hint, HasSubstr(hint)) << status;
  }
}

TEST_F(PhotoCheckTest, WantsAnImage) {
  const auto verdict_of = [&](const std::string& line) {
    facts.photo->headers = without(good_photo().headers, "content-type") + line;
    return check("content_type").verdict;
  };
  EXPECT_EQ(verdict_of("Content-Type: image/png\r\n"), PhotoVerdict::ok);
  EXPECT_EQ(verdict_of("CONTENT-TYPE: Image/JPEG; charset=binary\r\n"), PhotoVerdict::ok);
  for (const auto* line : {"Content-Type: text/html\r\n", "Content-Type: application/octet-stream\r\n", "Content-Type: image/\r\n", ""})
    EXPECT_EQ(verdict_of(line), PhotoVerdict::failed) << line;
  expectation.type = "image/jpeg";
  EXPECT_EQ(verdict_of("Content-Type: image/png\r\n"), PhotoVerdict::failed) << "another one than was announced";
  EXPECT_EQ(verdict_of("Content-Type: image/jpeg\r\n"), PhotoVerdict::ok);
}

TEST_F(PhotoCheckTest, ComparesTheSizesThatItKnows) {
  facts.photo->body_bytes = 0;
  facts.photo->headers = without(good_photo().headers, "Content-Length") + "Content-Length: 0\r\n";
  EXPECT_EQ(check("size").verdict, PhotoVerdict::failed) << "empty";
  facts.photo = good_photo();
  facts.photo->body_bytes = 179'999;
  EXPECT_EQ(check("size").verdict, PhotoVerdict::failed) << "not what the server said";
  facts.photo = good_photo();
  facts.photo->headers = without(facts.photo->headers, "Content-Length");
  EXPECT_EQ(check("size").verdict, PhotoVerdict::warning);
  facts.photo = good_photo();
  expectation.bytes = 180'000;
  EXPECT_EQ(check("size").verdict, PhotoVerdict::ok);
  expectation.bytes = 185'000;
  EXPECT_EQ(check("size").verdict, PhotoVerdict::failed) << "not what was announced";
}

TEST_F(PhotoCheckTest, TakesTheServersWordForTheSizeOfAHead) {
  facts.photo->body_bytes.reset();
  EXPECT_EQ(check("size").verdict, PhotoVerdict::ok);
  expectation.bytes = 1;
  EXPECT_EQ(check("size").verdict, PhotoVerdict::failed);
}

TEST_F(PhotoCheckTest, WantsItCachedForADay) {
  const auto verdict_of = [&](const std::string& value) {
    facts.photo->headers = without(good_photo().headers, "Cache-Control") + (value.empty() ? "" : "Cache-Control: " + value + "\r\n");
    return check("cache").verdict;
  };
  for (const auto* value : {"max-age=86400", "public,MAX-AGE=31536000, immutable", "public\r\nCache-Control: max-age=86400"})
    EXPECT_EQ(verdict_of(value), PhotoVerdict::ok) << value;
  for (const auto* value : {"max-age=86399", "max-age=0", "no-store", "private, max-age=86400", "no-cache, max-age=86400", "public", "max-age=soon"})
    EXPECT_EQ(verdict_of(value), PhotoVerdict::failed) << value;
  EXPECT_EQ(verdict_of(""), PhotoVerdict::warning) << "the CDN may have a default";
}

TEST_F(PhotoCheckTest, WantsTheOriginToTheLetter) {
  for (const auto* value : {"", "*", "http://voicedrive.example.com", "https://voicedrive.example.com/", "https://voicedrive.example.com.evil.example"}) {
    facts.photo->headers = without(good_photo().headers, "Access-Control-Allow-Origin") +
                           (*value == '\0' ? "" : "Access-Control-Allow-Origin: " + std::string(value) + "\r\n");
    EXPECT_THAT(complaints(), ElementsAre("cors_origin failed")) << value;
  }
  facts.photo->headers = good_photo().headers + "Access-Control-Allow-Origin: *\r\n";
  EXPECT_THAT(check("cors_origin").hint, HasSubstr("more than one"));
}

TEST_F(PhotoCheckTest, WantsTheThreeHeadersOfThePreflight) {
  facts.preflight->headers.clear();
  EXPECT_THAT(complaints(), ElementsAre("preflight_origin failed", "preflight_methods failed", "preflight_max_age failed"));
  facts.preflight->headers = without(good_preflight().headers, "access-control-allow-methods") + "Access-Control-Allow-Methods: GET\r\n";
  EXPECT_THAT(complaints(), ElementsAre("preflight_methods failed"));
  facts.preflight->headers = without(good_preflight().headers, "access-control-allow-methods") + "Access-Control-Allow-Methods: OPTIONS,head , get\r\n";
  EXPECT_THAT(complaints(), ElementsAre());
  facts.preflight->headers = without(good_preflight().headers, "access-control-max-age") + "Access-Control-Max-Age: 600\r\n";
  EXPECT_THAT(complaints(), ElementsAre("preflight_max_age warning"));
}

TEST_F(PhotoCheckTest, SaysOfARefusedPreflightOnlyThat) {
  facts.preflight = PhotoAnswer{.status = 403};
  EXPECT_THAT(complaints(), ElementsAre("preflight failed"));
  facts.preflight = PhotoAnswer{.error = AttemptError::timeout, .error_text = "too slow"};
  EXPECT_THAT(complaints(), ElementsAre("preflight failed"));
  facts.preflight = good_preflight();
  facts.preflight->status = 204;
  EXPECT_THAT(complaints(), ElementsAre());
}

TEST_F(PhotoCheckTest, DoesNotWantCredentialsAllowed) {
  facts.photo->headers += "Access-Control-Allow-Credentials: true\r\n";
  EXPECT_THAT(complaints(), ElementsAre("cors_credentials failed"));
  facts.photo = good_photo();
  facts.preflight->headers += "Access-Control-Allow-Credentials: TRUE\r\n";
  EXPECT_THAT(complaints(), ElementsAre("cors_credentials failed"));
  facts.preflight->headers = good_preflight().headers + "Access-Control-Allow-Credentials: false\r\n";
  EXPECT_THAT(complaints(), ElementsAre());
}

TEST_F(PhotoCheckTest, DoesNotLookAtCorsWithoutAnOrigin) {
  facts = {url, "", good_photo(), std::nullopt};
  EXPECT_THAT(names(), ElementsAre("https", "reachable", "content_type", "size", "cache", "load_time"));
}

TEST_F(PhotoCheckTest, WarnsWhenLoadingIsSlow) {
  facts.photo->total_us = 1'000'000;
  EXPECT_EQ(check("load_time").verdict, PhotoVerdict::ok);
  facts.photo->total_us = 1'000'001;
  EXPECT_EQ(check("load_time").verdict, PhotoVerdict::warning);
  expectation.load_max = Millis{2'000};
  EXPECT_EQ(check("load_time").verdict, PhotoVerdict::ok);
}

TEST_F(PhotoCheckTest, TellsHowLongEachPhaseTook) {
  EXPECT_EQ(check("load_time").found, "120 ms (name 12 ms, connect 8 ms, TLS 30 ms, first byte 40 ms)");
}

TEST_F(PhotoCheckTest, SpeaksJapaneseAndEnglish) {
  facts.photo->status = 404;
  const auto japanese = judge(Language::ja), english = judge(Language::en);
  ASSERT_EQ(japanese.size(), english.size());
  EXPECT_EQ(japanese[1].hint, "写真がありません。アップロードと URL を確かめてください。");
  EXPECT_EQ(english[1].hint, "there is no photo: was it uploaded, is the URL right?");
  for (std::size_t i = 0; i < japanese.size(); ++i) EXPECT_EQ(japanese[i].name, english[i].name);
}

}  // namespace
}  // namespace denrei
