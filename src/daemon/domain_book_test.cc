#include "daemon/domain_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/small_file.h"
#include "base/testing/temp_dir.h"

namespace ballast {
namespace {

using ::testing::ElementsAre;

const Digest kOne = Digest::Of("one");
const Digest kTwo = Digest::Of("two");

Manifest Of(const std::vector<Digest>& blobs) {
  std::vector<ManifestFile> files;
  for (const Digest& blob : blobs) files.push_back({SafePath::Parse(blob.Hex()).value(), blob, 3});
  return Manifest::Make(std::move(files)).value();
}

class DomainBookTest : public ::testing::Test {
 protected:
  void Open() { book_ = DomainBook::Open(dir_.path() + "/domains.json").value(); }

  const TempDir dir_;
  std::unique_ptr<DomainBook> book_ = DomainBook::Open(dir_.path() + "/domains.json").value();
};

TEST_F(DomainBookTest, ADomainHasAModelOnceAllOfItIsProvenAlsoAfterARestart) {
  ASSERT_TRUE(book_->Begin({kOne, kTwo}, "a").ok());
  ASSERT_TRUE(book_->Prove({kOne}, "a").ok());
  EXPECT_FALSE(book_->Has(Of({kOne, kTwo}), "a"));
  ASSERT_TRUE(book_->Prove({kTwo}, "a").ok());
  Open();
  EXPECT_TRUE(book_->Has(Of({kOne, kTwo}), "a"));
  EXPECT_FALSE(book_->Has(Of({kOne, kTwo}), ""));
  EXPECT_THAT(book_->DomainsOf(Of({kOne, kTwo})), ElementsAre("a"));
}

TEST_F(DomainBookTest, WhatAnotherDomainBeganOrProvedIsContested) {
  ASSERT_TRUE(book_->Begin({kOne}, "a").ok());
  EXPECT_FALSE(book_->IsContested(kOne, "a")) << "nobody else was at it";
  ASSERT_TRUE(book_->Begin({kOne}, "b").ok());
  Open();
  EXPECT_TRUE(book_->IsContested(kOne, "a"));
  EXPECT_TRUE(book_->IsContested(kOne, "b"));
  ASSERT_TRUE(book_->Prove({kOne}, "b").ok());
  EXPECT_TRUE(book_->IsContested(kOne, "a"));
  EXPECT_FALSE(book_->IsContested(kOne, "b"));
  ASSERT_TRUE(book_->Prove({kOne}, "a").ok());
  EXPECT_FALSE(book_->IsContested(kOne, "a"));
  EXPECT_FALSE(book_->IsContested(kTwo, "a"));
}

TEST_F(DomainBookTest, ACopyThatIsGoneProvesNothing) {
  ASSERT_TRUE(book_->Prove({kOne}, "a").ok());
  ASSERT_TRUE(book_->Begin({kOne}, "b").ok());
  EXPECT_FALSE(book_->HasBlob(kOne, "a"));
}

TEST_F(DomainBookTest, ACopyThatCameSinceSomebodyLookedIsNotTheirs) {
  ASSERT_TRUE(book_->Begin({kOne}, "a").ok());
  ASSERT_TRUE(book_->Prove({kOne}, "a").ok());
  ASSERT_TRUE(book_->Begin({kOne}, "b").ok());  // saw that it was absent, before "a" had it
  EXPECT_TRUE(book_->IsContested(kOne, "b"));
}

TEST_F(DomainBookTest, ADamagedFileIsPutAsideAndNothingIsProven) {
  ASSERT_TRUE(book_->Prove({kOne}, "a").ok());
  ASSERT_TRUE(ReplaceSmallFile(dir_.path() + "/domains.json", "{").ok());
  Open();
  EXPECT_FALSE(book_->HasBlob(kOne, "a"));
  EXPECT_TRUE(std::filesystem::exists(dir_.path() + "/domains.json.damaged"));
}

TEST(SwarmManifestTest, EachDomainHasASwarmOfItsOwn) {
  const Manifest manifest = Of({kOne, kTwo});
  EXPECT_EQ(SwarmManifest(manifest, "")->Id(), manifest.Id());
  const Manifest a = SwarmManifest(manifest, "a").value();
  EXPECT_NE(a.Id(), manifest.Id());
  EXPECT_NE(a.Id(), SwarmManifest(manifest, "b")->Id());
  EXPECT_EQ(a.TotalBytes(), manifest.TotalBytes());
  EXPECT_EQ(a.files().size(), 3U);
}

TEST(DomainsJsonTest, WhatIsWrittenIsReadAndNothingElse) {
  const DomainMap domains = {{kOne, {.proven = {"", "team/12345678"}, .begun = {"x"}}}};
  EXPECT_EQ(DomainsFromJson(DomainsToJson(domains)).value(), domains);
  for (const char* wrong : {"", "[]", "{\"version\":2,\"blobs\":{}}", "{\"version\":1,\"blobs\":{\"x\":{}}}"})
    EXPECT_FALSE(DomainsFromJson(wrong).ok()) << wrong;
}

}  // namespace
}  // namespace ballast
