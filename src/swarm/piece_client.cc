#include "swarm/piece_client.h"

#include <algorithm>
#include <thread>

#include "base/mutex.h"
#include "base/strings.h"
#include "base/thread.h"
#include "swarm/channel_pool.h"

namespace ballast {

class PieceClient::Impl {
 public:
  Impl(const PieceClientOptions& options, const Clock& clock, TlsProvider tls)
      : options_(options),
        clock_(clock),
        tls_(std::move(tls)),
        pool_(options.idle_per_node, options.idle_in_all, options.idle),
        closer_(StartThread([this](const std::stop_token& stop) { CloseOld(stop); })) {}

  ~Impl() {
    closer_.request_stop();
    MutexLock lock(mutex_);
    changed_.NotifyAll();
  }

  Status Read(const Member& node, const PieceRequest& request, std::span<std::byte> into, const std::stop_token& stop) {
    const Status status = ReadFrom(node, request, into, stop);
    if (!status.ok() && stop.stop_requested()) return Cancelled(StrCat("node ", node.name, ": no longer wanted"));
    return status.WithContext(StrCat("node ", node.name));
  }

  size_t idle() const { return pool_.size(); }

 private:
  Status ReadFrom(const Member& node, const PieceRequest& request, std::span<std::byte> into,
                  const std::stop_token& stop) {
    if (stop.stop_requested()) return Cancelled("no longer wanted");
    const auto tls = options_.plaintext ? nullptr : tls_();
    if (!options_.plaintext && !tls) return FailedPrecondition("we have no certificate yet");
    if (auto channel = pool_.Take(node, tls)) {
      const PieceChannel::Outcome outcome = ReadOn(std::move(channel), node, request, into, stop);
      const bool was_closed = !outcome.answered && outcome.status.code() == StatusCode::kUnavailable;
      if (!was_closed) return outcome.status;
    }
    ASSIGN_OR_RETURN(auto channel, PieceChannel::Connect(node, tls, options_, clock_, stop));
    return ReadOn(std::move(channel), node, request, into, stop).status;
  }

  PieceChannel::Outcome ReadOn(ChannelPool::Channel channel, const Member& node, const PieceRequest& request,
                               std::span<std::byte> into, const std::stop_token& stop) {
    PieceChannel::Outcome outcome = channel->Read(request, into, stop);
    if (!outcome.reusable || stop.stop_requested()) return outcome;
    if (pool_.Keep(node.name, std::move(channel), clock_.Steady())) {
      MutexLock lock(mutex_);
      changed_.NotifyAll();
    }
    return outcome;
  }

  // While there is none, nothing wakes it.
  void CloseOld(const std::stop_token& stop) {
    MutexLock lock(mutex_);
    while (!stop.stop_requested()) {
      const SteadyTime now = clock_.Steady();
      const auto next = pool_.CloseOld(now);
      if (!next) {
        changed_.Wait(mutex_);
      } else {
        changed_.WaitUntil(mutex_, std::chrono::steady_clock::now() + std::min(*next - now, kLook));
      }
    }
  }

  // The clock is looked at so often; it may not be the one that CondVar knows.
  static constexpr Duration kLook = std::chrono::seconds(1);

  const PieceClientOptions options_;
  const Clock& clock_;
  const TlsProvider tls_;
  ChannelPool pool_;
  Mutex mutex_;
  CondVar changed_;
  std::jthread closer_;  // last: it uses the others
};

PieceClient::PieceClient(const PieceClientOptions& options, const Clock& clock, TlsProvider tls)
    : impl_(std::make_unique<Impl>(options, clock, std::move(tls))) {}
PieceClient::~PieceClient() = default;

Status PieceClient::Read(const Member& node, const Digest& blob, ByteRange range, std::span<std::byte> into,
                         std::stop_token stop) {
  if (range.empty() || range.size() != into.size() || range.size() > kMaxRequestBytes)
    return InvalidArgument(StrCat("a range of ", range.size(), " bytes into ", into.size()));
  return impl_->Read(node, {.digest = blob, .range = range}, into, stop);
}

size_t PieceClient::idle_connections() const { return impl_->idle(); }

}  // namespace ballast
