#include "origin/link_cache.h"

#include <algorithm>

namespace ballast {

Result<LinkCache::Found> LinkCache::Find(const std::string& key, const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] {
    MutexLock lock(mutex_);
    changed_.NotifyAll();
  });
  Found found;
  MutexLock lock(mutex_);
  while (!stop.stop_requested()) {
    const auto [entry, fresh] = links_.try_emplace(key);
    if (fresh) found.ticket = std::make_unique<Ticket>(*this, key);
    if (entry->second) found.link = entry->second;
    if (fresh || found.link) return found;
    changed_.Wait(mutex_);
  }
  return Cancelled("stop was requested while the file's link was looked up");
}

void LinkCache::Forget(const std::string& key, const FileLink& link) {
  MutexLock lock(mutex_);
  const auto entry = links_.find(key);
  if (entry == links_.end() || entry->second != link) return;
  links_.erase(entry);
  order_.erase(std::remove(order_.begin(), order_.end(), key), order_.end());
}

void LinkCache::Settle(const std::string& key, const FileLink* link) {
  MutexLock lock(mutex_);
  if (link == nullptr) {
    links_.erase(key);
  } else {
    links_[key] = *link;
    order_.push_back(key);
  }
  if (order_.size() > kMaxLinks) {
    links_.erase(order_.front());
    order_.pop_front();
  }
  changed_.NotifyAll();
}

}  // namespace ballast
