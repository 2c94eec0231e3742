#include "kube/leader_elector.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/logging.h"
#include "base/strings.h"
#include "base/thread.h"

namespace ballast {
namespace {

constexpr Duration kCallTimeout = std::chrono::seconds(5);
constexpr Duration kRetryEvery = std::chrono::seconds(2);  // while the leader can't renew

}  // namespace

LeaderElector::LeaderElector(KubeClient& client, const Clock& clock, ElectionOptions options)
    : client_(client), clock_(clock), options_(std::move(options)) {
  const ElectionTimes& times = options_.times;
  BALLAST_CHECK(times.renew_every < times.renew_deadline && times.renew_deadline < times.lease)
      << "renew_every < renew_deadline < lease";
}

void LeaderElector::Run(const std::stop_token& stop, const LeaderWork& work) {
  bool finished = false;
  while (!stop.stop_requested() && !finished) {
    const Status status = TryLead(stop);
    if (status.ok()) {
      finished = Lead(stop, work);
      continue;
    }
    if (status.code() != StatusCode::kFailedPrecondition && status.code() != StatusCode::kCancelled) {
      LOG(WARNING) << Message("Could not take part in the election").With("error", status);
    }
    options_.pause(options_.times.renew_every, stop);
  }
  Release();
}

// A leader's calls end before its deadline does.
CallLimits LeaderElector::Limits(const std::stop_token& stop) const {
  const auto until = HeldUntil();
  if (!until) return {stop, kCallTimeout};
  return {stop, std::clamp<Duration>(*until - clock_.Steady(), std::chrono::milliseconds(1), kCallTimeout)};
}

Status LeaderElector::TryLead(const std::stop_token& stop) {
  RETURN_IF_ERROR(Look(stop));
  if (DecideLease(seen_, options_.identity, clock_.Steady()) == LeaseAction::kWait) {
    return FailedPrecondition(StrCat("the leader is ", Quoted(seen_->holder)));
  }
  return Hold(stop);
}

Status LeaderElector::Look(const std::stop_token& stop) {
  auto lease = client_.Get(kLeases, options_.lease, Limits(stop));
  if (lease.status().code() == StatusCode::kNotFound) {
    lease_ = nullptr;
    seen_.reset();
    return OkStatus();
  }
  if (!lease.ok()) return lease.status();
  lease_ = *std::move(lease);
  if (!seen_) seen_.emplace();
  seen_->See(lease_, clock_.Steady());
  return OkStatus();
}

Status LeaderElector::Hold(const std::stop_token& stop) {
  // From before the call: the others count from when they see it, which is later.
  const SteadyTime begin = clock_.Steady();
  const Json wanted = WriteLease(lease_, options_.lease, options_.identity, options_.times, clock_.Now());
  auto written =
      lease_.is_null() ? client_.Create(kLeases, wanted, Limits(stop)) : client_.Update(kLeases, wanted, Limits(stop));
  if (!written.ok()) return written.status();
  lease_ = *std::move(written);
  if (!seen_) seen_.emplace();
  seen_->See(lease_, begin);
  SetHeldUntil(begin + options_.times.renew_deadline);
  return OkStatus();
}

bool LeaderElector::Lead(const std::stop_token& stop, const LeaderWork& work) {
  LOG(INFO) << Message("Became leader").With("lease", options_.lease).With("identity", options_.identity);
  std::stop_source over;
  std::atomic<bool> finished = false;
  const std::stop_callback pass_on(stop, [&] { over.request_stop(); });
  std::jthread worker = StartThread([&](const std::stop_token& lost) {
    work(lost);
    finished = !lost.stop_requested();
    over.request_stop();
  });
  KeepLease(over.get_token());
  SetHeldUntil(std::nullopt);
  worker.request_stop();
  worker.join();
  LOG(INFO) << Message("Is leader no more").With("lease", options_.lease);
  return finished;
}

void LeaderElector::KeepLease(const std::stop_token& over) {
  Duration wait = options_.times.renew_every;
  for (;;) {
    const Duration left = std::max<Duration>(*HeldUntil() - clock_.Steady(), Duration::zero());
    options_.pause(std::min(wait, left), over);
    if (over.stop_requested()) return;
    if (!IsLeader()) break;
    const Status status = TryLead(over);
    wait = status.ok() ? options_.times.renew_every : kRetryEvery;
    if (status.ok()) continue;
    LOG(WARNING) << Message("The leader could not renew its lease").With("error", status);
    if (status.code() == StatusCode::kFailedPrecondition) return;  // another's
  }
  LOG(WARNING) << Message("The leader gives up: its lease was not renewed in time").With("lease", options_.lease);
}

void LeaderElector::Release() {
  if (lease_.is_null() || StringAt(lease_, "/spec/holderIdentity") != options_.identity) return;
  const Json free = WriteLease(lease_, options_.lease, "", options_.times, clock_.Now());
  const Status released = client_.Update(kLeases, free, CallLimits({}, kCallTimeout)).status();
  if (!released.ok()) LOG(WARNING) << Message("Could not release the lease").With("error", released);
}

bool LeaderElector::IsLeader() const {
  const auto until = HeldUntil();
  return until && clock_.Steady() < *until;
}

void LeaderElector::SetHeldUntil(std::optional<SteadyTime> until) {
  MutexLock lock(mutex_);
  held_until_ = until;
}

std::optional<SteadyTime> LeaderElector::HeldUntil() const {
  MutexLock lock(mutex_);
  return held_until_;
}

}  // namespace ballast
