// The Console: who gets a session, and what its page is sent with.
#include "denrei/actors/console.hpp"

#include "denrei/domain/console_session.hpp"
#include "support/actor_world.hpp"
#include "support/sample_site.hpp"

namespace denrei::test {
namespace {

class ConsoleTest : public ActorWorld {
 protected:
  void SetUp() override {
    console = keep(spawn_console(stage, meter("Console"), {.files = {{"index.html", {"text/html; charset=utf-8", "<!doctype html>"}}}, .key = key,
                                                           .one_time_token = Secret{"a-token-for-one-use"}, .clock = clock()}));
  }
  const Answer& ask(const std::string& method, const std::string& target, const std::string& body = {}) {
    caf::anon_send(console, Serve{make_request({.edge = edge.actor(), .method = method, .target = target, .body = body, .listener = Listener::operations}), site});
    run();
    return edge.all<RepliesReady>().back().replies.front().answer;
  }
  bool gives_session(const Answer& answer) {
    auto cookie = header_of(answer, "Set-Cookie");
    return is_session(*key, find_session(cookie.substr(0, cookie.find(';'))), now);
  }

  SitePtr site = ledger_site();
  std::shared_ptr<const HmacSha256> key = std::make_shared<const HmacSha256>(std::string_view("the key of this process"));
  Recorder<RepliesReady> edge{system};
  Console console;
};

TEST_F(ConsoleTest, ServesItsFilesAndLetsNothingInFromElsewhere) {
  for (const auto* target : {"/console", "/console/", "/console/index.html"}) {
    const auto& page = ask("GET", target);
    EXPECT_EQ(page.status, 200) << target;
    EXPECT_EQ(page.body, "<!doctype html>");
    EXPECT_TRUE(header_of(page, "Content-Security-Policy").starts_with("default-src 'self'"));
  }
  EXPECT_EQ(ask("GET", "/console/../secrets").status, 404);
  EXPECT_EQ(ask("POST", "/console").status, 405);
}

TEST_F(ConsoleTest, TakesAOneTimeTokenOnce) {
  EXPECT_EQ(ask("GET", "/console?token=wrong").status, 401);
  EXPECT_EQ(ask("HEAD", "/console?token=a-token-for-one-use").status, 200) << "a preview of the link does not use it up";
  const auto first = ask("GET", "/console/?token=a-token-for-one-use");
  EXPECT_EQ(first.status, 303);
  EXPECT_EQ(header_of(first, "Location"), "/console");
  EXPECT_TRUE(gives_session(first));
  EXPECT_EQ(ask("GET", "/console?token=a-token-for-one-use").status, 401);
  EXPECT_EQ(ask("GET", "/console?token=").status, 401) << "a used token is not an empty one";
}

TEST_F(ConsoleTest, TakesTheOperatorsTokenAndNoOther) {
  EXPECT_EQ(ask("POST", "/console/session", R"({"token":")" + reader_token + R"("})").status, 401);
  EXPECT_EQ(ask("POST", "/console/session", "token").status, 400);
  EXPECT_EQ(ask("POST", "/console/session", "{}").status, 401);
  const auto answer = ask("POST", "/console/session", R"({"token":")" + operator_token + R"("})");
  EXPECT_EQ(answer.status, 204);
  EXPECT_TRUE(gives_session(answer));
  const auto cookie = header_of(answer, "Set-Cookie");
  EXPECT_NE(cookie.find("HttpOnly; SameSite=Strict"), std::string::npos) << cookie;
  EXPECT_FALSE(gives_session(ask("DELETE", "/console/session")));
}

}  // namespace
}  // namespace denrei::test
