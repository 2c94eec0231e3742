#include "cli/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ballast::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint64_t kGiB = uint64_t{1} << 30;

TransferProgress HalfWay() {
  return {"hf://org/name", "downloading", 123 * kGiB / 10, 286 * kGiB / 10, 11 * kGiB / 10, 3, 9, ""};
}

TEST(RenderTest, ProgressSaysPercentBytesRateAndTime) {
  EXPECT_EQ(ProgressText(HalfWay()), "43% (12.3 of 28.6 GiB, 1.1 GiB/s, about 15 s)");
}

TEST(RenderTest, ProgressWithoutARateSaysNoTime) {
  TransferProgress p = HalfWay();
  p.bytes_per_second = 0;
  EXPECT_EQ(ProgressText(p), "43% (12.3 of 28.6 GiB)");
}

TEST(RenderTest, UnitsThatDifferAreBothNamed) {
  TransferProgress p = HalfWay();
  p.bytes_done = 900 << 10;
  p.bytes_per_second = 0;
  EXPECT_EQ(ProgressText(p), "0% (900 KiB of 28.6 GiB)");
}

TEST(RenderTest, AHundredPercentIsNeverRoundedUpTo) {
  TransferProgress p{"", "", 999'999, 1'000'000, 0, 0, 1, ""};
  EXPECT_EQ(ProgressText(p).substr(0, 3), "99%");
  p.bytes_done = 1'000'000;
  EXPECT_EQ(ProgressText(p).substr(0, 4), "100%");
}

TEST(RenderTest, WhatIsWaitedForIsSaid) {
  TransferProgress p = HalfWay();
  p.waiting_for = "hub answers 503; next try in 4.0 s";
  EXPECT_EQ(ProgressText(p), "43% (12.3 of 28.6 GiB), waiting: hub answers 503; next try in 4.0 s");
  EXPECT_EQ(ProgressText({"m", "resolving", 0, 0, 0, 0, 0, ""}), "resolving");
}

TEST(RenderTest, TheBarFitsTheTerminal) {
  EXPECT_EQ(ProgressBar(HalfWay(), 120), " 43% [##########..............] 12.3 of 28.6 GiB, 1.1 GiB/s, about 15 s");
  EXPECT_EQ(ProgressBar(HalfWay(), 40), " 43% [##########..............] 12.3 of ");
}

TEST(RenderTest, APullSaysWhatItDid) {
  const PulledDirectory p{"hf://org/name@main", "0e9e39f2aabb", "sha256:ab", "/models/name", 9, 4 * kGiB, 3 * kGiB, 1,
                          milliseconds(3000)};
  EXPECT_EQ(Text(p),
            "pulled hf://org/name@main (0e9e39f2) to /models/name\n"
            "  9 files, 4.0 GiB, every digest verified\n"
            "  3.0 GiB fetched in 3.0 s (1.0 GiB/s), 1 file was here\n");
  EXPECT_EQ(
      Json(p),
      "{\"bytes\":4294967296,\"bytes_fetched\":3221225472,\"commit\":\"0e9e39f2aabb\",\"dir\":\"/models/name\","
      "\"files\":9,\"files_found\":1,\"manifest\":\"sha256:ab\",\"model\":\"hf://org/name@main\",\"seconds\":3.0}\n");
}

std::vector<CachedModel> TwoModels() {
  CachedModel ready{"hf://org/name",
                    "0e9e39f2aabb",
                    {"main"},
                    "sha256:ab",
                    "ready",
                    4 * kGiB,
                    4 * kGiB,
                    3 * kGiB,
                    9,
                    {"llama", "base"},
                    2,
                    1000,
                    ""};
  CachedModel coming{"hf://org/other",
                     "",
                     {},
                     "",
                     "downloading",
                     2 * kGiB,
                     kGiB,
                     0,
                     0,
                     {},
                     0,
                     0,
                     "hub answers 503; next try in 4.0 s"};
  return {ready, coming};
}

TEST(RenderTest, ModelsAreATable) {
  EXPECT_EQ(Text(TwoModels(), WallTime(seconds(1000 + 7260))),
            "MODEL           REVISION  PHASE            SIZE     OWN DISK  MOUNTS  LAST USED      WANTED BY\n"
            "hf://org/name   0e9e39f2  ready            4.0 GiB  3.0 GiB   2       2 h 1 min ago  llama,base\n"
            "hf://org/other            downloading 50%  2.0 GiB  0 B       0       never          -\n"
            "hf://org/other: hub answers 503; next try in 4.0 s\n");
  EXPECT_EQ(Text(std::vector<CachedModel>{}, WallTime()), "no models here\n");
}

TEST(RenderTest, ModelsAsJsonHaveEveryField) {
  EXPECT_EQ(
      Json(std::vector<CachedModel>{TwoModels()[0]}),
      "{\"models\":[{\"allocated_bytes\":3221225472,\"bytes\":4294967296,\"bytes_here\":4294967296,"
      "\"commit\":\"0e9e39f2aabb\",\"files\":9,\"last_used_unix\":1000,\"manifest\":\"sha256:ab\",\"message\":\"\","
      "\"model\":\"hf://org/name\",\"mounts\":2,\"phase\":\"ready\",\"revisions\":[\"main\"],"
      "\"wanted_by\":[\"llama\",\"base\"]}]}\n");
}

TEST(RenderTest, StatusSaysDiskDownloadsAndProblems) {
  NodeStatus s{"0.1.0", "node-1",    "/var/lib/ballast", 4 * kGiB, kGiB, 100 * kGiB, 50 * kGiB, 200 * kGiB, 12, 1, 2,
               1000,    {HalfWay()}, {"the hub is down"}};
  EXPECT_EQ(Text(s, WallTime(seconds(1120))),
            "ballastd  0.1.0 on node-1, started 2 min ago\n"
            "cache     /var/lib/ballast\n"
            "models    1 model, 12 blobs, 2 leases\n"
            "used      4.0 GiB of a quota of 100 GiB, 1.0 GiB reserved for downloads\n"
            "disk      50.0 GiB free of 200 GiB\n"
            "hf://org/name: 43% (12.3 of 28.6 GiB, 1.1 GiB/s, about 15 s)\n"
            "problem: the hub is down\n");
}

TEST(RenderTest, TransfersSayWhoGivesWhomWhat) {
  ModelTransfers m{
      .model = "hf://org/name@main", .manifest = "sha256:ab", .phase = "downloading", .progress = HalfWay()};
  m.sources = {
      {"", "", false, kGiB, kGiB / 2, 1}, {"n2", "rack-a", true, 3 * kGiB, kGiB, 4}, {"n3", "", false, 5, 0, 0}};
  m.coordinator = "n1";
  m.transfers = {{"n1", "n2", "model.bin", 7, 1}, {"n2", "", "model.bin", 8, 4}, {"n3", "n1", "", 0, 1}};
  m.quarantined = {"n4"};
  EXPECT_EQ(Text(std::vector{m}),
            "hf://org/name@main: 43% (12.3 of 28.6 GiB, 1.1 GiB/s, about 15 s)\n"
            "  FROM     ZONE           BYTES    RATE       IN FLIGHT\n"
            "  the hub  -              1.0 GiB  512 MiB/s  1\n"
            "  n2       rack-a (ours)  3.0 GiB  1.0 GiB/s  4\n"
            "  n3       (other)        5 B      0 B/s      0\n"
            "  coordinated by n1\n"
            "  n2 -> n1: model.bin, piece 7\n"
            "  the hub -> n2: model.bin, pieces 8-11\n"
            "  n1 -> n3: piece 0\n"
            "  quarantined: n4 sent or attested wrong bytes; check its disk and memory\n");
  m.sources.resize(1);
  m.transfers.resize(1);
  m.progress.reset();
  EXPECT_EQ(Json(std::vector{m}),
            "{\"models\":[{\"coordinator\":\"n1\",\"manifest\":\"sha256:ab\",\"model\":\"hf://org/name@main\","
            "\"phase\":\"downloading\",\"progress\":null,\"quarantined\":[\"n4\"],\"sources\":[{\"bytes\":1073741824,"
            "\"bytes_per_second\":536870912,\"in_flight\":1,\"node\":\"\",\"same_zone\":false,\"zone\":\"\"}],"
            "\"transfers\":[{\"first_piece\":7,\"path\":\"model.bin\",\"pieces\":1,\"receiver\":\"n1\","
            "\"source\":\"n2\"}]}]}\n");
}

TEST(RenderTest, AReadyModelSaysWhereItCameFrom) {
  ReadyModel r{.model = "hf://org/name@main", .manifest = "sha256:ab", .bytes = kGiB, .files = 1, .dir = "/d"};
  EXPECT_THAT(Text(r), ::testing::HasSubstr(", all of it was here\n"));
  r.bytes_fetched = kGiB;
  EXPECT_THAT(Text(r), ::testing::HasSubstr(", 1.0 GiB fetched\n"));
  r.bytes_fetched = 0;
  r.bytes_from_peers = kGiB;
  EXPECT_THAT(Text(r), ::testing::HasSubstr(", from peers 1.0 GiB, from the hub 0 B\n"));
}

TEST(RenderTest, DamageIsNamedByPathDigestAndModel) {
  const VerifyReport report{12, 4 * kGiB, {{"sha256:ab", "has sha256:cd", {"hf://org/name"}, {"model.bin"}}}};
  EXPECT_EQ(Text(report, "the cache"),
            "damaged: model.bin has sha256:cd (of hf://org/name)\nthe cache: 12 checked, 4.0 GiB, 1 damaged\n");
  EXPECT_EQ(Text(VerifyReport{1, 5, {}}, "/m"), "/m: 1 checked, 5 B, all intact\n");
  EXPECT_EQ(Json(report),
            "{\"bytes\":4294967296,\"checked\":12,\"damage\":[{\"blob\":\"sha256:ab\",\"models\":[\"hf://org/name\"],"
            "\"paths\":[\"model.bin\"],\"problem\":\"has sha256:cd\"}],\"findings\":[]}\n");
}

TEST(RenderTest, ForeignBytesInAnErrorAreStillJson) {
  EXPECT_EQ(Json(NotFound("no \xff\"x\"")),
            "{\"error\":{\"code\":\"NOT_FOUND\",\"message\":\"no \xef\xbf\xbd\\\"x\\\"\"}}\n");
}

}  // namespace
}  // namespace ballast::cli
