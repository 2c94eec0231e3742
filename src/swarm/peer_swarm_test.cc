// Whole swarms in one process: hosts, sessions and announcers of several nodes over a network that fails.
#include "swarm/peer_swarm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "swarm/holder_announcer.h"
#include "swarm/rendezvous.h"
#include "swarm/testing/fake_download.h"
#include "swarm/testing/fake_membership.h"
#include "swarm/testing/in_process_network.h"
#include "swarm/testing/members.h"

namespace ballast {
namespace {

using std::chrono::milliseconds;

// Short enough for a test, long enough for a sanitizer.
constexpr CoordinatorChoicePolicy kQuick{.call_timeout = milliseconds(1000),
                                         .ping_starving = milliseconds(20),
                                         .ping_quiet = milliseconds(50),
                                         .ping_timeout = milliseconds(500)};

class NoResolver final : public Resolver {
 public:
  Result<Resolved> Resolve(const ResolveQuery& /*query*/, std::stop_token /*stop*/) override {
    return Unimplemented("nobody resolves here");
  }
};

class TestHashes final : public PieceHashSource {
 public:
  explicit TestHashes(const Manifest& manifest) : shape_(ModelShape::Of(manifest)) {}
  Result<std::vector<Digest>> PieceHashes(const Digest& blob, std::stop_token /*stop*/) override {
    return TestPieceHashes(shape_, blob);
  }

 private:
  const ModelShape shape_;
};

struct World {
  explicit World(int files = 3, int pieces = 60) : manifest(TestManifest("m", files, pieces)), hashes(manifest) {}

  const Manifest manifest;
  InProcessNetwork network;
  NodeTable nodes;
  FakeBytes bytes;
  RealClock clock;
  NoResolver resolver;
  TestHashes hashes;
  CoordinatorHostOptions options;
};

struct Node {
  Node(World& the_world, unsigned number, std::vector<Member> members)
      : world(the_world),
        name(TestMember(number).name),
        membership(name, std::move(members)),
        transport(world.network.TransportOf(name)),
        host({.membership = membership,
              .nodes = world.nodes,
              .transport = *transport,
              .hashes = world.hashes,
              .resolver = world.resolver,
              .manifests =
                  [this](const Digest& id) {
                    return knows_manifest && id == world.manifest.Id() ? std::optional(world.manifest) : std::nullopt;
                  },
              .clock = world.clock},
             world.options),
        swarm({.membership = membership,
               .nodes = world.nodes,
               .transport = *transport,
               .host = host,
               .read_piece = nullptr,
               .clock = world.clock,
               .policy = kQuick}) {
    world.network.Attach(name, host);
  }
  ~Node() { Die(); }

  void Download(uint32_t allowed = UINT32_MAX) {
    download = std::make_unique<FakeDownload>(name, swarm, world.manifest, world.bytes, allowed);
  }
  void Die() {
    world.bytes.Dies(name);
    world.network.Kill(name);
    download.reset();
  }
  std::string coordinator() const { return host.CoordinatorOf(world.manifest.Id()); }

  World& world;
  const std::string name;
  FakeMembership membership;
  const std::unique_ptr<ControlTransport> transport;
  bool knows_manifest = false;
  CoordinatorHost host;
  PeerSwarm swarm;
  std::unique_ptr<FakeDownload> download;
};

using Nodes = std::vector<std::unique_ptr<Node>>;

Nodes NodesOf(World& world, unsigned count) {
  Nodes nodes;
  for (unsigned i = 1; i <= count; ++i) nodes.push_back(std::make_unique<Node>(world, i, TestMembers(count)));
  return nodes;
}

// The nodes in rendezvous order of the model.
std::vector<Node*> InOrder(const World& world, const Nodes& nodes) {
  const auto members = TestMembers(static_cast<unsigned>(nodes.size()));
  std::vector<Node*> order;
  for (const size_t i : RendezvousOrder(world.manifest.Id().ToString(), members)) order.push_back(nodes[i].get());
  return order;
}

uint32_t Total(const World& world) {
  uint32_t total = 0;
  for (const uint32_t pieces : ModelShape::Of(world.manifest).pieces) total += pieces;
  return total;
}

// A node that is slow, or waits in a test, is passed over, and what it was to fetch comes once more: about one copy.
void ExpectOneCopy(const World& world, const Nodes& nodes) {
  EXPECT_GE(world.bytes.from_origin(), Total(world));
  EXPECT_LE(world.bytes.from_origin(), Total(world) * 3 / 2) << nodes.size();
}

TEST(PeerSwarmTest, EveryNodeGetsEveryPieceAndOneCopyLeavesTheOrigin) {
  World world;
  const Nodes nodes = NodesOf(world, 8);
  for (const auto& node : nodes) node->Download();
  for (const auto& node : nodes) node->download->WaitForAll();
  ExpectOneCopy(world, nodes);
  for (const auto& node : nodes) {
    EXPECT_EQ(node->download->wrong(), 0);
    EXPECT_EQ(node->coordinator(), InOrder(world, nodes).front()->name);
  }
}

TEST(PeerSwarmTest, ANodeAloneIsItsOwnCoordinator) {
  World world;
  const Nodes nodes = NodesOf(world, 1);
  nodes[0]->Download();
  nodes[0]->download->WaitForAll();
  EXPECT_EQ(nodes[0]->coordinator(), nodes[0]->name);
}

TEST(PeerSwarmTest, ACoordinatorThatHasTheManifestAsksNobodyForIt) {
  World world;
  const Nodes nodes = NodesOf(world, 3);
  for (const auto& node : nodes) node->knows_manifest = true;
  for (const auto& node : nodes) node->Download();
  for (const auto& node : nodes) node->download->WaitForAll();
  ExpectOneCopy(world, nodes);
}

// Each node sees only those that came before it, and itself.
TEST(PeerSwarmTest, NodesThatJoinOneAfterAnotherWithStaggeredViewsEndAtOneCoordinator) {
  World world;
  Nodes nodes;
  for (unsigned i = 1; i <= 10; ++i) {
    nodes.push_back(std::make_unique<Node>(world, i, TestMembers(i)));
    nodes.back()->Download(2);
    nodes.back()->download->WaitFor(2);
  }
  for (const auto& node : nodes) EXPECT_EQ(node->coordinator(), "node-1") << node->name;
  for (const auto& node : nodes) node->download->Allow();
  for (const auto& node : nodes) node->download->WaitForAll();
  ExpectOneCopy(world, nodes);
}

TEST(PeerSwarmTest, ADeadCoordinatorIsFollowedByTheNextAndNothingIsFetchedTwice) {
  World world;
  const Nodes nodes = NodesOf(world, 6);
  const std::vector<Node*> order = InOrder(world, nodes);
  for (size_t i = 1; i < order.size(); ++i) order[i]->Download(5);
  for (size_t i = 1; i < order.size(); ++i) order[i]->download->WaitFor(5);
  order[0]->Die();
  for (size_t i = 1; i < order.size(); ++i) order[i]->download->Allow();
  for (size_t i = 1; i < order.size(); ++i) {
    order[i]->download->WaitForAll();
    EXPECT_EQ(order[i]->coordinator(), order[1]->name);
    EXPECT_EQ(order[i]->download->announces(), 1);
    EXPECT_EQ(order[i]->download->wrong(), 0);
  }
  ExpectOneCopy(world, nodes);
}

TEST(PeerSwarmTest, ACoordinatorThatStopsAnsweringIsLeft) {
  World world;
  const Nodes nodes = NodesOf(world, 4);
  const std::vector<Node*> order = InOrder(world, nodes);
  for (size_t i = 1; i < order.size(); ++i) order[i]->Download(3);
  for (size_t i = 1; i < order.size(); ++i) order[i]->download->WaitFor(3);
  world.network.Freeze(order[0]->name);
  for (size_t i = 1; i < order.size(); ++i) order[i]->download->Allow();
  for (size_t i = 1; i < order.size(); ++i) order[i]->download->WaitForAll();
  ExpectOneCopy(world, nodes);
}

TEST(PeerSwarmTest, ADeadFirstNodeIsPassedOverFromTheStart) {
  World world;
  const Nodes nodes = NodesOf(world, 4);
  const std::vector<Node*> order = InOrder(world, nodes);
  order[0]->Die();
  order[1]->Die();
  order[3]->Download();
  order[3]->download->WaitForAll();
  order[2]->Download();
  order[2]->download->WaitForAll();
  EXPECT_EQ(order[3]->coordinator(), order[2]->name);
  ExpectOneCopy(world, nodes);
}

TEST(PeerSwarmTest, ACoordinatorThatIsNoMemberAnyMoreIsLeft) {
  World world;
  const Nodes nodes = NodesOf(world, 4);
  const std::vector<Node*> order = InOrder(world, nodes);
  for (Node* const node : order) node->Download(3);
  for (Node* const node : order) node->download->WaitFor(3);
  std::vector<Member> rest = TestMembers(4);
  std::erase_if(rest, [&](const Member& member) { return member.name == order[0]->name; });
  for (size_t i = 1; i < order.size(); ++i) order[i]->membership.Become(rest);
  for (Node* const node : order) node->download->Allow();
  for (Node* const node : order) node->download->WaitForAll();
  for (size_t i = 1; i < order.size(); ++i) {
    while (order[i]->coordinator() != order[1]->name) std::this_thread::yield();
  }
}

// Each node loses sight of each other one by turns, its coordinator as well, after every few pieces.
TEST(PeerSwarmTest, AFlappingMembershipCostsWhatIsUnderWayAndNothingElse) {
  World world;
  const Nodes nodes = NodesOf(world, 4);
  const std::vector<Member> all = TestMembers(4);
  for (const auto& node : nodes) node->Download(0);
  uint32_t lost_sight = 0;
  for (uint32_t allowed = 3; allowed < Total(world); allowed += 3) {
    for (size_t i = 0; i < nodes.size(); ++i) {
      std::vector<Member> seen = all;
      std::erase_if(seen, [&](const Member& member) { return member.name == nodes[(i + 1 + allowed % 3) % 4]->name; });
      nodes[i]->membership.Become(seen);
      ++lost_sight;
    }
    for (const auto& node : nodes) node->membership.Become(all);
    for (const auto& node : nodes) node->download->Allow(allowed);
    for (const auto& node : nodes) node->download->WaitFor(allowed);
  }
  for (const auto& node : nodes) node->download->Allow();
  for (const auto& node : nodes) node->download->WaitForAll();
  EXPECT_LE(world.bytes.from_origin(), Total(world) * 3 / 2 + lost_sight);
}

// Two halves that did not see each other, each with a coordinator, until they do.
TEST(PeerSwarmTest, TwoCoordinatorsOfOneModelBecomeOne) {
  World world;
  world.options.claim_every = milliseconds(20);
  world.options.unreachable_counts = milliseconds(20);
  const std::vector<Member> all = TestMembers(4);
  Nodes nodes;
  for (unsigned i = 1; i <= 4; ++i) {
    const std::vector<Member> half(all.begin() + (i <= 2 ? 0 : 2), all.begin() + (i <= 2 ? 2 : 4));
    nodes.push_back(std::make_unique<Node>(world, i, half));
  }
  for (const auto& node : nodes) node->Download(3);
  for (const auto& node : nodes) node->download->WaitFor(3);
  EXPECT_NE(nodes[0]->coordinator(), nodes[2]->coordinator());
  for (const auto& node : nodes) node->membership.Become(all);
  // Mostly the first in order; any one will do: a node that hears of the first too early begins in its place.
  const auto all_agree = [&nodes] {
    const std::string one = nodes[0]->coordinator();
    return !one.empty() && std::ranges::all_of(nodes, [&](const auto& node) { return node->coordinator() == one; });
  };
  while (!all_agree()) std::this_thread::yield();
  for (const auto& node : nodes) node->download->Allow();
  for (const auto& node : nodes) node->download->WaitForAll();
}

// The node that it does not reach coordinates already; the others follow it to one whom all reach.
TEST(PeerSwarmTest, ANodeThatDoesNotReachTheCoordinatorIsInOneSwarmWithTheOthersAllTheSame) {
  World world;
  world.options.claim_every = std::chrono::hours(1);  // it does not wait for that
  const Nodes nodes = NodesOf(world, 4);
  const std::vector<Node*> order = InOrder(world, nodes);
  for (size_t i = 0; i < 3; ++i) order[i]->Download(3);
  for (size_t i = 0; i < 3; ++i) order[i]->download->WaitFor(3);
  ASSERT_EQ(order[1]->coordinator(), order[0]->name);
  world.network.Sever(order[3]->name, order[0]->name);
  order[3]->Download(3);
  const auto is_with_second = [&](const auto& node) { return node->coordinator() == order[1]->name; };
  while (!std::all_of(nodes.begin(), nodes.end(), is_with_second)) std::this_thread::yield();
  for (const auto& node : nodes) node->download->Allow();
  for (const auto& node : nodes) node->download->WaitForAll();
  ExpectOneCopy(world, nodes);
}

// Each began to coordinate because of whom somebody does not reach, as after several have died and come back.
TEST(PeerSwarmTest, ThreeCoordinatorsOfOneModelBecomeOne) {
  World world;
  world.options.claim_every = std::chrono::hours(1);
  const Nodes nodes = NodesOf(world, 5);
  const std::vector<Node*> order = InOrder(world, nodes);
  world.network.Sever(order[3]->name, order[0]->name);
  world.network.Sever(order[4]->name, order[0]->name);
  world.network.Sever(order[4]->name, order[1]->name);
  for (Node* const node : order) node->Download(3);
  const auto is_with_third = [&](const auto& node) { return node->coordinator() == order[2]->name; };
  while (!std::all_of(nodes.begin(), nodes.end(), is_with_third)) std::this_thread::yield();
  for (const auto& node : nodes) node->download->Allow();
  for (const auto& node : nodes) node->download->WaitForAll();
}

TEST(PeerSwarmTest, ALateNodeGetsAllFromAHolderThatIsInNoSwarm) {
  World world;
  const Nodes nodes = NodesOf(world, 5);
  const std::vector<Node*> order = InOrder(world, nodes);
  Node& holder = *order[4];
  world.bytes.HasAll(holder.name);
  HolderAnnouncer announcer(
      {.membership = holder.membership, .transport = *holder.transport, .host = holder.host, .clock = world.clock});
  announcer.SetHeld({world.manifest.Id()});
  while (order[0]->host.HoldersOf(world.manifest.Id()).empty()) std::this_thread::yield();
  while (order[1]->host.HoldersOf(world.manifest.Id()).empty()) std::this_thread::yield();
  order[2]->Download();
  order[2]->download->WaitForAll();
  EXPECT_EQ(world.bytes.from_origin(), 0U);
}

// It has just come: nobody has told it anything, and whom it asks is slow to answer.
TEST(PeerSwarmTest, ACoordinatorThatWasNotAnsweredAsksAgainBeforeItSendsAnybodyToTheOrigin) {
  World world;
  world.options.ask_timeout = milliseconds(0);
  world.options.blind_wait = std::chrono::seconds(30);  // it is over as soon as all have answered
  const Nodes nodes = NodesOf(world, 3);
  const std::vector<Node*> order = InOrder(world, nodes);
  Node& holder = *order[1];
  world.bytes.HasAll(holder.name);
  ASSERT_TRUE(holder.host.Hold(holder.name, {.held = {world.manifest.Id()}}).ok());
  order[0]->Download();
  order[0]->download->WaitForAll();
  EXPECT_EQ(world.bytes.from_origin(), 0U);
}

// As long as others have not heard that it has come.
TEST(PeerSwarmTest, ACoordinatorThatIsRefusedAsksUntilItIsKnown) {
  World world;
  world.options.blind_wait = std::chrono::seconds(30);
  world.options.ask_again_every = milliseconds(1);
  const Nodes nodes = NodesOf(world, 2);
  const std::vector<Node*> order = InOrder(world, nodes);
  Node& holder = *order[1];
  world.bytes.HasAll(holder.name);
  ASSERT_TRUE(holder.host.Hold(holder.name, {.held = {world.manifest.Id()}}).ok());
  world.network.RefuseNext(order[0]->name, holder.name, 10);
  order[0]->Download();
  order[0]->download->WaitForAll();
  EXPECT_EQ(world.bytes.from_origin(), 0U);
}

// The holder would be its coordinator, and does not know it yet.
TEST(PeerSwarmTest, ANewcomerWhomAllRefuseAsksUntilItIsKnown) {
  World world;
  world.options.blind_wait = std::chrono::seconds(30);
  world.options.ask_again_every = milliseconds(1);
  const Nodes nodes = NodesOf(world, 2);
  const std::vector<Node*> order = InOrder(world, nodes);
  Node& holder = *order[0];
  world.bytes.HasAll(holder.name);
  ASSERT_TRUE(holder.host.Hold(holder.name, {.held = {world.manifest.Id()}}).ok());
  world.network.RefuseNext(order[1]->name, holder.name, 10);
  order[1]->Download();
  order[1]->download->WaitForAll();
  EXPECT_EQ(world.bytes.from_origin(), 0U);
}

TEST(PeerSwarmTest, WhoIsNoMemberAnyMoreIsNoHolder) {
  World world;
  const Nodes nodes = NodesOf(world, 3);
  const Digest model = world.manifest.Id();
  for (const auto& node : nodes) ASSERT_TRUE(nodes[0]->host.Hold(node->name, {.held = {model}}).ok());
  EXPECT_THAT(nodes[0]->host.HoldersOf(model), testing::SizeIs(3));
  nodes[0]->membership.Become(TestMembers(2));
  while (nodes[0]->host.HoldersOf(model).size() > 2) std::this_thread::yield();
  EXPECT_THAT(nodes[0]->host.HoldersOf(model), testing::Not(testing::Contains(nodes[2]->name)));
}

TEST(PeerSwarmTest, AHolderThatStopsSaysSo) {
  World world;
  const Nodes nodes = NodesOf(world, 3);
  const std::vector<Node*> order = InOrder(world, nodes);
  {
    HolderAnnouncer announcer({.membership = order[2]->membership,
                               .transport = *order[2]->transport,
                               .host = order[2]->host,
                               .clock = world.clock});
    announcer.SetHeld({world.manifest.Id()});
    while (order[1]->host.HoldersOf(world.manifest.Id()).empty()) std::this_thread::yield();
  }
  EXPECT_THAT(order[0]->host.HoldersOf(world.manifest.Id()), testing::IsEmpty());
  EXPECT_THAT(order[1]->host.HoldersOf(world.manifest.Id()), testing::IsEmpty());
}

TEST(PeerSwarmTest, AModelThatIsRemovedIsDropped) {
  World world;
  const Nodes nodes = NodesOf(world, 2);
  HolderAnnouncer announcer({.membership = nodes[0]->membership,
                             .transport = *nodes[0]->transport,
                             .host = nodes[0]->host,
                             .clock = world.clock});
  announcer.SetHeld({world.manifest.Id()});
  while (nodes[1]->host.HoldersOf(world.manifest.Id()).empty()) std::this_thread::yield();
  announcer.SetHeld({});
  while (!nodes[1]->host.HoldersOf(world.manifest.Id()).empty()) std::this_thread::yield();
}

}  // namespace
}  // namespace ballast
