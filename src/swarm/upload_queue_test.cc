#include "swarm/upload_queue.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

TEST(UploadQueueTest, OneNodesRequestsAreAnsweredInTheirOrder) {
  UploadQueue queue({});
  for (const uint64_t id : {1, 2, 3}) EXPECT_TRUE(queue.Add({id, "a"}));
  for (const uint64_t id : {1, 2, 3}) EXPECT_EQ(queue.Take()->id, id);
  EXPECT_FALSE(queue.Take().has_value());
  EXPECT_EQ(queue.active(), 3U);
}

TEST(UploadQueueTest, TheNodeThatGetsLeastIsNext) {
  UploadQueue queue({});
  for (const uint64_t id : {1, 2, 3}) queue.Add({id, "greedy"});
  queue.Add({4, "modest"});
  EXPECT_EQ(queue.Take()->id, 1U);
  EXPECT_EQ(queue.Take()->id, 4U);
  EXPECT_EQ(queue.Take()->id, 2U);
}

TEST(UploadQueueTest, NoNodeTakesAll) {
  UploadQueue queue({.waiting = 10, .active_per_node = 2});
  for (const uint64_t id : {1, 2, 3}) queue.Add({id, "a"});
  const auto first = queue.Take();
  queue.Take();
  EXPECT_FALSE(queue.Take().has_value());
  EXPECT_EQ(queue.waiting(), 1U);
  queue.Done(*first);
  EXPECT_EQ(queue.Take()->id, 3U);
}

TEST(UploadQueueTest, TheLineIsBounded) {
  UploadQueue queue({.waiting = 2, .active_per_node = 1});
  EXPECT_TRUE(queue.Add({1, "a"}));
  EXPECT_TRUE(queue.Add({2, "b"}));
  EXPECT_FALSE(queue.Add({3, "c"}));
  queue.Take();
  EXPECT_TRUE(queue.Add({3, "c"}));
}

}  // namespace
}  // namespace ballast
