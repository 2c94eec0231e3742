#include "store/view_plan.h"

#include <gmock/gmock.h>

#include <set>

#include "store/testing/store_fixture.h"

namespace ballast {
namespace {

using ::testing::ElementsAre;

const ModelFiles kModel = {{"config.json", "{}"}, {"sub/weights", "w"}};
const std::string kCommit(40, 'c');

OriginRecord HubOrigin() {
  OriginRecord origin = OriginOf(kModel);
  origin.files["sub/weights"].lfs_pointer_size = 130;
  return origin;
}

// "dir/", "file -> digest", "file = content", in order.
std::vector<std::string> Golden(const OriginRecord& origin, Layout layout) {
  const auto entries = PlanView(ManifestOf(kModel), origin, layout);
  BALLAST_CHECK(entries.ok()) << entries.status();
  std::vector<std::string> lines;
  for (const ViewEntry& entry : *entries) {
    if (entry.kind == ViewEntry::Kind::kDirectory) lines.push_back(entry.path + "/");
    if (entry.kind == ViewEntry::Kind::kBlob) lines.push_back(entry.path + " -> " + entry.blob.Hex().substr(0, 8));
    if (entry.kind == ViewEntry::Kind::kGenerated) lines.push_back(entry.path + " = " + entry.content);
  }
  return lines;
}

std::string Short(const std::string& content) { return Digest::Of(content).Hex().substr(0, 8); }

std::string TreeJson() {
  return "{\n \"files\": {\n  \"config.json\": {\n   \"blob_id\": \"" + GitOid::OfBlob("{}").Hex() +
         "\",\n   \"size\": 2\n  },\n  \"sub/weights\": {\n   \"blob_id\": \"" + GitOid::OfBlob("w").Hex() +
         "\",\n   \"lfs_sha256\": \"" + Digest::Of("w").Hex() +
         "\",\n   \"lfs_size\": 1,\n   \"size\": 1\n  }\n },\n \"format_version\": 1\n}";
}

TEST(ViewPlanTest, PlainIsTheFiles) {
  EXPECT_THAT(Golden(HubOrigin(), Layout::kPlain),
              ElementsAre("config.json -> " + Short("{}"), "sub/", "sub/weights -> " + Short("w")));
}

TEST(ViewPlanTest, HfRepoIsOneRepositoryOfTheHubsCache) {
  EXPECT_THAT(
      Golden(HubOrigin(), Layout::kHfRepo),
      ElementsAre("snapshots/", "snapshots/" + kCommit + "/", "snapshots/" + kCommit + "/config.json -> " + Short("{}"),
                  "snapshots/" + kCommit + "/sub/", "snapshots/" + kCommit + "/sub/weights -> " + Short("w"), "blobs/",
                  "refs/", "refs/main = " + kCommit, "refs/v1.0 = " + kCommit, "trees/",
                  "trees/" + kCommit + ".json = " + TreeJson()));
}

TEST(ViewPlanTest, HfIsTheHubsCache) {
  const auto repository = Golden(HubOrigin(), Layout::kHfRepo);
  std::vector<std::string> expected = {"models--org--name/"};
  for (const std::string& line : repository) {
    expected.push_back("models--org--name/" + line);
    if (line == "blobs/") expected.insert(expected.end(), {".locks/", ".locks/models--org--name/"});
  }
  EXPECT_EQ(Golden(HubOrigin(), Layout::kHf), expected);
}

TEST(ViewPlanTest, DataSetsHaveTheirOwnFolder) {
  OriginRecord origin = HubOrigin();
  origin.uri = "hf://datasets/org/name";
  EXPECT_EQ(ViewPrefix(origin, Layout::kHf).value(), "datasets--org--name/snapshots/" + kCommit + "/");
}

TEST(ViewPlanTest, ListingIsLeftOutWhereTheOriginSaidTooLittle) {
  OriginRecord origin = HubOrigin();
  origin.files["config.json"].git_oid.reset();
  for (const std::string& line : Golden(origin, Layout::kHfRepo)) EXPECT_FALSE(line.starts_with("trees")) << line;
}

TEST(ViewPlanTest, RefsAreFilesThatDoNotCollide) {
  OriginRecord origin = HubOrigin();
  origin.revisions = {"a", "a/b", "main/x", "refs/pr/1", kCommit};
  std::vector<std::string> refs;
  for (const std::string& line : Golden(origin, Layout::kHfRepo)) {
    if (line.starts_with("refs/") && line.find('=') != std::string::npos)
      refs.push_back(line.substr(0, line.find(' ')));
  }
  EXPECT_THAT(refs, ElementsAre("refs/a", "refs/main", "refs/refs/pr/1"));
}

TEST(ViewPlanTest, EveryDirectoryComesBeforeWhatIsInIt) {
  std::set<std::string> seen = {""};
  const auto entries = PlanView(ManifestOf(kModel), HubOrigin(), Layout::kHf).value();
  for (const ViewEntry& entry : entries) {
    const size_t slash = entry.path.rfind('/');
    EXPECT_TRUE(seen.contains(slash == std::string::npos ? "" : entry.path.substr(0, slash))) << entry.path;
    if (entry.kind != ViewEntry::Kind::kDirectory) continue;
    EXPECT_TRUE(seen.insert(entry.path).second) << entry.path;
  }
}

TEST(ViewPlanTest, IdChangesWithWhateverChangesTheView) {
  const Digest manifest = Digest::Of("m");
  const OriginRecord origin = HubOrigin();
  std::set<Digest> ids = {ViewId(manifest, origin, Layout::kHf), ViewId(manifest, origin, Layout::kHfRepo),
                          ViewId(manifest, origin, Layout::kPlain), ViewId(Digest::Of("n"), origin, Layout::kHf)};
  const auto with = [&](auto change) {
    OriginRecord changed = origin;
    change(changed);
    ids.insert(ViewId(manifest, changed, Layout::kHf));
    EXPECT_EQ(ViewId(manifest, changed, Layout::kPlain), ViewId(manifest, origin, Layout::kPlain));
  };
  with([](OriginRecord& r) { r.uri = "hf://org/other"; });
  with([](OriginRecord& r) { r.commit = std::string(40, 'd'); });
  with([](OriginRecord& r) { r.revisions.emplace_back("v2"); });
  with([](OriginRecord& r) { r.files["config.json"].git_oid = GitOid::OfBlob("other"); });
  EXPECT_EQ(ids.size(), 8);
}

}  // namespace
}  // namespace ballast
