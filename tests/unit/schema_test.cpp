// Schemas: each keyword, the fields and words of violations, and what the compiler refuses.
#include "denrei/domain/schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "denrei/base/limits.hpp"

namespace denrei {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<Violation> check(std::string_view schema_text, std::string_view body, const SchemaParameters& parameters = {}) {
  const auto schema = compile_schema(schema_text, parameters);
  const auto document = parse_json(body);
  if (!schema) throw std::runtime_error(schema.error().detail);
  if (!document) throw std::runtime_error(document.error().detail);
  return schema->check((*document)->root());
}

std::string problem_of(std::string_view schema_text) {
  const auto schema = compile_schema(schema_text, {{"known", {"a.example"}}});
  return schema ? "compiled" : schema.error().detail;
}

bool holds(const std::string& predicate, const std::string& text) {
  const auto schema = compile_schema(R"({"predicate":")" + predicate + "\"}", {});
  if (!schema) throw std::runtime_error(schema.error().detail);
  return schema->check(json::value(text)).empty();
}

TEST(Schema, NamesTheFieldOfEveryViolationInDocumentOrder) {
  const auto* schema = R"({"type":"object","required":["z","a"],"properties":{
      "a":{"type":"string"},"list":{"type":"array","items":{"type":"object","required":["name"],"properties":{"name":{"type":"string"}}}},
      "deep":{"properties":{"down":{"properties":{"n":{"type":"integer"}}}}},"z":{"type":"integer"}}})";
  EXPECT_THAT(check(schema, R"({"z":"1","deep":{"down":{"n":1.5}},"list":[{"name":"ok"},{},7,{"name":""}]})"),
              ElementsAre(Violation{"a", Rule::required, ""}, Violation{"list[1].name", Rule::required, ""},
                          Violation{"list[2]", Rule::type, "object"}, Violation{"list[3].name", Rule::not_empty, ""},
                          Violation{"deep.down.n", Rule::type, "integer"}, Violation{"z", Rule::type, "integer"}));
}

TEST(Schema, GivesTheRootAnEmptyField) {
  EXPECT_THAT(check(R"({"type":"object"})", "[]"), ElementsAre(Violation{"", Rule::type, "object"}));
}

TEST(Schema, IgnoresUnknownMembers) {
  EXPECT_THAT(check(R"({"type":"object","properties":{"a":{"type":"string"}}})", R"({"b":1,"c":{"d":[]}})"), IsEmpty());
}

TEST(Schema, TellsJsonTypesApart) {
  const std::vector<std::pair<std::string, std::string>> samples{{"string", "\"s\""}, {"integer", "1"},   {"boolean", "true"},
                                                                 {"object", "{}"},    {"array", "[]"}, {"null", "null"}};
  for (const auto& [type, sample] : samples) {
    for (const auto& [other, other_sample] : samples)
      EXPECT_EQ(check(R"({"type":")" + type + "\"}", other_sample).empty(), type == other) << type << " " << other_sample;
  }
}

TEST(Schema, TakesOnlyWholeLiteralsForIntegersAndBothForNumbers) {
  EXPECT_THAT(check(R"({"type":"integer"})", "1.0"), ElementsAre(Violation{"", Rule::type, "integer"}));
  EXPECT_THAT(check(R"({"type":"integer"})", "1e2"), ElementsAre(Violation{"", Rule::type, "integer"}));
  EXPECT_THAT(check(R"({"type":"number"})", "1"), IsEmpty());
  EXPECT_THAT(check(R"({"type":"number"})", "1.5"), IsEmpty());
  EXPECT_THAT(check(R"({"type":["integer","null"]})", "null"), IsEmpty());
  EXPECT_THAT(check(R"({"type":["integer","null"]})", "true"), ElementsAre(Violation{"", Rule::type, "integer, null"}));
}

TEST(Schema, CountsLengthsInCodePoints) {
  const auto* schema = R"({"minLength":2,"maxLength":3})";
  EXPECT_THAT(check(schema, R"("職員名")"), IsEmpty());
  EXPECT_THAT(check(schema, R"("😀😀😀")"), IsEmpty());
  EXPECT_THAT(check(schema, R"("😀😀😀😀")"), ElementsAre(Violation{"", Rule::too_long, "3"}));
  EXPECT_THAT(check(schema, R"("abcd")"), ElementsAre(Violation{"", Rule::too_long, "3"}));
  EXPECT_THAT(check(schema, R"("😀")"), ElementsAre(Violation{"", Rule::too_short, "2"}));
  EXPECT_THAT(check(schema, R"("ab")"), IsEmpty());
}

TEST(Schema, KeepsBounds) {
  const auto* integer = R"({"type":"integer","minimum":0,"maximum":10})";
  EXPECT_THAT(check(integer, "0"), IsEmpty());
  EXPECT_THAT(check(integer, "10"), IsEmpty());
  EXPECT_THAT(check(integer, "-1"), ElementsAre(Violation{"", Rule::too_small, "0"}));
  EXPECT_THAT(check(integer, "11"), ElementsAre(Violation{"", Rule::too_large, "10"}));
  const auto* number = R"({"type":"number","minimum":0,"maximum":1})";
  EXPECT_THAT(check(number, "0.85"), IsEmpty());
  EXPECT_THAT(check(number, "-0.001"), ElementsAre(Violation{"", Rule::too_small, "0.0"}));
  EXPECT_THAT(check(number, "2"), ElementsAre(Violation{"", Rule::too_large, "1.0"}));
  EXPECT_THAT(check(R"({"minimum":9007199254740993})", "9007199254740992"), testing::SizeIs(1)) << "must not round to double";
}

TEST(Schema, ListsWhatIsAllowed) {
  EXPECT_THAT(check(R"({"enum":["success","error",7,null]})", "\"info\""),
              ElementsAre(Violation{"", Rule::one_of, "success, error, 7, null"}));
  EXPECT_THAT(check(R"({"enum":["success","error",7,null]})", "7"), IsEmpty());
  EXPECT_THAT(check(R"({"enum":["success"]})", "\"Success\""), testing::SizeIs(1));
  EXPECT_THAT(check(R"({"const":"a text too long for its own object"})", "1"),
              ElementsAre(Violation{"", Rule::constant, "a text too long for its own object"}));
}

TEST(Schema, DoesNotTakeAnEmptyStringForARequiredOne) {
  const auto* schema = R"({"required":["s","free"],"properties":{"s":{"type":"string","predicate":"email"},"n":{"type":"string"}}})";
  EXPECT_THAT(check(schema, R"({"s":"","free":"","n":""})"),
              ElementsAre(Violation{"s", Rule::not_empty, ""}, Violation{"free", Rule::not_empty, ""}));
  EXPECT_THAT(check(R"({"required":["n"],"properties":{"n":{"type":"integer"}}})", R"({"n":""})"),
              ElementsAre(Violation{"n", Rule::type, "integer"}));
}

TEST(Schema, WantsAGroupWholeOrNotAtAll) {
  const auto* schema = R"({"dependencies":{"a":["b","c"],"b":["a","c"],"c":["a","b"]}})";
  EXPECT_THAT(check(schema, "{}"), IsEmpty());
  EXPECT_THAT(check(schema, R"({"a":1,"b":2,"c":3})"), IsEmpty());
  EXPECT_THAT(check(schema, R"({"b":2})"),
              ElementsAre(Violation{"a", Rule::incomplete_group, "b"}, Violation{"c", Rule::incomplete_group, "b"}));
  EXPECT_THAT(check(schema, R"({"a":1,"b":2})"), ElementsAre(Violation{"c", Rule::incomplete_group, "a"}));
  const auto* mixed = R"({"dependencies":{"x":["y"]},"required":["r"],"properties":{"o":{"type":"string"},"y":{"type":"integer"},"r":{}}})";
  EXPECT_THAT(check(mixed, R"({"x":1,"r":1})"), ElementsAre(Violation{"y", Rule::incomplete_group, "x"}));
  EXPECT_THAT(check(mixed, R"({"y":1,"r":1})"), IsEmpty()) << "a dependency has one direction and makes nothing required";
  EXPECT_THAT(check(mixed, R"({"x":1,"y":1})"), ElementsAre(Violation{"r", Rule::required, ""}));
}

TEST(Schema, AppliesThenOnlyWhereIfHolds) {
  const auto* schema = R"({"if":{"required":["kind"],"properties":{"kind":{"const":"x"}}},"then":{"required":["more"]}})";
  EXPECT_THAT(check(schema, R"({"kind":"x"})"), ElementsAre(Violation{"more", Rule::required, ""}));
  EXPECT_THAT(check(schema, R"({"kind":"y"})"), IsEmpty());
  EXPECT_THAT(check(schema, "{}"), IsEmpty());
}

TEST(Schema, ChecksMembersThatPropertiesDoNotName) {
  const auto* schema = R"({"required":["r"],"properties":{"a":{"type":"string"}},"additionalProperties":{"type":"integer","minimum":0}})";
  EXPECT_THAT(check(schema, R"({"a":"text","r":1,"看護部":120})"), IsEmpty());
  EXPECT_THAT(check(schema, R"({"a":"text","r":-1,"看護部":"120"})"),
              ElementsAre(Violation{"r", Rule::too_small, "0"}, Violation{"看護部", Rule::type, "integer"}));
}

TEST(Schema, SaysOneThingAboutAField) {
  EXPECT_THAT(check(R"({"allOf":[{"properties":{"a":{"type":"string"}}},{"properties":{"a":{"const":"x"}}}]})", R"({"a":1})"),
              ElementsAre(Violation{"a", Rule::type, "string"}));
}

TEST(Schema, FindsMembersOfLargeObjectsToo) {
  std::string body = "{";
  for (int i = 0; i < 5'000; ++i) body += "\"k" + std::to_string(i) + "\":1,";
  body += R"("a":"text"})";
  EXPECT_THAT(check(R"({"required":["a","k4999","gone"],"properties":{"a":{"type":"integer"}}})", body),
              ElementsAre(Violation{"a", Rule::type, "integer"}, Violation{"gone", Rule::required, ""}));
}

TEST(Schema, ListsAtMostAHundredViolationsOfAHostileBody) {
  std::string body = "[";
  for (int i = 0; i < 50'000; ++i) body += "0,";
  body += "0]";
  EXPECT_EQ(check(R"({"items":{"type":"string"}})", body).size(), limits::violations_listed_max);
}

TEST(Schema, ShortensAHostileMemberNameBetweenCharacters) {
  std::string name;
  for (int i = 0; i < 10'000; ++i) name += "職";
  const auto list = check(R"({"additionalProperties":{"type":"string"}})", "{\"" + name + "\":1}");
  ASSERT_EQ(list.size(), 1u);
  EXPECT_LE(list[0].field.size(), 128u);
  EXPECT_EQ(list[0].field.size() % 3, 0u);
}

TEST(SchemaCompiler, RefusesWhatItDoesNotUnderstand) {
  EXPECT_THAT(problem_of("{"), HasSubstr("schema: not valid JSON"));
  EXPECT_EQ(problem_of("[]"), "schema at /: a schema is an object");
  EXPECT_EQ(problem_of(R"({"maxlength":3})"), "schema at /: unknown keyword \"maxlength\"");
  EXPECT_EQ(problem_of(R"({"properties":{"a":{"pattern":"^(a+)+$"}}})"), "schema at /properties/a: unknown keyword \"pattern\"");
  EXPECT_EQ(problem_of(R"({"type":"text"})"), "schema at /type: unknown type \"text\"");
  EXPECT_EQ(problem_of(R"({"predicate":"url"})"), "schema at /predicate: unknown predicate \"url\"");
  EXPECT_EQ(problem_of(R"({"predicate":"starts_with"})"), "schema at /predicate: \"starts_with\" takes an argument");
  EXPECT_EQ(problem_of(R"({"predicate":"email:x"})"), "schema at /predicate: \"email\" takes no argument");
  EXPECT_EQ(problem_of(R"({"predicate":"https_url","hosts":"unknown"})"), "schema at /hosts: there is no list \"unknown\"");
  EXPECT_EQ(problem_of(R"({"hosts":"known"})"), "schema at /: hosts needs \"predicate\": \"https_url\"");
  std::string many = R"({"dependencies":{"last":["m0"]},"properties":{)";
  for (int i = 0; i < 64; ++i) many += "\"m" + std::to_string(i) + "\":{},";
  EXPECT_EQ(problem_of(many + R"("last":{}}})"), "schema at /dependencies: \"last\" is not among the first 64 members");
  EXPECT_EQ(problem_of(R"({"if":{}})"), "schema at /: if and then need each other");
  EXPECT_EQ(problem_of(R"({"then":{}})"), "schema at /: if and then need each other");
  EXPECT_EQ(problem_of(R"({"allOf":[{},{"items":[]}]})"), "schema at /allOf/1/items: a schema is an object");
}

TEST(SchemaCompiler, RefusesKeywordsOfTheWrongShape) {
  for (const auto* text : {R"({"required":7})", R"({"required":[7]})", R"({"properties":[]})", R"({"enum":[]})", R"({"enum":"a"})",
                           R"({"enum":[{}]})", R"({"const":1.5})", R"({"enum":["a"],"const":"a"})", R"({"minLength":-1})",
                           R"({"maxLength":"3"})", R"({"minimum":"0"})", R"({"dependencies":{"a":{}}})", R"({"dependencies":[]})",
                           R"({"allOf":[]})", R"({"allOf":{}})", R"({"title":1})", R"({"predicate":1})", R"({"additionalProperties":false})",
                           R"({"type":"string","type":"integer"})"})
    EXPECT_NE(problem_of(text), "compiled") << text;
}

TEST(SchemaCompiler, KeepsNothingOfTheSchemaText) {
  auto text = std::make_unique<std::string>(R"({"properties":{"kind":{"enum":["a value longer than any small string buffer"]}}})");
  const auto schema = compile_schema(*text, {});
  text.reset();
  const auto body = parse_json(R"({"kind":"another value"})");
  ASSERT_TRUE(schema && body);
  EXPECT_THAT(schema->check((*body)->root()),
              ElementsAre(Violation{"kind", Rule::one_of, "a value longer than any small string buffer"}));
}

TEST(SchemaPredicate, HttpsUrlRefusesEverythingThatCouldLeadElsewhere) {
  const std::string longest = "https://a.example/" + std::string(2048 - 18, 'x');
  for (const auto& good : {std::string("https://d2k8x5j9m1n4p7.cloudfront.net/employees/EMP-1.jpg"), std::string("HTTPS://A.example"),
                           std::string("https://a.example:8443/x?y=1#z"), std::string("https://a.example/写真.jpg"),
                           std::string("https://[2001:db8::1]:443/"), std::string("https://a.example/@x"), longest})
    EXPECT_TRUE(holds("https_url", good)) << good;
  for (const auto& bad :
       {std::string("http://a.example/"), std::string("https://"), std::string("https:///x"), std::string("https:a.example"),
        std::string("//a.example/"), std::string("https://user@a.example/"), std::string("https://a.example:x@evil.example/"),
        std::string("https://a.example\\@evil.example/"), std::string("https://a.example\\.evil.example/"), std::string("https://a b.example/"),
        std::string("https://a.example/x y"), std::string("https://a.example/\n"), std::string("https://a.example/\x7f"),
        std::string("https://a.example/\0x", 20), std::string(" https://a.example/"), std::string("https://a..example/"),
        std::string("https://.a.example/"), std::string("https://a.example./"), std::string("https://-a.example/"),
        std::string("https://a.example:/"), std::string("https://a.example:0/"), std::string("https://a.example:65536/"),
        std::string("https://a.example:123456/"), std::string("https://a_b.example/"), std::string("https://а.example/"),
        std::string("https://[::1/"), std::string("https://[]/"), std::string("https://[::1]x/"), std::string("https://a.example/<script>"),
        std::string("javascript:alert(1)//https://a.example/"), "https://" + std::string(64, 'a') + ".example/",
        "https://" + std::string(300, 'a') + "/", longest + "x"})
    EXPECT_FALSE(holds("https_url", bad)) << bad;
}

TEST(SchemaPredicate, HostsAreComparedWithoutCaseAndWhole) {
  const auto* schema = R"({"properties":{"u":{"predicate":"https_url","hosts":"photo"}}})";
  const SchemaParameters parameters{{"photo", {"CDN.example", "other.example"}}};
  const auto violations = [&](const std::string& url) { return check(schema, R"({"u":")" + url + "\"}", parameters); };
  EXPECT_THAT(violations("https://cdn.example/a.jpg"), IsEmpty());
  EXPECT_THAT(violations("https://OTHER.EXAMPLE:443/"), IsEmpty());
  const Violation wrong_host{"u", Rule::host, "CDN.example, other.example"};
  for (const auto* url : {"https://cdn.example.evil.example/", "https://evil-cdn.example/", "https://example/", "https://[::1]/"})
    EXPECT_THAT(violations(url), ElementsAre(wrong_host)) << url;
  EXPECT_THAT(violations("http://cdn.example/"), ElementsAre(Violation{"u", Rule::predicate, "https_url"}));
  EXPECT_THAT(check(schema, R"({"u":"https://any.example/"})", {{"photo", {}}}), IsEmpty());
}

TEST(SchemaPredicate, DatesAndTimesMustExist) {
  for (const auto* good : {"2025-10-07T10:30:45Z", "2025-10-07T10:30:45.123+09:00", "2024-02-29T00:00:00Z"}) {
    EXPECT_TRUE(holds("iso8601", good)) << good;
    EXPECT_TRUE(holds("date_or_iso8601", good)) << good;
    EXPECT_FALSE(holds("date", good)) << good;
  }
  for (const auto* bad : {"", "2025-10-07", "2025-02-29T00:00:00Z", "2025-10-07T25:00:00Z", "2025-10-07T10:30:45", "1728450000",
                          "2025-10-07T10:30:45Zjunk", "Tue, 07 Oct 2025 10:30:45 GMT"})
    EXPECT_FALSE(holds("iso8601", bad)) << bad;
  EXPECT_TRUE(holds("date", "2025-10-07"));
  EXPECT_TRUE(holds("date_or_iso8601", "2025-10-07"));
  for (const auto* bad : {"2025-10-7", "2025/10/07", "2025-13-01", "2025-02-30", "20251007", "2025-10-07Z"}) {
    EXPECT_FALSE(holds("date", bad)) << bad;
    EXPECT_FALSE(holds("date_or_iso8601", bad)) << bad;
  }
}

TEST(SchemaPredicate, ImageTypesNameAFormat) {
  for (const auto* good : {"image/jpeg", "image/png", "image/svg+xml", "IMAGE/WebP", "image/vnd.ms-photo"})
    EXPECT_TRUE(holds("image_type", good)) << good;
  for (const auto* bad : {"", "image/", "image", "image/*", "text/html", "image/jpeg; q=1", "image/jpeg\r\nX: y", " image/jpeg"})
    EXPECT_FALSE(holds("image_type", bad)) << bad;
}

TEST(SchemaPredicate, EmailAddressesHaveOneAtAndAHost) {
  for (const auto& good : {std::string("yamada@hospital.example.com"), std::string("a+b.c@x.example"), std::string("o'neil@localhost"),
                           std::string("山田@x.example"), std::string(64, 'a') + "@x.example"})
    EXPECT_TRUE(holds("email", good)) << good;
  for (const auto& bad :
       {std::string(), std::string("a"), std::string("@x.example"), std::string("a@"), std::string("a@b@c.example"), std::string("a b@x.example"),
        std::string("a@x..example"), std::string(".a@x.example"), std::string("a..b@x.example"), std::string("a@x.example\r\nBcc: v@y.example"),
        std::string("<a@x.example>"), std::string(65, 'a') + "@x.example", "a@" + std::string(300, 'x')})
    EXPECT_FALSE(holds("email", bad)) << bad;
}

TEST(SchemaPredicate, StartsWithComparesCase) {
  EXPECT_TRUE(holds("starts_with:VD-", "VD-2025-1"));
  EXPECT_FALSE(holds("starts_with:VD-", "vd-2025-1"));
  EXPECT_FALSE(holds("starts_with:VD-", "VD"));
}

TEST(ViolationText, SaysInJapaneseWhatWouldBeRight) {
  const auto text = [](Rule rule, const char* expected) { return violation_text_ja({"f", rule, expected}); };
  EXPECT_EQ(text(Rule::required, ""), "必須フィールドです");
  EXPECT_EQ(text(Rule::not_empty, ""), "空にすることはできません");
  EXPECT_EQ(text(Rule::type, "string"), "文字列で指定してください");
  EXPECT_EQ(text(Rule::type, "integer, null"), "整数またはnullで指定してください");
  EXPECT_EQ(text(Rule::one_of, "success, error"), "次のいずれかを指定してください: success, error");
  EXPECT_EQ(text(Rule::constant, "voicedrive"), "「voicedrive」を指定してください");
  EXPECT_EQ(text(Rule::too_short, "4"), "4文字以上で指定してください");
  EXPECT_EQ(text(Rule::too_long, "100"), "100文字以内で指定してください");
  EXPECT_EQ(text(Rule::too_small, "0"), "0以上の整数で指定してください");
  EXPECT_EQ(text(Rule::too_large, "1.0"), "1.0以下の数値で指定してください");
  EXPECT_EQ(text(Rule::incomplete_group, "profilePhotoUrl"), "profilePhotoUrl を指定する場合は必須です");
  EXPECT_EQ(text(Rule::predicate, "https_url"), "https の URL を指定してください");
  EXPECT_EQ(text(Rule::predicate, "iso8601"), "ISO 8601 形式の日時で指定してください");
  EXPECT_EQ(text(Rule::predicate, "starts_with:VD-"), "「VD-」で始まる値を指定してください");
  EXPECT_EQ(text(Rule::host, "a.example"), "許可されたホストの URL を指定してください: a.example");
}

TEST(ViolationText, SaysInEnglishWhatWouldBeRight) {
  const auto text = [](Rule rule, const char* expected) { return violation_text_en({"f", rule, expected}); };
  EXPECT_EQ(text(Rule::required, ""), "is required");
  EXPECT_EQ(text(Rule::not_empty, ""), "must not be empty");
  EXPECT_EQ(text(Rule::type, "integer, null"), "must be an integer or null");
  EXPECT_EQ(text(Rule::type, "string"), "must be a string");
  EXPECT_EQ(text(Rule::one_of, "a, b"), "must be one of: a, b");
  EXPECT_EQ(text(Rule::constant, "x"), "must be x");
  EXPECT_EQ(text(Rule::too_short, "4"), "must have at least 4 characters");
  EXPECT_EQ(text(Rule::too_long, "100"), "must have at most 100 characters");
  EXPECT_EQ(text(Rule::too_small, "0"), "must be an integer of at least 0");
  EXPECT_EQ(text(Rule::too_large, "1.0"), "must be a number of at most 1.0");
  EXPECT_EQ(text(Rule::incomplete_group, "a"), "is required when a is given");
  EXPECT_EQ(text(Rule::predicate, "email"), "must be an e-mail address");
  EXPECT_EQ(text(Rule::predicate, "starts_with:VD-"), "must start with VD-");
  EXPECT_EQ(text(Rule::host, "a.example"), "must be a URL on one of these hosts: a.example");
}

}  // namespace
}  // namespace denrei
