#include "daemon/model_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"

namespace ballast {
namespace {

class ModelStatusTest : public ::testing::Test {
 protected:
  ModelStatusTest() : manifest_(Manifest::Make({{SafePath::Parse("w.bin").value(), Digest::Of("w"), 1}}).value()) {
    node_.models.push_back({.id = manifest_.Id(), .manifest = manifest_, .origins = {{.uri = "hf://org/stored"}}});
    JobSnapshot job{.request = {.ref = ModelRef::Parse("hf://org/coming@v1").value()}, .phase = JobPhase::kRunning};
    job.progress = {.step = "downloading",
                    .bytes_done = 5,
                    .bytes_total = 10,
                    .sources = {{.kind = SourceKind::kSameZone, .name = "n2", .zone = "a", .bytes = 4, .in_flight = 2}},
                    .manifest = Digest::Of("coming")};
    node_.jobs.push_back(job);
  }
  Result<std::vector<cache::v1::ModelTransfers>> Ask(const std::string& model) {
    return TransfersOf(node_, model, [](const Digest& id) {
      return ModelSwarmView{.coordinator = "of " + id.Hex().substr(0, 4),
                            .transfers = {{.receiver = "n1", .source = "n2", .path = "w.bin", .first = 3, .count = 2}},
                            .quarantined = {"n9"}};
    });
  }

  const Manifest manifest_;
  NodeView node_;
};

TEST_F(ModelStatusTest, ADownloadSaysWhomItHasBytesFrom) {
  for (const std::string& name :
       {std::string("hf://org/coming"), std::string("hf://org/coming@v1"), Digest::Of("coming").ToString()}) {
    const auto models = Ask(name).value();
    ASSERT_EQ(models.size(), 1U) << name;
    EXPECT_EQ(models[0].model(), "hf://org/coming@v1");
    EXPECT_EQ(models[0].phase(), "downloading");
    EXPECT_EQ(models[0].progress().bytes_done(), 5U);
    ASSERT_EQ(models[0].sources_size(), 1);
    EXPECT_EQ(models[0].sources(0).node(), "n2");
    EXPECT_TRUE(models[0].sources(0).same_zone());
    EXPECT_EQ(models[0].sources(0).in_flight(), 2U);
    EXPECT_EQ(models[0].coordinator(), "of " + Digest::Of("coming").Hex().substr(0, 4));
    ASSERT_EQ(models[0].transfers_size(), 1);
    EXPECT_EQ(models[0].transfers(0).receiver(), "n1");
    EXPECT_EQ(models[0].transfers(0).first_piece(), 3U);
    EXPECT_EQ(models[0].transfers(0).pieces(), 2U);
    ASSERT_EQ(models[0].quarantined_size(), 1);
    EXPECT_EQ(models[0].quarantined(0), "n9");
  }
}

TEST_F(ModelStatusTest, AStoredModelSaysWhoCoordinatesIt) {
  const auto models = Ask("hf://org/stored").value();
  ASSERT_EQ(models.size(), 1U);
  EXPECT_EQ(models[0].model(), "hf://org/stored");
  EXPECT_EQ(models[0].manifest(), manifest_.Id().ToString());
  EXPECT_EQ(models[0].phase(), "ready");
  EXPECT_FALSE(models[0].has_progress());
  EXPECT_EQ(models[0].coordinator(), "of " + manifest_.Id().Hex().substr(0, 4));
}

TEST_F(ModelStatusTest, PiecesThatFollowOneAnotherAreOneRunOfTheFileAsTheDownloadKnowsIt) {
  node_.jobs[0].progress.paths = std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"a", "b"});
  const auto moving = [](const char* receiver, const char* source, uint32_t file, uint32_t first) {
    return SwarmTransfer{.receiver = receiver, .source = source, .file = file, .first = first, .count = 1};
  };
  const auto models = TransfersOf(node_, "hf://org/coming", [&](const Digest&) {
                        return ModelSwarmView{.transfers = {moving("n2", "", 0, 4), moving("n1", "", 1, 9),
                                                            moving("n1", "", 1, 7), moving("n1", "", 1, 8),
                                                            moving("n1", "n2", 1, 10), moving("n1", "", 7, 10)}};
                      }).value();
  std::vector<std::string> seen;
  for (const auto& one : models[0].transfers())
    seen.push_back(
        StrCat(one.source(), ">", one.receiver(), " ", one.path(), " ", one.first_piece(), "+", one.pieces()));
  EXPECT_THAT(seen, ::testing::ElementsAre(">n1 b 7+3", ">n1  10+1", "n2>n1 b 10+1", ">n2 a 4+1"));
}

TEST_F(ModelStatusTest, WhatIsNotHereIsNotFound) {
  EXPECT_EQ(Ask("hf://org/other").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(Ask("hf://org/coming@v2").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(Ask("sha256:x").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Ask("").status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace ballast
