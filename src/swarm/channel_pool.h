// Connections to other nodes that nobody uses at the moment.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "swarm/piece_channel.h"

namespace ballast {

// Thread-safe.
class ChannelPool {
 public:
  using Channel = std::unique_ptr<PieceChannel>;

  ChannelPool(size_t per_node, size_t in_all, Duration idle) : per_node_(per_node), in_all_(in_all), idle_(idle) {}

  // The one that was used last, if it still fits and is not spoilt; those that do not are closed. Null: none.
  Channel Take(const Member& node, const std::shared_ptr<const TlsContext>& tls);
  // Closes the one of that node, or of all, that has waited for longest where there are too many. True: it is the only
  // one now.
  bool Keep(const std::string& node, Channel channel, SteadyTime now);
  // Closes those that have waited for too long. When the next will have; nullopt: none is here.
  std::optional<SteadyTime> CloseOld(SteadyTime now);

  size_t size() const;

 private:
  struct Idle {
    std::string node;
    Channel channel;
    SteadyTime since;
  };

  const size_t per_node_;
  const size_t in_all_;
  const Duration idle_;
  mutable Mutex mutex_;
  std::list<Idle> idles_ GUARDED_BY(mutex_);  // the oldest first
};

}  // namespace ballast
