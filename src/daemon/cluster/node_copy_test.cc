#include "daemon/cluster/node_copy.h"

#include <gtest/gtest.h>

#include "base/small_file.h"
#include "base/testing/temp_dir.h"

namespace ballast {
namespace {

TEST(NodeCopyTest, WhatIsSavedIsLoadedWithoutItsStatus) {
  const TempDir dir;
  const std::string file = dir.path() + "/cachenode.json";
  EXPECT_FALSE(LoadNodeCopy(file, "n1"));
  CacheNode node;
  node.metadata.name = "n1";
  node.metadata.uid = "u";
  node.metadata.owner_references = {{.api_version = "v1", .kind = "Node", .name = "n1", .uid = "o"}};
  node.spec.refused = {{.cache = "c", .reason = "NotAllowed", .message = "no"}};
  node.status.summary.caches = "1/1";
  ASSERT_TRUE(SaveNodeCopy(file, node).ok());
  node.status = {};
  EXPECT_EQ(*LoadNodeCopy(file, "n1"), node);
}

TEST(NodeCopyTest, ADamagedCopyOrOneOfAnotherNodeCountsForNothing) {
  const TempDir dir;
  const std::string file = dir.path() + "/cachenode.json";
  CacheNode node;
  node.metadata.name = "n1";
  ASSERT_TRUE(SaveNodeCopy(file, node).ok());
  EXPECT_FALSE(LoadNodeCopy(file, "n2"));
  ASSERT_TRUE(ReplaceSmallFile(file, "{\"kind\":").ok());
  EXPECT_FALSE(LoadNodeCopy(file, "n1"));
}

}  // namespace
}  // namespace ballast
