#include "kube/kube_access.h"

#include <gtest/gtest.h>

#include <map>

#include "base/small_file.h"
#include "base/strings.h"
#include "base/testing/temp_dir.h"

namespace ballast {
namespace {

std::string Config(const std::string& cluster, const std::string& user) {
  return StrCat("apiVersion: v1\nkind: Config\npreferences: {}\ncurrent-context: here\n",
                "contexts:\n- {name: other, context: {cluster: none, user: none}}\n",
                "- {name: here, context: {cluster: c, user: u, namespace: team}}\n", "clusters: [{name: c, cluster: {",
                cluster, "}}]\nusers: [{name: u, user: {", user, "}}]\n");
}

Result<KubeAccess> ParseKubeconfig(const std::string& text, const std::string& path) {
  return ParseKubeconfigs({{path, text}}, "");
}

TEST(KubeconfigTest, ReadsTheCurrentContextWithPathsBesideTheFile) {
  const auto access = ParseKubeconfig(Config("server: 'https://k:6443/', certificate-authority: pki/ca.crt",
                                             "client-certificate: /abs/me.crt, client-key: me.key, tokenFile: t"),
                                      "/home/me/.kube/config");
  ASSERT_TRUE(access.ok()) << access.status();
  EXPECT_EQ(access->server, "https://k:6443");
  EXPECT_EQ(access->ca.file, "/home/me/.kube/pki/ca.crt");
  EXPECT_EQ(access->client_certificate.file, "/abs/me.crt");
  EXPECT_EQ(access->client_key.file, "/home/me/.kube/me.key");
  EXPECT_EQ(access->token_file, "/home/me/.kube/t");
  EXPECT_EQ(access->ns, "team");
}

TEST(KubeconfigTest, DataWinsOverAFile) {
  const auto access = ParseKubeconfig(
      Config("server: 'https://k', certificate-authority: ca.crt, certificate-authority-data: aGVsbG8=", ""), "/k");
  ASSERT_TRUE(access.ok()) << access.status();
  EXPECT_EQ(access->ca.pem, "hello");
  EXPECT_EQ(access->ca.file, "");
}

TEST(KubeconfigTest, WhatIsNotSupportedIsNamed) {
  const std::pair<std::string, std::string> refused[] = {
      {Config("server: 'https://k', insecure-skip-tls-verify: true", ""), "insecure-skip-tls-verify"},
      {Config("server: 'https://k', tls-server-name: x", ""), "tls-server-name"},
      {Config("server: 'https://k', proxy-url: 'http://p'", ""), "proxy-url"},
      {Config("server: 'https://k'", "exec: {apiVersion: v1}"), "names no command"},
      {Config("server: 'https://k'", "exec: {command: a, interactiveMode: Maybe}"), "Never, IfAvailable or Always"},
      {Config("server: 'https://k'", "auth-provider: {name: x}"), "auth-provider"},
      {Config("server: 'https://k'", "username: a, password: b"), "username"},
      {Config("server: 'https://k', certificate-authority-data: '*'", ""), "not base64"},
      {Config("server: 'http://k'", "token: secret"), "needs https"},
      {Config("server: 'https://k'", "client-certificate: a"), "needs its key"},
      {Config("server: 'ftp://k'", ""), "no URL with https"},
      {Config("server: 'https://k?x'", ""), "host"},
      {Config("", ""), "no URL"},
      {"current-context: none", "has no \"none\""},
      {"{}", "current-context"},
      {"", "is empty"},
      {"[", "/k"},
  };
  for (const auto& [text, why] : refused) {
    const Status status = ParseKubeconfig(text, "/k").status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << text;
    EXPECT_NE(status.message().find(why), std::string::npos) << status;
  }
  EXPECT_TRUE(ParseKubeconfig(Config("server: 'https://k', insecure-skip-tls-verify: false", ""), "/k").ok());
}

TEST(KubeconfigTest, ReadsHowAProgramIsAsked) {
  const std::string user =
      "exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: aws, args: [eks, get-token], "
      "env: [{name: AWS_PROFILE, value: prod}], installHint: install it, provideClusterInfo: true}";
  const auto access = ParseKubeconfig(Config("server: 'https://k'", user), "/k");
  ASSERT_TRUE(access.ok()) << access.status();
  ASSERT_TRUE(access->exec);
  EXPECT_EQ(access->exec->api_version, "client.authentication.k8s.io/v1beta1");
  EXPECT_EQ(access->exec->command, "aws");
  EXPECT_EQ(access->exec->arguments, (std::vector<std::string>{"eks", "get-token"}));
  EXPECT_EQ(access->exec->environment, (std::vector<std::pair<std::string, std::string>>{{"AWS_PROFILE", "prod"}}));
  EXPECT_EQ(access->exec->install_hint, "install it");
  EXPECT_TRUE(access->exec->wants_cluster);
  EXPECT_EQ(access->exec->interaction, ExecInteraction::kIfAvailable);
}

TEST(KubeconfigTest, ReadsWhetherAProgramMayAsk) {
  const std::pair<std::string, ExecInteraction> cases[] = {{"Never", ExecInteraction::kNever},
                                                           {"IfAvailable", ExecInteraction::kIfAvailable},
                                                           {"Always", ExecInteraction::kAlways}};
  for (const auto& [text, mode] : cases) {
    const std::string user = StrCat("exec: {command: login, interactiveMode: ", text, "}");
    const auto access = ParseKubeconfig(Config("server: 'https://k'", user), "/k");
    ASSERT_TRUE(access.ok()) << access.status();
    EXPECT_EQ(access->exec->interaction, mode);
  }
}

TEST(KubeconfigTest, ATokenOrACertificateGoesBeforeAProgram) {
  for (const char* own : {"token: t", "tokenFile: t", "client-certificate: c, client-key: k"}) {
    const auto access = ParseKubeconfig(Config("server: 'https://k'", StrCat(own, ", exec: {command: aws}")), "/k");
    ASSERT_TRUE(access.ok()) << access.status();
    EXPECT_FALSE(access->exec) << own;
  }
}

TEST(KubeconfigTest, AProgramWithASlashIsBesideItsFile) {
  const auto access = ParseKubeconfig(Config("server: 'https://k'", "exec: {command: ./bin/login}"), "/home/me/k");
  ASSERT_TRUE(access.ok()) << access.status();
  EXPECT_EQ(access->exec->command, "/home/me/./bin/login");
}

// As kubectl: by name, the first counts; each file's paths start at its own folder.
TEST(KubeconfigTest, SeveralAreMerged) {
  const std::vector<KubeconfigFile> files = {
      {"/a/k", "current-context: mine\nusers: [{name: u, user: {tokenFile: t}}]\n"},
      {"/empty", ""},
      {"/b/k",
       "current-context: other\ncontexts: [{name: mine, context: {cluster: c, user: u}}, "
       "{name: yours, context: {cluster: c, user: u, namespace: y}}]\n"
       "clusters: [{name: c, cluster: {server: 'https://b', certificate-authority: ca}}]\n"
       "users: [{name: u, user: {token: second}}]\n"}};
  const auto access = ParseKubeconfigs(files, "");
  ASSERT_TRUE(access.ok()) << access.status();
  EXPECT_EQ(access->server, "https://b");
  EXPECT_EQ(access->ca.file, "/b/ca");
  EXPECT_EQ(access->token_file, "/a/t");
  EXPECT_EQ(access->token, "");
  EXPECT_EQ(access->ns, "default");
  EXPECT_EQ(ParseKubeconfigs(files, "yours")->ns, "y");
  const Status none = ParseKubeconfigs(files, "nobodys").status();
  EXPECT_EQ(none.message(), "/a/k:/b/k.contexts has no \"nobodys\"");
}

TEST(KubeconfigTest, OfAListWhatIsNotThereIsLeftOut) {
  const TempDir dir;
  ASSERT_TRUE(ReplaceSmallFile(dir.path() + "/k", Config("server: 'https://k'", "")).ok());
  EXPECT_TRUE(LoadKubeconfigs({dir.path() + "/gone", dir.path() + "/k"}, "").ok());
  const Status none = LoadKubeconfigs({dir.path() + "/gone"}, "").status();
  EXPECT_EQ(none.code(), StatusCode::kNotFound);
  EXPECT_NE(none.message().find("/gone"), std::string::npos) << none;
}

class InClusterTest : public testing::Test {
 protected:
  Result<KubeAccess> Load(const std::map<std::string, std::string>& environment) {
    return InClusterAccess([&](const char* name) { return environment.contains(name) ? environment.at(name) : ""; },
                           dir_.path());
  }
  TempDir dir_;
};

TEST_F(InClusterTest, APodFindsItsApiserverAndNamespace) {
  ASSERT_TRUE(ReplaceSmallFile(dir_.path() + "/namespace", "team\n").ok());
  const auto access = Load({{"KUBERNETES_SERVICE_HOST", "10.96.0.1"}, {"KUBERNETES_SERVICE_PORT", "443"}});
  ASSERT_TRUE(access.ok()) << access.status();
  EXPECT_EQ(access->server, "https://10.96.0.1:443");
  EXPECT_EQ(access->ca.file, dir_.path() + "/ca.crt");
  EXPECT_EQ(access->token_file, dir_.path() + "/token");
  EXPECT_EQ(access->ns, "team");
}

TEST_F(InClusterTest, AnIpv6ClusterIsReachedByName) {
  const auto access = Load({{"KUBERNETES_SERVICE_HOST", "fd00::1"}, {"KUBERNETES_SERVICE_PORT", "443"}});
  ASSERT_TRUE(access.ok()) << access.status();
  EXPECT_EQ(access->server, "https://kubernetes.default.svc:443");
}

TEST_F(InClusterTest, ElsewhereItSaysWhatToDo) { EXPECT_EQ(Load({}).status().code(), StatusCode::kNotFound); }

}  // namespace
}  // namespace ballast
