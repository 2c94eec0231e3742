#include "origin/testing/hub_admin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "origin/testing/hub_test_client.h"

namespace ballast::hub {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using Json = nlohmann::json;

class AdminTest : public StandInTest {
 protected:
  void SetUp() override {
    Start();
    PublishModel();
    auto admin = Admin::Start(*hub_, "127.0.0.1", 0);
    ASSERT_TRUE(admin.ok()) << admin.status();
    admin_ = std::move(admin).value();
  }
  std::string AdminUrl(const std::string& path) const { return StrCat("http://127.0.0.1:", admin_->port(), path); }
  Answer Post(const std::string& path, const std::string& body) { return Fetch(AdminUrl(path), {.form = body}); }

  std::unique_ptr<Admin> admin_;
};

TEST_F(AdminTest, FaultsComeAndGo) {
  EXPECT_EQ(Post("/faults", R"([{"kind": "status", "status": 503, "times": -1}])").status, 200);
  EXPECT_EQ(Fetch(Resolve("config.json")).status, 503);
  EXPECT_EQ(Post("/reset", "{}").status, 200);
  EXPECT_EQ(Fetch(Resolve("config.json")).status, 200);
}

TEST_F(AdminTest, TheLogIsAnArray) {
  Fetch(Resolve("config.json"));
  hub_->WaitFor([](const auto& log) { return !log.empty() && log[0].done; });
  Json log = Json::parse(Fetch(AdminUrl("/requests")).body);
  ASSERT_THAT(log, SizeIs(1));
  EXPECT_EQ(log[0]["file"], "org/name/config.json");
  EXPECT_EQ(log[0]["bytes_sent"], 2);
  EXPECT_EQ(log[0]["port"], "hub");
}

TEST_F(AdminTest, SettingsReachTheHub) {
  EXPECT_EQ(Post("/access", R"({"repository": "org/name", "private": true, "tokens": ["t"]})").status, 200);
  EXPECT_EQ(Fetch(Resolve("config.json")).status, 401);
  EXPECT_EQ(Post("/tag", StrCat(R"({"repository": "org/name", "tag": "v1", "commit": ")", commit_, "\"}")).status, 200);
  EXPECT_EQ(hub_->Commit("org/name", "v1"), commit_);
  EXPECT_EQ(Post("/urls", R"({"uses": 0})").status, 200);
  std::string url = Fetch(Resolve("model.safetensors"), {.token = "t"}).headers["location"];
  EXPECT_EQ(Fetch(url).status, 403);
  EXPECT_EQ(Post("/limits", R"({"resolve": {"requests": 1, "seconds": 60}})").status, 200);
  EXPECT_EQ(Fetch(Resolve("config.json"), {.token = "t"}).status, 200);
  EXPECT_EQ(Fetch(Resolve("config.json"), {.token = "t"}).status, 429);
}

TEST_F(AdminTest, MistakesAreAnsweredWithWhatIsRight) {
  Answer unknown = Post("/fautls", "{}");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_THAT(unknown.body, HasSubstr("POST /faults"));
  EXPECT_THAT(Post("/faults", R"({"kind": "corupt"})").body, HasSubstr("did you mean"));
  EXPECT_THAT(Post("/publish", "{}").body, HasSubstr("folder"));
  EXPECT_EQ(Post("/publish", "{").status, 400);
  EXPECT_EQ(Post("/publish", R"({"repository": "org/x", "folder": "/none"})").status, 404);
}

}  // namespace
}  // namespace ballast::hub
