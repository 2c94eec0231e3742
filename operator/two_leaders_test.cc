// Two operators that both believe to lead, as after a pause longer than a lease or with clocks that disagree: what one
// decided before the other wrote is refused, and the end is the one that a leader alone would reach.
#include <gtest/gtest.h>

#include <functional>
#include <regex>
#include <thread>

#include "operator/testing/operator_fixture.h"

namespace ballast::controller {
namespace {

constexpr uint64_t kGiB = uint64_t{1} << 30;
const std::vector<std::string> kTheNodes = {"a", "b"};

// A cluster with one leader, and another one where a test wants it.
class Realm : public OperatorFixture {
 public:
  ~Realm() override {
    client_.OnCall(nullptr);
    rival_.reset();
    rival_view_.reset();
  }
  void TestBody() override {}

  void Begin() {
    AddNodes(kTheNodes);
    hub_.Put("hf://org/llama", "c1", kGiB);
    hub_.Put("hf://org/qwen", "q1", kGiB);
    Apply(MakeCache("llama"));
  }
  void AddRival() {
    rival_view_ = std::make_unique<ClusterView>(client_, ClusterViewOptions{});
    rival_view_->Start();
    ASSERT_TRUE(rival_view_->AwaitSync({}));
    watches_ = 20;
    rival_ = MakeTask(*rival_view_, rival_registry_);
  }
  // Right before the leader's write number `nth`, from 0: the rival does all that there is, after `first`.
  void ActBeforeWrite(int nth, const std::function<void()>& first) {
    client_.OnCall([this, nth, first, leader = std::this_thread::get_id()](const FakeCall& call) {
      if (!IsWrite(call) || rival_acts_ || std::this_thread::get_id() != leader) return;
      if (writes_++ != nth && nth >= 0) return;
      rival_acts_ = true;
      late_write_ = call.verb;
      first();
      LetRivalWork();
      rival_acts_ = false;
    });
  }
  void LeadWithRival() {
    if (view_ == nullptr) {
      view_ = std::make_unique<ClusterView>(client_, ClusterViewOptions{});
      view_->Start();
      ASSERT_TRUE(view_->AwaitSync({}));
    }
    AddRival();
    rival_->Begin();
    Lead();
    client_.OnCall(nullptr);
  }
  void SettleBoth() {
    for (int quiet = 0; quiet < 4;) {
      client_.AwaitWatches(watches_);
      while (task_->outstanding() + rival_->outstanding() > 0) std::this_thread::yield();
      const int worked = task_->Drain() + rival_->Drain();
      quiet = worked == 0 ? quiet + 1 : 0;
      clock_.Advance(std::chrono::milliseconds(60));
    }
  }
  void PassBoth(Duration time) {
    clock_.Advance(time);
    SettleBoth();
  }

  // All that an operator wrote, without what differs from one cluster to the next.
  std::string Written() {
    std::string all;
    for (const KubeResource& resource : {kClusterModelCaches, kCacheNodes}) {
      const auto list = client_.List(resource, {}, {});
      for (Json object : list->items) {
        Json metadata = {{"name", NameOf(object).name}};
        metadata["finalizers"] = ChildAt(object, "/metadata/finalizers");
        object["metadata"] = std::move(metadata);
        all += DumpJson(object) + "\n";
      }
    }
    static const std::regex time("\\d{4}-\\d\\d-\\d\\dT[0-9:]+Z");
    return std::regex_replace(all, time, "TIME");
  }
  // Of the leader's writes that were refused.
  double Refused() const {
    double refused = 0;
    for (const auto& family : registry_.Collect()) {
      if (family.name != "ballast_operator_reconciles_total") continue;
      for (const auto& metric : family.metric) {
        for (const auto& label : metric.label) refused += label.value == "ABORTED" ? metric.counter.value : 0;
      }
    }
    return refused;
  }
  // The leader's write that a rival came before.
  KubeVerb late_write() const { return late_write_; }

  using OperatorFixture::AgentReports;
  using OperatorFixture::Apply;
  using OperatorFixture::Cache;
  using OperatorFixture::Lead;
  using OperatorFixture::NodeOf;
  using OperatorFixture::Pass;
  using OperatorFixture::PatchCache;
  using OperatorFixture::Settle;

 private:
  void LetRivalWork() {
    for (int quiet = 0; quiet < 4;) {
      client_.AwaitWatches(watches_);
      while (rival_->outstanding() > 0) std::this_thread::yield();
      quiet = rival_->Drain() == 0 ? quiet + 1 : 0;
      clock_.Advance(std::chrono::milliseconds(60));
    }
  }

  prometheus::Registry rival_registry_;
  std::unique_ptr<ClusterView> rival_view_;
  std::unique_ptr<CacheTask> rival_;
  bool rival_acts_ = false;
  int writes_ = 0;
  KubeVerb late_write_ = KubeVerb::kGet;
};

// What is said in the end where nobody interferes.
std::string Alone(const std::function<void(Realm&)>& meanwhile) {
  Realm realm;
  realm.Begin();
  meanwhile(realm);
  realm.Lead();
  for (const std::string& node : kTheNodes) realm.AgentReports(node);
  realm.Settle();
  realm.Pass(std::chrono::minutes(1));
  EXPECT_EQ(realm.Cache("llama").status.summary.ready, "2/2");
  return realm.Written();
}

void EndTogether(Realm& realm) {
  realm.SettleBoth();
  for (const std::string& node : kTheNodes) realm.AgentReports(node);
  realm.SettleBoth();
  realm.PassBoth(std::chrono::minutes(1));
}

TEST(TwoLeadersTest, WhoIsAlwaysLateWritesNothingOfItsOwn) {
  Realm realm;
  realm.Begin();
  realm.ActBeforeWrite(-1, [] {});
  realm.LeadWithRival();
  EXPECT_GT(realm.Refused(), 0);
  EndTogether(realm);
  EXPECT_EQ(realm.Written(), Alone([](Realm&) {}));
}

constexpr int kMostWrites = 7;  // more than a leader makes: the last one meets no rival

// A leader that sleeps right before one of its writes, while another one leads and a user asks for something else.
class SleepingLeaderTest : public testing::TestWithParam<int> {};

TEST_P(SleepingLeaderTest, WhatItDecidedBeforeIsRefused) {
  const auto user = [](Realm& realm) {
    realm.PatchCache("llama", {{"priority", 70}});
    realm.Apply(MakeCache("qwen"));
  };
  Realm realm;
  realm.Begin();
  bool asked = false;
  const auto ask = [&] {
    user(realm);
    asked = true;
  };
  realm.ActBeforeWrite(GetParam(), ask);
  realm.LeadWithRival();
  EXPECT_TRUE(asked || GetParam() + 1 == kMostWrites);
  // A creation finds that the object is there: that is no refusal.
  EXPECT_EQ(realm.Refused() > 0, asked && realm.late_write() != KubeVerb::kCreate);
  if (!asked) user(realm);
  EndTogether(realm);
  EXPECT_EQ(realm.Written(), Alone(user));
}

INSTANTIATE_TEST_SUITE_P(AtEachWrite, SleepingLeaderTest, testing::Range(0, kMostWrites));

}  // namespace
}  // namespace ballast::controller
