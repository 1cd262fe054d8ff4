// A second opinion: for the standard keywords our checker and Valijson agree on thousands of bent bodies.
// Built only where Valijson is installed (Debian: libvalijson-dev).
#if __has_include(<valijson/adapters/boost_json_adapter.hpp>)
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fstream>
#include <random>
#include <sstream>
#include <valijson/adapters/boost_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "denrei/domain/schema.hpp"

namespace denrei {
namespace {

struct Contract {
  const char* schema;
  const char* body;
};
constexpr Contract contracts[]{
    {"employee.json", R"({"eventType":"employee.created","timestamp":"t","data":{"staffId":"E","fullName":"山田","email":"y","facilityId":"o",
      "departmentId":"n","position":"看護師","authLevel":3,"profilePhotoUrl":"u","photoUpdatedAt":"t","photoMimeType":"m","photoFileSize":1}})"},
    {"employee.json", R"({"eventType":"employee.photo.updated","timestamp":"t","data":{"staffId":"E","profilePhotoUrl":"u","photoUpdatedAt":"t",
      "photoMimeType":"m","photoFileSize":1}})"},
    {"acknowledgement.json", R"({"reportId":"VD-1","caseNumber":"MED-1","timestamp":"t"})"},
    {"analytics.json", R"({"type":"success","title":"t","message":"m","details":{"summary":{"totalPosts":1},"sentiment":{"confidence":0.85}},
      "timestamp":1728450000,"source":"medical-staff-system","accountLevel":99,"notificationId":"n"})"},
    {"announcement-stats.json", R"({"event":"stats.updated","timestamp":"t","announcement":{"id":"a","title":"t","category":"survey",
      "priority":"medium","publishedAt":"t"},"stats":{"delivered":1,"actions":2,"completions":3,"details":{"viewCount":4,"averageReadTime":45.5,
      "actionsByDepartment":{"看護部":1,"医局":2}}},"metadata":{"source":"voicedrive","version":"1.0.0","environment":"production"}})"},
};

// Our own words mean nothing to Valijson.
void strip_own_keywords(json::value& v) {
  if (auto* object = v.if_object()) {
    object->erase("predicate");
    object->erase("hosts");
    for (auto& member : *object) strip_own_keywords(member.value());
  } else if (auto* array = v.if_array()) {
    for (auto& item : *array) strip_own_keywords(item);
  }
}

json::value stripped_schema(const std::string& name) {
  std::ifstream file{std::string(DENREI_ROOT) + "/config/schemas/" + name};
  std::stringstream text;
  text << file.rdbuf();
  auto schema = json::parse(text.str());
  strip_own_keywords(schema);
  return schema;
}

// Bends one random place of a body: another value, one member fewer, or one more. Empty strings and doubles that are
// whole numbers are left out: there we are stricter than JSON Schema on purpose.
class Bender {
 public:
  explicit Bender(unsigned seed) : dice_(seed) {}
  void bend(json::value& v) {
    auto* object = v.if_object();
    if (object == nullptr || object->empty() || pick(5) == 0) {
      v = values_[pick(values_.size())];
      return;
    }
    auto member = object->begin() + static_cast<std::ptrdiff_t>(pick(object->size()));
    switch (pick(4)) {
      case 0: object->erase(member); break;
      case 1: (*object)["extra" + std::to_string(pick(3))] = values_[pick(values_.size())]; break;
      default: bend(member->value());
    }
  }

 private:
  std::size_t pick(std::size_t below) { return static_cast<std::size_t>(dice_()) % below; }
  std::mt19937 dice_;
  json::array values_{nullptr, true, 0, -1, 99, 0.5, -0.5, 1.5, "text", "success", "error", "employee.created", "employee.photo.deleted",
                                   std::string(100, 'x'), std::string(101, 'x'), std::string(257, 'x'), "VD", json::array{}, json::array{1},
                                   json::object{}, json::object{{"a", 1}}};
};

TEST(SchemaOracle, AgreesWithValijson) {
  for (const auto& contract : contracts) {
    const auto schema_value = stripped_schema(contract.schema);
    const auto ours = compile_schema(json::serialize(schema_value), {});
    ASSERT_TRUE(ours) << ours.error().detail;
    valijson::Schema theirs;
    valijson::SchemaParser{}.populateSchema(valijson::adapters::BoostJsonAdapter{schema_value}, theirs);
    valijson::Validator validator;
    Bender bender{20251007};
    int valid = 0;
    constexpr int rounds = 1'000;
    for (int round = 0; round < rounds; ++round) {
      auto body = json::parse(contract.body);
      for (int bends = round % 4; bends > 0; --bends) bender.bend(body);
      const bool expected = validator.validate(theirs, valijson::adapters::BoostJsonAdapter{body}, nullptr);
      ASSERT_EQ(ours->check(body).empty(), expected) << contract.schema << " " << json::serialize(body);
      valid += expected ? 1 : 0;
    }
    EXPECT_GT(valid, rounds / 10) << contract.schema;
    EXPECT_LT(valid, rounds * 9 / 10) << contract.schema;
  }
}

}  // namespace
}  // namespace denrei
#endif
