#include "daemon/swarm_entry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "base/testing/fake_clock.h"

namespace ballast {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class SwarmEntryTest : public ::testing::Test {
 protected:
  // Each look finds the next of these, then nothing missing.
  SwarmEntry Entry(std::vector<std::string> missing) {
    missing_ = std::move(missing);
    return SwarmEntry({.clock = clock_, .within = std::chrono::seconds(30), .missing = [this] {
                         if (at_ < missing_.size()) return missing_[at_++];
                         return std::string();
                       }});
  }
  FakeClock clock_;
  std::vector<std::string> missing_;
  size_t at_ = 0;
  std::vector<std::string> told_;
  const std::function<void(const std::string&)> tell_ = [this](const std::string& what) { told_.push_back(what); };
};

TEST_F(SwarmEntryTest, WaitsUntilNothingIsMissingAndSaysForWhat) {
  SwarmEntry entry = Entry({"a certificate", "a certificate", "members"});
  EXPECT_TRUE(entry.Await(tell_, {}).ok());
  EXPECT_THAT(told_, ElementsAre("a certificate", "members"));
}

TEST_F(SwarmEntryTest, GivesUpInTime) {
  SwarmEntry entry = Entry({"a certificate", "a certificate", "never"});
  const auto time_passes = [&](const std::string& what) {
    tell_(what);
    clock_.Advance(std::chrono::seconds(30));
  };
  EXPECT_TRUE(entry.Await(time_passes, {}).ok());
  EXPECT_THAT(told_, ElementsAre("a certificate"));
}

TEST_F(SwarmEntryTest, IsOverForEver) {
  SwarmEntry entry = Entry({});
  EXPECT_TRUE(entry.Await(tell_, {}).ok());
  missing_ = {"a certificate, again"};
  EXPECT_TRUE(entry.Await(tell_, {}).ok());
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(SwarmEntryTest, Stops) {
  SwarmEntry entry = Entry(std::vector<std::string>(1000000, "a certificate"));
  std::stop_source stop;
  const auto stops = [&](const std::string& /*what*/) { stop.request_stop(); };
  EXPECT_EQ(entry.Await(stops, stop.get_token()).code(), StatusCode::kCancelled);
}

}  // namespace
}  // namespace ballast
