// The port's promises about registers: small named values in groups that outlive the process.
#include "contract/outbox_param.hpp"

namespace denrei::test {
namespace {

class RegistersContract : public OutboxTest {};
DENREI_FOR_EACH_JOURNAL(RegistersContract);

TEST_P(RegistersContract, KeepsTheNewestValueOfAName) {
  EXPECT_TRUE(all("disabled")->empty());
  ASSERT_TRUE(put("disabled", "voicedrive", "410"));
  ASSERT_TRUE(put("disabled", "analytics", "operator"));
  ASSERT_TRUE(put("disabled", "voicedrive", "410 again"));
  EXPECT_EQ(all("disabled").value(), (Pairs{{"analytics", "operator"}, {"voicedrive", "410 again"}}));
}

TEST_P(RegistersContract, AnEmptyValueIsGone) {
  ASSERT_TRUE(put("disabled", "a", "1"));
  ASSERT_TRUE(put("disabled", "b", "2"));
  ASSERT_TRUE(put("disabled", "a", ""));
  ASSERT_TRUE(put("disabled", "never there", ""));
  EXPECT_EQ(all("disabled").value(), (Pairs{{"b", "2"}}));
  ASSERT_TRUE(put("disabled", "b", ""));
  EXPECT_TRUE(all("disabled")->empty());
}

TEST_P(RegistersContract, GroupsAreApart) {
  ASSERT_TRUE(put("jobs", "a", "1"));
  ASSERT_TRUE(put("disabled", "a", "2"));
  EXPECT_EQ(all("jobs").value(), (Pairs{{"a", "1"}}));
  EXPECT_EQ(all("disabled").value(), (Pairs{{"a", "2"}}));
}

TEST_P(RegistersContract, TakesAnyBytes) {
  const std::string name("\0n\r\n", 4), value("\xff\0 v", 4);
  ASSERT_TRUE(put("jobs", name, value));
  EXPECT_EQ(all("jobs").value(), (Pairs{{name, value}}));
}

TEST_P(RegistersContract, OutlivesTheDeathOfTheStore) {
  ASSERT_TRUE(put("jobs", "a", "1"));
  rig_->cut();
  EXPECT_EQ(fault_of(all("jobs")), FaultCode::unavailable);
  EXPECT_EQ(fault_of(put("jobs", "a", "2")), FaultCode::unavailable);
  rig_->mend();
  EXPECT_EQ(all("jobs").value(), (Pairs{{"a", "1"}}));
}

TEST_P(RegistersContract, AFullStoreTakesNothingNewAndLetsGo) {
  ASSERT_TRUE(put("jobs", "a", "1"));
  rig_->set_full(true);
  EXPECT_EQ(fault_of(put("jobs", "b", "2")), FaultCode::overloaded);
  EXPECT_TRUE(put("jobs", "a", ""));
  rig_->set_full(false);
  EXPECT_TRUE(all("jobs")->empty());
}

}  // namespace
}  // namespace denrei::test
