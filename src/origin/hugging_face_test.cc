#include "origin/hugging_face.h"

#include <filesystem>
#include <fstream>

#include "base/strings.h"
#include "core/testing/hostile_names.h"
#include "origin/testing/hub_fixture.h"
#include "origin/testing/origin_conformance.h"

namespace ballast {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

struct HubUnderTest final : OriginUnderTest {
  explicit HubUnderTest(hub::Options options = {}) : hub(StartHub(std::move(options))) {}
  Origin& origin() override { return *hugging_face; }
  ModelRef ref() const override { return HubRef(); }
  ModelRef unknown_ref() const override { return HubRef("hf://org/other"); }
  std::map<std::string, std::string> content() const override {
    std::map<std::string, std::string> content;
    for (const auto& file : HubFiles()) content[file.path] = file.bytes;
    return content;
  }
  FakeClock clock;
  std::unique_ptr<hub::StandIn> hub;
  std::unique_ptr<HuggingFace> hugging_face = *HuggingFace::Make(HubOptions(*hub), clock);
};

std::unique_ptr<OriginUnderTest> MakeHub() { return std::make_unique<HubUnderTest>(); }
std::unique_ptr<OriginUnderTest> MakePagedMirror() {
  return std::make_unique<HubUnderTest>(
      hub::Options{.prefix = "/api/hf-remote", .page_size = 1, .resolve_cache = true});
}
INSTANTIATE_TEST_SUITE_P(Hub, OriginConformanceTest, testing::Values(&MakeHub));
INSTANTIATE_TEST_SUITE_P(PagedMirrorWithPrefix, OriginConformanceTest, testing::Values(&MakePagedMirror));

class HuggingFaceTest : public HubTest {
 protected:
  void SetUp() override { Start(); }

  // The token in a file that the origin reads.
  std::string WriteToken(const std::string& text) {
    std::string path = testing::TempDir() + "token." + std::to_string(getpid());
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
    return path;
  }
  void ConnectWithTokenFile(const std::string& path) {
    HuggingFaceOptions options = HubOptions(*hub_);
    options.token.file = path;
    Connect(std::move(options));
  }
};

TEST_F(HuggingFaceTest, PinsTheCommitAndSaysWhatTheHubKnows) {
  const auto model = Resolve();
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->commit, hub_->Commit("org/name"));
  const RemoteFile& weights = FileOf(*model, "model.safetensors");
  EXPECT_EQ(weights.sha256, Digest::Of(weights_));
  EXPECT_TRUE(weights.lfs_pointer_size.has_value());
  const RemoteFile& config = FileOf(*model, "config.json");
  EXPECT_EQ(config.git_oid, GitOid::OfBlob("{\"a\": 1}"));
  EXPECT_FALSE(config.sha256.has_value());
  EXPECT_THAT(hub_->requests(), SizeIs(2));  // the revision, the tree
}

TEST_F(HuggingFaceTest, ResolvesTagsCommitsPullRequestsAndDataSets) {
  const std::string first = hub_->Commit("org/name");
  ASSERT_TRUE(hub_->Publish("org/name", {{.path = "new", .bytes = "new"}}).ok());
  ASSERT_TRUE(hub_->Tag("org/name", "v1.0", first).ok());
  ASSERT_TRUE(hub_->Publish("org/name", {{.path = "pr", .bytes = "pr"}}, "refs/pr/1").ok());
  ASSERT_TRUE(hub_->Publish("datasets/org/data", {{.path = "rows", .bytes = "1"}}).ok());
  EXPECT_EQ(Resolve("hf://org/name@v1.0")->commit, first);
  EXPECT_EQ(Resolve("hf://org/name@" + first)->commit, first);
  EXPECT_EQ(Resolve("hf://org/name@refs/pr/1")->files[0].path.str(), "pr");
  const auto data = Resolve("hf://datasets/org/data");
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_TRUE(Read(*data, "rows", {0, 1}).ok());
  EXPECT_EQ(got_, "1");
}

TEST_F(HuggingFaceTest, ABranchThatMovesChangesNothingForWhatIsPinned) {
  const auto model = Resolve();
  ASSERT_TRUE(hub_->Publish("org/name", {{.path = "model.safetensors", .bytes = "short"}}).ok());
  EXPECT_TRUE(ReadWeights(*model).ok());
  EXPECT_TRUE(Got());
}

TEST_F(HuggingFaceTest, AForcePushedCommitIsNotFoundRatherThanMixed) {
  const auto model = Resolve();
  ASSERT_TRUE(hub_->ForcePush("org/name", {{.path = "model.safetensors", .bytes = TestBytes(300'001)}}).ok());
  const Status status = ReadWeights(*model);
  EXPECT_EQ(status.code(), StatusCode::kNotFound) << status;
  EXPECT_THAT(status.message(), HasSubstr("branch, tag or commit"));
  EXPECT_TRUE(got_.empty());
}

TEST_F(HuggingFaceTest, AsksTheHubOncePerFileForManyRanges) {
  const auto model = Resolve();
  hub_->ClearRequests();
  for (uint64_t begin = 0; begin < 300'000; begin += 50'000) {
    ASSERT_TRUE(ReadWeights(*model, {begin, begin + 50'000}).ok());
    ASSERT_TRUE(Got({begin, begin + 50'000}));
  }
  EXPECT_EQ(CountRequests(hub::Port::kHub), 1);
  EXPECT_EQ(CountRequests(hub::Port::kCdn), 6);
}

TEST_F(HuggingFaceTest, ReadersThatStartTogetherShareOneLookUp) {
  const auto model = Resolve();
  hub_->ClearRequests();
  {
    std::vector<std::jthread> readers;
    for (uint64_t i = 0; i < 6; ++i) {
      readers.emplace_back([&, i] {
        const auto sink = [](std::span<const std::byte>) { return OkStatus(); };
        const RemoteFile& file = FileOf(*model, "model.safetensors");
        EXPECT_TRUE(origin_->Read(*model, file, {i * 1000, 200'000}, sink, {}).ok());
      });
    }
  }
  EXPECT_EQ(CountRequests(hub::Port::kHub), 1);
}

TEST_F(HuggingFaceTest, AnExpiredLinkIsRenewedOnceWithoutAnError) {
  const auto model = Resolve();
  ASSERT_TRUE(ReadWeights(*model, {0, 10}).ok());
  hub_->ExpireUrls();
  hub_->ClearRequests();
  EXPECT_TRUE(ReadWeights(*model).ok());
  EXPECT_TRUE(Got());
  EXPECT_EQ(CountRequests(hub::Port::kHub), 1);
  EXPECT_EQ(CountRequests(hub::Port::kCdn), 2);
}

TEST_F(HuggingFaceTest, AFreshLinkThatIsRefusedIsAnErrorOfTheStorageNotOfTheToken) {
  const auto model = Resolve();
  hub_->AddFault({.kind = hub::FaultKind::kStatus, .port = hub::Port::kCdn, .times = -1, .status = 403});
  const Status status = ReadWeights(*model);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("storage"), HasSubstr("403"), Not(HasSubstr("token"))));
}

TEST_F(HuggingFaceTest, SignedLinksNeverReachAnErrorText) {
  const auto model = Resolve();
  hub_->AddFault({.kind = hub::FaultKind::kReset, .port = hub::Port::kCdn, .times = -1, .offset = 5000});
  EXPECT_THAT(ReadWeights(*model).message(), AllOf(HasSubstr("127.0.0.2"), Not(HasSubstr("?"))));
}

TEST_F(HuggingFaceTest, SaysWhichOfRepositoryRevisionAndFileIsMissing) {
  EXPECT_THAT(Refusal("hf://org/nope").ToString(),
              AllOf(HasSubstr("NOT_FOUND"), HasSubstr("hf://org/nope"), HasSubstr("tokenFile")));
  EXPECT_THAT(Refusal("hf://org/name@v9").ToString(),
              AllOf(HasSubstr("NOT_FOUND"), HasSubstr("branch, tag or commit")));
  auto model = *Resolve();
  model.files[0].path = *SafePath::Parse("gone.json");
  EXPECT_THAT(Read(model, "gone.json", {0, 8}).ToString(), AllOf(HasSubstr("NOT_FOUND"), HasSubstr("gone.json")));
}

TEST_F(HuggingFaceTest, AWrongEndpointIsToldFromAMissingModel) {
  HuggingFaceOptions options = HubOptions(*hub_);
  options.endpoint += "/wrong/prefix";
  Connect(std::move(options));
  EXPECT_THAT(Refusal().ToString(), AllOf(HasSubstr("NOT_FOUND"), HasSubstr("endpoint with its path prefix")));
}

TEST_F(HuggingFaceTest, AnEndpointThatIsNoHubSaysSo) {
  hub_->AddFault({.kind = hub::FaultKind::kBody, .text = "<html>Welcome</html>"});
  const Status status = Refusal();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("is the endpoint right?"));
}

TEST_F(HuggingFaceTest, AGatedModelNeedsAnAdmittedToken) {
  Start({.tokens = {"hf_other"}});
  ASSERT_TRUE(hub_->SetAccess("org/name", {.gated = true, .tokens = {"hf_good"}}).ok());
  const Status hidden = Refusal();
  EXPECT_EQ(hidden.code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(hidden.message(), AllOf(HasSubstr("hf://org/name is gated"), HasSubstr("tokenFile"),
                                      HasSubstr("accept its terms at " + hub_->endpoint() + "/org/name")));
  ConnectWithToken("hf_good");
  const auto model = Resolve();
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_TRUE(ReadWeights(*model).ok());

  ConnectWithToken("hf_other");
  const Status refused = ReadWeights(*model);
  EXPECT_EQ(refused.code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(refused.message(), AllOf(HasSubstr("accept its terms at " + hub_->endpoint() + "/org/name"),
                                       HasSubstr("HF_TOKEN"), HasSubstr("restricted"), Not(HasSubstr("hf_other"))));
}

TEST_F(HuggingFaceTest, AWrongTokenIsNamedByItsFileAndNeverShown) {
  hub_->AddFault({.kind = hub::FaultKind::kStatus, .times = -1, .status = 401});
  EXPECT_THAT(Refusal().ToString(), AllOf(HasSubstr("UNAUTHENTICATED"), HasSubstr("give origin hub a token")));
  const std::string path = WriteToken("hf_secret");
  ConnectWithTokenFile(path);
  EXPECT_THAT(Refusal().ToString(), AllOf(HasSubstr("UNAUTHENTICATED"), HasSubstr(path), Not(HasSubstr("hf_secret"))));
}

TEST_F(HuggingFaceTest, TheTokenFileIsReadEachTimeAndTrimmed) {
  ASSERT_TRUE(hub_->SetAccess("org/name", {.is_private = true, .tokens = {"hf_new"}}).ok());
  const std::string path = WriteToken("hf_old\n");
  ConnectWithTokenFile(path);
  EXPECT_EQ(Refusal().code(), StatusCode::kUnauthenticated);
  WriteToken("  hf_new \r\n");
  const auto model = Resolve();
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(hub_->requests().back().token, "hf_new");
  EXPECT_TRUE(ReadWeights(*model).ok());
}

TEST_F(HuggingFaceTest, ATokenFileThatIsUnusableIsAnErrorBeforeAnyRequest) {
  ConnectWithTokenFile(WriteToken("hf_one\nX-Evil: 1"));
  EXPECT_THAT(Refusal().message(), AllOf(HasSubstr("control byte"), Not(HasSubstr("hf_one"))));
  ConnectWithTokenFile("/nonexistent/token");
  EXPECT_THAT(Refusal().ToString(),
              AllOf(HasSubstr("FAILED_PRECONDITION"), HasSubstr("/nonexistent/token"), HasSubstr("name no tokenFile")));
  ConnectWithTokenFile(WriteToken(std::string(20'000, 'a')));
  EXPECT_THAT(Refusal().message(), HasSubstr("larger than 16.0 KiB"));
  EXPECT_THAT(hub_->requests(), SizeIs(0));
}

TEST_F(HuggingFaceTest, HostileNamesAreRefusedUnlessExcluded) {
  int listed = 0;
  for (const HostileName& hostile : HostileNames()) {
    // JSON can't carry it, or the stand-in would make a tree of it; TreeListingTest has them all.
    if (!IsUtf8(hostile.name) || hostile.name.size() > 2000) continue;
    ++listed;
    ASSERT_TRUE(hub_->Publish("org/evil", {{.path = hostile.name, .bytes = "x"}, {.path = "good", .bytes = "g"}}).ok());
    const Status status = Refusal("hf://org/evil");
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << Quoted(hostile.name);
    EXPECT_THAT(status.message(), AllOf(HasSubstr(hostile.rule), HasSubstr(Quoted(hostile.name))));
    EXPECT_EQ(status.message().find_first_of("\n\x1b"), std::string::npos) << Quoted(hostile.name);
    const auto rest = Resolve("hf://org/evil", {.include = {"good"}});
    ASSERT_TRUE(rest.ok()) << rest.status();
    EXPECT_THAT(rest->files, SizeIs(1));
  }
  EXPECT_GT(listed, 180);
}

TEST_F(HuggingFaceTest, AModelWithoutFilesIsAMistakeThatIsSaid) {
  ASSERT_TRUE(hub_->Publish("org/empty", {}).ok());
  EXPECT_THAT(Refusal("hf://org/empty").ToString(), AllOf(HasSubstr("NOT_FOUND"), HasSubstr("holds no file")));
  const Status typo = Resolve("hf://org/name", {.include = {"*.safetensor"}}).status();
  EXPECT_EQ(typo.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(typo.message(), AllOf(HasSubstr("hf://org/name"), HasSubstr("check the patterns")));
}

TEST_F(HuggingFaceTest, NamesThatCollideAreRefusedTogether) {
  ASSERT_TRUE(hub_->Publish("org/twins", {{.path = "Model", .bytes = "x"}, {.path = "model", .bytes = "y"}}).ok());
  EXPECT_THAT(Refusal("hf://org/twins").message(), AllOf(HasSubstr("\"Model\""), HasSubstr("\"model\"")));
  EXPECT_TRUE(Resolve("hf://org/twins", {.exclude = {"Model"}}).ok());
}

TEST_F(HuggingFaceTest, SizesThatAreNoneAreRefused) {
  for (const int64_t size : {int64_t{-1}, INT64_MIN}) {
    ASSERT_TRUE(hub_->Publish("org/sizes", {{.path = "a", .bytes = "x", .claimed_size = size}}).ok());
    EXPECT_EQ(Refusal("hf://org/sizes").code(), StatusCode::kInvalidArgument);
  }
  ASSERT_TRUE(hub_->Publish("org/sizes", {{.path = "a", .bytes = "x", .claimed_size = kMaxFileSize + 1}}).ok());
  EXPECT_THAT(Refusal("hf://org/sizes").message(), AllOf(HasSubstr("\"a\""), HasSubstr("1.0 PiB")));
  std::vector<hub::File> many;
  many.reserve(8193);
  for (int i = 0; i < 8193; ++i) {
    many.push_back({.path = "f" + std::to_string(i), .bytes = "x", .claimed_size = kMaxFileSize});
  }
  ASSERT_TRUE(hub_->Publish("org/sizes", many).ok());
  EXPECT_THAT(Refusal("hf://org/sizes").message(), HasSubstr("2^63"));
}

TEST_F(HuggingFaceTest, FollowsAThousandPagesAndNoForeignOne) {
  Start({.page_size = 3});
  std::vector<hub::File> many;
  many.reserve(1000);
  for (int i = 0; i < 1000; ++i) many.push_back({.path = "f" + std::to_string(i), .bytes = "x"});
  ASSERT_TRUE(hub_->Publish("org/many", many).ok());
  EXPECT_THAT(Resolve("hf://org/many")->files, SizeIs(1000));
  hub_->AddFault({.kind = hub::FaultKind::kSetHeaders,
                  .path = "*/tree/*",
                  .headers = {{"Link", "<http://127.0.0.3/api/next>; rel=\"next\""}}});
  const Status foreign = Refusal("hf://org/many");
  EXPECT_EQ(foreign.code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(foreign.message(), AllOf(HasSubstr("http://127.0.0.3"), HasSubstr("mirror")));
}

TEST_F(HuggingFaceTest, AListingThatNeverEndsIsGivenUp) {
  hub_->AddFault({.kind = hub::FaultKind::kSetHeaders,
                  .path = "*/tree/*",
                  .times = -1,
                  .headers = {{"Link", "<" + hub_->endpoint() + "/api/models/org/name/tree/main?x=1>; rel=\"next\""}}});
  EXPECT_EQ(Refusal().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace ballast
