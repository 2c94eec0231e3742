#include "origin/testing/hub_stand_in.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "base/testing/fake_clock.h"
#include "origin/testing/hub_digest.h"
#include "origin/testing/hub_test_client.h"

namespace ballast::hub {
namespace {

using ::testing::EndsWith;
using ::testing::SizeIs;
using ::testing::StartsWith;
using Json = nlohmann::json;

TEST_F(StandInTest, InfoNamesTheCommitAndTheFiles) {
  Start();
  PublishModel();
  Answer answer = Fetch(Url("/api/models/org/name"));
  ASSERT_EQ(answer.status, 200);
  Json info = Json::parse(answer.body);
  EXPECT_EQ(info["sha"], commit_);
  EXPECT_EQ(info["id"], "org/name");
  EXPECT_THAT(info["siblings"], SizeIs(3));
  EXPECT_THAT(commit_, SizeIs(40));
}

TEST_F(StandInTest, TreeHasTheHashesOfGitAndLfs) {
  Start();
  PublishModel();
  Json tree = Json::parse(Fetch(Url("/api/models/org/name/tree/main?recursive=true&expand=false")).body);
  ASSERT_THAT(tree, SizeIs(4));
  EXPECT_EQ(tree[0]["path"], "config.json");
  EXPECT_EQ(tree[0]["oid"], "9e26dfeeb6e641a33dae4961196235bdb965b21b");  // `printf '{}' | git hash-object --stdin`
  EXPECT_EQ(tree[1]["lfs"]["oid"], Sha256(weights_));
  EXPECT_EQ(tree[1]["oid"], GitSha1("blob", LfsPointer(Sha256(weights_), weights_.size())));
  EXPECT_EQ(tree[1]["lfs"]["pointerSize"], LfsPointer(Sha256(weights_), weights_.size()).size());
  EXPECT_EQ(tree[2]["type"], "directory");
  EXPECT_EQ(tree[3]["path"], "sub dir/na\xc3\xafve +#1.txt");
}

TEST_F(StandInTest, TreeComesInPagesByAnAbsoluteLink) {
  Start({.page_size = 2});
  PublishModel();
  Answer first = Fetch(Url("/api/models/org/name/tree/main?recursive=true"));
  EXPECT_THAT(Json::parse(first.body), SizeIs(2));
  std::string link = first.headers["link"];
  ASSERT_THAT(link, StartsWith("<" + hub_->endpoint() + "/api/models/org/name/tree/main?"));
  ASSERT_THAT(link, EndsWith(">; rel=\"next\""));
  Answer second = Fetch(link.substr(1, link.find('>') - 1));
  EXPECT_THAT(Json::parse(second.body), SizeIs(2));
  EXPECT_EQ(second.headers.count("link"), 0);
}

TEST_F(StandInTest, TreeOfAFolderHasItsDirectChildren) {
  Start();
  PublishModel();
  EXPECT_THAT(Json::parse(Fetch(Url("/api/models/org/name/tree/main")).body), SizeIs(3));
  Json below = Json::parse(Fetch(Url("/api/models/org/name/tree/main/sub%20dir")).body);
  ASSERT_THAT(below, SizeIs(1));
  Answer none = Fetch(Url("/api/models/org/name/tree/main/additional_chat_templates"));
  EXPECT_EQ(none.status, 404);
  EXPECT_EQ(none.headers["x-error-code"], "EntryNotFound");
}

TEST_F(StandInTest, PlainFilesComeStraightFromTheHub) {
  Start();
  PublishModel();
  Answer answer = Fetch(Resolve("sub%20dir/na%C3%AFve%20%2B%231.txt"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "hello");
  EXPECT_EQ(answer.headers["x-repo-commit"], commit_);
  EXPECT_EQ(answer.headers["etag"], "\"" + GitSha1("blob", "hello") + "\"");
}

TEST_F(StandInTest, LfsFilesComeFromTheCdn) {
  Start();
  PublishModel();
  Answer head = Fetch(Resolve("model.safetensors"), {.method = "HEAD"});
  EXPECT_EQ(head.status, 302);
  EXPECT_EQ(head.headers["x-linked-size"], "100000");
  EXPECT_EQ(head.headers["x-linked-etag"], "\"" + Sha256(weights_) + "\"");
  EXPECT_THAT(head.headers["location"], StartsWith(hub_->cdn_endpoint() + "/"));
  EXPECT_EQ(Fetch(Resolve("model.safetensors"), {.follow = true}).body, weights_);
}

TEST_F(StandInTest, RangesAreServedAndRefusedAsRfc9110Says) {
  Start();
  PublishModel();
  std::string url = Fetch(Resolve("model.safetensors")).headers["location"];
  Answer middle = Fetch(url, {.range = "1000-1999"});
  EXPECT_EQ(middle.status, 206);
  EXPECT_EQ(middle.body, weights_.substr(1000, 1000));
  EXPECT_EQ(middle.headers["content-range"], "bytes 1000-1999/100000");
  EXPECT_EQ(Fetch(url, {.range = "99990-"}).body, weights_.substr(99990));
  EXPECT_EQ(Fetch(url, {.range = "-10"}).body, weights_.substr(99990));
  EXPECT_EQ(Fetch(url, {.range = "99990-200000"}).headers["content-range"], "bytes 99990-99999/100000");
  Answer beyond = Fetch(url, {.range = "100000-"});
  EXPECT_EQ(beyond.status, 416);
  EXPECT_EQ(beyond.headers["content-range"], "bytes */100000");
  EXPECT_EQ(Fetch(url, {.range = "5-1"}).status, 200);
  EXPECT_EQ(Fetch(url, {.range = "0-0", .headers = {"If-Range: \"other\""}}).status, 200);
}

TEST_F(StandInTest, ErrorsCarryTheHubsCodes) {
  Start({.tokens = {"known"}});
  PublishModel();
  Answer unknown = Fetch(Url("/api/models/org/none"));
  EXPECT_EQ(unknown.status, 401);
  EXPECT_EQ(unknown.headers["x-error-code"], "RepoNotFound");
  EXPECT_EQ(Fetch(Url("/api/models/org/none"), {.token = "known"}).status, 404);
  EXPECT_EQ(Fetch(Url("/api/models/org/name"), {.token = "wrong"}).status, 401);
  Answer revision = Fetch(Url("/api/models/org/name/revision/nope"));
  EXPECT_EQ(revision.status, 404);
  EXPECT_EQ(revision.headers["x-error-code"], "RevisionNotFound");
  Answer entry = Fetch(Resolve("none.txt"), {.method = "HEAD"});
  EXPECT_EQ(entry.status, 404);
  EXPECT_EQ(entry.headers["x-error-code"], "EntryNotFound");
  EXPECT_EQ(entry.headers["x-repo-commit"], commit_);
}

TEST_F(StandInTest, GatedRepositoriesShowNamesAndKeepContent) {
  Start({.tokens = {"stranger"}});
  PublishModel();
  ASSERT_TRUE(hub_->SetAccess("org/name", {.gated = true, .tokens = {"friend"}}).ok());
  Json tree = Json::parse(Fetch(Url("/api/models/org/name/tree/main")).body);
  EXPECT_EQ(tree[1]["lfs"]["oid"], std::string(64, '*'));
  EXPECT_EQ(Fetch(Resolve("config.json")).status, 401);
  EXPECT_EQ(Fetch(Resolve("config.json")).headers["x-error-code"], "GatedRepo");
  EXPECT_EQ(Fetch(Resolve("config.json"), {.token = "stranger"}).status, 403);
  EXPECT_EQ(Fetch(Resolve("config.json"), {.token = "friend"}).body, "{}");
}

TEST_F(StandInTest, PrivateRepositoriesAreNotThereForStrangers) {
  Start({.tokens = {"stranger"}});
  PublishModel();
  ASSERT_TRUE(hub_->SetAccess("org/name", {.is_private = true, .tokens = {"friend"}}).ok());
  EXPECT_EQ(Fetch(Resolve("config.json")).status, 401);
  Answer stranger = Fetch(Resolve("config.json"), {.token = "stranger"});
  EXPECT_EQ(stranger.status, 404);
  EXPECT_EQ(stranger.headers["x-error-code"], "RepoNotFound");
  EXPECT_EQ(Fetch(Resolve("config.json"), {.token = "friend"}).body, "{}");
}

TEST_F(StandInTest, SignedUrlsExpireByTimeAndByUse) {
  FakeClock clock;
  Start({.url_lifetime = std::chrono::seconds(60), .clock = &clock});
  PublishModel();
  std::string url = Fetch(Resolve("model.safetensors")).headers["location"];
  EXPECT_EQ(Fetch(url).status, 200);
  EXPECT_EQ(Fetch(url + "x").status, 403);
  clock.Advance(std::chrono::seconds(60));
  EXPECT_EQ(Fetch(url).status, 403);
  hub_->SetUrlLifetime(std::chrono::seconds(60), 1);
  url = Fetch(Resolve("model.safetensors")).headers["location"];
  EXPECT_EQ(Fetch(url).status, 200);
  EXPECT_EQ(Fetch(url).status, 403);
}

TEST_F(StandInTest, ATokenThatReachesTheCdnIsRefusedAndLogged) {
  Start();
  PublishModel();
  std::string url = Fetch(Resolve("model.safetensors")).headers["location"];
  EXPECT_EQ(Fetch(url, {.token = "secret"}).status, 400);
  LoggedRequest last = hub_->requests().back();
  EXPECT_EQ(last.port, Port::kCdn);
  EXPECT_TRUE(last.authorization);
  EXPECT_EQ(last.token, "secret");
}

TEST_F(StandInTest, TheLogTellsWhatWasAskedAndSent) {
  Start();
  PublishModel();
  Fetch(Fetch(Resolve("model.safetensors")).headers["location"], {.range = "10-19"});
  hub_->WaitFor([](const auto& log) { return log.size() == 2 && log[1].done; });
  std::vector<LoggedRequest> log = hub_->requests();
  EXPECT_EQ(log[0].path, "/org/name/resolve/main/model.safetensors");
  EXPECT_EQ(log[0].status, 302);
  EXPECT_EQ(log[1].file, "org/name/model.safetensors");
  EXPECT_EQ(log[1].range, "bytes=10-19");
  EXPECT_EQ(log[1].first, 10);
  EXPECT_EQ(log[1].length, 10);
  EXPECT_EQ(log[1].bytes_sent, 10);
  EXPECT_EQ(log[1].host, hub_->cdn_endpoint().substr(7));
  hub_->ClearRequests();
  EXPECT_THAT(hub_->requests(), SizeIs(0));
}

TEST_F(StandInTest, BranchesMoveAndForcedOnesForget) {
  Start();
  PublishModel();
  auto second = hub_->Publish("org/name", {{.path = "config.json", .bytes = "{2}"}});
  ASSERT_TRUE(second.ok());
  EXPECT_NE(*second, commit_);
  EXPECT_EQ(Fetch(Resolve("config.json")).body, "{2}");
  EXPECT_EQ(Fetch(Url("/org/name/resolve/" + commit_ + "/config.json")).body, "{}");
  ASSERT_TRUE(hub_->ForcePush("org/name", {{.path = "config.json", .bytes = "{3}"}}).ok());
  EXPECT_EQ(Fetch(Url("/org/name/resolve/" + *second + "/config.json")).headers["x-error-code"], "RevisionNotFound");
}

TEST_F(StandInTest, MirrorsServeBelowTheirPrefix) {
  Start({.prefix = "/api/huggingfaceml/hf-remote", .page_size = 1});
  PublishModel();
  EXPECT_EQ(Fetch(Resolve("config.json")).body, "{}");
  Answer tree = Fetch(Url("/api/models/org/name/tree/main"));
  EXPECT_THAT(tree.headers["link"], StartsWith("<" + hub_->endpoint() + "/api/models/org/name/tree/main?"));
  EXPECT_EQ(Fetch(StrCat("http://127.0.0.1:", hub_->port(), "/api/models/org/name")).status, 404);
}

TEST_F(StandInTest, ServesOnIpv6) {
  Start({.address = "::1"});
  PublishModel();
  EXPECT_THAT(hub_->endpoint(), StartsWith("http://[::1]:"));
  EXPECT_EQ(Fetch(Resolve("model.safetensors"), {.follow = true}).body, weights_);
}

TEST_F(StandInTest, ClosesWhenTheClientAsksForIt) {
  Start();
  PublishModel();
  EXPECT_EQ(Fetch(Resolve("config.json"), {.headers = {"Connection: close"}}).headers["connection"], "close");
  EXPECT_EQ(Fetch(Resolve("config.json")).headers.count("connection"), 0);
}

TEST_F(StandInTest, PlainFilesMayComeByARelativeRedirect) {
  Start({.prefix = "/mirror", .resolve_cache = true});
  PublishModel();
  Answer first = Fetch(Resolve("sub%20dir/na%C3%AFve%20%2B%231.txt"));
  EXPECT_EQ(first.status, 307);
  EXPECT_THAT(first.headers["location"], StartsWith("/mirror/api/resolve-cache/models/org/name/" + commit_));
  EXPECT_EQ(first.headers["x-linked-size"], "5");
  EXPECT_EQ(Fetch(Resolve("sub%20dir/na%C3%AFve%20%2B%231.txt"), {.follow = true}).body, "hello");
}

TEST_F(StandInTest, RateLimitsAnnounceThemselves) {
  FakeClock clock;
  Start({.api_limit = {.requests = 2, .window = std::chrono::seconds(60)}, .clock = &clock});
  PublishModel();
  EXPECT_EQ(Fetch(Url("/api/models/org/name")).headers["ratelimit"], "\"api\";r=1;t=60");
  clock.Advance(std::chrono::seconds(5));
  EXPECT_EQ(Fetch(Url("/api/models/org/name")).status, 200);
  Answer over = Fetch(Url("/api/models/org/name"));
  EXPECT_EQ(over.status, 429);
  EXPECT_EQ(over.headers["retry-after"], "55");
  EXPECT_EQ(over.headers["ratelimit"], "\"api\";r=0;t=55");
  EXPECT_EQ(over.headers["ratelimit-policy"], "\"fixed window\";\"api\";q=2;w=60");
  clock.Advance(std::chrono::seconds(55));
  EXPECT_EQ(Fetch(Url("/api/models/org/name")).status, 200);
}

TEST_F(StandInTest, FoldersBecomeRepositoriesAndBranches) {
  std::filesystem::path root = std::filesystem::path(::testing::TempDir()) / StrCat("hub-root-", getpid());
  auto write = [&](const std::string& path, const std::string& bytes) {
    std::filesystem::create_directories((root / path).parent_path());
    std::ofstream(root / path) << bytes;
  };
  write("models/org/name/config.json", "{}");
  write("models/org/name/.hub.json", R"({"private": true, "tokens": ["t"], "tags": {"v1.0": "dev"}})");
  write("models/org/name@dev/config.json", "{dev}");
  write("datasets/org/data/train.csv", "a,b");
  Start({.root = root});
  EXPECT_EQ(Fetch(Resolve("config.json"), {.token = "t"}).body, "{}");
  EXPECT_EQ(Fetch(Url("/org/name/resolve/v1.0/config.json"), {.token = "t"}).body, "{dev}");
  EXPECT_EQ(Fetch(Url("/datasets/org/data/resolve/main/train.csv")).body, "a,b");
  EXPECT_EQ(Json::parse(Fetch(Url("/api/datasets/org/data")).body)["id"], "org/data");
  std::filesystem::remove_all(root);
}

TEST_F(StandInTest, PathsInfoTakesAForm) {
  Start();
  PublishModel();
  Answer answer =
      Fetch(Url("/api/models/org/name/paths-info/main"), {.form = "paths=config.json&paths=none&expand=false"});
  ASSERT_EQ(answer.status, 200);
  EXPECT_THAT(Json::parse(answer.body), SizeIs(1));
}

TEST_F(StandInTest, FilesLargerThanMemoryAreServedInRanges) {
  std::filesystem::path sparse = std::filesystem::path(::testing::TempDir()) / StrCat("hub-sparse-", getpid());
  std::ofstream(sparse).put('x');
  std::filesystem::resize_file(sparse, uint64_t{1} << 40);
  Start();
  ASSERT_TRUE(
      hub_->Publish("org/huge", {{.path = "a.bin", .source = sparse, .claimed_oid = std::string(64, 'a')}}).ok());
  Answer end = Fetch(Url("/org/huge/resolve/main/a.bin"), {.range = "1099511627770-", .follow = true});
  EXPECT_EQ(end.status, 206);
  EXPECT_EQ(end.body, std::string(6, '\0'));
  EXPECT_EQ(end.headers["content-range"], "bytes 1099511627770-1099511627775/1099511627776");
  std::filesystem::remove(sparse);
}

}  // namespace
}  // namespace ballast::hub
