#include "swarm/upload_queue.h"

namespace ballast {

bool UploadQueue::Add(Upload upload) {
  if (waiting_.size() >= limits_.waiting) return false;
  waiting_.push_back(std::move(upload));
  return true;
}

std::optional<UploadQueue::Upload> UploadQueue::Take() {
  auto best = waiting_.end();
  size_t least = limits_.active_per_node;
  for (auto at = waiting_.begin(); at != waiting_.end() && least > 0; ++at) {
    const size_t active = ActiveOf(at->node);
    if (active >= least) continue;
    best = at;
    least = active;
  }
  if (best == waiting_.end()) return std::nullopt;
  Upload upload = std::move(*best);
  waiting_.erase(best);
  ++per_node_[upload.node];
  ++active_;
  return upload;
}

void UploadQueue::Done(const Upload& upload) {
  const auto found = per_node_.find(upload.node);
  if (--found->second == 0) per_node_.erase(found);
  --active_;
}

size_t UploadQueue::ActiveOf(const std::string& node) const {
  const auto found = per_node_.find(node);
  return found == per_node_.end() ? 0 : found->second;
}

}  // namespace ballast
