#include "daemon/admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ballast {
namespace {

using cache::v1::PrepareRequest;
using ::testing::HasSubstr;

const std::string kCommit(40, 'c');

ModelCache Cluster(const std::string& name) {
  ModelCache cache;
  cache.metadata.name = name;
  cache.spec.source = {.uri = ModelRef::Parse("hf://org/model").value(),
                       .revision = "main",
                       .filter = {.include = {"*.json"}},
                       .origin = "hub"};
  return cache;
}

ModelCache Namespaced(const std::string& space, const std::string& name) {
  ModelCache cache = Cluster(name);
  cache.cluster_scoped = false;
  cache.metadata.object_namespace = space;
  return cache;
}

const std::vector<ModelCache> kCaches = {Cluster("llama"), Namespaced("team-a", "private")};

PrepareRequest AskCluster(const std::string& name) {
  PrepareRequest request;
  request.set_cluster_cache(name);
  return request;
}

PrepareRequest AskSource(const std::string& source, bool volume) {
  PrepareRequest request;
  request.set_source(source);
  request.set_volume(volume);
  return request;
}

TEST(AdmitTest, AClusterCacheStandsForItsSourceAndKeepsItsResolution) {
  const Admitted admitted = Admit(AskCluster("llama"), kCaches, {}).value();
  EXPECT_EQ(admitted.request.Name(), "hf://org/model@main");
  EXPECT_EQ(admitted.request.filter.include, std::vector<std::string>{"*.json"});
  EXPECT_EQ(admitted.request.origin, "hub");
  EXPECT_TRUE(admitted.request.keep_resolution);
}

TEST(AdmitTest, ARevisionOfTheVolumeWins) {
  PrepareRequest asked = AskCluster("llama");
  asked.set_revision(kCommit);
  EXPECT_EQ(Admit(asked, kCaches, {}).value().request.ref.revision, kCommit);
  asked.set_revision("../x");
  EXPECT_EQ(Admit(asked, kCaches, {}).status().code(), StatusCode::kInvalidArgument);
}

TEST(AdmitTest, AnUnknownCacheIsNotFoundAndTheNearestIsOffered) {
  const Status status = Admit(AskCluster("lama"), kCaches, {}).status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "no ClusterModelCache \"lama\"; did you mean \"llama\"?");
  EXPECT_THAT(Admit(AskCluster("x"), {}, {}).status().message(), HasSubstr("knows no ClusterModelCache at all"));
}

TEST(AdmitTest, ANamespacedCacheIsForItsOwnNamespaceOnly) {
  PrepareRequest asked;
  asked.set_cache("private");
  EXPECT_EQ(Admit(asked, kCaches, {}).status().code(), StatusCode::kInvalidArgument);
  asked.set_namespace_("team-a");
  EXPECT_TRUE(Admit(asked, kCaches, {}).ok());
  asked.set_namespace_("team-b");
  EXPECT_EQ(Admit(asked, kCaches, {}).status().code(), StatusCode::kNotFound);
  asked.set_namespace_("");
  asked.set_cache("team-a/private");
  EXPECT_FALSE(Admit(asked, kCaches, {}).ok());
}

TEST(AdmitTest, AVolumeOfANamespaceThatIsNotAllowedIsRefusedThoughTheModelMayBeHere) {
  ModelCache cache = Cluster("llama");
  LabelRequirement named{"kubernetes.io/metadata.name", LabelOperator::kIn, {"team-a", "team-b"}};
  cache.spec.allowed_namespaces = AllowedNamespaces{LabelSelector{{}, {named}}};
  PrepareRequest asked = AskCluster("llama");
  EXPECT_TRUE(Admit(asked, {cache}, {}).ok());  // no volume
  asked.set_volume(true);
  EXPECT_EQ(Admit(asked, {cache}, {}).status().code(), StatusCode::kPermissionDenied);
  asked.set_namespace_("team-c");
  const Status refused = Admit(asked, {cache}, {}).status();
  EXPECT_EQ(refused.code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(refused.message(),
              HasSubstr("is not for namespace \"team-c\": its allowedNamespaces are team-a, team-b"));
  asked.set_namespace_("team-b");
  EXPECT_TRUE(Admit(asked, {cache}, {}).ok());
  cache.spec.allowed_namespaces->selector->match_expressions[0].key = "tier";
  EXPECT_EQ(Admit(asked, {cache}, {}).status().code(), StatusCode::kPermissionDenied);
}

TEST(AdmitTest, VolumesNameOnlySourcesThatTheConfigurationAdmits) {
  EXPECT_TRUE(Admit(AskSource("hf://org/model", true), {}, {{"hf://*"}}).ok());
  EXPECT_TRUE(Admit(AskSource("hf://org/model@" + kCommit, true), {}, {{"hf://org/*"}}).ok());
  const Status refused = Admit(AskSource("hf://other/model", true), {}, {{"hf://org/*"}}).status();
  EXPECT_EQ(refused.code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(refused.message(), HasSubstr("admits hf://org/*"));
  EXPECT_EQ(Admit(AskSource("file:///etc", true), {}, {{"hf://*"}}).status().code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(Admit(AskSource("hf://org/model", true), {}, {}).status().code(), StatusCode::kPermissionDenied);
}

TEST(AdmitTest, APersonAtTheSocketMayPullAnySource) {
  const Admitted admitted = Admit(AskSource("hf://org/model@dev", false), {}, {}).value();
  EXPECT_EQ(admitted.request.Name(), "hf://org/model@dev");
  EXPECT_FALSE(admitted.request.keep_resolution);
}

TEST(AdmitTest, ASuspendedCacheIsToldSo) {
  ModelCache cache = Cluster("llama");
  cache.spec.suspend = true;
  const Status status = Admit(AskCluster("llama"), {cache}, {}).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("suspended"));
}

TEST(AdmitTest, MalformedCallsAreRefused) {
  EXPECT_EQ(Admit({}, kCaches, {}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Admit(AskSource("org/model", false), kCaches, {}).status().code(), StatusCode::kInvalidArgument);
  PrepareRequest twice = AskSource("hf://org/model@a", false);
  twice.set_revision("b");
  EXPECT_THAT(Admit(twice, kCaches, {}).status().message(), HasSubstr("leave one of them out"));
  PrepareRequest digest = AskCluster("llama");
  digest.set_manifest("sha256:../../etc");
  EXPECT_EQ(Admit(digest, kCaches, {}).status().code(), StatusCode::kInvalidArgument);
}

TEST(CheckLeaseTest, TakesWhatKubeletSendsAndNothingUnprintable) {
  cache::v1::Lease lease;
  lease.set_volume_id("csi-" + std::string(64, 'f'));
  lease.set_target_path("/var/lib/kubelet/pods/x/volumes/y/mount");
  EXPECT_TRUE(CheckLease(lease).ok());
  for (const std::string& bad : {std::string(), std::string(129, 'a'), std::string("a\nb"), std::string("\xff")}) {
    cache::v1::Lease wrong = lease;
    wrong.set_volume_id(bad);
    EXPECT_EQ(CheckLease(wrong).code(), StatusCode::kInvalidArgument);
  }
  for (const std::string& bad :
       {std::string(), std::string("rel/path"), "/" + std::string(4096, 'a'), std::string("/a\0b", 4)}) {
    cache::v1::Lease wrong = lease;
    wrong.set_target_path(bad);
    EXPECT_EQ(CheckLease(wrong).code(), StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace ballast
