#include "swarm/session_outbox.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "swarm/merge.h"

namespace ballast {
namespace {

// Moves what `next` reports into a Next of its own.
Next TakeReports(Next& next) {
  Next reports;
  reports.received = std::exchange(next.received, {});
  reports.failed = std::exchange(next.failed, {});
  reports.proven = std::exchange(next.proven, {});
  reports.unproven = std::exchange(next.unproven, {});
  return reports;
}

// The first `most` of `from`, which keeps the rest.
std::vector<Received> TakeFirst(std::vector<Received>& from, size_t most) {
  if (from.size() <= most) return std::exchange(from, {});
  const auto end = from.begin() + static_cast<ptrdiff_t>(most);
  std::vector<Received> first(from.begin(), end);
  from.erase(from.begin(), end);
  return first;
}

bool IsStarving(const Next& next) {
  return next.in_flight.empty() && !next.windows.empty() && next.peer_slots + next.origin_slots > 0;
}

}  // namespace

void SessionOutbox::Begin(Hello hello) {
  hello_ = std::move(hello);
  manifest_.reset();
  welcome_ = announced_ = said_next_ = answer_ = false;
  seq_ = 0;
  std::vector<Failed> failed;
  for (Unseen& unseen : unseen_) std::move(unseen.failed.begin(), unseen.failed.end(), std::back_inserter(failed));
  unseen_.clear();
  std::move(reports_.failed.begin(), reports_.failed.end(), std::back_inserter(failed));
  reports_.failed = std::move(failed);
}

void SessionOutbox::Add(std::shared_ptr<const std::string> manifest) {
  manifest_ = std::move(manifest);
  manifest_sent_ = 0;
}

void SessionOutbox::Add(Announce announce) { announce_ = std::move(announce); }

void SessionOutbox::Add(Next next) {
  starving_ = IsStarving(next);
  due_ = true;
  std::erase_if(unproven_, [&next](uint32_t file) {
    return std::find(next.proven.begin(), next.proven.end(), file) != next.proven.end();
  });
  unproven_.insert(unproven_.end(), next.unproven.begin(), next.unproven.end());
  reports_ = Merged(std::move(reports_), TakeReports(next));
  wish_ = std::move(next);
}

bool SessionOutbox::Welcome() {
  welcome_ = true;
  announced_ = false;
  return !announce_;
}

bool SessionOutbox::AskForAnswer() {
  if (!said_next_ || !announced_) return false;
  answer_ = true;
  due_ = true;
  return true;
}

void SessionOutbox::Seen(uint64_t seq) {
  while (!unseen_.empty() && unseen_.front().seq <= seq) unseen_.pop_front();
}

void SessionOutbox::Forget(const std::vector<PieceRef>& withdrawn) {
  if (withdrawn.empty()) return;
  std::vector<PieceRef> gone = withdrawn;
  std::sort(gone.begin(), gone.end());
  const auto is_gone = [&gone](const Received& r) { return std::binary_search(gone.begin(), gone.end(), r.piece); };
  std::erase_if(reports_.received, is_gone);
  std::erase_if(unproven_, [&gone](uint32_t file) {
    return std::any_of(gone.begin(), gone.end(), [file](const PieceRef& piece) { return piece.file == file; });
  });
}

FromNode SessionOutbox::Numbered(decltype(FromNode::message) message) {
  return {.seq = ++seq_, .answer = false, .message = std::move(message)};
}

FromNode SessionOutbox::PopManifest() {
  ManifestPart part{.data = manifest_->substr(manifest_sent_, kManifestPartBytes)};
  manifest_sent_ += part.data.size();
  part.last = manifest_sent_ == manifest_->size();
  if (part.last) manifest_.reset();
  return Numbered(std::move(part));
}

FromNode SessionOutbox::PopNext() {
  Next next = wish_;
  Next reports = std::exchange(reports_, {});
  next.received = TakeFirst(reports.received, kMostReceived);
  next.failed = std::move(reports.failed);
  next.proven = std::move(reports.proven);
  next.unproven = std::move(reports.unproven);
  reports_.received = std::move(reports.received);
  due_ = !reports_.received.empty();
  if (due_) next.peer_slots = next.origin_slots = 0;
  said_next_ = true;
  FromNode message = Numbered(std::move(next));
  if (const auto& said = std::get<Next>(message.message); !said.failed.empty())
    unseen_.push_back({message.seq, said.failed});
  message.answer = std::exchange(answer_, false);
  return message;
}

std::optional<FromNode> SessionOutbox::Pop() {
  if (hello_) return Numbered(*std::exchange(hello_, std::nullopt));
  if (manifest_) return PopManifest();
  if (welcome_ && announce_) {
    Announce announce = *std::exchange(announce_, std::nullopt);
    reports_.unproven = unproven_;
    announced_ = true;
    welcome_ = false;
    return Numbered(std::move(announce));
  }
  if (NextIsDue()) return PopNext();
  return std::nullopt;
}

}  // namespace ballast
