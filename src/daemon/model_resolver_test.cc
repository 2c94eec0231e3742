#include "daemon/model_resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/testing/fake_clock.h"
#include "base/testing/temp_dir.h"
#include "daemon/swarm_resolver.h"
#include "origin/testing/fake_origin.h"
#include "store/posix_file_system.h"
#include "swarm/rendezvous.h"
#include "swarm/testing/fake_membership.h"

namespace ballast {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::SizeIs;

ModelRequest Main(const std::string& uri = "hf://org/a") { return {.ref = ModelRef::Parse(uri).value()}; }

// One node: its store, its view of the origin, what it answers.
class Node {
 public:
  Node(Origin& origin, const Clock& clock)
      : clock_(clock), origins_([&origin](const ModelRequest&) -> Result<Origin*> { return &origin; }) {
    StoreOptions options{.root = dir_.path() + "/cache"};
    store_ = Store::Open(options, files_, clock).value();
    resolutions_ = Resolutions::Open(dir_.path() + "/resolutions.json").value();
    Restart();
  }
  void Restart() {
    resolver_ = std::make_unique<ModelResolver>(
        ModelResolver::Parts{*store_, *resolutions_, origins_, metrics_, limits_, clock_, /*look_after=*/{}});
  }
  Result<ModelAnswer> Ask(const ModelRequest& request, bool known_only = false) {
    return resolver_->Resolve(request, known_only, {});
  }
  // As its download would have left it.
  void Keep(const ModelRequest& request, const ModelAnswer& answer) {
    for (const ManifestFile& file : answer.manifest.files()) ASSERT_TRUE(store_->blobs().Size(file.digest));
    ASSERT_EQ(store_->models().Put(answer.manifest, answer.record), OkStatus());
    ASSERT_EQ(resolutions_->Put(request, answer.record.commit, answer.manifest.Id(), 0), OkStatus());
  }
  ModelResolver& resolver() { return *resolver_; }
  Store& store() { return *store_; }

 private:
  const Clock& clock_;
  const TempDir dir_;
  PosixFileSystem files_;
  OriginFinder origins_;
  DaemonMetrics metrics_{"1"};
  RealPace pace_{clock_};
  TransferLimits limits_{{}, pace_};
  std::unique_ptr<Store> store_;
  std::unique_ptr<Resolutions> resolutions_;
  std::unique_ptr<ModelResolver> resolver_;
};

class ModelResolverTest : public ::testing::Test {
 protected:
  ModelResolverTest() {
    commit_ = origin_.Put("hf://org/a", {{.path = "config.json", .content = "{}", .kind = FakeFileKind::kPlain},
                                         {.path = "w.bin", .content = "weights"}});
  }

  FakeClock clock_;
  FakeOrigin origin_;
  std::string commit_;
};

TEST_F(ModelResolverTest, AFileWithoutADigestIsFetchedAndHashedAndTheOthersAreNot) {
  Node node(origin_, clock_);
  const ModelAnswer answer = node.Ask(Main()).value();
  EXPECT_EQ(answer.record.uri, "hf://org/a");
  EXPECT_EQ(answer.record.commit, commit_);
  EXPECT_EQ(answer.record.revisions, std::vector<std::string>{"main"});
  EXPECT_EQ(answer.warning, "");
  ASSERT_THAT(answer.manifest.files(), SizeIs(2));
  EXPECT_EQ(answer.manifest.files()[0].digest, Digest::Of("{}"));
  EXPECT_EQ(answer.manifest.files()[1].digest, Digest::Of("weights"));
  EXPECT_EQ(origin_.bytes_delivered(), 2U);
  EXPECT_EQ(node.store().blobs().Size(Digest::Of("{}")), 2U);
}

TEST_F(ModelResolverTest, ManyWhoAskAtOnceAreOneQuestionToTheOrigin) {
  Node node(origin_, clock_);
  origin_.HoldRead("config.json");
  std::vector<std::jthread> askers;
  askers.reserve(8);
  std::atomic<int> answered = 0;
  for (int i = 0; i < 8; ++i) {
    askers.emplace_back([&] { answered += node.Ask(Main()).ok() ? 1 : 0; });
  }
  origin_.AwaitHeld();
  origin_.Continue();
  askers.clear();
  EXPECT_EQ(answered, 8);
  EXPECT_EQ(origin_.resolves(), 1);
}

TEST_F(ModelResolverTest, AnAnswerIsFreshForSecondsAndThenAskedForAgain) {
  Node node(origin_, clock_);
  ASSERT_TRUE(node.Ask(Main()).ok());
  clock_.Advance(seconds(4));
  const std::string next = origin_.Put("hf://org/a", {{.path = "w.bin", .content = "other"}});
  EXPECT_EQ(node.Ask(Main())->record.commit, commit_);
  clock_.Advance(seconds(2));
  EXPECT_EQ(node.Ask(Main())->record.commit, next);
  EXPECT_EQ(origin_.resolves(), 2);
}

TEST_F(ModelResolverTest, WithoutTheOriginItSaysWhatTheOriginSaidBefore) {
  Node node(origin_, clock_);
  const ModelAnswer before = node.Ask(Main()).value();
  clock_.Advance(hours(3));
  origin_.FailResolve(Unavailable("hub down"));
  const ModelAnswer stale = node.Ask(Main()).value();
  EXPECT_EQ(stale.manifest, before.manifest);
  EXPECT_THAT(stale.warning, HasSubstr("(hub down); this is what hf://org/a@main was 3 h 0 min ago"));
}

TEST_F(ModelResolverTest, AfterARestartItSaysWhatIsStored) {
  Node node(origin_, clock_);
  const ModelAnswer before = node.Ask(Main()).value();
  ASSERT_TRUE(node.store().blobs().Put("weights").ok());
  node.Keep(Main(), before);
  node.Restart();
  origin_.FailResolve(Unavailable("hub down"));
  EXPECT_EQ(node.Ask(Main())->manifest, before.manifest);
  EXPECT_THAT(node.Ask(Main(), /*known_only=*/true)->warning, HasSubstr("this is what"));
}

TEST_F(ModelResolverTest, ASilentOriginAndNothingKnownIsToldFromANodeThatIsGone) {
  Node node(origin_, clock_);
  origin_.FailResolve(Unavailable("hub down"));
  EXPECT_EQ(node.Ask(Main()).status(), Aborted("hub down"));
  EXPECT_EQ(node.Ask(Main("hf://org/b"), true).status().code(), StatusCode::kNotFound);
}

// Without the look all of these would wait for as long as the origin is silent.
TEST_F(ModelResolverTest, WhereTheOriginTakesNoConnectionItSaysAtOnceWhatIsKnown) {
  Node node(origin_, clock_);
  const ModelAnswer before = node.Ask(Main()).value();
  clock_.Advance(hours(3));
  origin_.FallSilent();
  const ModelAnswer stale = node.Ask(Main()).value();
  EXPECT_EQ(stale.manifest, before.manifest);
  EXPECT_THAT(stale.warning, HasSubstr("(the fake origin is silent); this is what hf://org/a@main was 3 h 0 min ago"));
  EXPECT_EQ(node.Ask(Main())->manifest, before.manifest);
  const std::string next = origin_.Put("hf://org/a", {{.path = "w.bin", .content = "other"}});
  origin_.Speak();
  clock_.Advance(seconds(2));
  EXPECT_EQ(node.Ask(Main())->record.commit, next);
}

TEST_F(ModelResolverTest, AnOriginThatTakesConnectionsIsWaitedForHoweverLongItNeeds) {
  Node node(origin_, clock_);
  ASSERT_TRUE(node.Ask(Main()).ok());
  clock_.Advance(hours(3));
  const std::string next = origin_.Put("hf://org/a", {{.path = "w.bin", .content = "other"}});
  origin_.FallSlow();
  Result<ModelAnswer> answer = Internal("not asked");
  std::jthread asker([&] { answer = node.Ask(Main()); });
  origin_.AwaitReached();
  origin_.Speak();
  asker.join();
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->record.commit, next);
  EXPECT_EQ(answer->warning, "");
}

TEST_F(ModelResolverTest, WhereNothingIsKnownAnOriginThatIsSlowToConnectIsAskedOnAllTheSame) {
  Node node(origin_, clock_);
  origin_.FallSilent();
  EXPECT_EQ(node.Ask(Main()).status(), Aborted("the fake origin is silent"));
  EXPECT_EQ(node.Ask(Main()).status(), Aborted("the fake origin is silent"));
  origin_.Speak();
  while (!node.Ask(Main()).ok()) std::this_thread::yield();
  EXPECT_EQ(origin_.resolves(), 1);
}

TEST_F(ModelResolverTest, ACommitThatIsKnownIsNotAskedFor) {
  Node node(origin_, clock_);
  const ModelRequest pinned = Main("hf://org/a@" + commit_);
  ASSERT_TRUE(node.Ask(pinned).ok());
  clock_.Advance(hours(1));
  EXPECT_EQ(node.Ask(pinned)->warning, "");
  EXPECT_EQ(origin_.resolves(), 1);
}

TEST_F(ModelResolverTest, WhatTheOriginRefusesIsTold) {
  Node node(origin_, clock_);
  EXPECT_EQ(node.Ask(Main("hf://org/none")).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(node.resolver().Resolve({.uri = "hf://org/a@x"}, {}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(node.resolver().Resolve({.uri = "hf://org/a", .revision = "../x"}, {}).status().code(),
            StatusCode::kInvalidArgument);
}

TEST_F(ModelResolverTest, AnAskerWhoLeavesDoesNotEndTheQuestionOfTheOthers) {
  Node node(origin_, clock_);
  origin_.HoldRead("config.json");
  Result<ModelAnswer> left = Internal("not asked"), stayed = Internal("not asked");
  std::stop_source leave;
  std::jthread first([&] { left = node.resolver().Resolve(Main(), false, leave.get_token()); });
  origin_.AwaitHeld();
  std::jthread second([&] { stayed = node.Ask(Main()); });
  leave.request_stop();
  first.join();
  EXPECT_EQ(left.status().code(), StatusCode::kCancelled);
  origin_.Continue();
  second.join();
  EXPECT_EQ(stayed.status(), OkStatus());
}

// ---- between nodes

// Reaches the nodes of a map; the others are gone.
class FakeControl final : public ControlTransport {
 public:
  std::map<std::string, Resolver*> nodes;
  std::vector<std::string> asked;

  Result<Resolved> Resolve(const Member& to, const ResolveQuery& query, const CallLimit& limit) override {
    {
      MutexLock lock(mutex_);
      asked.push_back(to.name + (query.known_only ? "?" : ""));
    }
    const auto found = nodes.find(to.name);
    if (found == nodes.end()) return Unavailable("no connection to " + to.name);
    return found->second->Resolve(query, limit.stop);
  }
  std::unique_ptr<ControlStream> Join(const Member&, std::shared_ptr<const ModelShape>, ControlEvents&) override {
    return nullptr;
  }
  Result<HoldAnswer> Hold(const Member&, const HoldNotice&, const CallLimit&) override { return Unimplemented(""); }
  Result<CoordinatesAnswer> Coordinates(const Member&, const CoordinatesQuery&, const CallLimit&) override {
    return Unimplemented("");
  }
  Result<std::vector<Digest>> PieceHashes(const Member&, const Digest&, const CallLimit&) override {
    return Unimplemented("");
  }

 private:
  Mutex mutex_;  // of `asked`, while something is being asked
};

// Says the same to everybody.
class FixedResolver final : public Resolver {
 public:
  explicit FixedResolver(Result<Resolved> answer) : answer_(std::move(answer)) {}
  Result<Resolved> Resolve(const ResolveQuery&, std::stop_token) override { return answer_; }

 private:
  const Result<Resolved> answer_;
};

class SwarmResolverTest : public ModelResolverTest {
 protected:
  SwarmResolverTest() {
    std::vector<Member> members;
    for (int i = 0; i < 10; ++i) {
      const std::string name = "n" + std::to_string(i);
      members.push_back({.name = name, .host = "10.0.0." + std::to_string(i + 1), .control_port = 1, .data_port = 2});
    }
    for (const size_t index : RendezvousOrder(ResolveKey(Main()), members)) order_.push_back(members[index].name);
    self_ = order_.back();
    membership_ = std::make_unique<FakeMembership>(self_, members);
  }
  Result<ModelAnswer> Ask(const ModelRequest& request = Main()) {
    return SwarmResolver({*membership_, control_, node_.resolver()}).Resolve(request, {});
  }

  std::vector<std::string> order_;  // of hf://org/a
  std::string self_;
  std::unique_ptr<FakeMembership> membership_;
  FakeControl control_;
  Node node_{origin_, clock_};   // this one, the last in order
  Node first_{origin_, clock_};  // the first in order
};

TEST_F(SwarmResolverTest, TheFirstInOrderIsAskedAndAnswersForAll) {
  control_.nodes[order_[0]] = &first_.resolver();
  EXPECT_EQ(Ask()->record.commit, commit_);
  EXPECT_EQ(control_.asked, std::vector<std::string>{order_[0]});
  EXPECT_THAT(node_.store().blobs().Size(Digest::Of("{}")), std::nullopt);  // it fetched nothing itself
}

TEST_F(SwarmResolverTest, EveryNodeAsksTheSameFew) {
  const auto names = [&](const std::string& self) {
    std::vector<std::string> all;
    for (const Member& node : NodesToAsk(Main(), membership_->Current()->members(), self)) all.push_back(node.name);
    return all;
  };
  EXPECT_EQ(names(order_[9]), (std::vector{order_[0], order_[1], order_[2], order_[9]}));
  EXPECT_EQ(names(order_[1]), (std::vector{order_[0], order_[1]}));
  EXPECT_EQ(names(order_[0]), (std::vector{order_[0]}));
  ModelRequest kept = Main();
  kept.keep_resolution = true;
  EXPECT_EQ(ResolveKey(kept), ResolveKey(Main()));
}

TEST_F(SwarmResolverTest, NodesThatAreGoneArePassedOverAndItselfIsTheLast) {
  EXPECT_EQ(Ask()->record.commit, commit_);
  EXPECT_EQ(control_.asked, (std::vector{order_[0], order_[1], order_[2]}));
  EXPECT_EQ(origin_.resolves(), 1);
}

TEST_F(SwarmResolverTest, WhatTheHubRefusesIsFinalAndWhatADirectoryIsNotEverywhere) {
  FixedResolver refuses(NotFound("no such thing"));
  for (const std::string& name : order_) control_.nodes[name] = &refuses;
  EXPECT_EQ(Ask().status(), NotFound("no such thing"));
  EXPECT_THAT(control_.asked, SizeIs(1));
  origin_.Put("file:///models/a", {{.path = "w.bin", .content = "weights"}});
  EXPECT_EQ(Ask(Main("file:///models/a")).status(), OkStatus());
}

TEST_F(SwarmResolverTest, AHubThatIsSilentToTwoIsNotAskedByEverybody) {
  FixedResolver silent(Aborted("hub down"));
  for (const std::string& name : order_) control_.nodes[name] = &silent;
  EXPECT_EQ(Ask().status(), Unavailable("hub down"));
  EXPECT_EQ(origin_.resolves(), 0);
}

TEST_F(SwarmResolverTest, WithoutTheHubWhoeverKnowsSaysWhatItSaid) {
  const ModelAnswer before = first_.Ask(Main()).value();
  FixedResolver knows(ToResolved(before));
  FixedResolver silent(Aborted("hub down"));
  for (const std::string& name : order_) control_.nodes[name] = &silent;
  control_.nodes[order_[5]] = &knows;  // not one of those that are asked first
  const ModelAnswer answer = Ask().value();
  EXPECT_EQ(answer.manifest, before.manifest);
  EXPECT_THAT(control_.asked, ::testing::Contains(order_[5] + "?"));
}

// Nobody waits for the second and third to find the same.
TEST_F(SwarmResolverTest, AHubThatIsSilentToTheFirstAndToItselfIsDown) {
  const ModelAnswer before = first_.Ask(Main()).value();
  clock_.Advance(hours(3));
  origin_.FallSilent();
  control_.nodes[order_[0]] = &first_.resolver();
  const ModelAnswer answer = Ask().value();
  EXPECT_EQ(answer.manifest, before.manifest);
  EXPECT_THAT(answer.warning, HasSubstr("silent"));
  EXPECT_EQ(control_.asked, std::vector<std::string>{order_[0]});
}

TEST_F(SwarmResolverTest, WhereTheFirstKnowsNothingASilentHubIsNotWaitedForEither) {
  Node other(origin_, clock_);
  const ModelAnswer before = other.Ask(Main()).value();
  clock_.Advance(hours(3));
  origin_.FallSilent();
  control_.nodes[order_[0]] = &first_.resolver();
  control_.nodes[order_[5]] = &other.resolver();
  EXPECT_EQ(Ask()->manifest, before.manifest);
}

TEST_F(SwarmResolverTest, AHubThatTheFirstReachesIsWaitedForWhateverOthersKnow) {
  ASSERT_TRUE(node_.Ask(Main()).ok());
  clock_.Advance(hours(3));
  const std::string next = origin_.Put("hf://org/a", {{.path = "w.bin", .content = "other"}});
  origin_.FallSlow();
  control_.nodes[order_[0]] = &first_.resolver();
  Result<ModelAnswer> answer = Internal("not asked");
  std::jthread asker([&] { answer = Ask(); });
  origin_.AwaitReached();
  origin_.Speak();
  asker.join();
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->record.commit, next);
}

TEST_F(SwarmResolverTest, AnAnswerThatIsNoneIsPassedOver) {
  const ModelAnswer good = first_.Ask(Main()).value();
  Resolved other_model = ToResolved(good);
  other_model.record = OriginRecord{.uri = "hf://org/b", .commit = commit_}.ToJson();
  const std::vector<Resolved> bad = {
      {.manifest = "{}", .record = "{}", .commit = "x"}, other_model, {.manifest = "", .record = ""}};
  for (const Resolved& one : bad) {
    EXPECT_EQ(FromResolved(Main(), one).status().code(), StatusCode::kDataLoss);
    FixedResolver lies(one);
    control_.nodes[order_[0]] = &lies;
    EXPECT_EQ(Ask()->manifest, good.manifest);
  }
}

TEST_F(SwarmResolverTest, AnswersHoldOnlyWhatWasAskedFor) {
  const Resolved all = ToResolved(first_.Ask(Main()).value());
  ModelRequest filtered = Main();
  filtered.filter.include = {"*.json"};
  EXPECT_EQ(FromResolved(filtered, all).status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(FromResolved(Main("hf://org/a@" + std::string(40, 'a')), all).status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(FromResolved(Main(), all).status(), OkStatus());
}

TEST(ModelAnswerTest, AQueryIsReadBackAsTheRequest) {
  for (const char* text :
       {"hf://org/a", "hf://org/a@refs/pr/1", "hf://datasets/org/d@v1", "file:///m",
        "https://h.example/x#sha256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}) {
    ModelRequest request = Main(text);
    request.filter = {.include = {"*.json"}, .exclude = {"x/**"}};
    request.origin = "hub";
    const ModelRequest back = RequestOf(QueryOf(request, false)).value();
    EXPECT_EQ(ResolveKey(back), ResolveKey(request)) << text;
    EXPECT_EQ(back.ref.sha256, request.ref.sha256);
  }
}

}  // namespace
}  // namespace ballast
