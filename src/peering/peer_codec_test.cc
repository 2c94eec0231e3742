#include "peering/peer_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/strings.h"
#include "proto/peer.pb.h"

namespace ballast {
namespace {

namespace v1 = peer::v1;

// Files of 0 (a copy), 1, 7, 8, 9 and 100 pieces.
ModelShape TestShape() {
  ModelShape shape;
  for (const uint32_t pieces : {0U, 1U, 7U, 8U, 9U, 100U}) {
    shape.pieces.push_back(pieces);
    shape.sizes.push_back(pieces == 0 ? 0 : uint64_t{pieces} * (1 << 20) - 5);
    shape.digests.push_back(Digest::Of(StrCat("file ", pieces)));
  }
  return shape;
}

class Random {
 public:
  explicit Random(uint32_t seed) : engine_(seed) {}
  uint32_t Below(uint32_t bound) { return static_cast<uint32_t>(engine_() % bound); }
  bool Flip() { return Below(2) == 0; }

  Digest Hash() { return Digest::Of(StrCat("hash ", engine_())); }
  uint32_t File() { return 1 + Below(5); }
  PieceRef Piece(const ModelShape& shape) {
    const uint32_t file = File();
    return {file, Below(shape.pieces[file])};
  }
  NodeId Source(NodeTable& nodes) { return Flip() ? kOrigin : nodes.IdOf(StrCat("node-", Below(20))).value(); }

 private:
  std::minstd_rand engine_;
};

Announce RandomAnnounce(Random& random, const ModelShape& shape) {
  Announce announce{.origin = random.Flip()};
  for (uint32_t file = 1; file < shape.pieces.size(); ++file) {
    Announce::File one{.file = file, .pieces = {shape.sizes[file], PieceSizeFor(shape.sizes[file])}, .hashes = {}};
    const uint32_t kind = random.Below(3);  // nothing, all, some
    for (uint32_t piece = 0; kind > 0 && piece < shape.pieces[file]; ++piece) {
      if (kind == 1 || random.Flip()) one.pieces.Add(piece);
    }
    if (one.pieces.have_count() == 0) continue;
    if (random.Flip()) one.hashes.assign(one.pieces.have_count(), random.Hash());
    announce.files.push_back(std::move(one));
  }
  return announce;
}

Next RandomNext(Random& random, const ModelShape& shape, NodeTable& nodes) {
  Next next{.peer_slots = random.Below(7), .origin_slots = random.Below(3), .uploads = random.Below(9)};
  for (uint32_t i = random.Below(5); i > 0; --i) {
    const PieceRef at = random.Piece(shape);
    next.windows.push_back({at.file, at.piece});
    next.in_flight.push_back({at, 1 + random.Below(shape.pieces[at.file] - at.piece), random.Source(nodes)});
    next.received.push_back({random.Piece(shape), random.Source(nodes), random.Hash()});
    next.failed.push_back({at, 1, random.Source(nodes), static_cast<FailureReason>(random.Below(7))});
    next.hedges.push_back({random.Piece(shape), random.Source(nodes)});
    next.proven.push_back(random.File());
    next.unproven.push_back(random.File());
  }
  return next;
}

// Equal as bytes: each field went both ways.
template <typename Message, typename Value>
std::string Bytes(const Value& value, const NodeTable& nodes) {
  Message message;
  Encode(value, nodes, message);
  return message.SerializeAsString();
}

TEST(PeerCodecTest, WhatANodeSaysComesBackAsItWas) {
  const ModelShape shape = TestShape();
  for (uint32_t seed = 1; seed <= 500; ++seed) {
    Random random(seed);
    NodeTable nodes;
    FromNode said{.seq = seed, .answer = random.Flip()};
    switch (random.Below(4)) {
      case 0:
        said.message = Hello{random.Hash(), seed * 77, {"node-1", "node-2"}, random.Below(5)};
        break;
      case 1:
        said.message = RandomAnnounce(random, shape);
        break;
      case 2:
        said.message = RandomNext(random, shape, nodes);
        break;
      default:
        said.message = ManifestPart{"part", random.Flip()};
    }
    v1::FromNode message;
    Encode(said, nodes, message);
    const auto read = Decode(message, &shape, nodes);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->message.index(), said.message.index());
    EXPECT_EQ(Bytes<v1::FromNode>(*read, nodes), message.SerializeAsString());
  }
}

// Nodes are upgraded one by one: the older ones pass over what they do not know.
TEST(PeerCodecTest, FieldsOfALaterVersionArePassedOver) {
  const ModelShape shape = TestShape();
  Random random(1);
  NodeTable nodes;
  v1::FromNode message;
  Encode({.seq = 7, .message = RandomNext(random, shape, nodes)}, nodes, message);
  const std::string known = message.SerializeAsString();
  const auto add = [](google::protobuf::Message& part) {
    part.GetReflection()->MutableUnknownFields(&part)->AddLengthDelimited(1900, "of a later version");
  };
  add(message);
  add(*message.mutable_next());
  v1::FromNode read;
  ASSERT_TRUE(read.ParseFromString(message.SerializeAsString()));
  const auto decoded = Decode(read, &shape, nodes);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(Bytes<v1::FromNode>(*decoded, nodes), known);
}

TEST(PeerCodecTest, WhatACoordinatorSaysComesBackAsItWas) {
  const ModelShape shape = TestShape();
  for (uint32_t seed = 1; seed <= 500; ++seed) {
    Random random(seed);
    NodeTable nodes;
    Reply reply{.announce = random.Flip()};
    for (uint32_t i = random.Below(6); i > 0; --i) {
      const PieceRef at = random.Piece(shape);
      const NodeId source = random.Source(nodes);
      const bool origin = source == kOrigin;
      reply.assignments.push_back({at, origin ? 1 + random.Below(shape.pieces[at.file] - at.piece) : 1, source,
                                   origin ? Digest() : random.Hash(), random.Flip()});
      reply.withdrawn.push_back(random.Piece(shape));
    }
    v1::FromCoordinator message;
    Encode(FromCoordinator{.seen = seed, .message = reply}, nodes, message);
    const auto read = Decode(message, shape, nodes);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(Bytes<v1::FromCoordinator>(*read, nodes), message.SerializeAsString());
  }
}

TEST(PeerCodecTest, HashesBeyondWhatAnAnnounceHoldsAreLeftOutAndThePiecesAreNot) {
  ModelShape shape;
  Announce announce;
  for (uint32_t file = 0; file < 400; ++file) {
    shape.pieces.push_back(512);
    shape.sizes.push_back(uint64_t{512} << 24);
    PieceMap pieces(shape.sizes[file], PieceSizeFor(shape.sizes[file]));
    shape.pieces[file] = pieces.count();
    for (uint32_t i = 0; i < pieces.count(); ++i) pieces.Add(i);
    announce.files.push_back({file, pieces, std::vector<Digest>(pieces.count())});
  }
  NodeTable nodes;
  v1::FromNode message;
  Encode(FromNode{.seq = 1, .message = announce}, nodes, message);
  EXPECT_LT(message.ByteSizeLong(), static_cast<size_t>(kMaxPeerMessageBytes));
  const FromNode read = Decode(message, &shape, nodes).value();
  EXPECT_EQ(std::get<Announce>(read.message).files.size(), 400U);
}

// A message that is right, and one change that makes it wrong.
template <typename Change>
Status AfterNext(Change change) {
  const ModelShape shape = TestShape();
  NodeTable nodes;
  v1::FromNode message;
  v1::Next& next = *message.mutable_next();
  next.add_nodes("node-1");
  auto& received = *next.add_received();
  received.set_file(5);
  received.set_piece(99);
  received.set_source(1);
  received.set_hash(std::string(32, 'h'));
  auto& flying = *next.add_in_flight();
  flying.set_file(4);
  flying.set_piece(8);
  flying.set_count(1);
  auto& failed = *next.add_failed();
  failed.set_file(4);
  failed.set_count(9);
  next.add_windows()->set_file(1);
  next.add_proven(5);
  change(next);
  return Decode(message, &shape, nodes).status();
}

TEST(PeerCodecTest, ANextBeyondItsModelIsRefused) {
  EXPECT_TRUE(AfterNext([](v1::Next&) {}).ok());
  const std::function<void(v1::Next&)> changes[] = {
      [](v1::Next& next) { next.mutable_received(0)->set_file(6); },
      [](v1::Next& next) { next.mutable_received(0)->set_piece(100); },
      [](v1::Next& next) { next.mutable_received(0)->set_source(2); },
      [](v1::Next& next) { next.mutable_received(0)->set_hash("short"); },
      [](v1::Next& next) { next.mutable_in_flight(0)->set_count(2); },
      [](v1::Next& next) { next.mutable_in_flight(0)->set_count(0); },
      [](v1::Next& next) { next.mutable_in_flight(0)->set_count(UINT32_MAX); },
      [](v1::Next& next) { next.mutable_failed(0)->set_count(10); },
      [](v1::Next& next) { next.mutable_failed(0)->set_file(0); },
      [](v1::Next& next) { next.mutable_failed(0)->set_reason(static_cast<v1::FailureReason>(7)); },
      [](v1::Next& next) { next.mutable_windows(0)->set_begin(2); },
      [](v1::Next& next) { next.set_proven(0, 6); },
      [](v1::Next& next) { next.add_unproven(UINT32_MAX); },
      [](v1::Next& next) { next.set_nodes(0, "Not A Node"); },
      [](v1::Next& next) { next.set_peer_slots(1 << 20); },
      [](v1::Next& next) { next.add_hedges()->set_file(9); },
  };
  for (size_t i = 0; i < std::size(changes); ++i)
    EXPECT_EQ(AfterNext(changes[i]).code(), StatusCode::kInvalidArgument) << i;
}

template <typename Change>
Status AfterAnnounce(Change change) {
  const ModelShape shape = TestShape();
  NodeTable nodes;
  v1::FromNode message;
  v1::Announce& announce = *message.mutable_announce();
  announce.add_complete(1);  // files 1 and 2
  announce.add_complete(2);
  auto& partial = *announce.add_files();
  partial.set_file(4);
  partial.set_bitmap(std::string("\x01\x01", 2));
  partial.set_hashes(std::string(64, 'h'));
  change(announce);
  return Decode(message, &shape, nodes).status();
}

TEST(PeerCodecTest, AnAnnounceBeyondItsModelIsRefused) {
  EXPECT_TRUE(AfterAnnounce([](v1::Announce&) {}).ok());
  const std::function<void(v1::Announce&)> changes[] = {
      [](v1::Announce& announce) { announce.set_complete(0, 0); },           // a copy has no pieces
      [](v1::Announce& announce) { announce.set_complete(1, 6); },           // beyond the files
      [](v1::Announce& announce) { announce.set_complete(1, UINT32_MAX); },  //
      [](v1::Announce& announce) { announce.set_complete(1, 0); },
      [](v1::Announce& announce) { announce.add_complete(1); },
      [](v1::Announce& announce) { announce.mutable_files(0)->set_file(2); },  // twice
      [](v1::Announce& announce) { announce.mutable_files(0)->set_file(99); },
      [](v1::Announce& announce) { announce.mutable_files(0)->set_bitmap("\x01"); },
      [](v1::Announce& announce) { announce.mutable_files(0)->set_bitmap(std::string("\x01\x03", 2)); },
      [](v1::Announce& announce) { announce.mutable_files(0)->set_bitmap(std::string(2, '\0')); },
      [](v1::Announce& announce) { announce.mutable_files(0)->set_hashes(std::string(32, 'h')); },
      [](v1::Announce& announce) { announce.mutable_files(0)->set_hashes(std::string(65, 'h')); },
      [](v1::Announce& announce) { announce.set_whole(true); },
  };
  for (size_t i = 0; i < std::size(changes); ++i)
    EXPECT_EQ(AfterAnnounce(changes[i]).code(), StatusCode::kInvalidArgument) << i;
}

TEST(PeerCodecTest, WhatComesBeforeTheModelIsKnownOrIsNothingIsRefused) {
  NodeTable nodes;
  v1::FromNode nothing;
  EXPECT_EQ(Decode(nothing, nullptr, nodes).status().code(), StatusCode::kInvalidArgument);
  v1::FromNode next;
  next.mutable_next();
  EXPECT_EQ(Decode(next, nullptr, nodes).status().code(), StatusCode::kInvalidArgument);
  v1::FromNode hello;
  hello.mutable_hello()->set_model("short");
  EXPECT_EQ(Decode(hello, nullptr, nodes).status().code(), StatusCode::kInvalidArgument);
}

TEST(PeerCodecTest, AnAnswerOfResolveThatIsNotWholeIsRefused) {
  const Resolved resolved{.manifest = std::string(kManifestPartBytes + 1, 'm'), .record = "r", .commit = "c"};
  for (const size_t parts : {0U, 1U, 2U, 3U}) {
    ResolvedReader reader;
    for (size_t i = 0; i < parts; ++i) {
      v1::ResolvePart part;
      ASSERT_TRUE(EncodePart(resolved, i, part));
      ASSERT_TRUE(reader.Add(part).ok());
    }
    EXPECT_FALSE(reader.Take().ok()) << parts;
  }
  ResolvedReader reader;
  v1::ResolvePart part;
  for (size_t i = 0; EncodePart(resolved, i, part); ++i) ASSERT_TRUE(reader.Add(part).ok());
  EXPECT_FALSE(reader.Add(part).ok()) << "more than was announced";
  EXPECT_EQ(reader.Take().value(), resolved);
}

}  // namespace
}  // namespace ballast
