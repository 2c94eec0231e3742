#include "swarm/testing/fake_download.h"

#include <utility>

#include "base/check.h"
#include "base/strings.h"

namespace ballast {
namespace {

constexpr uint32_t kPieceBytes = 1 << 20;
constexpr uint32_t kPeerSlots = 4;

}  // namespace

Manifest TestManifest(const std::string& name, int files, int pieces) {
  std::vector<ManifestFile> list;
  for (int i = 0; i < files; ++i) {
    const std::string path = StrCat("f", i);
    list.push_back({SafePath::Parse(path).value(), Digest::Of(StrCat(name, path)),
                    uint64_t{kPieceBytes} * static_cast<uint64_t>(pieces) - 7});
  }
  return Manifest::Make(std::move(list)).value();
}

Digest TestPieceHash(const Digest& file, uint32_t piece) { return Digest::Of(StrCat(file, " ", piece)); }

std::vector<Digest> TestPieceHashes(const ModelShape& shape, const Digest& blob) {
  std::vector<Digest> hashes;
  for (size_t file = 0; file < shape.digests.size(); ++file) {
    if (shape.digests[file] != blob) continue;
    for (uint32_t piece = 0; piece < shape.pieces[file]; ++piece) hashes.push_back(TestPieceHash(blob, piece));
    break;
  }
  return hashes;
}

void FakeBytes::Has(const std::string& node, PieceRef piece) {
  MutexLock lock(mutex_);
  have_.insert({node, piece});
}
void FakeBytes::HasAll(const std::string& node) {
  MutexLock lock(mutex_);
  whole_.insert(node);
}
void FakeBytes::Dies(const std::string& node) {
  MutexLock lock(mutex_);
  dead_.insert(node);
}
bool FakeBytes::Fetch(const std::string& source, PieceRef piece) {
  MutexLock lock(mutex_);
  if (source == "the origin") {
    ++from_origin_;
    return true;
  }
  return !dead_.contains(source) && (whole_.contains(source) || have_.contains({source, piece}));
}
uint32_t FakeBytes::from_origin() const {
  MutexLock lock(mutex_);
  return from_origin_;
}

FakeDownload::FakeDownload(std::string node, Swarm& swarm, const Manifest& manifest, FakeBytes& bytes, uint32_t allowed)
    : node_(std::move(node)),
      swarm_(swarm),
      bytes_(bytes),
      shape_(ModelShape::Of(manifest)),
      here_([this] {
        std::vector<PieceMap> maps;
        for (const uint64_t size : shape_.sizes) maps.emplace_back(size, PieceSizeFor(size));
        return maps;
      }()),
      allowed_(allowed) {
  for (const uint32_t pieces : shape_.pieces) total_ += pieces;
  session_ = swarm_.Join(manifest, *this);
  {
    MutexLock lock(mutex_);
    SayAll();
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

FakeDownload::~FakeDownload() {
  thread_.request_stop();
  {
    MutexLock lock(mutex_);
    changed_.NotifyAll();
  }
  thread_ = {};
}

void FakeDownload::Allow(uint32_t pieces) {
  MutexLock lock(mutex_);
  allowed_ = std::min(pieces, total_);
  session_->Send(Wish());
  changed_.NotifyAll();
}

void FakeDownload::WaitFor(uint32_t pieces) {
  MutexLock lock(mutex_);
  while (have_ < pieces) changed_.Wait(mutex_);
}

void FakeDownload::WaitForAsked(int announces) {
  MutexLock lock(mutex_);
  while (announces_ < announces) changed_.Wait(mutex_);
}

void FakeDownload::SayAll() {
  Announce announce;
  for (uint32_t file = 0; file < here_.size(); ++file) {
    Announce::File said{.file = file, .pieces = here_[file], .hashes = {}};
    for (uint32_t piece = 0; piece < here_[file].count(); ++piece) {
      if (here_[file].has(piece)) said.hashes.push_back(TestPieceHash(shape_.digests[file], piece));
    }
    if (!said.hashes.empty()) announce.files.push_back(std::move(said));
  }
  session_->Send(std::move(announce));
  session_->Send(Wish());
}

void FakeDownload::OnReply(const Reply& reply) {
  if (!reply.withdrawn.empty()) ++wrong_;
  MutexLock lock(mutex_);
  if (reply.announce) {
    ++announces_;
    SayAll();
  }
  todo_.insert(todo_.end(), reply.assignments.begin(), reply.assignments.end());
  changed_.NotifyAll();
}

Next FakeDownload::Wish() {
  Next next = std::exchange(report_, {});
  uint32_t from_nodes = 0;
  uint32_t from_origin = 0;
  for (const Assignment& assignment : todo_) {
    next.in_flight.push_back({assignment.first, assignment.count, assignment.source});
    ++(assignment.source == kOrigin ? from_origin : from_nodes);
  }
  for (uint32_t file = 0; file < here_.size(); ++file) {
    if (const uint32_t begin = here_[file].FirstMissing(); begin < here_[file].count())
      next.windows.push_back({file, begin});
  }
  if (have_ >= allowed_) return next;
  next.peer_slots = kPeerSlots - std::min(kPeerSlots, from_nodes);
  next.origin_slots = from_origin == 0 ? 1 : 0;
  return next;
}

// It may go on with nothing now; what it kept would keep the others' uploads busy, and nobody else would fetch it.
void FakeDownload::GiveBack() {
  for (const Assignment& one : std::exchange(todo_, {}))
    report_.failed.push_back({one.first, one.count, one.source, FailureReason::kCancelled});
  session_->Send(Wish());
}

void FakeDownload::Do(const Assignment& assignment) {
  const std::string source = swarm_.NameOf(assignment.source);
  for (uint32_t i = 0; i < assignment.count; ++i) {
    const PieceRef piece{assignment.first.file, assignment.first.piece + i};
    {
      MutexLock lock(mutex_);
      if (here_[piece.file].has(piece.piece)) continue;  // a takeover gave it twice
    }
    const Digest hash = TestPieceHash(shape_.digests[piece.file], piece.piece);
    if (assignment.source != kOrigin && assignment.hash != hash) ++wrong_;
    const bool came = bytes_.Fetch(source, piece);
    if (came) bytes_.Has(node_, piece);
    MutexLock lock(mutex_);
    if (!came) {
      report_.failed.push_back({piece, 1, assignment.source, FailureReason::kUnreachable});
      continue;
    }
    here_[piece.file].Add(piece.piece);
    ++have_;
    report_.received.push_back({piece, assignment.source, hash});
    if (here_[piece.file].complete()) report_.proven.push_back(piece.file);
    changed_.NotifyAll();
  }
}

void FakeDownload::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    Assignment assignment;
    {
      MutexLock lock(mutex_);
      while (!stop.stop_requested() && (todo_.empty() || have_ >= allowed_)) {
        if (!todo_.empty()) GiveBack();
        changed_.Wait(mutex_);
      }
      if (stop.stop_requested()) return;
      assignment = todo_.front();
    }
    Do(assignment);
    MutexLock lock(mutex_);
    todo_.pop_front();
    session_->Send(Wish());
  }
}

}  // namespace ballast
