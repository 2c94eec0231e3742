#include "store/room.h"

#include <gmock/gmock.h>

namespace ballast {
namespace {

using ::testing::HasSubstr;

constexpr uint64_t kGiB = uint64_t{1} << 30;

Room SomeRoom() { return {100 * kGiB, 10 * kGiB, 30 * kGiB, 20 * kGiB, 60 * kGiB, 500 * kGiB}; }

TEST(RoomTest, WhatFitsFits) {
  EXPECT_EQ(CheckRoom(SomeRoom(), 30 * kGiB), OkStatus());
  EXPECT_EQ(CheckRoom(SomeRoom(), 0), OkStatus());
}

TEST(RoomTest, DiskCountsPromisesAndWhatMustStayFree) {
  const Status status = CheckRoom(SomeRoom(), 30 * kGiB + 1);
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(status.message(), HasSubstr("30.0 GiB can be used on the disk (60.0 GiB are free, 20.0 GiB promised"));
}

TEST(RoomTest, QuotaCountsOursAndPromises) {
  Room room = SomeRoom();
  room.available = room.total;
  EXPECT_EQ(CheckRoom(room, 50 * kGiB), OkStatus());
  const Status status = CheckRoom(room, 51 * kGiB);
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(status.message(), HasSubstr("needs 51.0 GiB, 50.0 GiB are left of the quota of 100 GiB"));
}

TEST(RoomTest, WhatCanNeverFitIsFinal) {
  EXPECT_EQ(CheckRoom(SomeRoom(), 101 * kGiB).code(), StatusCode::kFailedPrecondition);
  Room room = SomeRoom();
  room.quota = 0;
  EXPECT_EQ(CheckRoom(room, 490 * kGiB).code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(CheckRoom(room, 491 * kGiB).code(), StatusCode::kFailedPrecondition);
}

TEST(RoomTest, OverfullDiskHasNoRoomRatherThanAllTheRoom) {
  Room room = SomeRoom();
  room.used = 200 * kGiB;
  EXPECT_EQ(CheckRoom(room, 1).code(), StatusCode::kResourceExhausted);
  room = SomeRoom();
  room.available = 5 * kGiB;
  EXPECT_EQ(CheckRoom(room, 1).code(), StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace ballast
