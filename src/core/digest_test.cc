#include "core/digest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unordered_set>

#include "core/hasher.h"

namespace ballast {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kAbcHex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(DigestTest, OfContentIsSha256) {
  EXPECT_EQ(Digest::Of("").Hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Digest::Of("abc").Hex(), kAbcHex);
  EXPECT_EQ(Digest::Of("abc").ToString(), "sha256:" + std::string(kAbcHex));
}

TEST(DigestTest, ReadsWhatItWrites) {
  EXPECT_EQ(Digest::FromHex(kAbcHex).value(), Digest::Of("abc"));
  EXPECT_EQ(Digest::Parse("sha256:" + std::string(kAbcHex)).value(), Digest::Of("abc"));
}

TEST(DigestTest, RefusesWhateverIsNot64LowerCaseHexDigits) {
  std::string upper(kAbcHex);
  upper[0] = 'B';
  for (const std::string& bad :
       {std::string(), std::string(63, 'a'), std::string(65, 'a'), std::string(63, 'a') + "g",
        std::string(63, 'a') + " ", std::string(64, '\0'), std::string("../") + std::string(61, 'a'), upper}) {
    EXPECT_EQ(Digest::FromHex(bad).status().code(), StatusCode::kInvalidArgument) << bad;
  }
}

TEST(DigestTest, RefusesOtherAlgorithmsAndQuotesThem) {
  EXPECT_FALSE(Digest::Parse(kAbcHex).ok());
  EXPECT_FALSE(Digest::Parse("SHA256:" + std::string(kAbcHex)).ok());
  EXPECT_THAT(Digest::Parse("md5:\x1b[31m").status().message(), HasSubstr(R"("md5:\x1b[31m")"));
}

TEST(DigestTest, IsAKeyOfHashedContainers) {
  const std::unordered_set<Digest> set = {Digest::Of("a"), Digest::Of("b"), Digest::Of("a")};
  EXPECT_EQ(set.size(), 2U);
}

TEST(GitOidTest, OfBlobIsWhatGitSays) {  // git hash-object
  EXPECT_EQ(GitOid::OfBlob("").Hex(), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
  EXPECT_EQ(GitOid::OfBlob("hello\n").Hex(), "ce013625030ba8dba906f756967f9e9ca394464a");
  EXPECT_EQ(GitOid::FromHex("ce013625030ba8dba906f756967f9e9ca394464a").value(), GitOid::OfBlob("hello\n"));
}

TEST(GitOidTest, RefusesWhateverIsNot40LowerCaseHexDigits) {
  EXPECT_FALSE(GitOid::FromHex("").ok());
  EXPECT_FALSE(GitOid::FromHex(std::string(40, 'F')).ok());
  EXPECT_FALSE(GitOid::FromHex(std::string(64, 'f')).ok());
}

TEST(HasherTest, PiecesGiveTheDigestOfTheWhole) {
  const std::string content(100'000, 'x');
  for (const size_t piece : {size_t{1}, size_t{63}, size_t{64}, size_t{65}, size_t{4096}, content.size()}) {
    Sha256Hasher sha256;
    GitBlobHasher git(content.size());
    for (size_t at = 0; at < content.size(); at += piece) {
      const auto bytes = std::as_bytes(std::span(content).subspan(at, std::min(piece, content.size() - at)));
      sha256.Update(bytes);
      git.Update(bytes);
    }
    EXPECT_EQ(sha256.Finish(), Digest::Of(content)) << piece;
    EXPECT_EQ(git.Finish(), GitOid::OfBlob(content)) << piece;
  }
}

TEST(HasherTest, CloneGoesOnByItself) {
  Sha256Hasher sha256;
  GitBlobHasher git(2);
  sha256.Update(std::as_bytes(std::span("a", 1)));
  git.Update(std::as_bytes(std::span("a", 1)));
  Sha256Hasher sha256_clone = sha256.Clone();
  GitBlobHasher git_clone = git.Clone();
  sha256.Update(std::as_bytes(std::span("b", 1)));
  sha256_clone.Update(std::as_bytes(std::span("c", 1)));
  git_clone.Update(std::as_bytes(std::span("c", 1)));
  EXPECT_EQ(sha256.Finish(), Digest::Of("ab"));
  EXPECT_EQ(sha256_clone.Finish(), Digest::Of("ac"));
  EXPECT_EQ(git_clone.Finish(), GitOid::OfBlob("ac"));
}

TEST(HasherTest, MovesWithItsState) {
  Sha256Hasher first;
  first.Update(std::as_bytes(std::span("ab", 2)));
  Sha256Hasher second = std::move(first);
  second.Update(std::as_bytes(std::span("c", 1)));
  EXPECT_EQ(second.Finish(), Digest::Of("abc"));
}

}  // namespace
}  // namespace ballast
