#include "operator/volumes/provision_volume.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/digest.h"
#include "operator/volumes/claim_check.h"
#include "operator/volumes/volume_object.h"

namespace ballast::controller {
namespace {

using testing::HasSubstr;

const std::string kCommit(40, 'c');
const std::string kManifest = Digest::Of("m").ToString();

ModelCache Llama() {
  ModelCache cache;
  cache.metadata.name = "llama";
  cache.spec.source.uri = *ModelRef::Parse("hf://org/llama");
  cache.status.revision.current = {.commit = kCommit, .manifest = kManifest, .bytes = 1 << 30, .files = 9};
  return cache;
}

ClaimObserved Good() {
  ClaimObserved observed;
  observed.claim = {.name = {"team", "weights"},
                    .uid = "1234-5678",
                    .resource_version = "77",
                    .storage_class = "ballast",
                    .provisioner = "csi.ballast.dev",
                    .volume_mode = "Filesystem",
                    .access_modes = {"ReadOnlyMany"},
                    .request = "1Mi",
                    .source = DataSource{"ballast.dev", "ClusterModelCache", "", "llama"}};
  observed.storage_class = {.name = "ballast", .provisioner = "csi.ballast.dev"};
  observed.ns = {.name = "team", .labels = {{"tier", "serving"}}};
  observed.cache = Llama();
  return observed;
}

Json VolumeOf(const ClaimObserved& observed) {
  const Provisioning decision = ProvisionVolume(observed);
  const auto* create = std::get_if<CreateVolume>(&decision);
  return create == nullptr ? Json() : create->volume;
}
HoldBack HoldOf(const ClaimObserved& observed) {
  const Provisioning decision = ProvisionVolume(observed);
  const auto* hold = std::get_if<HoldBack>(&decision);
  return hold == nullptr ? HoldBack{} : *hold;
}

TEST(ProvisionVolumeTest, AVolumeIsTheClaimsOwnAndPinned) {
  const Json volume = VolumeOf(Good());
  EXPECT_EQ(volume,
            Json::parse(R"({
    "apiVersion": "v1", "kind": "PersistentVolume",
    "metadata": {"name": "pvc-1234-5678", "annotations": {"pv.kubernetes.io/provisioned-by": "csi.ballast.dev"}},
    "spec": {
      "capacity": {"storage": "1Mi"}, "accessModes": ["ReadOnlyMany"], "volumeMode": "Filesystem",
      "storageClassName": "ballast", "persistentVolumeReclaimPolicy": "Delete",
      "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": "team", "name": "weights",
                   "uid": "1234-5678", "resourceVersion": "77"},
      "csi": {"driver": "csi.ballast.dev", "volumeHandle": "pvc-1234-5678", "readOnly": true,
              "volumeAttributes": {"clusterCache": "llama"}}}})")
                .patch(Json::array(
                    {{{"op", "add"},
                      {"path", "/spec/csi/volumeAttributes"},
                      {"value", {{"clusterCache", "llama"}, {"revision", kCommit}, {"manifest", kManifest}}}}})));
}

// csi/volume_context.h reads these.
std::map<std::string, std::string> AttributesOf(const ClaimObserved& observed) {
  return VolumeOf(observed)["spec"]["csi"]["volumeAttributes"];
}

TEST(ProvisionVolumeTest, TheAttributesAreTheClassesAndThePin) {
  using Attributes = std::map<std::string, std::string>;
  ClaimObserved observed = Good();
  observed.storage_class->parameters = {{"layout", "hf"}, {"publish", "Early"}, {"csi.storage.k8s.io/fstype", "ext4"}};
  Attributes expected = {{"clusterCache", "llama"},
                         {"layout", "hf"},
                         {"publish", "Early"},
                         {"revision", kCommit},
                         {"manifest", kManifest}};
  EXPECT_EQ(AttributesOf(observed), expected);
  observed.claim.revision = "current";
  expected.erase("revision");
  expected.erase("manifest");
  EXPECT_EQ(AttributesOf(observed), expected);
  observed = Good();
  observed.claim.source->kind = "ModelCache";
  observed.cache->cluster_scoped = false;
  observed.cache->metadata.object_namespace = "team";
  EXPECT_EQ(AttributesOf(observed), (Attributes{{"cache", "llama"}, {"revision", kCommit}, {"manifest", kManifest}}));
  observed.cache->status.revision.current.commit = kManifest;  // an origin without commits
  EXPECT_EQ(AttributesOf(observed), (Attributes{{"cache", "llama"}, {"manifest", kManifest}}));
}

TEST(ProvisionVolumeTest, OtherPeoplesClaimsAndOtherPeoplesTurnsAreLeftAlone) {
  const std::pair<const char*, void (*)(ClaimObserved&)> rows[] = {
      {"another provisioner", [](auto& o) { o.claim.provisioner = "ebs.csi.aws.com"; }},
      {"nobody asked yet", [](auto& o) { o.claim.provisioner = ""; }},
      {"bound", [](auto& o) { o.claim.volume = "pvc-1234-5678"; }},
      {"being deleted", [](auto& o) { o.claim.ending = true; }},
      {"class unknown", [](auto& o) { o.storage_class.reset(); }},
      {"class of another", [](auto& o) { o.storage_class->provisioner = "x"; }},
      {"no node selected", [](auto& o) { o.storage_class->waits_for_consumer = true; }},
      {"namespace not seen yet", [](auto& o) { o.ns.reset(); }},
      {"namespace ending", [](auto& o) { o.ns->ending = true; }},
  };
  for (const auto& [name, change] : rows) {
    ClaimObserved observed = Good();
    change(observed);
    EXPECT_EQ(ProvisionVolume(observed), Provisioning(NotNow{})) << name;
  }
}

TEST(ProvisionVolumeTest, WithASelectedNodeTheConsumerWasWaitedFor) {
  ClaimObserved observed = Good();
  observed.storage_class->waits_for_consumer = true;
  observed.claim.selected_node = "node-1";
  EXPECT_EQ(VolumeOf(observed), VolumeOf(Good()));
}

TEST(ProvisionVolumeTest, WhatCannotBeServedIsRefusedWithTheFieldAndTheRemedy) {
  const std::tuple<void (*)(ClaimObserved&), const char*, const char*> rows[] = {
      {[](auto& o) { o.claim.volume_mode = "Block"; }, "spec.volumeMode", "use Filesystem"},
      {[](auto& o) { o.claim.access_modes = {"ReadWriteMany"}; }, "spec.accessModes", "[ReadOnlyMany]"},
      {[](auto& o) {
         o.claim.access_modes = {"ReadOnlyMany", "ReadWriteMany"};
       },
       "ReadWriteMany", "[ReadOnlyMany]"},
      {[](auto& o) { o.claim.access_modes = {"ReadWriteOncePod"}; }, "ReadWriteOncePod", "[ReadOnlyMany]"},
      {[](auto& o) { o.claim.access_modes = {}; }, "spec.accessModes", "[ReadOnlyMany]"},
      {[](auto& o) { o.claim.has_selector = true; }, "spec.selector", "remove it"},
      {[](auto& o) { o.claim.revision = "main"; }, "ballast.dev/revision", "use current"},
      {[](auto& o) { o.claim.source.reset(); }, "spec.dataSourceRef", "kind: ClusterModelCache"},
      {[](auto& o) { o.claim.source->kind = "VolumeSnapshot"; }, "VolumeSnapshot", "kind: ClusterModelCache"},
      {[](auto& o) { o.claim.source->api_group = ""; }, "spec.dataSourceRef", "apiGroup: ballast.dev"},
      {[](auto& o) { o.claim.source->ns = "other"; }, "spec.dataSourceRef.namespace", "use a ClusterModelCache"},
      {[](auto& o) { o.claim.source->name = "../x"; }, "spec.dataSourceRef.name", "no object's name"},
      {[](auto& o) { o.storage_class->parameters["layuot"] = "hf"; }, "StorageClass ballast",
       "did you mean \"layout\"?"},
      {[](auto& o) { o.storage_class->parameters["layout"] = "hff"; }, "StorageClass ballast", "did you mean \"hf\"?"},
      {[](auto& o) { o.storage_class->mount_options = {"noatime"}; }, "mountOptions", "remove mountOptions"},
  };
  for (const auto& [change, field, remedy] : rows) {
    ClaimObserved observed = Good();
    change(observed);
    const HoldBack hold = HoldOf(observed);
    EXPECT_TRUE(hold.refused) << field;
    EXPECT_EQ(hold.reason, "ProvisioningFailed");
    EXPECT_THAT(hold.note, HasSubstr(field));
    EXPECT_THAT(hold.note, HasSubstr(remedy));
  }
}

TEST(ProvisionVolumeTest, WhatIsRefusedWithACacheIsRefusedWithoutOne) {
  ClaimObserved observed = Good();
  observed.claim.volume_mode = "Block";
  const HoldBack before = HoldOf(observed);
  observed.cache.reset();
  EXPECT_EQ(HoldOf(observed), before);
}

TEST(ProvisionVolumeTest, ReadWriteOnceIsServed) {
  ClaimObserved observed = Good();
  observed.claim.access_modes = {"ReadWriteOnce", "ReadOnlyMany"};
  EXPECT_EQ(VolumeOf(observed)["spec"]["accessModes"], Json({"ReadWriteOnce", "ReadOnlyMany"}));
}

TEST(ProvisionVolumeTest, AClaimWaitsForItsCache) {
  ClaimObserved observed = Good();
  observed.cache.reset();
  HoldBack hold = HoldOf(observed);
  EXPECT_FALSE(hold.refused);
  EXPECT_EQ(hold.reason, "WaitingForCache");
  EXPECT_THAT(hold.note, HasSubstr("ClusterModelCache llama"));
  observed.claim.source->kind = "ModelCache";
  EXPECT_THAT(HoldOf(observed).note, HasSubstr("ModelCache team/llama"));
  observed = Good();
  observed.cache->metadata.deletion_timestamp = Timestamp(std::chrono::seconds(1));
  EXPECT_THAT(HoldOf(observed).note, HasSubstr("being deleted"));
}

TEST(ProvisionVolumeTest, AClaimWaitsForTheRevisionAndSaysWhatTheCacheSays) {
  ClaimObserved observed = Good();
  observed.cache->status.revision.current = {};
  HoldBack hold = HoldOf(observed);
  EXPECT_FALSE(hold.refused);
  EXPECT_EQ(hold.reason, "Resolving");
  SetCondition(observed.cache->status.conditions, ConditionType::kReady, ConditionStatus::kFalse, Reason::kUnauthorized,
               "the hub refuses the token", 1, {});
  EXPECT_THAT(HoldOf(observed).note, HasSubstr("Unauthorized: the hub refuses the token"));
  observed.cache->spec.suspend = true;
  EXPECT_THAT(HoldOf(observed).note, HasSubstr("suspend"));
  observed.claim.revision = "current";
  EXPECT_FALSE(VolumeOf(observed).is_null()) << "it takes what is current when a pod starts";
}

TEST(ProvisionVolumeTest, OnlyAdmittedNamespacesGetAVolume) {
  ClaimObserved observed = Good();
  observed.cache->spec.allowed_namespaces = AllowedNamespaces{LabelSelector{.match_labels = {{"tier", "serving"}}}};
  EXPECT_FALSE(VolumeOf(observed).is_null());
  observed.ns->labels = {};
  const HoldBack hold = HoldOf(observed);
  EXPECT_TRUE(hold.refused);
  EXPECT_EQ(hold.reason, "NotAllowed");
  EXPECT_THAT(hold.note, HasSubstr("namespace team"));
  observed.cache->spec.allowed_namespaces = AllowedNamespaces{};
  EXPECT_FALSE(VolumeOf(observed).is_null()) << "from: All";
}

TEST(ProvisionVolumeTest, ANotAdmittedNamespaceDoesNotLearnWhetherTheRevisionIsKnown) {
  ClaimObserved observed = Good();
  observed.cache->spec.allowed_namespaces = AllowedNamespaces{LabelSelector{.match_labels = {{"tier", "x"}}}};
  observed.cache->status.revision.current = {};
  EXPECT_EQ(HoldOf(observed).reason, "NotAllowed");
}

TEST(ProvisionVolumeTest, RequireMakesTheSelectorTheVolumesAffinity) {
  ClaimObserved observed = Good();
  NodesSpec nodes{.selector = LabelSelector{.match_labels = {{"gpu", "H200"}},
                                            .match_expressions = {{"zone", LabelOperator::kNotIn, {"a", "b"}},
                                                                  {"old", LabelOperator::kDoesNotExist, {}}}}};
  observed.cache->spec.nodes = nodes;
  EXPECT_FALSE(VolumeOf(observed)["spec"].contains("nodeAffinity")) << "Prefer";
  observed.cache->spec.nodes->placement = Placement::kRequire;
  EXPECT_EQ(VolumeOf(observed)["spec"]["nodeAffinity"], Json::parse(R"({
    "required": {"nodeSelectorTerms": [{"matchExpressions": [
      {"key": "gpu", "operator": "In", "values": ["H200"]},
      {"key": "zone", "operator": "NotIn", "values": ["a", "b"]},
      {"key": "old", "operator": "DoesNotExist"}]}]}})"));
  observed.cache->spec.nodes->selector = LabelSelector{};
  EXPECT_FALSE(VolumeOf(observed)["spec"].contains("nodeAffinity")) << "every node";
}

TEST(VolumeObjectTest, OnlyAReleasedVolumeThatWasMadeHereToBeDeletedIsOver) {
  Json over = VolumeOf(Good());
  over["status"]["phase"] = "Released";
  EXPECT_TRUE(IsOver(over));
  const std::pair<const char*, Json> rows[] = {
      {"/status/phase", "Bound"},
      {"/status/phase", "Available"},
      {"/status/phase", "Failed"},
      {"/spec/persistentVolumeReclaimPolicy", "Retain"},
      {"/spec/csi/driver", "other"},
      {"/metadata/annotations", Json::object()},
      {"/metadata/annotations", {{kProvisionedByAnnotation, "other"}}},
      {"/metadata/deletionTimestamp", "2026-01-31T12:00:00Z"},
  };
  for (const auto& [pointer, value] : rows) {
    Json other = over;
    other[Json::json_pointer(pointer)] = value;
    EXPECT_FALSE(IsOver(other)) << pointer << value;
  }
}

TEST(ClaimFactsTest, EveryFieldIsReadWhereKubernetesWritesIt) {
  const Json object = Json::parse(R"({
    "metadata": {"namespace": "team", "name": "weights", "uid": "u", "resourceVersion": "7", "annotations": {
      "volume.kubernetes.io/storage-provisioner": "csi.ballast.dev", "volume.kubernetes.io/selected-node": "n",
      "ballast.dev/revision": "current"}},
    "spec": {"storageClassName": "ballast", "accessModes": ["ReadOnlyMany"], "volumeMode": "Block", "volumeName": "v",
      "resources": {"requests": {"storage": "1Mi"}}, "selector": {"matchLabels": {"a": "b"}},
      "dataSource": {"kind": "Other", "name": "x"},
      "dataSourceRef": {"apiGroup": "ballast.dev", "kind": "ModelCache", "name": "llama", "namespace": "team"}}})");
  const ClaimFacts expected{.name = {"team", "weights"},
                            .uid = "u",
                            .resource_version = "7",
                            .storage_class = "ballast",
                            .provisioner = "csi.ballast.dev",
                            .selected_node = "n",
                            .volume = "v",
                            .volume_mode = "Block",
                            .access_modes = {"ReadOnlyMany"},
                            .request = "1Mi",
                            .has_selector = true,
                            .source = DataSource{"ballast.dev", "ModelCache", "team", "llama"},
                            .revision = "current"};
  EXPECT_EQ(ClaimFromJson(object), expected);
  Json only_old = object;
  only_old["spec"].erase("dataSourceRef");
  EXPECT_EQ(ClaimFromJson(only_old).source->kind, "Other");
  EXPECT_EQ(ClaimFromJson(Json::object()), ClaimFacts{.volume_mode = "Filesystem"});
}

TEST(ClaimFactsTest, AStorageClassHasKubernetesDefaults) {
  const StorageClassFacts plain = StorageClassFromJson({{"metadata", {{"name", "c"}}}, {"provisioner", "p"}});
  EXPECT_EQ(plain, (StorageClassFacts{.name = "c", .provisioner = "p"}));
  const Json object = Json::parse(R"({"metadata": {"name": "c"}, "provisioner": "p", "parameters": {"layout": "hf"},
    "mountOptions": ["ro"], "reclaimPolicy": "Retain", "volumeBindingMode": "WaitForFirstConsumer"})");
  const StorageClassFacts all{.name = "c",
                              .provisioner = "p",
                              .parameters = {{"layout", "hf"}},
                              .mount_options = {"ro"},
                              .reclaim_policy = "Retain",
                              .waits_for_consumer = true};
  EXPECT_EQ(StorageClassFromJson(object), all);
}

}  // namespace
}  // namespace ballast::controller
