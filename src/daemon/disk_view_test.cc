#include "daemon/disk_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ballast {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(TenantsOfTest, EachNamespaceBelongsToTheFirstTenantThatHasIt) {
  const DiskIntent intent{.tenants = {{.namespaces = {"a"}}, {.namespaces = {"*"}}, {.namespaces = {"b"}}}};
  EXPECT_THAT(TenantsOf(intent, {"a"}), ElementsAre(0));
  EXPECT_THAT(TenantsOf(intent, {"b"}), ElementsAre(1));
  EXPECT_THAT(TenantsOf(intent, {"b", "a", "b"}), ElementsAre(0, 1));
  EXPECT_THAT(TenantsOf(intent, {}), IsEmpty());
}

}  // namespace
}  // namespace ballast
