#include "operator/volumes/volume_controller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include "base/testing/fake_clock.h"
#include "core/digest.h"
#include "operator/testing/cluster.h"
#include "operator/volumes/populators.h"

namespace ballast::controller {
namespace {

using std::chrono::minutes;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int kWatches = 10;

Json StorageClass() {
  return {{"apiVersion", "storage.k8s.io/v1"},
          {"kind", "StorageClass"},
          {"metadata", {{"name", "ballast"}}},
          {"provisioner", kDriverName}};
}

Json Claim(const std::string& name, const std::string& cache) {
  return {
      {"apiVersion", "v1"},
      {"kind", "PersistentVolumeClaim"},
      {"metadata", {{"namespace", "team"}, {"name", name}, {"annotations", {{kProvisionerAnnotation, kDriverName}}}}},
      {"spec",
       {{"storageClassName", "ballast"},
        {"accessModes", {"ReadOnlyMany"}},
        {"resources", {{"requests", {{"storage", "1Mi"}}}}},
        {"dataSourceRef", {{"apiGroup", "ballast.dev"}, {"kind", "ClusterModelCache"}, {"name", cache}}}}}};
}

class VolumeControllerTest : public testing::Test {
 protected:
  VolumeControllerTest() {
    ServeCluster(client_);
    Create(kStorageClasses, StorageClass());
    Create(kNamespaces, MakeNamespace("team", {{"tier", "serving"}}));
  }

  Json Create(const KubeResource& resource, const Json& object) {
    const auto created = client_.Create(resource, object, {});
    EXPECT_TRUE(created.ok()) << created.status();
    return *created;
  }
  void Start() {
    view_.Start();
    ASSERT_TRUE(view_.AwaitSync({}));
    volumes_.AddAll();
    Settle();
  }
  void Settle() {
    do {
      client_.AwaitWatches(kWatches);
    } while (volumes_.controller().Drain() > 0);
    events_.Flush();
  }
  // A cache whose revision is known.
  void CreateResolved(const std::string& name) {
    Create(kClusterModelCaches, MakeCacheObject(MakeCache(name)));
    const Json revision = {{"current", std::string(40, 'c')}, {"manifest", Digest::Of(name).ToString()}, {"bytes", 1}};
    ASSERT_TRUE(
        client_.Patch(kClusterModelCaches, {"", name}, {{"status", {{"revision", revision}}}}, Subresource::kStatus, {})
            .ok());
  }
  std::vector<Json> All(const KubeResource& resource) { return ListAll(client_, resource, {}, {}).value().items; }
  std::vector<Json> Volumes() { return All(kVolumes); }
  std::vector<std::string> Reasons() {
    std::vector<std::string> reasons;
    for (const Json& event : All(kEvents)) {
      reasons.push_back(StringAt(event, "/type") + " " + StringAt(event, "/reason"));
    }
    return reasons;
  }
  std::string OnlyNote() { return StringAt(All(kEvents).at(0), "/note"); }

  FakeClock clock_;
  FakeKubeClient client_{clock_};
  prometheus::Registry registry_;
  OperatorConfig config_;
  EventRecorder events_{client_, clock_, {.controller = "ballast.dev/operator", .instance = "pod"}};
  ClusterView view_{client_, {}};
  VolumeController volumes_{{client_, view_, clock_, events_, registry_, config_, "ballast-system"}};
};

TEST_F(VolumeControllerTest, AClaimGetsItsVolumeAndAnEvent) {
  CreateResolved("llama");
  const Json claim = Create(kClaims, Claim("weights", "llama"));
  Start();
  ASSERT_EQ(Volumes().size(), 1U);
  EXPECT_EQ(NameOf(Volumes()[0]).name, "pvc-" + UidOf(claim));
  EXPECT_EQ(Reasons(), std::vector<std::string>{"Normal ProvisioningSucceeded"});
  EXPECT_EQ(StringAt(All(kEvents).at(0), "/regarding/uid"), UidOf(claim));
}

TEST_F(VolumeControllerTest, TheOrderOfApplyDoesNotMatter) {
  Start();
  Create(kClaims, Claim("weights", "llama"));
  Settle();
  EXPECT_EQ(Reasons(), std::vector<std::string>{"Normal WaitingForCache"});
  CreateResolved("other");
  Settle();
  EXPECT_THAT(Volumes(), IsEmpty());
  CreateResolved("llama");
  Settle();
  EXPECT_EQ(Volumes().size(), 1U);
}

TEST_F(VolumeControllerTest, AClaimThatCameWhileAnotherLedIsTakenUp) {
  Create(kClaims, Claim("weights", "llama"));
  Start();
  CreateResolved("llama");
  Settle();
  EXPECT_EQ(Volumes().size(), 1U);
}

TEST_F(VolumeControllerTest, ANamespaceThatIsLabelledLaterIsAdmittedThen) {
  CreateResolved("llama");
  const Json allowed = {{"from", "Selector"}, {"selector", {{"matchLabels", {{"gpu", "yes"}}}}}};
  ASSERT_TRUE(client_
                  .Patch(kClusterModelCaches, {"", "llama"}, {{"spec", {{"allowedNamespaces", allowed}}}},
                         Subresource::kNone, {})
                  .ok());
  Create(kClaims, Claim("weights", "llama"));
  Start();
  EXPECT_EQ(Reasons(), std::vector<std::string>{"Warning NotAllowed"});
  ASSERT_TRUE(
      client_.Patch(kNamespaces, {"", "team"}, {{"metadata", {{"labels", {{"gpu", "yes"}}}}}}, Subresource::kNone, {})
          .ok());
  Settle();
  EXPECT_EQ(Volumes().size(), 1U);
}

TEST_F(VolumeControllerTest, AClassThatComesLateIsTakenUp) {
  CreateResolved("llama");
  ASSERT_EQ(client_.Delete(kStorageClasses, {"", "ballast"}, {}, {}), OkStatus());
  Create(kClaims, Claim("weights", "llama"));
  Start();
  EXPECT_THAT(Volumes(), IsEmpty());
  Create(kStorageClasses, StorageClass());
  Settle();
  EXPECT_EQ(Volumes().size(), 1U);
}

TEST_F(VolumeControllerTest, ARefusedClaimSaysWhyOnce) {
  CreateResolved("llama");
  Json claim = Claim("weights", "llama");
  claim["spec"]["accessModes"] = {"ReadWriteMany"};
  Create(kClaims, claim);
  Start();
  EXPECT_EQ(Reasons(), std::vector<std::string>{"Warning ProvisioningFailed"});
  EXPECT_THAT(OnlyNote(), HasSubstr("use [ReadOnlyMany]"));
  const int writes = client_.CountCalls(KubeVerb::kCreate) + client_.CountCalls(KubeVerb::kPatch);
  for (int i = 0; i < 5; ++i) {
    volumes_.AddAll();
    Settle();
    clock_.Advance(minutes(5));
  }
  EXPECT_EQ(client_.CountCalls(KubeVerb::kCreate) + client_.CountCalls(KubeVerb::kPatch), writes + 5 * 1)
      << "nothing but the question for VolumePopulator";
}

TEST_F(VolumeControllerTest, AWaitThatOutlivesItsEventIsTelledAgain) {
  Create(kClaims, Claim("weights", "llama"));
  Start();
  clock_.Advance(minutes(49));
  Settle();
  EXPECT_EQ(Reasons().size(), 1U);
  clock_.Advance(minutes(2));
  Settle();
  EXPECT_EQ(Reasons().size(), 2U);
}

TEST_F(VolumeControllerTest, ALostAnswerMakesNoSecondVolume) {
  CreateResolved("llama");
  Create(kClaims, Claim("weights", "llama"));
  view_.Start();
  ASSERT_TRUE(view_.AwaitSync({}));
  volumes_.controller().Add("claim/team/weights");
  client_.LoseAnswer(KubeVerb::kCreate, DeadlineExceeded("too slow"));
  volumes_.controller().Drain();
  clock_.Advance(minutes(1));
  Settle();
  EXPECT_EQ(Volumes().size(), 1U);
  EXPECT_EQ(volumes_.controller().counts().failed, 1U);
}

TEST_F(VolumeControllerTest, AVolumeOfThatNameThatIsNotTheClaimsIsLeftAlone) {
  CreateResolved("llama");
  const Json claim = Create(kClaims, Claim("weights", "llama"));
  const std::string name = "pvc-" + UidOf(claim);
  Create(kVolumes, MakeVolume(name, {{"clusterCache", "llama"}}, {"team", "weights"}));
  Start();
  EXPECT_EQ(Reasons(), std::vector<std::string>{"Warning ProvisioningFailed"});
  EXPECT_THAT(OnlyNote(), HasSubstr(name));
}

TEST_F(VolumeControllerTest, AReleasedVolumeIsRemoved) {
  CreateResolved("llama");
  Create(kClaims, Claim("weights", "llama"));
  Start();
  const ObjectName name = NameOf(Volumes().at(0));
  ASSERT_EQ(client_.Delete(kClaims, {"team", "weights"}, {}, {}), OkStatus());
  Settle();
  EXPECT_EQ(Volumes().size(), 1U) << "Kubernetes has not released it yet";
  ASSERT_TRUE(client_.Patch(kVolumes, name, {{"status", {{"phase", "Released"}}}}, Subresource::kNone, {}).ok());
  Settle();
  EXPECT_THAT(Volumes(), IsEmpty());
}

TEST_F(VolumeControllerTest, WithoutTheTypeNoPopulatorIsRegisteredAndWithItOnce) {
  Start();
  client_.Serve({.resource = kPopulators, .kind = "VolumePopulator"});
  clock_.Advance(minutes(61));
  Settle();
  EXPECT_EQ(All(kPopulators).size(), 2U);
  const int creates = client_.CountCalls(KubeVerb::kCreate);
  clock_.Advance(minutes(61));
  Settle();
  EXPECT_EQ(client_.CountCalls(KubeVerb::kCreate), creates);
}

}  // namespace
}  // namespace ballast::controller
