#include "daemon/quarantine_book.h"

#include <set>

namespace ballast {

void QuarantineBook::Add(const Digest& model, const std::string& node) {
  MutexLock lock(mutex_);
  ++count_;
  entries_.push_back({model, node});
  if (entries_.size() > kMostKept) entries_.pop_front();
}

std::vector<std::string> QuarantineBook::Of(const Digest& model) const {
  MutexLock lock(mutex_);
  std::set<std::string> nodes;
  for (const Entry& entry : entries_) {
    if (entry.model == model) nodes.insert(entry.node);
  }
  return {nodes.begin(), nodes.end()};
}

uint64_t QuarantineBook::count() const {
  MutexLock lock(mutex_);
  return count_;
}

}  // namespace ballast
