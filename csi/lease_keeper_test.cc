// Leases are kept in step with the mounts.
#include <gmock/gmock.h>

#include "csi/testing/node_fixture.h"

namespace ballast::driver {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

class LeaseKeeperTest : public NodeFixture {};

TEST(IsAbandonedTest, NeverWhileMountedAndOtherwiseWhenNobodyComesBack) {
  for (int bits = 0; bits < 16; ++bits) {
    const LeaseFacts facts{.mounted = (bits & 1) != 0,
                           .parent_exists = (bits & 2) != 0,
                           .given_up = (bits & 4) != 0,
                           .unused = (bits & 8) != 0 ? kLeasePatience + seconds(1) : Duration(kLeasePatience)};
    const bool nobody = facts.given_up || !facts.parent_exists || facts.unused > kLeasePatience;
    EXPECT_EQ(IsAbandoned(facts), !facts.mounted && nobody) << bits;
  }
}

TEST_F(LeaseKeeperTest, ALeaseThatCouldNotBeGivenBackGoesWithTheNextReconciliation) {
  ASSERT_EQ(Publish(), OkStatus());
  cache_.SetUp(false);
  ASSERT_EQ(Unpublish(), OkStatus());
  EXPECT_FALSE(leases_.Reconcile().ok());
  cache_.SetUp(true);
  EXPECT_EQ(*leases_.Reconcile(), 1);
  EXPECT_THAT(cache_.leases(), IsEmpty());
  EXPECT_EQ(leases_.pending(), 0U);
}

TEST_F(LeaseKeeperTest, AWaitingPublishKeepsItsLeaseBetweenTheKubeletsAttempts) {
  Warming();
  for (int attempt = 0; attempt < 5; ++attempt) {
    ASSERT_EQ(Publish().code(), StatusCode::kUnavailable);
    clock_.Advance(minutes(4));
    ASSERT_EQ(*leases_.Reconcile(), 0);
  }
  clock_.Advance(minutes(7));  // the pod is gone and the kubelet never came back
  EXPECT_EQ(*leases_.Reconcile(), 1);
}

TEST_F(LeaseKeeperTest, AfterARebootLeasesWithoutMountsAreCleanedAndThoseOfMountsStay) {
  ASSERT_EQ(Publish(), OkStatus());
  cache_.AddLease({"gone", "/kubelet/pods/gone/volumes/model/mount"});  // its pod's directory is no more
  cache_.AddLease({"back", std::string(kParent) + "/other"});           // its pod may start again
  EXPECT_EQ(*leases_.Reconcile(), 1);
  EXPECT_THAT(cache_.leases(), ElementsAre(LeaseKey{"back", std::string(kParent) + "/other"}, kLease));
  clock_.Advance(minutes(11));
  EXPECT_EQ(*leases_.Reconcile(), 1);
  EXPECT_THAT(cache_.leases(), ElementsAre(kLease));
}

TEST_F(LeaseKeeperTest, AMountUnderAForeignOneKeepsItsLease) {
  ASSERT_EQ(Publish(), OkStatus());
  mounter_.AddForeignMount(kTarget);
  clock_.Advance(minutes(60));
  EXPECT_EQ(*leases_.Reconcile(), 0);
}

TEST_F(LeaseKeeperTest, ReconciliationLeavesAnOperationInFlightAlone) {
  clock_.Advance(minutes(60));
  Result<int> during = 0;
  cache_.OnPrepare([&] { during = leases_.Reconcile(); });
  ASSERT_EQ(Publish(), OkStatus());
  EXPECT_EQ(*during, 0);
  EXPECT_THAT(cache_.leases(), ElementsAre(kLease));
}

}  // namespace
}  // namespace ballast::driver
