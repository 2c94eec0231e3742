// `ballast certs` as a person runs it, on real files.
#include "cli/certs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/strings.h"
#include "base/testing/fake_clock.h"
#include "base/testing/temp_dir.h"
#include "cli/cli.h"
#include "cli/exit_code.h"
#include "identity/credential_files.h"

namespace ballast::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

class CertsTest : public ::testing::Test {
 protected:
  struct Outcome {
    int code;
    std::string out;
    std::string err;
  };

  Outcome Do(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "certs");
    std::ostringstream out, err;
    const int code = cli::Run(arguments, {out, err, false, 80, [](const std::string&) { return ""; }, clock_});
    return {code, out.str(), err.str()};
  }
  Outcome Init() { return Do({"init", "--dir", dir_}); }
  Outcome Issue(const std::string& node) { return Do({"issue", "--dir", dir_, "--node", node}); }
  // As a daemon would take them.
  Result<CredentialFacts> Facts(const std::string& directory, const std::string& node) {
    CredentialFiles files({dir_ + "/ca.pem", directory + "/" + node + ".pem", directory + "/" + node + ".key"}, clock_);
    const auto refreshed = files.Refresh();
    if (!refreshed.problem.ok()) return refreshed.problem;
    return Check(*refreshed.credentials, clock_.Now());
  }
  static mode_t ModeOf(const std::string& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 07777;
  }

  TempDir temp_;
  std::string dir_ = temp_.path() + "/pki";
  FakeClock clock_;
};

TEST_F(CertsTest, ACaAndACertificateThatADaemonTakes) {
  const Outcome made = Init();
  ASSERT_EQ(made.code, kOk) << made.err;
  EXPECT_THAT(made.out, AllOf(HasSubstr(dir_ + "/ca.pem"), HasSubstr("valid until 2033-11-11")));
  const Outcome issued = Issue("node-1");
  ASSERT_EQ(issued.code, kOk) << issued.err;
  EXPECT_THAT(issued.out, AllOf(HasSubstr(dir_ + "/node-1.pem"), HasSubstr("valid until 2023-12-14")));
  const auto facts = Facts(dir_, "node-1");
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_EQ(facts->identity, PeerIdentity::Node("node-1").value());
  EXPECT_EQ(ModeOf(dir_ + "/ca.key"), 0600);
  EXPECT_EQ(ModeOf(dir_ + "/node-1.key"), 0600);
}

TEST_F(CertsTest, JsonNamesTheFilesAndWhenTheyEnd) {
  const json made = json::parse(Do({"init", "--dir", dir_, "--output", "json"}).out);
  EXPECT_EQ(made["key"], dir_ + "/ca.key");
  const std::string out = temp_.path() + "/for/a";
  const Outcome outcome = Do({"issue", "--dir", dir_, "--node", "a", "--days", "7", "--out", out, "--output", "json"});
  ASSERT_EQ(outcome.code, kOk) << outcome.err;
  const json issued = json::parse(outcome.out);
  EXPECT_EQ(issued["certificate"], out + "/a.pem");
  EXPECT_EQ(issued["ca"], dir_ + "/ca.pem");
  EXPECT_EQ(issued["not_after_unix"], 1'700'000'000 + 7 * 86400);
  EXPECT_TRUE(Facts(out, "a").ok());
}

TEST_F(CertsTest, ACaIsNeverReplaced) {
  ASSERT_EQ(Init().code, kOk);
  const std::string key = dir_ + "/ca.key";
  const auto written = fs::last_write_time(key);
  const Outcome again = Init();
  EXPECT_EQ(again.code, kRefused);
  EXPECT_THAT(again.err, AllOf(HasSubstr("ca.pem is there already"), HasSubstr("--dir")));
  fs::remove(dir_ + "/ca.pem");
  EXPECT_THAT(Init().err, HasSubstr("ca.key is there already"));
  EXPECT_EQ(fs::last_write_time(key), written);
}

TEST_F(CertsTest, ANodeCalledCaDoesNotReplaceTheCa) {
  ASSERT_EQ(Init().code, kOk);
  const Outcome issued = Issue("ca");
  EXPECT_EQ(issued.code, kRefused);
  EXPECT_THAT(issued.err, HasSubstr("name another --out"));
  EXPECT_EQ(Issue("a").code, kOk);
  EXPECT_EQ(Do({"issue", "--dir", dir_, "--node", "ca", "--out", temp_.path() + "/out"}).code, kOk);
}

TEST_F(CertsTest, TheOperatorHasOneOfItsOwn) {
  ASSERT_EQ(Init().code, kOk);
  const Outcome issued = Do({"issue", "--dir", dir_, "--operator"});
  ASSERT_EQ(issued.code, kOk) << issued.err;
  EXPECT_THAT(issued.out, HasSubstr("issued a certificate for the operator"));
  EXPECT_EQ(Facts(dir_, "operator").value().identity, PeerIdentity::Operator());
  EXPECT_THAT(Issue("operator").err, AllOf(HasSubstr("certificate of the operator"), HasSubstr("name another --out")));
  EXPECT_EQ(Facts(dir_, "operator").value().identity, PeerIdentity::Operator());
  const std::string json_out = Do({"issue", "--dir", dir_, "--operator", "--output", "json"}).out;
  EXPECT_EQ(json::parse(json_out)["operator"], true);
}

TEST_F(CertsTest, IssuingAgainRenews) {
  ASSERT_EQ(Init().code, kOk);
  ASSERT_EQ(Issue("a").code, kOk);
  clock_.Advance(std::chrono::hours(24 * 31));
  EXPECT_THAT(Facts(dir_, "a").status().message(), HasSubstr("has expired"));
  ASSERT_EQ(Issue("a").code, kOk);
  EXPECT_TRUE(Facts(dir_, "a").ok());
}

TEST_F(CertsTest, MistakesSayWhatToDo) {
  EXPECT_EQ(Issue("a").code, kNotFound);
  EXPECT_THAT(Issue("a").err, HasSubstr("ballast certs init --dir " + dir_));
  ASSERT_EQ(Init().code, kOk);
  EXPECT_EQ(Issue("../a").code, kUsage);
  EXPECT_THAT(Issue("Node_1").err, HasSubstr("\"Node_1\" is not a node name"));
  ASSERT_EQ(::chmod((dir_ + "/ca.key").c_str(), 0644), 0);
  EXPECT_EQ(Issue("a").code, kNotAdmitted);
  EXPECT_THAT(Issue("a").err, HasSubstr("chmod go-w,o= "));
  ASSERT_EQ(::chmod((dir_ + "/ca.key").c_str(), 0600), 0);
  clock_.Advance(std::chrono::hours(24 * 3651));
  EXPECT_THAT(Issue("a").err, HasSubstr("the CA has expired"));
  EXPECT_FALSE(fs::exists(dir_ + "/a.pem"));
}

}  // namespace
}  // namespace ballast::cli
