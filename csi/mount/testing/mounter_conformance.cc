#include "csi/mount/testing/mounter_conformance.h"

#include <algorithm>
#include <vector>

namespace ballast::driver {
namespace {

constexpr const char* kView = "views/a1/data";

TEST_P(MounterConformanceTest, MountsAViewAtATargetThatItMakes) {
  ASSERT_EQ(Kind("/pod/volume"), TargetKind::kMissing);
  ASSERT_EQ(Mount("/pod/volume"), OkStatus());
  const auto state = mounter().Inspect(Path("/pod/volume"));
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(state->kind, TargetKind::kView);
  EXPECT_EQ(state->view, (MountedView{.target = Path("/pod/volume"), .view = kView}));
}

TEST_P(MounterConformanceTest, MountsAtAnEmptyDirectoryAndUnmountLeavesIt) {
  world().AddDirectory(Path("/pod/volume"));
  ASSERT_EQ(Kind("/pod/volume"), TargetKind::kEmptyDirectory);
  ASSERT_EQ(Mount("/pod/volume"), OkStatus());
  ASSERT_EQ(mounter().Unmount(Path("/pod/volume")), OkStatus());
  EXPECT_EQ(Kind("/pod/volume"), TargetKind::kEmptyDirectory);
  ASSERT_EQ(mounter().RemoveTarget(Path("/pod/volume")), OkStatus());
  EXPECT_EQ(Kind("/pod/volume"), TargetKind::kMissing);
}

TEST_P(MounterConformanceTest, RemembersThatAMountIsIdmapped) {
  ASSERT_EQ(mounter().CanIdmap(), OkStatus());
  ASSERT_EQ(mounter().Mount(kView, Path("/pod/volume"), true), OkStatus());
  const auto state = mounter().Inspect(Path("/pod/volume"));
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_TRUE(state->view.idmapped);
}

TEST_P(MounterConformanceTest, ListsEveryViewMounted) {
  ASSERT_EQ(Mount("/pod/one"), OkStatus());
  ASSERT_EQ(Mount("/pod/two"), OkStatus());
  world().AddForeignMount(Path("/pod/three"));
  auto views = mounter().List();
  ASSERT_TRUE(views.ok()) << views.status();
  std::sort(views->begin(), views->end());
  EXPECT_EQ(*views, (std::vector<MountedView>{{.target = Path("/pod/one"), .view = kView},
                                              {.target = Path("/pod/two"), .view = kView}}));
}

TEST_P(MounterConformanceTest, SaysWhatIsInTheWay) {
  world().AddDirectory(Path("/pod/full/sub"));
  world().AddFile(Path("/pod/file"));
  world().AddSymlink(Path("/pod/link"));
  world().AddForeignMount(Path("/pod/foreign"));
  EXPECT_EQ(Kind("/pod/full"), TargetKind::kFullDirectory);
  EXPECT_EQ(mounter().Inspect(Path("/pod/full"))->detail, "\"sub\"");
  EXPECT_EQ(Kind("/pod/file"), TargetKind::kNotDirectory);
  EXPECT_EQ(Kind("/pod/link"), TargetKind::kSymlink);
  EXPECT_EQ(Kind("/pod/link/volume"), TargetKind::kSymlink);
  EXPECT_EQ(Kind("/pod/foreign"), TargetKind::kForeignMount);
  EXPECT_EQ(Kind("/nowhere/volume"), TargetKind::kNoParent);
  EXPECT_EQ(Kind("/pod/file/volume"), TargetKind::kNoParent);
}

TEST_P(MounterConformanceTest, MountsNothingThroughALinkOrOntoAFile) {
  world().AddFile(Path("/pod/file"));
  world().AddSymlink(Path("/pod/link"));
  for (const char* target : {"/pod/file", "/pod/link", "/pod/link/volume", "/nowhere/volume"}) {
    EXPECT_FALSE(Mount(target).ok()) << target;
  }
  EXPECT_TRUE(mounter().List()->empty());
}

TEST_P(MounterConformanceTest, RefusesAViewThatIsNotThereAndLeavesNoDirectory) {
  const Status status = mounter().Mount("views/none/data", Path("/pod/volume"), false);
  EXPECT_EQ(status.code(), StatusCode::kNotFound) << status;
  EXPECT_EQ(Kind("/pod/volume"), TargetKind::kMissing);
}

TEST_P(MounterConformanceTest, UnmountsOnlyViews) {
  world().AddDirectory(Path("/pod/volume"));
  EXPECT_EQ(mounter().Unmount(Path("/pod/volume")).code(), StatusCode::kFailedPrecondition);
  world().AddForeignMount(Path("/pod/volume"));
  EXPECT_EQ(mounter().Unmount(Path("/pod/volume")).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Kind("/pod/volume"), TargetKind::kForeignMount);
}

TEST_P(MounterConformanceTest, UnmountsOneOfStackedMounts) {
  ASSERT_EQ(Mount("/pod/volume"), OkStatus());
  ASSERT_EQ(Mount("/pod/volume"), OkStatus());
  ASSERT_EQ(mounter().Unmount(Path("/pod/volume")), OkStatus());
  EXPECT_EQ(Kind("/pod/volume"), TargetKind::kView);
  ASSERT_EQ(mounter().Unmount(Path("/pod/volume")), OkStatus());
  EXPECT_EQ(Kind("/pod/volume"), TargetKind::kEmptyDirectory);
}

TEST_P(MounterConformanceTest, KnowsAViewThatWasRemovedFromTheCache) {
  ASSERT_EQ(Mount("/pod/volume"), OkStatus());
  world().RemoveView(kView);
  const auto state = mounter().Inspect(Path("/pod/volume"));
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(state->kind, TargetKind::kView);
  EXPECT_TRUE(state->view.removed);
  EXPECT_EQ(state->view.view, kView);
  EXPECT_EQ(mounter().Unmount(Path("/pod/volume")), OkStatus());
}

TEST_P(MounterConformanceTest, RemovesOnlyEmptyDirectories) {
  world().AddDirectory(Path("/pod/full/sub"));
  EXPECT_FALSE(mounter().RemoveTarget(Path("/pod/full")).ok());
  EXPECT_TRUE(world().HasDirectory(Path("/pod/full/sub")));
  EXPECT_EQ(mounter().RemoveTarget(Path("/pod/missing")), OkStatus());
  EXPECT_EQ(mounter().RemoveTarget(Path("/nowhere/missing")), OkStatus());
}

TEST_P(MounterConformanceTest, TellsTheCachesFileSystem) {
  const auto usage = mounter().Usage();
  ASSERT_TRUE(usage.ok()) << usage.status();
  EXPECT_GT(usage->total_bytes, 0U);
  EXPECT_LE(usage->available_bytes + usage->used_bytes, usage->total_bytes);
}

}  // namespace
}  // namespace ballast::driver
