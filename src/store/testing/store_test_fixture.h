// A store in a directory of its own, for tests.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "base/check.h"
#include "base/testing/temp_dir.h"
#include "store/posix_file_system.h"
#include "store/store.h"
#include "store/testing/store_fixture.h"

namespace ballast {

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() { Reopen(); }

  Result<std::unique_ptr<Store>> Open() { return Store::Open(options_, files_, clock_); }
  void Reopen() {
    store_.reset();
    auto store = Open();
    BALLAST_CHECK(store.ok()) << store.status();
    store_ = std::move(*store);
  }
  std::string Path(const std::string& relative) const { return options_.root + "/" + relative; }
  std::string BlobPath(const std::string& content) const { return Path("blobs/sha256/" + Digest::Of(content).Hex()); }
  std::string Content(const std::string& path) { return ReadSmallFile(files_, path, 1 << 30).value(); }
  void Overwrite(const std::string& path, const std::string& content) {
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    std::ofstream(path, std::ios::trunc) << content;
  }

  TempDir dir_;
  PosixFileSystem files_;
  FakeClock clock_;
  StoreOptions options_{dir_.path() + "/cache", 0, 0, SmallPieces()};
  std::unique_ptr<Store> store_;
};

}  // namespace ballast
