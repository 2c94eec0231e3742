// The stream between a node and the coordinator of a model.
#include "peering/peer_codec.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "base/strings.h"
#include "core/node_name.h"
#include "peering/codec_fields.h"
#include "proto/peer.pb.h"

namespace ballast {
namespace {

namespace v1 = peer::v1;

using codec::CheckCount;
using codec::DigestOf;
using codec::DigestsOf;
using codec::Put;
using codec::PutAll;
using codec::Wrong;

constexpr uint32_t kMaxSlots = 1 << 16;
constexpr int kMaxWishes = 1 << 14;   // windows, pieces in flight, hedges
constexpr int kMaxReports = 1 << 17;  // received, failed; assignments, withdrawn
constexpr int kMaxUnreachable = 1 << 13;
// Of one Announce: the others are asked for when somebody needs them.
constexpr size_t kMaxAnnouncedHashes = 128 << 10;
constexpr uint32_t kMaxRedirects = 1 << 10;

// Gives the nodes of one message their places in its list of names.
template <typename Message>
class SourceWriter {
 public:
  SourceWriter(const NodeTable& nodes, Message& message) : nodes_(nodes), message_(message) {}

  uint32_t operator()(NodeId node) {
    if (node == kOrigin) return 0;
    const auto [at, is_new] = places_.try_emplace(node, 0);
    if (is_new) {
      message_.add_nodes(nodes_.NameOf(node));
      at->second = static_cast<uint32_t>(message_.nodes_size());
    }
    return at->second;
  }

 private:
  const NodeTable& nodes_;
  Message& message_;
  std::unordered_map<NodeId, uint32_t> places_;
};

// The numbers that the names of a message stand for here.
class SourceReader {
 public:
  template <typename Message>
  Status Read(const Message& message, NodeTable& nodes) {
    for (const std::string& name : message.nodes()) {
      ASSIGN_OR_RETURN(const NodeId id, nodes.IdOf(name));
      ids_.push_back(id);
    }
    return OkStatus();
  }

  Result<NodeId> operator()(uint32_t source) const {
    if (source == 0) return kOrigin;
    if (source > ids_.size()) return Wrong(StrCat("source ", source, " of ", ids_.size()));
    return ids_[source - 1];
  }

 private:
  std::vector<NodeId> ids_;
};

// Whether files and pieces are those of the model.
class Reach {
 public:
  explicit Reach(const ModelShape& shape) : shape_(shape) {}

  Status File(uint32_t file) const {
    return file < shape_.pieces.size() ? OkStatus() : Wrong(StrCat("file ", file, " of ", shape_.pieces.size()));
  }

  template <typename Message>
  Result<PieceRef> Piece(const Message& m, uint32_t count = 1) const {
    RETURN_IF_ERROR(File(m.file()));
    const uint32_t pieces = shape_.pieces[m.file()];
    if (count == 0 || m.piece() >= pieces || count > pieces - m.piece())
      return Wrong(StrCat(count, " pieces from ", m.piece(), " on of ", pieces, " in file ", m.file()));
    return PieceRef{m.file(), m.piece()};
  }

  Status Files(const google::protobuf::RepeatedField<uint32_t>& files, std::vector<uint32_t>& to) const {
    for (const uint32_t file : files) RETURN_IF_ERROR(File(file));
    to.assign(files.begin(), files.end());
    return OkStatus();
  }

 private:
  const ModelShape& shape_;
};

template <typename Message>
void Put(PieceRef piece, Message& to) {
  to.set_file(piece.file);
  to.set_piece(piece.piece);
}

// ---- Hello

void EncodeMessage(const Hello& from, const NodeTable& /*nodes*/, v1::FromNode& message) {
  v1::Hello& to = *message.mutable_hello();
  Put(from.model, *to.mutable_model());
  to.set_membership(from.membership);
  for (const std::string& name : from.unreachable) to.add_unreachable(name);
  to.set_redirects(from.redirects);
}

Result<Hello> DecodeHello(const v1::Hello& from) {
  RETURN_IF_ERROR(CheckCount(from.unreachable_size(), kMaxUnreachable, "unreachable nodes"));
  Hello to{.membership = from.membership(), .redirects = from.redirects()};
  if (to.redirects > kMaxRedirects) return Wrong(StrCat(to.redirects, " redirects"));
  ASSIGN_OR_RETURN(to.model, DigestOf(from.model()));
  for (const std::string& name : from.unreachable()) {
    RETURN_IF_ERROR(CheckNodeName(name));
    to.unreachable.push_back(name);
  }
  return to;
}

void EncodeMessage(const ManifestPart& from, const NodeTable& /*nodes*/, v1::FromNode& message) {
  message.mutable_manifest()->set_data(from.data);
  message.mutable_manifest()->set_last(from.last);
}

Result<ManifestPart> DecodePart(const v1::ManifestPart& from) {
  if (from.data().size() > kManifestPartBytes) return Wrong("a part of a manifest that is too large");
  if (from.data().empty() && !from.last()) return Wrong("an empty part of a manifest");
  return ManifestPart{from.data(), from.last()};
}

// ---- Announce

std::string BitmapOf(const PieceMap& pieces) {
  std::string bits((pieces.count() + 7) / 8, '\0');
  for (uint32_t i = 0; i < pieces.count(); ++i) {
    if (pieces.has(i)) bits[i / 8] = static_cast<char>(bits[i / 8] | 1 << i % 8);
  }
  return bits;
}

// Files that are complete, as (files to pass over, files of the run).
class RunWriter {
 public:
  explicit RunWriter(v1::Announce& to) : to_(to) {}
  ~RunWriter() { End(); }
  void Add(uint32_t file) {
    if (length_ > 0 && file == first_ + length_) {
      ++length_;
      return;
    }
    End();
    first_ = file;
    length_ = 1;
  }

 private:
  void End() {
    if (length_ == 0) return;
    to_.add_complete(first_ - end_);
    to_.add_complete(length_);
    end_ = first_ + length_;
  }

  v1::Announce& to_;
  uint32_t end_ = 0;  // of the run before
  uint32_t first_ = 0;
  uint32_t length_ = 0;
};

void EncodeMessage(const Announce& from, const NodeTable& /*nodes*/, v1::FromNode& message) {
  v1::Announce& to = *message.mutable_announce();
  to.set_origin(from.origin);
  to.set_whole(from.whole);
  std::vector<const Announce::File*> files;
  for (const Announce::File& file : from.files) files.push_back(&file);
  std::sort(files.begin(), files.end(), [](const auto* a, const auto* b) { return a->file < b->file; });
  RunWriter runs(to);
  size_t hashes = kMaxAnnouncedHashes;
  for (const Announce::File* file : files) {
    const bool hashed = !file->hashes.empty() && file->hashes.size() <= hashes;
    if (!hashed && file->pieces.complete()) {
      runs.Add(file->file);
      continue;
    }
    v1::AnnouncedFile& out = *to.add_files();
    out.set_file(file->file);
    if (!file->pieces.complete()) out.set_bitmap(BitmapOf(file->pieces));
    if (!hashed) continue;
    hashes -= file->hashes.size();
    PutAll(file->hashes, *out.mutable_hashes());
  }
}

PieceMap EmptyMap(const ModelShape& shape, uint32_t file) {
  return {shape.sizes[file], PieceSizeFor(shape.sizes[file])};
}

Status ReadRun(const ModelShape& shape, uint64_t begin, uint64_t count, Announce& to) {
  if (count == 0 || begin + count > shape.pieces.size())
    return Wrong(StrCat("files ", begin, " to ", begin + count, " of ", shape.pieces.size()));
  for (uint64_t i = begin; i < begin + count; ++i) {
    const auto file = static_cast<uint32_t>(i);
    if (shape.pieces[file] == 0) return Wrong(StrCat("file ", file, " has no pieces of its own"));
    to.files.push_back({.file = file, .pieces = EmptyMap(shape, file), .hashes = {}});
    for (uint32_t piece = 0; piece < shape.pieces[file]; ++piece) to.files.back().pieces.Add(piece);
  }
  return OkStatus();
}

Status ReadRuns(const v1::Announce& from, const ModelShape& shape, Announce& to) {
  if (from.complete_size() % 2 != 0) return Wrong("half a run of complete files");
  uint64_t at = 0;
  for (int i = 0; i < from.complete_size(); i += 2) {
    at += from.complete(i);
    RETURN_IF_ERROR(ReadRun(shape, at, from.complete(i + 1), to));
    at += from.complete(i + 1);
  }
  return OkStatus();
}

Status ReadBitmap(const std::string& bits, PieceMap& pieces) {
  const uint32_t count = pieces.count();
  if (bits.size() != (uint64_t{count} + 7) / 8) return Wrong(StrCat(bits.size(), " bytes for ", count, " pieces"));
  if (count % 8 != 0 && static_cast<uint8_t>(bits.back()) >> count % 8 != 0) return Wrong("a piece behind the last");
  for (uint32_t i = 0; i < count; ++i) {
    if ((static_cast<uint8_t>(bits[i / 8]) >> i % 8 & 1) != 0) pieces.Add(i);
  }
  return OkStatus();
}

Result<Announce::File> DecodeFile(const v1::AnnouncedFile& from, const ModelShape& shape) {
  RETURN_IF_ERROR(Reach(shape).File(from.file()));
  Announce::File file{.file = from.file(), .pieces = EmptyMap(shape, from.file()), .hashes = {}};
  if (from.bitmap().empty()) {
    for (uint32_t i = 0; i < file.pieces.count(); ++i) file.pieces.Add(i);
  } else {
    RETURN_IF_ERROR(ReadBitmap(from.bitmap(), file.pieces));
  }
  if (file.pieces.have_count() == 0) return Wrong(StrCat("file ", from.file(), " without a piece of its own"));
  ASSIGN_OR_RETURN(file.hashes, DigestsOf(from.hashes()));
  if (!file.hashes.empty() && file.hashes.size() != file.pieces.have_count())
    return Wrong(StrCat(file.hashes.size(), " hashes of ", file.pieces.have_count(), " pieces"));
  return file;
}

Result<Announce> DecodeAnnounce(const v1::Announce& from, const ModelShape& shape) {
  Announce to{.origin = from.origin(), .whole = from.whole()};
  if (to.whole && (from.complete_size() > 0 || from.files_size() > 0)) return Wrong("whole, and yet in files");
  RETURN_IF_ERROR(ReadRuns(from, shape, to));
  for (const v1::AnnouncedFile& one : from.files()) {
    ASSIGN_OR_RETURN(Announce::File file, DecodeFile(one, shape));
    to.files.push_back(std::move(file));
  }
  const auto before = [](const auto& a, const auto& b) { return a.file < b.file; };
  std::sort(to.files.begin(), to.files.end(), before);
  const auto same = [](const auto& a, const auto& b) { return a.file == b.file; };
  if (std::adjacent_find(to.files.begin(), to.files.end(), same) != to.files.end()) return Wrong("a file twice");
  return to;
}

// ---- Next

void EncodeWish(const Next& from, SourceWriter<v1::Next>& source, v1::Next& to) {
  to.set_peer_slots(from.peer_slots);
  to.set_origin_slots(from.origin_slots);
  to.set_uploads(from.uploads);
  for (const Window& window : from.windows) {
    v1::Next::Window& out = *to.add_windows();
    out.set_file(window.file);
    out.set_begin(window.begin);
  }
  for (const InFlight& flying : from.in_flight) {
    v1::Next::InFlight& out = *to.add_in_flight();
    Put(flying.first, out);
    out.set_count(flying.count);
    out.set_source(source(flying.source));
  }
  for (const Hedge& hedge : from.hedges) {
    v1::Next::Hedge& out = *to.add_hedges();
    Put(hedge.piece, out);
    out.set_late(source(hedge.late));
  }
}

void EncodeMessage(const Next& from, const NodeTable& nodes, v1::FromNode& message) {
  v1::Next& to = *message.mutable_next();
  SourceWriter<v1::Next> source(nodes, to);
  EncodeWish(from, source, to);
  for (const Received& received : from.received) {
    v1::Next::Received& out = *to.add_received();
    Put(received.piece, out);
    out.set_source(source(received.source));
    Put(received.hash, *out.mutable_hash());
  }
  for (const Failed& failed : from.failed) {
    v1::Next::Failed& out = *to.add_failed();
    Put(failed.first, out);
    out.set_count(failed.count);
    out.set_source(source(failed.source));
    out.set_reason(static_cast<v1::FailureReason>(failed.reason));
  }
  to.mutable_proven()->Add(from.proven.begin(), from.proven.end());
  to.mutable_unproven()->Add(from.unproven.begin(), from.unproven.end());
}

Status DecodeWish(const v1::Next& from, const ModelShape& shape, const SourceReader& source, Next& to) {
  const Reach reach(shape);
  to.peer_slots = from.peer_slots();
  to.origin_slots = from.origin_slots();
  to.uploads = from.uploads();
  if (std::max({to.peer_slots, to.origin_slots, to.uploads}) > kMaxSlots) return Wrong("more slots than there can be");
  for (const v1::Next::Window& window : from.windows()) {
    RETURN_IF_ERROR(reach.File(window.file()));
    if (window.begin() > shape.pieces[window.file()]) return Wrong("a window behind the last piece");
    to.windows.push_back({window.file(), window.begin()});
  }
  for (const v1::Next::InFlight& flying : from.in_flight()) {
    ASSIGN_OR_RETURN(const PieceRef first, reach.Piece(flying, flying.count()));
    ASSIGN_OR_RETURN(const NodeId from_node, source(flying.source()));
    to.in_flight.push_back({first, flying.count(), from_node});
  }
  for (const v1::Next::Hedge& hedge : from.hedges()) {
    ASSIGN_OR_RETURN(const PieceRef piece, reach.Piece(hedge));
    ASSIGN_OR_RETURN(const NodeId late, source(hedge.late()));
    to.hedges.push_back({piece, late});
  }
  return OkStatus();
}

Status DecodeReports(const v1::Next& from, const ModelShape& shape, const SourceReader& source, Next& to) {
  const Reach reach(shape);
  for (const v1::Next::Received& received : from.received()) {
    ASSIGN_OR_RETURN(const PieceRef piece, reach.Piece(received));
    ASSIGN_OR_RETURN(const NodeId from_node, source(received.source()));
    ASSIGN_OR_RETURN(const Digest hash, DigestOf(received.hash()));
    to.received.push_back({piece, from_node, hash});
  }
  for (const v1::Next::Failed& failed : from.failed()) {
    ASSIGN_OR_RETURN(const PieceRef first, reach.Piece(failed, failed.count()));
    ASSIGN_OR_RETURN(const NodeId from_node, source(failed.source()));
    if (!v1::FailureReason_IsValid(failed.reason())) return Wrong(StrCat("reason ", failed.reason()));
    to.failed.push_back({first, failed.count(), from_node, static_cast<FailureReason>(failed.reason())});
  }
  RETURN_IF_ERROR(reach.Files(from.proven(), to.proven));
  return reach.Files(from.unproven(), to.unproven);
}

Result<Next> DecodeNext(const v1::Next& from, const ModelShape& shape, NodeTable& nodes) {
  RETURN_IF_ERROR(CheckCount(from.nodes_size(), kMaxReports, "names"));
  RETURN_IF_ERROR(CheckCount(from.windows_size(), kMaxWishes, "windows"));
  RETURN_IF_ERROR(CheckCount(from.in_flight_size(), kMaxWishes, "runs in flight"));
  RETURN_IF_ERROR(CheckCount(from.hedges_size(), kMaxWishes, "hedges"));
  RETURN_IF_ERROR(CheckCount(from.received_size(), kMaxReports, "pieces received"));
  RETURN_IF_ERROR(CheckCount(from.failed_size(), kMaxReports, "failures"));
  SourceReader source;
  RETURN_IF_ERROR(source.Read(from, nodes));
  Next to;
  RETURN_IF_ERROR(DecodeWish(from, shape, source, to));
  RETURN_IF_ERROR(DecodeReports(from, shape, source, to));
  return to;
}

// ---- Reply

void EncodeMessage(const Reply& from, const NodeTable& nodes, v1::FromCoordinator& message) {
  v1::Reply& to = *message.mutable_reply();
  SourceWriter<v1::Reply> source(nodes, to);
  for (const Assignment& assignment : from.assignments) {
    v1::Reply::Assignment& out = *to.add_assignments();
    Put(assignment.first, out);
    out.set_count(assignment.count);
    out.set_source(source(assignment.source));
    if (assignment.source != kOrigin) Put(assignment.hash, *out.mutable_hash());
    out.set_hedge(assignment.hedge);
  }
  for (const PieceRef& piece : from.withdrawn) Put(piece, *to.add_withdrawn());
  to.set_announce(from.announce);
}

Result<Assignment> DecodeAssignment(const v1::Reply::Assignment& from, const Reach& reach, const SourceReader& source) {
  ASSIGN_OR_RETURN(const PieceRef first, reach.Piece(from, from.count()));
  ASSIGN_OR_RETURN(const NodeId node, source(from.source()));
  Assignment to{.first = first, .count = from.count(), .source = node, .hash = {}, .hedge = from.hedge()};
  if (node == kOrigin) return from.hash().empty() ? Result<Assignment>(to) : Wrong("a hash of what the origin has");
  if (to.count != 1) return Wrong("several pieces from a node at once");
  ASSIGN_OR_RETURN(to.hash, DigestOf(from.hash()));
  return to;
}

Result<Reply> DecodeReply(const v1::Reply& from, const ModelShape& shape, NodeTable& nodes) {
  RETURN_IF_ERROR(CheckCount(from.nodes_size(), kMaxReports, "names"));
  RETURN_IF_ERROR(CheckCount(from.assignments_size(), kMaxReports, "assignments"));
  const Reach reach(shape);
  SourceReader source;
  RETURN_IF_ERROR(source.Read(from, nodes));
  Reply to{.announce = from.announce()};
  for (const v1::Reply::Assignment& assignment : from.assignments()) {
    ASSIGN_OR_RETURN(const Assignment read, DecodeAssignment(assignment, reach, source));
    to.assignments.push_back(read);
  }
  for (const v1::Reply::Piece& piece : from.withdrawn()) {
    ASSIGN_OR_RETURN(const PieceRef read, reach.Piece(piece));
    to.withdrawn.push_back(read);
  }
  return to;
}

void EncodeMessage(const Redirect& from, const NodeTable& /*nodes*/, v1::FromCoordinator& message) {
  message.mutable_redirect()->set_node(from.node);
}
void EncodeMessage(const ManifestWanted& /*from*/, const NodeTable& /*nodes*/, v1::FromCoordinator& message) {
  message.mutable_manifest_wanted();
}

template <typename To, typename Message>
Status DecodeInto(Result<Message> decoded, To& to) {
  RETURN_IF_ERROR(decoded.status());
  to = *std::move(decoded);
  return OkStatus();
}

Status DecodeMessage(const v1::FromNode& from, const ModelShape* shape, NodeTable& nodes, FromNode& to) {
  switch (from.message_case()) {
    case v1::FromNode::kHello:
      return DecodeInto(DecodeHello(from.hello()), to.message);
    case v1::FromNode::kManifest:
      return DecodeInto(DecodePart(from.manifest()), to.message);
    case v1::FromNode::kAnnounce:
      if (shape == nullptr) return Wrong("an Announce before it was asked for");
      return DecodeInto(DecodeAnnounce(from.announce(), *shape), to.message);
    case v1::FromNode::kNext:
      if (shape == nullptr) return Wrong("a Next before an Announce was asked for");
      return DecodeInto(DecodeNext(from.next(), *shape, nodes), to.message);
    case v1::FromNode::MESSAGE_NOT_SET:
      break;
  }
  return Wrong("of a kind that this version does not know");
}

}  // namespace

void Encode(const FromNode& from, const NodeTable& nodes, v1::FromNode& to) {
  to.set_seq(from.seq);
  to.set_answer(from.answer);
  std::visit([&](const auto& message) { EncodeMessage(message, nodes, to); }, from.message);
}

Result<FromNode> Decode(const v1::FromNode& from, const ModelShape* shape, NodeTable& nodes) {
  FromNode to{.seq = from.seq(), .answer = from.answer()};
  RETURN_IF_ERROR(DecodeMessage(from, shape, nodes, to));
  return to;
}

void Encode(const FromCoordinator& from, const NodeTable& nodes, v1::FromCoordinator& to) {
  to.set_seen(from.seen);
  std::visit([&](const auto& message) { EncodeMessage(message, nodes, to); }, from.message);
}

Result<FromCoordinator> Decode(const v1::FromCoordinator& from, const ModelShape& shape, NodeTable& nodes) {
  FromCoordinator to{.seen = from.seen()};
  switch (from.message_case()) {
    case v1::FromCoordinator::kReply:
      RETURN_IF_ERROR(DecodeInto(DecodeReply(from.reply(), shape, nodes), to.message));
      return to;
    case v1::FromCoordinator::kRedirect:
      RETURN_IF_ERROR(CheckNodeName(from.redirect().node()));
      to.message = Redirect{from.redirect().node()};
      return to;
    case v1::FromCoordinator::kManifestWanted:
      to.message = ManifestWanted{};
      return to;
    case v1::FromCoordinator::MESSAGE_NOT_SET:
      break;
  }
  return Wrong("of a kind that this version does not know");
}

}  // namespace ballast
