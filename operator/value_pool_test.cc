#include "operator/value_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace ballast::controller {
namespace {

TEST(ValuePoolTest, EqualValuesAreOne) {
  ValuePool<std::string> pool;
  SharedList<std::string> a = {"llama", "qwen"};
  SharedList<std::string> b = {"qwen", "phi"};
  const SharedList<std::string> before = b;
  pool.Share(a);
  pool.Share(b);
  EXPECT_EQ(&a[1], &b[0]);
  EXPECT_EQ(b, before);
  EXPECT_EQ(pool.size(), 3U);
}

TEST(ValuePoolTest, AChangeIsForOneListAlone) {
  ValuePool<std::string> pool;
  SharedList<std::string> a = {"llama"};
  SharedList<std::string> b = {"llama"};
  pool.Share(a);
  pool.Share(b);
  a.Change(0, [](std::string& value) { value = "phi"; });
  EXPECT_EQ(a[0], "phi");
  EXPECT_EQ(b[0], "llama");
}

TEST(ValuePoolTest, WhatNobodyHasAnyMoreGoesInTime) {
  ValuePool<std::string> pool;
  SharedList<std::string> kept = {"kept"};
  pool.Share(kept);
  size_t most = 0;
  for (int i = 0; i < 10'000; ++i) {
    SharedList<std::string> passing = {std::to_string(i)};
    pool.Share(passing);
    most = std::max(most, pool.size());
  }
  EXPECT_LT(most, 2'000U);
  SharedList<std::string> again = {"kept"};
  pool.Share(again);
  EXPECT_EQ(&again[0], &kept[0]);
}

}  // namespace
}  // namespace ballast::controller
