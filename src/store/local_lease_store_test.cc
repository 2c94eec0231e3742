#include "store/local_lease_store.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/testing/temp_dir.h"
#include "store/posix_file_system.h"

namespace ballast {
namespace {

Lease Early(const std::string& volume) {
  return {.volume_id = volume, .target_path = "/t", .view = "views/early/data"};
}

class LocalLeaseStoreTest : public ::testing::Test {
 protected:
  LocalLeaseStoreTest() {
    std::filesystem::create_directories(paths_.Leases());
    store_ = LocalLeaseStore::Open(paths_, files_, "boot", [this](const Lease& lease, bool removed) {
               if (on_change_) on_change_(lease, removed);
             }).value();
    for (const char* volume : {"a", "b"}) EXPECT_TRUE(store_->Put(Early(volume)).ok());
  }

  // While the leases of a view change one after the other, all that were not changed yet are removed.
  void RemoveOthersAtTheFirstChange() {
    on_change_ = [this](const Lease& changed, bool removed) {
      if (removed) return;
      on_change_ = nullptr;
      const std::string other = changed.volume_id == "a" ? "b" : "a";
      EXPECT_TRUE(store_->Remove(other, "/t").ok());
    };
  }

  TempDir folder_;
  StorePaths paths_{folder_.path()};
  PosixFileSystem files_;
  std::function<void(const Lease&, bool)> on_change_;
  std::unique_ptr<LocalLeaseStore> store_;
};

TEST_F(LocalLeaseStoreTest, NamesItsModelInEachLeaseOfAView) {
  const Digest model = Digest::Of("model");
  ASSERT_TRUE(store_->NameModel("views/early/data", model).ok());
  for (const Lease& lease : store_->List()) EXPECT_EQ(lease.manifest, model);
  ASSERT_TRUE(store_->NameModel("views/early/data", Digest::Of("other")).ok());
  for (const Lease& lease : store_->List()) EXPECT_EQ(lease.manifest, model) << "a lease that names a model keeps it";
}

TEST_F(LocalLeaseStoreTest, ALeaseThatIsRemovedWhileItsViewIsNamedStaysAway) {
  RemoveOthersAtTheFirstChange();
  ASSERT_TRUE(store_->NameModel("views/early/data", Digest::Of("model")).ok());
  EXPECT_EQ(store_->List().size(), 1);
}

TEST_F(LocalLeaseStoreTest, ALeaseThatIsRemovedWhileItsViewMovesStaysAway) {
  RemoveOthersAtTheFirstChange();
  ASSERT_TRUE(store_->MoveTo("views/early/data", "views/aside/data").ok());
  const std::vector<Lease> left = store_->List();
  ASSERT_EQ(left.size(), 1);
  EXPECT_EQ(left.front().view, "views/aside/data");
}

}  // namespace
}  // namespace ballast
