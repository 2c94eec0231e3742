#include "csi/publish_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ballast::driver {
namespace {

using testing::HasSubstr;

constexpr TargetKind kKinds[] = {TargetKind::kMissing,       TargetKind::kNoParent,     TargetKind::kEmptyDirectory,
                                 TargetKind::kFullDirectory, TargetKind::kNotDirectory, TargetKind::kSymlink,
                                 TargetKind::kView,          TargetKind::kForeignMount};

bool Free(TargetKind kind) { return kind == TargetKind::kMissing || kind == TargetKind::kEmptyDirectory; }

// Every combination of what there is to know.
template <typename Check>
void ForAllFacts(Check check) {
  for (const TargetKind kind : kKinds) {
    for (int bits = 0; bits < 16; ++bits) {
      PublishFacts facts;
      facts.target.kind = kind;
      facts.target.view.idmapped = (bits & 1) != 0;
      facts.target.view.removed = (bits & 2) != 0;
      facts.readonly = (bits & 4) != 0;
      if ((bits & 8) != 0) facts.can_idmap = FailedPrecondition("mount_setattr: Invalid argument");
      SCOPED_TRACE(testing::Message() << "kind " << static_cast<int>(kind) << " bits " << bits);
      check(facts, PlanPublish(facts));
    }
  }
}

TEST(PlanPublishTest, NothingIsMountedOverWhatIsThere) {
  ForAllFacts([](const PublishFacts& facts, const PublishPlan& plan) {
    if (plan.action == PublishPlan::Action::kPrepareAndMount) {
      EXPECT_TRUE(Free(facts.target.kind));
    }
  });
}

TEST(PlanPublishTest, WhatAPodMayRemountIsAlwaysIdmapped) {
  ForAllFacts([](const PublishFacts& facts, const PublishPlan& plan) {
    if (facts.readonly) return;
    if (plan.action == PublishPlan::Action::kPrepareAndMount) {
      EXPECT_TRUE(plan.idmapped && facts.can_idmap.ok());
    }
    if (plan.action == PublishPlan::Action::kReplyMounted) {
      EXPECT_TRUE(facts.target.view.idmapped);
    }
  });
}

TEST(PlanPublishTest, ReadonlyNeedsNothingOfTheKernel) {
  ForAllFacts([](const PublishFacts& facts, const PublishPlan& plan) {
    if (!facts.readonly || !Free(facts.target.kind)) return;
    EXPECT_EQ(plan.action, PublishPlan::Action::kPrepareAndMount);
    EXPECT_FALSE(plan.idmapped);
  });
}

TEST(PlanPublishTest, AskingForWritableIsNeverRefusedWhereItCanBeKeptReadOnly) {
  ForAllFacts([](const PublishFacts& facts, const PublishPlan& plan) {
    if (facts.can_idmap.ok() && Free(facts.target.kind)) {
      EXPECT_EQ(plan.action, PublishPlan::Action::kPrepareAndMount);
    }
  });
}

TEST(PlanPublishTest, RefusalsAreFinalAndSayWhatToDo) {
  ForAllFacts([](const PublishFacts&, const PublishPlan& plan) {
    if (plan.action != PublishPlan::Action::kRefuse) return;
    EXPECT_TRUE(IsFinal(plan.refusal)) << plan.refusal;
    EXPECT_FALSE(plan.refusal.message().empty());
  });
  const PublishPlan plan = PlanPublish({.readonly = false, .can_idmap = FailedPrecondition("no idmap here")});
  EXPECT_EQ(plan.refusal.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(plan.refusal.message(), HasSubstr("set readOnly: true on the volume"));
  EXPECT_THAT(plan.refusal.message(), HasSubstr("no idmap here"));
}

TEST(PlanPublishTest, APublishedTargetIsOkWithWhatIsMounted) {
  PublishFacts facts{.target = {.kind = TargetKind::kView}, .readonly = true};
  EXPECT_EQ(PlanPublish(facts).action, PublishPlan::Action::kReplyMounted);
  facts.readonly = false;
  EXPECT_EQ(PlanPublish(facts).refusal.code(), StatusCode::kAlreadyExists);
}

TEST(PlanUnpublishTest, OnlyViewsAndEmptyDirectoriesAreTakenAway) {
  for (const TargetKind kind : kKinds) {
    const UnpublishPlan plan = PlanUnpublish({.kind = kind, .detail = "x"});
    EXPECT_EQ(plan.action == UnpublishPlan::Action::kUnmount, kind == TargetKind::kView);
    EXPECT_EQ(plan.action == UnpublishPlan::Action::kRemoveDirectory, kind == TargetKind::kEmptyDirectory);
    const bool done = kind == TargetKind::kMissing || kind == TargetKind::kNoParent;
    EXPECT_EQ(plan.action == UnpublishPlan::Action::kDone, done);
    EXPECT_EQ(plan.action == UnpublishPlan::Action::kRefuse, !plan.refusal.ok());
  }
}

TEST(PlanFailureTest, TheLeaseGoesExactlyBeforeAFinalReply) {
  for (int code = 1; code <= 16; ++code) {
    for (const bool mounted : {false, true}) {
      const PublishFailure failure = PlanFailure({static_cast<StatusCode>(code), "x"}, std::nullopt, mounted);
      EXPECT_EQ(failure.release_lease, IsFinal(failure.reply) && !mounted) << code;
    }
  }
}

TEST(PlanFailureTest, OurEndOfWaitingIsUnavailableWithTheProgress) {
  const WarmProgress last{.model = "m", .bytes_done = 1, .bytes_total = 2};
  const PublishFailure failure = PlanFailure(DeadlineExceeded("x"), last, false);
  EXPECT_EQ(failure.reply, Unavailable("model m is warming: 50 percent (1 of 2 B)"));
  EXPECT_FALSE(failure.release_lease);
}

TEST(PlanFailureTest, FinalCodesAreTheKubelets) {
  for (const StatusCode code : {StatusCode::kCancelled, StatusCode::kDeadlineExceeded, StatusCode::kResourceExhausted,
                                StatusCode::kAborted, StatusCode::kUnavailable, StatusCode::kOk}) {
    EXPECT_FALSE(IsFinal({code, ""})) << StatusCodeName(code);
  }
  for (const StatusCode code : {StatusCode::kNotFound, StatusCode::kInternal, StatusCode::kUnknown,
                                StatusCode::kDataLoss, StatusCode::kUnauthenticated, StatusCode::kFailedPrecondition}) {
    EXPECT_TRUE(IsFinal({code, ""})) << StatusCodeName(code);
  }
}

}  // namespace
}  // namespace ballast::driver
