// Every message of the control channel, from bytes: read strictly, and what was read is written and read again alike.
// The fuzzer's bytes are tried alone and within messages that a node would send.
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/check.h"
#include "core/testing/splice.h"
#include "peering/peer_codec.h"
#include "proto/peer.pb.h"

namespace ballast {
namespace {

namespace v1 = peer::v1;

const ModelShape& Shape() {
  static const ModelShape kShape{
      .sizes = {0, 5, 9 << 20, 100 << 20}, .digests = std::vector<Digest>(4), .pieces = {0, 1, 9, 100}};
  return kShape;
}

// ---- from bytes; true: they are such a message

template <typename Message>
bool ReadSession(const std::string& bytes, bool (*decodes)(const Message& message, NodeTable& nodes, Message* again)) {
  Message message, again, thrice;
  NodeTable nodes;
  if (!message.ParseFromString(bytes) || !decodes(message, nodes, &again)) return false;
  BALLAST_CHECK(decodes(again, nodes, &thrice));
  BALLAST_CHECK(again.SerializeAsString() == thrice.SerializeAsString());
  return true;
}

bool ReadFromNode(const std::string& bytes) {
  return ReadSession<v1::FromNode>(bytes, [](const v1::FromNode& message, NodeTable& nodes, v1::FromNode* again) {
    (void)Decode(message, nullptr, nodes);
    const auto read = Decode(message, &Shape(), nodes);
    if (read.ok()) Encode(*read, nodes, *again);
    return read.ok();
  });
}

bool ReadFromCoordinator(const std::string& bytes) {
  return ReadSession<v1::FromCoordinator>(
      bytes, [](const v1::FromCoordinator& message, NodeTable& nodes, v1::FromCoordinator* again) {
        const auto read = Decode(message, Shape(), nodes);
        if (read.ok()) Encode(*read, nodes, *again);
        return read.ok();
      });
}

// Messages without nodes in them.
template <typename Message>
bool Read(const std::string& bytes) {
  Message message, again;
  if (!message.ParseFromString(bytes)) return false;
  const auto read = Decode(message);
  if (!read.ok()) return false;
  Encode(*read, again);
  const auto reread = Decode(again);
  BALLAST_CHECK(reread.ok());
  Message thrice;
  Encode(*reread, thrice);
  BALLAST_CHECK(again.SerializeAsString() == thrice.SerializeAsString());
  return true;
}

const Resolved& SomeAnswer() {
  static const auto* const kAnswer =
      new Resolved{.manifest = "{\"files\":[]}", .record = "{}", .commit = "abc", .warning = "old"};
  return *kAnswer;
}

// As the first part, again and again, and behind the first part of a good answer.
bool ReadResolvePart(const std::string& bytes) {
  v1::ResolvePart part, head;
  if (!part.ParseFromString(bytes)) return false;
  ResolvedReader alone;
  const bool is_first = alone.Add(part).ok();
  for (int i = 0; i < 3 && alone.Add(part).ok(); ++i) {
  }
  (void)alone.Take();
  EncodePart(SomeAnswer(), 0, head);
  ResolvedReader behind;
  BALLAST_CHECK(behind.Add(head).ok());
  const bool is_next = behind.Add(part).ok();
  if (const auto whole = behind.Take(); whole.ok())
    BALLAST_CHECK(whole->manifest.size() == SomeAnswer().manifest.size());
  return is_first || is_next;
}

// ---- examples: what a node would send

Digest Some(std::string_view what) { return Digest::Of(what); }

std::string BytesOf(const google::protobuf::MessageLite& message) { return message.SerializeAsString(); }

Announce SomeAnnounce() {
  Announce announce;
  for (uint32_t file = 1; file < Shape().sizes.size(); ++file) {
    const uint64_t size = Shape().sizes[file];
    Announce::File one{.file = file, .pieces = {size, PieceSizeFor(size)}, .hashes = {}};
    for (uint32_t piece = 0; piece < Shape().pieces[file]; piece += file) one.pieces.Add(piece);
    if (file == 2) one.hashes.assign(one.pieces.have_count(), Some("piece"));
    announce.files.push_back(std::move(one));
  }
  return announce;
}

std::vector<std::string> FromNodes() {
  NodeTable nodes;
  const NodeId peer = nodes.IdOf("node-7").value();
  const Next next{.peer_slots = 4,
                  .origin_slots = 1,
                  .uploads = 2,
                  .windows = {{3, 10}, {2, 0}},
                  .in_flight = {{{3, 11}, 1, peer}, {{3, 20}, 5, kOrigin}},
                  .received = {{{3, 10}, peer, Some("a")}, {{2, 1}, kOrigin, Some("b")}},
                  .failed = {{{3, 12}, 1, peer, FailureReason::kCorrupt}},
                  .hedges = {{{3, 11}, peer}},
                  .proven = {1},
                  .unproven = {2}};
  std::vector<std::string> examples;
  for (const FromNode& one :
       {FromNode{1, false, Hello{Some("model"), 77, {"node-1", "node-2"}, 1}}, FromNode{2, false, SomeAnnounce()},
        FromNode{3, true, next}, FromNode{4, false, ManifestPart{"{\"files\":[]}", true}}}) {
    v1::FromNode message;
    Encode(one, nodes, message);
    examples.push_back(BytesOf(message));
  }
  return examples;
}

std::vector<std::string> FromCoordinators() {
  NodeTable nodes;
  const NodeId peer = nodes.IdOf("node-7").value();
  const Reply reply{.assignments = {{{3, 5}, 1, peer, Some("piece"), true}, {{3, 40}, 8, kOrigin, {}, false}},
                    .withdrawn = {{2, 3}},
                    .announce = true};
  std::vector<std::string> examples;
  for (const FromCoordinator& one :
       {FromCoordinator{9, reply}, FromCoordinator{1, Redirect{"node-2"}}, FromCoordinator{1, ManifestWanted{}}}) {
    v1::FromCoordinator message;
    Encode(one, nodes, message);
    examples.push_back(BytesOf(message));
  }
  return examples;
}

template <typename Message, typename Value>
std::vector<std::string> One(const Value& value) {
  Message message;
  Encode(value, message);
  return {BytesOf(message)};
}

std::vector<std::string> ResolveParts() {
  std::vector<std::string> examples;
  v1::ResolvePart part;
  for (size_t i = 0; EncodePart(SomeAnswer(), i, part); ++i) examples.push_back(BytesOf(part));
  return examples;
}

// ---- all of them

struct Kind {
  bool (*reads)(const std::string& bytes);
  std::vector<std::string> examples;
};

std::map<std::string, Kind> MakeKinds() {
  return {
      {"FromNode", {ReadFromNode, FromNodes()}},
      {"FromCoordinator", {ReadFromCoordinator, FromCoordinators()}},
      {"HoldRequest",
       {Read<v1::HoldRequest>, One<v1::HoldRequest>(HoldNotice{{Some("a"), Some("b")}, {Some("c")}, false})}},
      {"HoldResponse", {Read<v1::HoldResponse>, One<v1::HoldResponse>(HoldAnswer{{{Some("a"), "node-3"}}})}},
      {"CoordinatesRequest",
       {Read<v1::CoordinatesRequest>, One<v1::CoordinatesRequest>(CoordinatesQuery{Some("a"), true})}},
      {"CoordinatesResponse",
       {Read<v1::CoordinatesResponse>,
        One<v1::CoordinatesResponse>(CoordinatesAnswer{"node-1", {"node-2", "node-3"}})}},
      {"PieceHashesRequest", {Read<v1::PieceHashesRequest>, One<v1::PieceHashesRequest>(Some("blob"))}},
      {"PieceHashesResponse",
       {Read<v1::PieceHashesResponse>, One<v1::PieceHashesResponse>(std::vector{Some("a"), Some("b")})}},
      {"ResolveRequest",
       {Read<v1::ResolveRequest>, One<v1::ResolveRequest>(ResolveQuery{.uri = "hf://org/name",
                                                                       .revision = "main",
                                                                       .filter = {{"*.json"}, {"*.bin"}},
                                                                       .origin = "hub",
                                                                       .known_only = true})}},
      {"ResolvePart", {ReadResolvePart, ResolveParts()}},
  };
}

// No message of the service is forgotten, and every example is one.
void CheckKinds(const std::map<std::string, Kind>& kinds) {
  const auto* const service = v1::FromNode::descriptor()->file()->service(0);
  for (int i = 0; i < service->method_count(); ++i) {
    for (const auto* message : {service->method(i)->input_type(), service->method(i)->output_type()})
      BALLAST_CHECK(kinds.contains(message->name())) << message->name();
  }
  for (const auto& [name, kind] : kinds) {
    for (const std::string& example : kind.examples) BALLAST_CHECK(kind.reads(example)) << name;
  }
}

const std::vector<Kind>& Kinds() {
  static const std::vector<Kind> kKinds = [] {
    const std::map<std::string, Kind> named = MakeKinds();
    CheckKinds(named);
    std::vector<Kind> kinds;
    kinds.reserve(named.size());
    for (const auto& [name, kind] : named) kinds.push_back(kind);
    return kinds;
  }();
  return kKinds;
}

}  // namespace
}  // namespace ballast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<ballast::Kind>& kinds = ballast::Kinds();
  if (size == 0) return 0;
  const ballast::Kind& kind = kinds[data[0] % kinds.size()];
  for (const std::string& example : kind.examples) kind.reads(ballast::FuzzInput(data + 1, size - 1, example));
  return 0;
}
