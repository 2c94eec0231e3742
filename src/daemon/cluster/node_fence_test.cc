#include "daemon/cluster/node_fence.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

CacheNode Node(const std::string& uid, const std::string& owner) {
  CacheNode node;
  node.metadata.uid = uid;
  node.metadata.owner_references = {{.kind = "Node", .name = "n1", .uid = owner}};
  return node;
}

TEST(NodeFenceTest, TheNextVersionOfAnObjectIsTaken) {
  const CacheNode node = Node("1", "a");
  EXPECT_EQ(JudgeObject(nullptr, node, ""), NodeVerdictKind::kTake);
  EXPECT_EQ(JudgeObject(&node, node, "a"), NodeVerdictKind::kTake);
}

TEST(NodeFenceTest, AnotherObjectOrAnotherOwnerBeginsAnew) {
  const CacheNode before = Node("1", "a");
  EXPECT_EQ(JudgeObject(&before, Node("2", "a"), ""), NodeVerdictKind::kTakeAnew);
  EXPECT_EQ(JudgeObject(&before, Node("1", "b"), ""), NodeVerdictKind::kTakeAnew);
  EXPECT_EQ(JudgeObject(&before, Node("2", "b"), "b"), NodeVerdictKind::kTakeAnew);
}

TEST(NodeFenceTest, AnObjectOfAnotherNodeIsIgnoredWhereThatIsKnown) {
  const CacheNode before = Node("1", "a");
  EXPECT_EQ(JudgeObject(&before, Node("2", "b"), "a"), NodeVerdictKind::kIgnore);
  EXPECT_EQ(JudgeObject(nullptr, Node("2", "b"), "a"), NodeVerdictKind::kIgnore);
  EXPECT_EQ(JudgeObject(nullptr, Node("2", ""), "a"), NodeVerdictKind::kTake) << "no owner says nothing";
}

TEST(NodeFenceTest, ATokenNamesItsNode) {
  // {"kubernetes.io":{"node":{"name":"n1","uid":"0815"}}}
  const std::string claims = "eyJrdWJlcm5ldGVzLmlvIjp7Im5vZGUiOnsibmFtZSI6Im4xIiwidWlkIjoiMDgxNSJ9fX0";
  EXPECT_EQ(NodeUidOfToken("head." + claims + ".signature"), "0815");
  EXPECT_EQ(NodeUidOfToken(""), "");
  EXPECT_EQ(NodeUidOfToken("a.b"), "");
  EXPECT_EQ(NodeUidOfToken("a.!!!.c"), "");
  EXPECT_EQ(NodeUidOfToken("a.e30.c"), "");
}

}  // namespace
}  // namespace ballast
