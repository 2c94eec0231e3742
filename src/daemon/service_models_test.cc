// Caches of the manifests folder; list, remove, verify, status.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "daemon/testing/service_fixture.h"

namespace ballast {
namespace {

namespace fs = std::filesystem;
namespace v1 = cache::v1;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ModelsTest : public ServiceFixture {};

TEST_F(ModelsTest, RemoveSaysWhoUsesOrWantsTheModel) {
  WriteCache("llama", "source: {uri: \"hf://org/a\"}, nodes: {}");
  Start();
  WaitUntil([&] { return !List().empty() && List()[0].phase() == "ready"; });
  grpc::Status refused = Remove("hf://org/a");
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(refused.error_message(), HasSubstr("wanted on this node by cache llama"));
  ASSERT_TRUE(Prepare(Volume("hf://org/a", "v1")).status.ok());
  fs::remove(root_ / "caches/llama.yaml");
  WaitUntil([&] { return List()[0].wanted_by().empty(); });
  EXPECT_EQ(List()[0].phase(), "ready");  // letting go deletes nothing
  refused = Remove("hf://org/a");
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(refused.error_message(), HasSubstr("is mounted in pod \"team/v1\""));
  ASSERT_TRUE(Release("v1").ok());
  v1::RemoveResponse response;
  EXPECT_TRUE(Remove("hf://org/a", &response).ok());
  EXPECT_GE(response.freed_bytes(), weights_.size());
  EXPECT_THAT(List(), IsEmpty());
  EXPECT_EQ(Remove("hf://org/a").error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(ModelsTest, AnAutomaticCacheMovesOnceTheNewRevisionIsHere) {
  jobs_.times.poll = std::chrono::milliseconds(1);
  WriteCache("llama", "source: {uri: \"hf://org/a\"}, nodes: {}, updatePolicy: {type: Automatic}");
  Start();
  WaitUntil([&] { return !List().empty() && List()[0].phase() == "ready"; });
  const std::string next = origin_.Put("hf://org/a", {{.path = "model.safetensors", .content = Weights(kMiB, 9)}});
  v1::PrepareRequest request = Volume("", "v1");
  request.set_cluster_cache("llama");
  WaitUntil([&] { return Prepare(request).ready.commit() == next; });
}

TEST_F(ModelsTest, VerifyFindsADamagedBlobAndSaysWhoseItIs) {
  Start();
  ASSERT_TRUE(Prepare(Pull("hf://org/a")).status.ok());
  EXPECT_THAT(Verify("").damage(), IsEmpty());
  const fs::path blob = fs::path(config_.cache.dir) / "blobs/sha256" / Digest::Of(weights_).Hex();
  ASSERT_EQ(::chmod(blob.c_str(), 0644), 0);
  std::fstream(blob, std::ios::in | std::ios::out | std::ios::binary).write("damage", 6);
  const v1::VerifyUpdate update = Verify("hf://org/a");
  EXPECT_TRUE(update.done());
  EXPECT_EQ(update.blobs_total(), 2U);
  ASSERT_EQ(update.damage_size(), 1);
  EXPECT_EQ(update.damage(0).blob(), Digest::Of(weights_).ToString());
  EXPECT_THAT(update.damage(0).paths(), ElementsAre("model.safetensors"));
  EXPECT_THAT(update.damage(0).models(), ElementsAre("hf://org/a"));
}

TEST_F(ModelsTest, AModelIsReadIntoMemory) {
  Start();
  ASSERT_TRUE(Prepare(Pull("hf://org/a")).status.ok());
  v1::WarmUpdate last;
  ASSERT_TRUE(Warm("hf://org/a", &last).ok());
  EXPECT_TRUE(last.done());
  EXPECT_GE(last.bytes_total(), weights_.size());
  EXPECT_EQ(last.held_bytes(), last.bytes_total()) << last.limited_by();
  EXPECT_EQ(Warm("hf://org/b", &last).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(ModelsTest, ADeepVerifyNamesWhatIsNotAsItShouldBe) {
  Start();
  ASSERT_TRUE(Prepare(Pull("hf://org/a")).status.ok());
  EXPECT_THAT(Verify("", true).findings(), IsEmpty());
  std::ofstream(fs::path(config_.cache.dir) / "blobs/sha256/note") << "x";
  EXPECT_THAT(Verify("").findings(), IsEmpty());
  const v1::VerifyUpdate update = Verify("", true);
  EXPECT_TRUE(update.done());
  EXPECT_THAT(update.damage(), IsEmpty());
  ASSERT_EQ(update.findings_size(), 1);
  EXPECT_EQ(update.findings(0).invariant(), "leftover");
  EXPECT_EQ(update.findings(0).path(), "blobs/sha256/note");
  EXPECT_NE(update.findings(0).remedy(), "");
}

TEST_F(ModelsTest, ABadManifestIsAProblemInStatusAndTheGoodOnesCount) {
  WriteCache("llama", "source: {uri: \"hf://org/a\"}, nodes: {}");
  WriteCache("typo", "sorce: {uri: \"hf://org/a\"}");
  Start();
  WaitUntil([&] { return !List().empty() && List()[0].phase() == "ready"; });
  const v1::StatusResponse status = GetStatus();
  EXPECT_THAT(status.problems(), Contains(HasSubstr("typo.yaml")));
  EXPECT_EQ(status.models(), 1U);
  EXPECT_EQ(status.version(), "1.2.3");
}

TEST_F(ModelsTest, WhatFailedIsOneProblemAndNotInProgress) {
  jobs_.backoff = {.initial = std::chrono::hours(1), .max = std::chrono::hours(1)};
  WriteCache("one", "source: {uri: \"hf://org/none\"}, nodes: {}");
  Start();
  WaitUntil([&] { return !GetStatus().problems().empty(); });
  EXPECT_EQ(Prepare(Pull("hf://org/none")).status.error_code(), grpc::StatusCode::NOT_FOUND);
  const v1::StatusResponse status = GetStatus();
  EXPECT_THAT(status.problems(), ElementsAre(HasSubstr("hf://org/none")));
  EXPECT_THAT(status.models_in_progress(), SizeIs(0));
}

TEST_F(ModelsTest, AWantedCacheThatFailsIsTriedAgainAndShown) {
  WriteCache("later", "source: {uri: \"hf://org/later\"}, nodes: {}");
  Start();
  v1::Model failed;  // as it was then: the next try is not far
  WaitUntil([&] {
    const auto models = List();
    if (!models.empty()) failed = models[0];
    return failed.phase() == "failed" && !GetStatus().problems().empty();
  });
  EXPECT_THAT(failed.wanted_by(), ElementsAre("later"));
  EXPECT_THAT(failed.message(), HasSubstr("hf://org/later"));
  origin_.Put("hf://org/later", {{.path = "w.bin", .content = "now"}});
  WaitUntil([&] { return List()[0].phase() == "ready"; });
}

}  // namespace
}  // namespace ballast
