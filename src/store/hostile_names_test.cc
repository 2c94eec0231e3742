// Manifests and origin records on the disk that name hostile paths: they make no model, and nothing is created for
// them.
#include "core/testing/hostile_names.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "base/strings.h"
#include "base/testing/temp_dir.h"
#include "store/posix_file_system.h"
#include "store/testing/store_fixture.h"

namespace ballast {
namespace {

namespace fs = std::filesystem;

class HostileStoreTest : public ::testing::Test {
 protected:
  void Open() {
    store_.reset();
    auto store = Store::Open({dir_.path() + "/cache", 0, 0, SmallPieces()}, files_, clock_);
    BALLAST_CHECK(store.ok()) << store.status();
    store_ = std::move(*store);
  }
  // What a hand, or a bug of an earlier version, may have left: all digests are right.
  Digest Plant(const std::string& manifest, const std::string& origin) const {
    const Digest id = Digest::Of(manifest);
    const std::string file = StrCat(dir_.path(), "/cache/manifests/", id.Hex());
    std::ofstream(file + ".json") << manifest;
    std::ofstream(file + ".origins.jsonl") << origin << "\n";
    return id;
  }
  // Of everything but the manifests.
  std::set<std::string> Listing() const {
    std::set<std::string> listing;
    for (const auto& entry : fs::recursive_directory_iterator(dir_.path())) {
      if (entry.path().parent_path().filename() != "manifests") listing.insert(entry.path());
    }
    return listing;
  }

  TempDir dir_;
  PosixFileSystem files_;
  FakeClock clock_;
  std::unique_ptr<Store> store_;
};

TEST_F(HostileStoreTest, AManifestWithAHostileNameIsNoModelAndNothingIsMadeOfIt) {
  Open();
  const Digest blob = AddBlob(store_->blobs(), "bytes").value();
  const auto manifest = [&](const std::string& name) {
    return StrCat("{\"files\":[{\"path\":\"", name, "\",\"sha256\":\"", blob.Hex(), "\",\"size\":5}],\"version\":1}");
  };
  const std::string origin = OriginOf({}).ToJson();
  std::vector<Digest> hostile;
  for (const HostileName& name : HostileNames()) hostile.push_back(Plant(manifest(name.name), origin));
  const Digest good = Plant(manifest("good"), origin);
  const std::set<std::string> before = Listing();
  Open();
  for (const Digest& id : hostile) {
    EXPECT_FALSE(store_->models().Find(id).has_value()) << id;
    for (const Layout layout : {Layout::kPlain, Layout::kHf, Layout::kHfRepo}) {
      EXPECT_FALSE(store_->views().Make(id, layout, "hf://org/name").ok()) << id;
    }
  }
  EXPECT_EQ(Listing(), before);
  EXPECT_EQ(store_->models().List().size(), 1U);
  const auto view = store_->views().Make(good, Layout::kPlain, "hf://org/name");  // what was planted is otherwise right
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_TRUE(fs::exists(StrCat(dir_.path(), "/cache/", *view, "/good")));
}

TEST_F(HostileStoreTest, AnOriginRecordWithAHostileNameIsNotBelieved) {
  Open();
  const Digest id = AddModel(*store_, {{"good", "bytes"}}).value();
  const std::set<std::string> before = Listing();
  const std::string manifest = ManifestOf({{"good", "bytes"}}).Canonical();
  std::set<std::string_view> tried;
  for (const HostileName& name : HostileNames()) {
    if (!IsUtf8(name.name) || !tried.insert(name.rule).second) continue;  // not UTF-8: written as another name
    OriginRecord origin = OriginOf({{"good", "bytes"}});
    origin.files[name.name] = {GitOid::OfBlob("x"), 130};
    Plant(manifest, origin.ToJson());
    Open();
    EXPECT_FALSE(store_->views().Make(id, Layout::kHf, "hf://org/name").ok()) << Quoted(name.name);
  }
  EXPECT_EQ(Listing(), before);
}

}  // namespace
}  // namespace ballast
