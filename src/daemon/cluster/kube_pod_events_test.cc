#include "daemon/cluster/kube_pod_events.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

using std::chrono::seconds;

constexpr SteadyTime kNow{std::chrono::hours(1)};

TEST(EventPaceTest, TheFirstIsToldAtOnceAndTheNextAfterAWhile) {
  EventPace pace;
  EXPECT_TRUE(pace.IsDue("a", kNow));
  EXPECT_FALSE(pace.IsDue("a", kNow + seconds(29)));
  EXPECT_TRUE(pace.IsDue("b", kNow + seconds(29)));
  EXPECT_TRUE(pace.IsDue("a", kNow + seconds(30)));
  EXPECT_FALSE(pace.IsDue("a", kNow + seconds(31)));
}

TEST(WaitingNoteTest, ItSaysHowFarAndWhatIsWaitedFor) {
  cache::v1::Progress progress;
  progress.set_model("hf://org/name@main");
  progress.set_phase("resolving");
  EXPECT_EQ(WaitingNote(progress), "model hf://org/name@main is warming: resolving");
  progress.set_bytes_done(3ULL << 30);
  progress.set_bytes_total(12ULL << 30);
  progress.set_bytes_per_second(1ULL << 30);
  EXPECT_EQ(WaitingNote(progress),
            "model hf://org/name@main is warming: 25% (3.0 GiB of 12.0 GiB, 1.0 GiB/s, about 9.0 s)");
  progress.set_bytes_per_second(0);
  progress.set_waiting_for("the hub to answer");
  EXPECT_EQ(WaitingNote(progress),
            "model hf://org/name@main is warming: 25% (3.0 GiB of 12.0 GiB); waiting for the hub to answer");
}

}  // namespace
}  // namespace ballast
