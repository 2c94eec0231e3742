#include "cli/mount_check.h"

#include <gmock/gmock.h>

namespace ballast::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const HeldLease kLease{"vol", "/pods/a", "ns/pod", "views/x/data"};
const MountedView kMount{.target = "/pods/a", .view = "views/x/data"};

TEST(MountCheckTest, EachMountHasItsLeaseAndEachLeaseItsMount) {
  EXPECT_THAT(CheckMounts({{kLease}, {kMount}, {"/pods/a"}}), IsEmpty());
  EXPECT_THAT(CheckMounts({{kLease}, {}, {"/pods/a"}}), ElementsAre(Field(&Finding::problem, HasSubstr("no mount"))));
  EXPECT_THAT(CheckMounts({{}, {kMount}, {}}), ElementsAre(Field(&Finding::problem, HasSubstr("without a lease"))));
}

TEST(MountCheckTest, AMountOfAnotherViewThanItsLeaseSaysIsFound) {
  MountedView other = kMount;
  other.view = "views/y/data";
  EXPECT_THAT(CheckMounts({{kLease}, {other}, {"/pods/a"}}), ElementsAre(Field(&Finding::path, "/pods/a")));
}

TEST(MountCheckTest, AMountOfARemovedViewIsFound) {
  MountedView removed = kMount;
  removed.removed = true;
  EXPECT_THAT(CheckMounts({{kLease}, {removed}, {"/pods/a"}}),
              ElementsAre(Field(&Finding::problem, HasSubstr("was removed"))));
}

TEST(MountCheckTest, OfTargetsThatCannotBeSeenNothingIsSaid) {
  EXPECT_THAT(CheckMounts({{kLease}, {}, {}}), IsEmpty());
}

}  // namespace
}  // namespace ballast::cli
