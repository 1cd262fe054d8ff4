// Who may ask for what: roles and their tokens.
#include <gtest/gtest.h>

#include "denrei/actors/site.hpp"

namespace denrei {
namespace {

Site site_with_all_roles() {
  Site site;
  site.tokens = {{Role::sender, Secret{"sender-token"}}, {Role::reader, Secret{"reader-token"}},
                 {Role::op, Secret{"operator-token"}}, {Role::admin, Secret{"admin-token"}}};
  return site;
}

bool may(Role needed, const std::string& token) { return is_authorized(site_with_all_roles(), needed, "Bearer " + token); }

TEST(Authorization, SenderMayHandInEventsAndNothingElse) {
  EXPECT_TRUE(may(Role::sender, "sender-token"));
  EXPECT_FALSE(may(Role::reader, "sender-token"));
  EXPECT_FALSE(may(Role::op, "sender-token"));
  EXPECT_FALSE(may(Role::admin, "sender-token"));
}

TEST(Authorization, ReaderMayReadAndNotHandInEvents) {
  EXPECT_TRUE(may(Role::reader, "reader-token"));
  EXPECT_FALSE(may(Role::sender, "reader-token"));
  EXPECT_FALSE(may(Role::op, "reader-token"));
}

TEST(Authorization, OperatorAndAdminMayDoWhatIsBelowThem) {
  for (const auto needed : {Role::sender, Role::reader, Role::op}) {
    EXPECT_TRUE(may(needed, "operator-token"));
    EXPECT_TRUE(may(needed, "admin-token"));
  }
  EXPECT_FALSE(may(Role::admin, "operator-token"));
  EXPECT_TRUE(may(Role::admin, "admin-token"));
}

TEST(Authorization, NobodyIsLetInWithoutAToken) {
  for (const auto needed : {Role::sender, Role::reader, Role::op, Role::admin}) {
    EXPECT_FALSE(is_authorized(site_with_all_roles(), needed, ""));
    EXPECT_FALSE(is_authorized(site_with_all_roles(), needed, "Bearer "));
    EXPECT_FALSE(is_authorized(site_with_all_roles(), needed, "Basic sender-token"));
    EXPECT_FALSE(is_authorized(site_with_all_roles(), needed, "Bearer other-token"));
    EXPECT_FALSE(is_authorized(Site{}, needed, "Bearer sender-token")) << "a role without a token does not exist";
  }
}

}  // namespace
}  // namespace denrei
