#include "swarm/channel_pool.h"

#include <algorithm>
#include <iterator>

namespace ballast {

ChannelPool::Channel ChannelPool::Take(const Member& node, const std::shared_ptr<const TlsContext>& tls) {
  MutexLock lock(mutex_);
  for (auto at = idles_.end(); at != idles_.begin();) {
    --at;
    if (at->node != node.name) continue;
    Channel channel = std::move(at->channel);
    at = idles_.erase(at);
    if (channel->Fits(node, tls) && !channel->IsSpoilt()) return channel;
  }
  return nullptr;
}

bool ChannelPool::Keep(const std::string& node, Channel channel, SteadyTime now) {
  MutexLock lock(mutex_);
  idles_.push_back({node, std::move(channel), now});
  const auto same = [&node](const Idle& idle) { return idle.node == node; };
  if (static_cast<size_t>(std::count_if(idles_.begin(), idles_.end(), same)) > per_node_)
    idles_.erase(std::find_if(idles_.begin(), idles_.end(), same));
  if (idles_.size() > in_all_) idles_.pop_front();
  return idles_.size() == 1;
}

std::optional<SteadyTime> ChannelPool::CloseOld(SteadyTime now) {
  MutexLock lock(mutex_);
  while (!idles_.empty() && idles_.front().since + idle_ <= now) idles_.pop_front();
  if (idles_.empty()) return std::nullopt;
  return idles_.front().since + idle_;
}

size_t ChannelPool::size() const {
  MutexLock lock(mutex_);
  return idles_.size();
}

}  // namespace ballast
