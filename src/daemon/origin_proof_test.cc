#include "daemon/origin_proof.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"
#include "origin/testing/fake_origin.h"
#include "store/posix_file_system.h"

namespace ballast {
namespace {

class OriginProofTest : public ::testing::Test {
 protected:
  OriginProofTest() {
    for (size_t i = 0; i < 1'000'000; ++i) content_.push_back(static_cast<char>(i * i % 251));
    store_ = Store::Open({.root = dir_.path() + "/cache"}, files_, clock_).value();
    BALLAST_CHECK(store_->blobs().Put(content_).ok());
  }
  Status Prove(const std::string& at_origin, uint64_t random = 500'000, const std::string& uri = "hf://org/a") {
    origin_.Put(uri, {{.path = "model.bin", .content = at_origin}});
    ResolvedModel model = origin_.Resolve(ModelRef::Parse(uri).value(), {}, {}).value();
    model.files[0].sha256 = Digest::Of(content_);
    model.files[0].size = content_.size();
    return ProveAtOrigin(origin_, model, model.files[0], store_->blobs(), random, {});
  }

  const TempDir dir_;
  RealClock clock_;
  PosixFileSystem files_;
  std::unique_ptr<Store> store_;
  std::string content_;
  FakeOrigin origin_;
};

TEST_F(OriginProofTest, AHubShowsARangeThatItCouldNotForesee) {
  EXPECT_EQ(Prove(content_), OkStatus());
  EXPECT_EQ(origin_.bytes_delivered(), 65536U);
}

TEST_F(OriginProofTest, OtherBytesAreNoProof) {
  std::string other = content_;
  for (char& c : other) c ^= 1;
  EXPECT_EQ(Prove(other).code(), StatusCode::kDataLoss);
}

TEST_F(OriginProofTest, ARefusalIsNoProof) {
  origin_.FailRead("", PermissionDenied("not yours"));
  EXPECT_EQ(Prove(content_).code(), StatusCode::kPermissionDenied);
}

}  // namespace
}  // namespace ballast
