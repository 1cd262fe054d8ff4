// The parameter of the contract suite: which journal stands under the test.
#pragma once
#include <memory>
#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include "contract/journal_fixture.hpp"

namespace denrei::test {

struct JournalKind {
  std::string name;
  std::unique_ptr<JournalRig> (*make_rig)();
  friend void PrintTo(const JournalKind& kind, std::ostream* out) { *out << kind.name; }
};

class JournalTest : public ::testing::TestWithParam<JournalKind>, protected JournalFixture {
 protected:
  JournalTest() : JournalFixture(GetParam().make_rig()) {}
};

}  // namespace denrei::test

#define DENREI_FOR_EACH_JOURNAL(Suite)                                                                                 \
  INSTANTIATE_TEST_SUITE_P(Each, Suite,                                                                                \
                           ::testing::Values(JournalKind{"FakeJournal", make_fake_rig}, JournalKind{"RedisJournal", make_redis_rig}), \
                           [](const auto& each) { return each.param.name; })
