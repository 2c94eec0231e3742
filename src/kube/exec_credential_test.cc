#include "kube/exec_credential.h"

#include <gtest/gtest.h>

#include <tuple>
#include <vector>

#include "base/strings.h"

namespace ballast {
namespace {

constexpr char kVersion[] = "client.authentication.k8s.io/v1";

KubeAccess Access() {
  return {.server = "https://k",
          .ca = {.pem = "CA"},
          .exec = ExecPlugin{.api_version = kVersion,
                             .command = "login",
                             .arguments = {"get-token"},
                             .environment = {{"PROFILE", "prod"}},
                             .install_hint = "get it from example.com\n"}};
}
std::string Answer(const std::string& status, const std::string& version = kVersion) {
  return StrCat(R"({"kind": "ExecCredential", "apiVersion": ")", version, R"(", "status": )", status, "}");
}
Run Says(Result<std::string> answer) {
  return [answer = std::move(answer)](const ProgramCall&) { return answer; };
}

TEST(ExecCredentialTest, TheProgramIsToldWhoAsksAndGivesAToken) {
  ProgramCall seen;
  const auto access = Authenticate(Access(), /*terminal=*/true, [&](const ProgramCall& call) -> Result<std::string> {
    seen = call;
    return Answer(R"({"token": "t0ken"})");
  });
  ASSERT_TRUE(access.ok()) << access.status();
  EXPECT_EQ(access->token, "t0ken");
  EXPECT_FALSE(access->exec);
  EXPECT_EQ(seen.program, "login");
  EXPECT_EQ(seen.arguments, std::vector<std::string>{"get-token"});
  EXPECT_TRUE(seen.reads_input);
  ASSERT_EQ(seen.environment.size(), 2U);
  EXPECT_EQ(seen.environment.back().first, "KUBERNETES_EXEC_INFO");
  EXPECT_EQ(
      Json::parse(seen.environment.back().second),
      Json::parse(
          R"({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "spec": {"interactive": true}})"));
}

TEST(ExecCredentialTest, WhereItWantsTheClusterItIsTold) {
  KubeAccess access = Access();
  access.exec->wants_cluster = true;
  EXPECT_EQ((*ExecInfo(access, false))["spec"],
            Json::parse(
                R"({"interactive": false, "cluster": {"server": "https://k", "certificate-authority-data": "Q0E="}})"));
}

TEST(ExecCredentialTest, AClientCertificateIsTakenToo) {
  const auto access =
      WithExecCredential(Access(), Answer(R"({"clientCertificateData": "CERT", "clientKeyData": "KEY"})"));
  ASSERT_TRUE(access.ok()) << access.status();
  EXPECT_EQ(access->client_certificate.pem, "CERT");
  EXPECT_EQ(access->client_key.pem, "KEY");
}

TEST(ExecCredentialTest, WhoNeedsNoProgramStaysAsHeIs) {
  const auto access = Authenticate({.server = "https://k", .token = "t"}, false, Says(Internal("never asked")));
  ASSERT_TRUE(access.ok()) << access.status();
  EXPECT_EQ(access->token, "t");
}

// As client-go: a token, a tokenFile or a certificate beside `exec` is what is meant.
TEST(ExecCredentialTest, ItReadsFromATerminalWhereItsModeLetsIt) {
  const std::tuple<ExecInteraction, bool, bool> cases[] = {{ExecInteraction::kNever, true, false},
                                                           {ExecInteraction::kNever, false, false},
                                                           {ExecInteraction::kIfAvailable, true, true},
                                                           {ExecInteraction::kIfAvailable, false, false},
                                                           {ExecInteraction::kAlways, true, true}};
  for (const auto& [mode, terminal, reads] : cases) {
    KubeAccess access = Access();
    access.exec->interaction = mode;
    ProgramCall seen;
    const auto known = Authenticate(access, terminal, [&seen](const ProgramCall& call) -> Result<std::string> {
      seen = call;
      return Answer(R"({"token": "t"})");
    });
    ASSERT_TRUE(known.ok()) << known.status();
    EXPECT_EQ(seen.reads_input, reads);
    EXPECT_EQ(Json::parse(seen.environment.back().second)["spec"]["interactive"], reads);
  }
}

TEST(ExecCredentialTest, AProgramThatMustAskIsNotRunWithoutATerminal) {
  KubeAccess access = Access();
  access.exec->interaction = ExecInteraction::kAlways;
  const Status status = Authenticate(access, false, Says(Internal("asked"))).status();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("interactiveMode: Always"), std::string::npos) << status;
}

TEST(ExecCredentialTest, FailuresNameTheProgramAndNoSecret) {
  const std::string who = "the kubeconfig's exec program \"login\" ";
  const std::pair<Result<std::string>, std::string> cases[] = {
      {NotFound("run login"), who + "is not there: get it from example.com"},
      {FailedPrecondition("it ended with status 1"), who + "failed: it ended with status 1"},
      {std::string("s3cret"), who + "wrote no ExecCredential to its standard output"},
      {std::string("[]"), who + "wrote no ExecCredential to its standard output"},
      {Answer("{}"), who + "gave neither a token nor a client certificate"},
      {Answer("[]"), who + "gave neither a token nor a client certificate"},
      {Answer(R"({"token": "s3cret"})", "v0"), who + "answered in \"v0\", and the kubeconfig says " + kVersion},
      {Answer(R"({"clientCertificateData": "s3cret"})"),
       "a client certificate needs its key, and a key its certificate"},
  };
  for (const auto& [answer, text] : cases) {
    EXPECT_EQ(Authenticate(Access(), false, Says(answer)).status().message(), text);
  }
}

TEST(ExecCredentialTest, AnOldVersionIsRefusedBeforeAnythingRuns) {
  KubeAccess access = Access();
  access.exec->api_version = "client.authentication.k8s.io/v1alpha1";
  const Status status = Authenticate(access, false, Says(Internal("asked"))).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("v1beta1 are known"), std::string::npos) << status;
}

// A secret would travel in the open.
TEST(ExecCredentialTest, NoTokenGoesToAServerWithoutTls) {
  KubeAccess access = Access();
  access.server = "http://k";
  EXPECT_FALSE(WithExecCredential(access, Answer(R"({"token": "t"})")).ok());
}

}  // namespace
}  // namespace ballast
