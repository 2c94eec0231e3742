#include "daemon/cluster/node_admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ballast {
namespace {

using cache::v1::PrepareRequest;
using ::testing::HasSubstr;

const std::string kOld(40, 'a');
const std::string kNew(40, 'b');
const std::string kOldManifest = Digest::Of("old").ToString();
const std::string kNewManifest = Digest::Of("new").ToString();

CacheEntry Entry(const std::string& cache, const std::string& commit, const std::string& manifest, bool current) {
  return {.cache = cache,
          .manifest = manifest,
          .source = "hf://org/model@" + commit,
          .filter = {.include = {"*.json"}},
          .origin = "hub",
          .current = current,
          .namespaces = {"team"},
          .domain = "team/12345678"};
}

CacheNode Node() {
  CacheNode node;
  node.spec.caches = {Entry("llama", kOld, kOldManifest, false), Entry("llama", kNew, kNewManifest, true),
                      Entry("team/own", kNew, kNewManifest, true)};
  node.spec.caches.Change(0, [](CacheEntry& entry) { entry.namespaces = {"*"}; });
  node.spec.refused = {{"huge", "NodeTooSmall", "needs 131 GiB"},
                       {"secret", "NotAllowed", "not yours"},
                       {"new", "Resolving", "the hub to answer"}};
  for (const char* cache : {"huge", "secret", "new"})
    node.status.wanted.push_back({.cache = cache, .pod_namespace = "team"});
  node.spec.policy.tenants = {{.namespaces = {"team"}, .sources = {"hf://org/*"}},
                              {.namespaces = {"other"}, .sources = {"hf://else/*"}}};
  return node;
}

PrepareRequest Ask(const std::string& cache, const std::string& pod_namespace = "team") {
  PrepareRequest asked;
  asked.set_cluster_cache(cache);
  asked.set_namespace_(pod_namespace);
  asked.set_volume(true);
  return asked;
}

PrepareRequest AskSource(const std::string& source, const std::string& pod_namespace = "team") {
  PrepareRequest asked = Ask("", pod_namespace);
  asked.set_source(source);
  return asked;
}

Status StatusFor(const PrepareRequest& asked) {
  const CacheNode node = Node();
  return AdmitOnNode(asked, &node).admittance.admitted.status();
}

Admitted AdmittedFor(const PrepareRequest& asked) {
  const CacheNode node = Node();
  return AdmitOnNode(asked, &node).admittance.admitted.value();
}

TEST(NodeAdmissionTest, APodGetsTheCurrentRevisionWithAllThatTheEntrySays) {
  const Admitted admitted = AdmittedFor(Ask("llama"));
  EXPECT_EQ(admitted.request.Name(), "hf://org/model@" + kNew);
  EXPECT_EQ(admitted.request.manifest->ToString(), kNewManifest);
  EXPECT_EQ(admitted.request.filter.include, std::vector<std::string>{"*.json"});
  EXPECT_EQ(admitted.request.origin, "hub");
  EXPECT_EQ(admitted.request.domain, "team/12345678");
  EXPECT_EQ(admitted.cache, "llama");
}

TEST(NodeAdmissionTest, AVolumeThatNamesACommitOrAManifestGetsThat) {
  PrepareRequest asked = Ask("llama");
  asked.set_revision(kOld);
  EXPECT_EQ(AdmittedFor(asked).request.manifest->ToString(), kOldManifest);
  asked = Ask("llama");
  asked.set_manifest(kOldManifest);
  EXPECT_EQ(AdmittedFor(asked).request.Name(), "hf://org/model@" + kOld);
  asked.set_revision("main");
  EXPECT_EQ(StatusFor(asked).code(), StatusCode::kInvalidArgument);
}

TEST(NodeAdmissionTest, AModelCacheIsLookedUpInThePodsNamespace) {
  PrepareRequest asked = Ask("");
  asked.set_cache("own");
  EXPECT_EQ(AdmittedFor(asked).cache, "team/own");
  asked.set_namespace_("other");
  const CacheNode node = Node();
  EXPECT_EQ(AdmitOnNode(asked, &node).question->cache, "other/own");
}

TEST(NodeAdmissionTest, AnotherNamespaceIsRefusedAlthoughTheModelIsListed) {
  const Status status = StatusFor(Ask("llama", "other"));
  EXPECT_EQ(status.code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(status.message(), HasSubstr("\"other\""));
  PrepareRequest old = Ask("llama", "other");
  old.set_revision(kOld);
  EXPECT_TRUE(StatusFor(old).ok()) << "each revision has its own list";
}

TEST(NodeAdmissionTest, WhyAnEntryIsForNobodyTheOperatorSays) {
  CacheNode node = Node();
  node.spec.caches.Change(1, [](CacheEntry& entry) { entry.namespaces.clear(); });
  NodeVerdict verdict = AdmitOnNode(Ask("llama"), &node);
  EXPECT_EQ(*verdict.question, (WantedCache{.cache = "llama", .pod_namespace = "team"}));
  EXPECT_FALSE(IsListed(node.spec, *verdict.question)) << "the question stays";
  node.status.wanted.push_back(*verdict.question);
  node.spec.refused.push_back({"llama", "Suspended", "spec.suspend is true; set it to false"});
  verdict = AdmitOnNode(Ask("llama"), &node);
  EXPECT_EQ(verdict.admittance.admitted.status(), Unavailable("Suspended: spec.suspend is true; set it to false"));
  PrepareRequest person = Ask("llama", "");
  person.set_volume(false);
  EXPECT_TRUE(AdmitOnNode(person, &node).admittance.admitted.ok());
}

TEST(NodeAdmissionTest, OfAFullEntryTheOperatorSaysWhomElseTheCacheAdmits) {
  CacheNode node = Node();
  node.spec.caches.Change(1, [](CacheEntry& entry) {
    while (entry.namespaces.size() < kMaxNamespaces)
      entry.namespaces.push_back("n" + std::to_string(entry.namespaces.size()));
  });
  EXPECT_TRUE(AdmitOnNode(Ask("llama"), &node).admittance.admitted.ok());
  EXPECT_EQ(AdmitOnNode(Ask("llama", "other"), &node).question->pod_namespace, "other");
}

TEST(NodeAdmissionTest, WithoutANamespaceNobodyIsAdmitted) {
  for (const PrepareRequest& asked : {Ask("llama", ""), AskSource("hf://org/model", "")}) {
    EXPECT_EQ(StatusFor(asked).code(), StatusCode::kPermissionDenied);
    EXPECT_THAT(StatusFor(asked).message(), HasSubstr("podInfoOnMount"));
  }
}

TEST(NodeAdmissionTest, APersonAtTheSocketNeedsNoNamespace) {
  PrepareRequest asked;
  asked.set_cluster_cache("llama");
  EXPECT_TRUE(StatusFor(asked).ok());
  asked.set_cluster_cache("none");
  EXPECT_EQ(StatusFor(asked).code(), StatusCode::kNotFound);
}

TEST(NodeAdmissionTest, WhatIsNotListedIsAQuestionForTheOperator) {
  PrepareRequest asked = Ask("qwen");
  asked.set_revision(kOld);
  asked.set_manifest(kOldManifest);
  const CacheNode node = Node();
  const NodeVerdict verdict = AdmitOnNode(asked, &node);
  EXPECT_EQ(verdict.admittance.admitted.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(verdict.admittance.waiting_for, HasSubstr("qwen"));
  EXPECT_EQ(*verdict.question, (WantedCache{.cache = "qwen", .pod_namespace = "team", .revision = kOld}));
  EXPECT_FALSE(AdmitOnNode(asked, nullptr).admittance.waiting_for.empty());
}

TEST(NodeAdmissionTest, ARevisionThatIsNotListedIsAQuestionToo) {
  PrepareRequest asked = Ask("llama");
  asked.set_manifest(Digest::Of("third").ToString());
  const CacheNode node = Node();
  EXPECT_EQ(AdmitOnNode(asked, &node).question->revision, asked.manifest());
}

TEST(NodeAdmissionTest, ARefusalsReasonDecidesTheCode) {
  EXPECT_EQ(StatusFor(Ask("huge")), FailedPrecondition("NodeTooSmall: needs 131 GiB"));
  EXPECT_EQ(StatusFor(Ask("secret")).code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(StatusOf({"c", "UnknownCache", "?"}).code(), StatusCode::kNotFound);
  EXPECT_EQ(StatusOf({"c", "NotAdmitted", "?"}).code(), StatusCode::kResourceExhausted);
  for (const std::string reason : {"Suspended", "Unauthorized", "SomethingNew", ""}) {
    EXPECT_EQ(StatusOf({"c", reason, "?"}).code(), StatusCode::kUnavailable) << reason;
  }
}

TEST(NodeAdmissionTest, ARefusalOfAnotherNamespacesQuestionIsNoAnswer) {
  const CacheNode node = Node();
  const NodeVerdict verdict = AdmitOnNode(Ask("secret", "other"), &node);
  EXPECT_FALSE(verdict.admittance.waiting_for.empty());
  EXPECT_EQ(verdict.question->pod_namespace, "other");
}

TEST(NodeAdmissionTest, WhatIsBeingResolvedIsWaitedFor) {
  const CacheNode node = Node();
  EXPECT_EQ(AdmitOnNode(Ask("new"), &node).admittance.waiting_for, "the hub to answer");
}

TEST(NodeAdmissionTest, AnInlineSourceNeedsATenantThatAdmitsIt) {
  EXPECT_EQ(AdmittedFor(AskSource("hf://org/model@v1")).request.Name(), "hf://org/model@v1");
  EXPECT_EQ(StatusFor(AskSource("hf://org/model", "other")).code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(StatusFor(AskSource("hf://else/model")).code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(StatusFor(AskSource("file:///models/x")).code(), StatusCode::kPermissionDenied);
}

TEST(NodeAdmissionTest, AnEntryWithTheRevisionAnswersAQuestion) {
  const CacheNodeSpec spec = Node().spec;
  EXPECT_TRUE(IsListed(spec, {.cache = "llama"}));
  EXPECT_TRUE(IsListed(spec, {.cache = "llama", .revision = kOld}));
  EXPECT_TRUE(IsListed(spec, {.cache = "llama", .revision = kOldManifest}));
  EXPECT_FALSE(IsListed(spec, {.cache = "llama", .revision = std::string(40, 'c')}));
  EXPECT_FALSE(IsListed(spec, {.cache = "huge"}));
}

}  // namespace
}  // namespace ballast
