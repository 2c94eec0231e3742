#include "identity/credential_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <thread>
#include <vector>

#include "base/testing/fake_clock.h"
#include "base/testing/temp_dir.h"
#include "identity/authority.h"
#include "identity/pem_file.h"

namespace ballast {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class CredentialFilesTest : public ::testing::Test {
 protected:
  void SetUp() override { Write(Issued("a"), temp_.path()); }

  Credentials Issued(const std::string& node) {
    const IssuedCertificate issued = ca_.Issue(PeerIdentity::Node(node).value(), clock_.Now()).value();
    return {ca_.CertificatePem().value(), issued.certificate, issued.key};
  }
  static void Write(const Credentials& credentials, const std::string& directory) {
    const CredentialPaths paths = PathsIn(directory);
    ASSERT_EQ(ReplacePemFile(paths.ca, credentials.ca, Secrecy::kPublic), OkStatus());
    ASSERT_EQ(ReplacePemFile(paths.certificate, credentials.certificate, Secrecy::kPublic), OkStatus());
    ASSERT_EQ(ReplacePemFile(paths.key, credentials.key, Secrecy::kPrivate), OkStatus());
  }
  static CredentialPaths PathsIn(const std::string& d) { return {d + "/ca.pem", d + "/a.pem", d + "/a.key"}; }

  TempDir temp_;
  FakeClock clock_;
  const CertificateAuthority ca_ = CertificateAuthority::Create(clock_.Now()).value();
  const CredentialPaths paths_ = PathsIn(temp_.path());
  CredentialFiles files_{paths_, clock_};
};

TEST_F(CredentialFilesTest, WhatDoesNotChangeStaysTheSameObject) {
  const auto first = files_.Refresh();
  ASSERT_EQ(first.problem, OkStatus());
  ASSERT_NE(first.credentials, nullptr);
  EXPECT_EQ(files_.Refresh().credentials, first.credentials);
  Write(*first.credentials, temp_.path());  // other files with the same bytes
  EXPECT_EQ(files_.Refresh().credentials, first.credentials);
}

TEST_F(CredentialFilesTest, AReplacedPairIsTaken) {
  const auto first = files_.Refresh();
  const Credentials next = Issued("a");
  Write(next, temp_.path());
  const auto second = files_.Refresh();
  EXPECT_EQ(second.problem, OkStatus());
  EXPECT_EQ(*second.credentials, next);
  EXPECT_NE(*first.credentials, next);
}

TEST_F(CredentialFilesTest, ADirectorySwappedAsTheKubeletDoesItIsTaken) {
  const std::string root = temp_.path() + "/secret";
  for (const char* name : {"/v1", "/v2"}) fs::create_directories(root + name);
  const Credentials first = Issued("a"), second = Issued("a");
  Write(first, root + "/v1");
  Write(second, root + "/v2");
  fs::create_directory_symlink("v1", root + "/..data");
  for (const char* name : {"ca.pem", "a.pem", "a.key"})
    fs::create_symlink(std::string("..data/") + name, root + "/" + name);
  CredentialFiles files(PathsIn(root), clock_);
  EXPECT_EQ(*files.Refresh().credentials, first);
  fs::create_directory_symlink("v2", root + "/..data_tmp");
  fs::rename(root + "/..data_tmp", root + "/..data");
  EXPECT_EQ(*files.Refresh().credentials, second);
}

TEST_F(CredentialFilesTest, TheLastGoodOneStaysWhileAPairIsReplacedByHalves) {
  const auto first = files_.Refresh();
  const Credentials next = Issued("a");
  ASSERT_EQ(ReplacePemFile(paths_.key, next.key, Secrecy::kPrivate), OkStatus());
  const auto half = files_.Refresh();
  EXPECT_EQ(half.credentials, first.credentials);
  EXPECT_THAT(half.problem.message(), AllOf(HasSubstr("loaded before stays in use"), HasSubstr("key is not the certif"),
                                            HasSubstr(paths_.certificate)));
  ASSERT_EQ(ReplacePemFile(paths_.certificate, next.certificate, Secrecy::kPublic), OkStatus());
  const auto whole = files_.Refresh();
  EXPECT_EQ(whole.problem, OkStatus());
  EXPECT_EQ(*whole.credentials, next);
}

TEST_F(CredentialFilesTest, AMissingFileIsNamedAndTakenOnceItComes) {
  fs::rename(paths_.key, paths_.key + ".away");
  const auto missing = files_.Refresh();
  EXPECT_EQ(missing.credentials, nullptr);
  EXPECT_EQ(missing.problem.code(), StatusCode::kNotFound);
  EXPECT_THAT(missing.problem.message(), HasSubstr(paths_.key));
  fs::rename(paths_.key + ".away", paths_.key);
  EXPECT_EQ(files_.Refresh().problem, OkStatus());
}

TEST_F(CredentialFilesTest, AKeyThatOthersCanReadIsRefusedUntilItIsClosed) {
  for (const mode_t mode : {0644, 0604, 0620, 0602, 0601}) {
    ASSERT_EQ(::chmod(paths_.key.c_str(), mode), 0);
    const auto open = CredentialFiles(paths_, clock_).Refresh();
    EXPECT_EQ(open.credentials, nullptr) << std::oct << mode;
    EXPECT_EQ(open.problem.code(), StatusCode::kPermissionDenied);
    EXPECT_THAT(open.problem.message(), HasSubstr("chmod go-w,o= " + paths_.key));
  }
  for (const mode_t mode : {0600, 0400, 0440, 0640}) {
    ASSERT_EQ(::chmod(paths_.key.c_str(), mode), 0);
    EXPECT_EQ(CredentialFiles(paths_, clock_).Refresh().problem, OkStatus()) << std::oct << mode;
  }
}

TEST_F(CredentialFilesTest, AnExpiredOneIsNeverTakenAndOneThatExpiresInUseIsSaid) {
  const auto first = files_.Refresh();
  clock_.Advance(kCertificateLifetime + std::chrono::hours(1));
  const auto late = files_.Refresh();
  EXPECT_EQ(late.credentials, first.credentials);
  EXPECT_THAT(late.problem.message(), HasSubstr("has expired"));
  EXPECT_EQ(CredentialFiles(paths_, clock_).Refresh().credentials, nullptr);
  Write(Issued("a"), temp_.path());
  EXPECT_EQ(files_.Refresh().problem, OkStatus());
}

TEST_F(CredentialFilesTest, WhatIsNoSmallRegularFileIsRefused) {
  ASSERT_EQ(ReplacePemFile(paths_.ca, std::string(2'000'000, 'x'), Secrecy::kPublic), OkStatus());
  EXPECT_THAT(files_.Refresh().problem.message(), HasSubstr("ca.pem is larger than 1.0 MiB"));
  fs::remove(paths_.ca);
  ASSERT_EQ(::mkfifo(paths_.ca.c_str(), 0600), 0);
  EXPECT_THAT(files_.Refresh().problem.message(), HasSubstr("ca.pem is not a regular file"));
}

// For ThreadSanitizer, and: whatever is taken is whole.
TEST_F(CredentialFilesTest, ThreadsRefreshWhileThePairIsReplaced) {
  const Credentials first = Issued("a"), second = Issued("a");
  Write(first, temp_.path());
  std::atomic<bool> done = false;
  std::vector<std::jthread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!done) {
        const auto refreshed = files_.Refresh();
        if (refreshed.credentials == nullptr) continue;
        EXPECT_TRUE(*refreshed.credentials == first || *refreshed.credentials == second);
      }
    });
  }
  for (int i = 0; i < 10; ++i) Write(i % 2 == 0 ? second : first, temp_.path());
  done = true;
  readers.clear();
  EXPECT_EQ(*files_.Refresh().credentials, first);
}

TEST(PemFileTest, APrivateFileIsItsOwnersAndCreatingReplacesNothing) {
  const TempDir temp;
  const std::string path = temp.path() + "/key";
  ASSERT_EQ(CreatePemFile(path, "one", Secrecy::kPrivate), OkStatus());
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600);
  EXPECT_EQ(CreatePemFile(path, "two", Secrecy::kPrivate).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(ReadPemFile(path, Secrecy::kPrivate).value(), "one");
  EXPECT_FALSE(fs::exists(path + ".tmp"));
}

}  // namespace
}  // namespace ballast
