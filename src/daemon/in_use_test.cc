#include "daemon/in_use.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

const Digest kModel = Digest::Of("m");

TEST(InUseTest, ManyPublishAtOnceAndNobodyRemovesMeanwhile) {
  InUse in_use;
  {
    const auto first = in_use.ToPublish(kModel);
    const auto second = in_use.ToPublish(kModel);
    EXPECT_TRUE(first.ok() && second.ok());
    EXPECT_EQ(in_use.ToRemove(kModel).status().code(), StatusCode::kAborted);
    EXPECT_TRUE(in_use.ToRemove(Digest::Of("other")).ok());
  }
  EXPECT_TRUE(in_use.ToRemove(kModel).ok());
}

TEST(InUseTest, NobodyPublishesWhatIsBeingRemoved) {
  InUse in_use;
  {
    const auto removing = in_use.ToRemove(kModel);
    ASSERT_TRUE(removing.ok());
    EXPECT_EQ(in_use.ToPublish(kModel).status().code(), StatusCode::kAborted);
    EXPECT_EQ(in_use.ToRemove(kModel).status().code(), StatusCode::kAborted);
  }
  EXPECT_TRUE(in_use.ToPublish(kModel).ok());
}

}  // namespace
}  // namespace ballast
