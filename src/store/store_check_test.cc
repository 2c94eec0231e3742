#include "store/store_check.h"

#include <gmock/gmock.h>

#include <random>

#include "store/store.h"
#include "store/testing/store_test_fixture.h"

namespace ballast {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;

auto Found(const std::string& invariant, const std::string& path) {
  return AllOf(Field(&Finding::invariant, invariant), Field(&Finding::path, path));
}

// A store as it should be: `count` blobs, some of two files, and a view that links to each.
struct Facts {
  BlobFacts blobs;
  ViewFacts view{.view = "views/v/data"};
};
Facts Whole(int count, uint32_t seed) {
  std::mt19937 random(seed);
  Facts facts;
  for (int i = 0; i < count; ++i) {
    const Digest digest = Digest::Of(std::to_string(random()));
    for (uint32_t copy = 0; copy <= random() % 2; ++copy) {
      FileInfo info{FileInfo::Type::kFile, 1 + random() % 9000, 4096 * (1 + random() % 3), 2, 0444, 0, 0, random()};
      const std::string folder = random() % 2 == 0 || copy > 0 ? "blobs/sha256/" : "pending/";
      facts.blobs.files.push_back({folder + digest.Hex() + (copy == 0 ? "" : ".1"), info});
      facts.blobs.accounted[digest] += info.allocated;
      facts.view.files.push_back({facts.view.view + "/file" + std::to_string(facts.view.files.size()), info});
    }
  }
  facts.view.files.push_back({"views/v/data/empty", {.type = FileInfo::Type::kFile, .mode = 0444, .inode = 1}});
  return facts;
}
std::vector<Finding> Check(const Facts& facts) {
  std::vector<Finding> findings = CheckBlobs(facts.blobs);
  for (const Finding& finding : CheckView(facts.view, InodesOf(facts.blobs))) findings.push_back(finding);
  return findings;
}

// Each kind of harm to any file of a whole store is found, with the file's path, and nothing else is.
TEST(StoreCheckTest, FindsEachHarmAndNothingElse) {
  for (uint32_t seed = 0; seed < 50; ++seed) {
    const Facts whole = Whole(1 + static_cast<int>(seed % 7), seed);
    ASSERT_THAT(Check(whole), IsEmpty()) << "seed " << seed;
    const size_t at = seed % (whole.view.files.size() - 1);
    const std::string path = whole.view.files[at].path;
    Facts harmed = whole;
    harmed.view.files[at].info.inode += 1;
    EXPECT_THAT(Check(harmed), ElementsAre(Found("view", path)));
    harmed = whole;
    harmed.view.files[at].info.type = FileInfo::Type::kOther;
    EXPECT_THAT(Check(harmed), ElementsAre(Found("view", path)));
    harmed = whole;
    harmed.view.files[at].info.mode = 0644;
    EXPECT_THAT(Check(harmed), ElementsAre(Found("view", path)));
    harmed = whole;
    harmed.blobs.files[at].info.mode = 0600;
    EXPECT_THAT(Check(harmed), ElementsAre(Found("blob", whole.blobs.files[at].path)));
    harmed = whole;
    harmed.blobs.accounted.begin()->second += 4097;
    ASSERT_EQ(Check(harmed).size(), 1U);
    EXPECT_EQ(Check(harmed)[0].invariant, "usage");
    harmed = whole;
    harmed.blobs.files.push_back({"blobs/sha256/note", {.type = FileInfo::Type::kFile, .mode = 0444}});
    EXPECT_THAT(Check(harmed), ElementsAre(Found("leftover", "blobs/sha256/note")));
  }
}

TEST(StoreCheckTest, EveryFindingSaysWhatToDo) {
  Facts harmed = Whole(2, 1);
  for (StoredFile& file : harmed.view.files) file.info.inode += 1;
  for (StoredFile& file : harmed.blobs.files) file.info.mode = 0;
  harmed.blobs.accounted.clear();
  harmed.view.known = false;
  std::vector<Finding> findings = Check(harmed);
  for (const Finding& finding : CheckLeftovers({{"tmp/x", {}}})) findings.push_back(finding);
  for (const Finding& finding : CheckLeases({{{.volume_id = "v", .view = "views/x/data"}}, {"leases/y"}, {}}))
    findings.push_back(finding);
  EXPECT_GE(findings.size(), 9U);
  for (const Finding& finding : findings) {
    EXPECT_NE(finding.path + finding.problem, "");
    EXPECT_NE(finding.remedy, "") << finding.problem;
  }
}

TEST(StoreCheckTest, AFileThatWasFoundDamagedIsSaidToBeSo) {
  const ViewFacts aside{.view = "views/early-a/data",
                        .aside = true,
                        .files = {{"views/early-a/data/f", {.type = FileInfo::Type::kFile, .size = 1, .mode = 0444}}}};
  const auto findings = CheckView(aside, {7});
  ASSERT_THAT(findings, ElementsAre(Found("view", "views/early-a/data/f")));
  EXPECT_THAT(findings[0].remedy, ::testing::HasSubstr("start the pods anew"));
}

TEST(StoreCheckTest, DownloadsHaveDataAndCountAsMuch) {
  EXPECT_THAT(CheckDownloads({{{"a", 8192}}, {{"a", 8192}}}), IsEmpty());
  EXPECT_THAT(CheckDownloads({{{"a", 8192}}, {}}), ElementsAre(Found("usage", "ingest/a")));
  EXPECT_THAT(CheckDownloads({{}, {{"a", 8192}}}), ElementsAre(Found("usage", "ingest/a")));
  EXPECT_THAT(CheckDownloads({{{"a", std::nullopt}}, {}}), ElementsAre(Found("leftover", "ingest/a")));
}

TEST(StoreCheckTest, ALeaseNamesAViewThatIsHere) {
  const Lease waiting{.volume_id = "v", .target_path = "/t"};
  Lease held = waiting;
  held.view = "views/x/data";
  EXPECT_THAT(CheckLeases({{waiting, held}, {}, {"views/x/data"}}), IsEmpty());
  EXPECT_THAT(CheckLeases({{waiting, held}, {}, {}}), ElementsAre(Found("lease", "/t")));
}

TEST(StoreCheckTest, OnlyWhatTwoLooksFindCounts) {
  const Finding a{"leftover", "tmp/a", "p", "r"};
  const Finding b{"leftover", "tmp/b", "p", "r"};
  EXPECT_THAT(Lasting({a}, {b}), IsEmpty());
  EXPECT_THAT(Lasting({a, b}, {b}), ElementsAre(b));
  Finding later = b;
  later.modified_ns = 1;
  EXPECT_THAT(Lasting({b}, {later}), IsEmpty()) << "written anew, under the same name";
}

TEST_F(StoreTest, AStoreIsAsItShouldBeAndHarmToItIsFound) {
  Store& store = *store_;
  const Digest id = AddModel(store, {{"weights", RandomContent(9000, 1)}, {"dir/config", "{}"}, {"empty", ""}}).value();
  const std::string view = store.views().Make(id, Layout::kHf, "hf://org/name").value();
  ASSERT_TRUE(store.blobs().OpenIngest(ExpectedOf(RandomContent(20'000, 2))).ok());  // and given up
  EXPECT_THAT(store.Check().value(), IsEmpty());

  const std::string file = view + "/models--org--name/snapshots/" + std::string(40, 'c') + "/weights";
  std::filesystem::remove(Path(file));
  std::ofstream(Path(file)) << "other bytes";
  std::ofstream(Path("tmp/view-x")) << "half";
  std::ofstream(Path("manifests/x.json.new")) << "half";
  std::ofstream(Path("resolutions.json.tmp")) << "half";
  EXPECT_THAT(store.Check().value(),
              ElementsAre(Found("view", file), Found("view", file), Found("leftover", "tmp/view-x"),
                          Found("leftover", "resolutions.json.tmp"), Found("leftover", "manifests/x.json.new")));
  Reopen();
  EXPECT_THAT(store_->Check().value(), ElementsAre(Found("view", file), Found("view", file)));
}

}  // namespace
}  // namespace ballast
