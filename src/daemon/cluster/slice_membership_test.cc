#include "daemon/cluster/slice_membership.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "base/testing/fake_clock.h"
#include "base/testing/temp_dir.h"
#include "kube/testing/fake_kube_client.h"
#include "swarm/testing/membership_conformance.h"

namespace ballast {
namespace {

Json SliceOf(const std::vector<unsigned>& numbers) {
  Json endpoints = Json::array();
  for (const unsigned number : numbers)
    endpoints.push_back({{"addresses", {StrCat("10.0.0.", number)}}, {"nodeName", StrCat("node-", number)}});
  return {{"apiVersion", "discovery.k8s.io/v1"},
          {"kind", "EndpointSlice"},
          {"metadata",
           {{"name", "ballast-agents-1"},
            {"namespace", "ballast-system"},
            {"labels", {{"app.kubernetes.io/part-of", "ballast"}, {"kubernetes.io/service-name", "ballast-agents"}}}}},
          {"addressType", "IPv4"},
          {"ports", {{{"name", "control"}, {"port", 7070}}, {{"name", "data"}, {"port", 7071}}}},
          {"endpoints", endpoints}};
}

std::unique_ptr<SliceMembership> StartOn(KubeClient& kube, const std::string& file) {
  return SliceMembership::Start(
             {.kube = kube,
              .ns = "ballast-system",
              .self = {.name = "node-1", .host = "10.0.0.1", .control_port = 7070, .data_port = 7071},
              .file = file})
      .value();
}

class Sliced final : public MembershipUnderTest {
 public:
  Sliced() {
    kube_.Serve({.resource = kEndpointSlices, .kind = "EndpointSlice"});
    membership_ = StartOn(kube_, dir_.path() + "/members.json");
    kube_.AwaitWatches(1);
  }
  Membership& membership() override { return *membership_; }
  std::string NameOf(unsigned number) const override { return StrCat("node-", number); }
  void Become(const std::vector<unsigned>& numbers) override {
    const Result<Json> there = kube_.Get(kEndpointSlices, {"ballast-system", "ballast-agents-1"}, {});
    Json next = SliceOf(numbers);
    if (there.ok()) next["metadata"]["resourceVersion"] = ResourceVersionOf(*there);
    const Result<Json> written =
        there.ok() ? kube_.Update(kEndpointSlices, next, {}) : kube_.Create(kEndpointSlices, next, {});
    BALLAST_CHECK(written.ok()) << written.status();
    kube_.AwaitWatches(1);
  }

 private:
  const TempDir dir_;
  FakeClock clock_;
  FakeKubeClient kube_{clock_};
  std::unique_ptr<SliceMembership> membership_;
};

INSTANTIATE_TEST_SUITE_P(Slices, MembershipConformanceTest,
                         testing::Values([]() -> std::unique_ptr<MembershipUnderTest> {
                           return std::make_unique<Sliced>();
                         }));

TEST(SliceMembershipTest, TheLastListIsOnDiskForAStartWithoutAnApiserver) {
  const TempDir dir;
  FakeClock clock;
  FakeKubeClient kube(clock);
  kube.Serve({.resource = kEndpointSlices, .kind = "EndpointSlice"});
  ASSERT_TRUE(kube.Create(kEndpointSlices, SliceOf({1, 2, 3}), {}).ok());
  {
    const auto membership = StartOn(kube, dir.path() + "/members.json");
    kube.AwaitWatches(1);
    membership->Save();
  }
  kube.FailNext(KubeVerb::kList, Unavailable("down"), 1000);
  const auto membership = StartOn(kube, dir.path() + "/members.json");
  EXPECT_EQ(membership->Current()->size(), 3U);
  EXPECT_EQ(membership->self(), "node-1");
}

}  // namespace
}  // namespace ballast
