#include "csi/testing/fake_cache.h"

#include <utility>

#include "base/strings.h"

namespace ballast::driver {
namespace {

Status Down() {
  return Unavailable("the node's cache (ballastd) does not answer at unix:///fake.sock: Connection refused");
}

}  // namespace

void FakeCache::SetModel(const std::string& name, Model model) {
  MutexLock lock(mutex_);
  models_[name] = std::move(model);
}

void FakeCache::SetAnyModel(Model model) {
  MutexLock lock(mutex_);
  any_ = {std::move(model)};
}

void FakeCache::SetUp(bool up) {
  MutexLock lock(mutex_);
  up_ = up;
}

void FakeCache::OnPrepare(std::function<void()> hook) {
  MutexLock lock(mutex_);
  hook_ = std::move(hook);
}

void FakeCache::AddLease(const LeaseKey& lease) {
  MutexLock lock(mutex_);
  leases_.insert(lease);
}

std::vector<LeaseKey> FakeCache::leases() const {
  MutexLock lock(mutex_);
  return {leases_.begin(), leases_.end()};
}

std::vector<PrepareCall> FakeCache::prepares() const {
  MutexLock lock(mutex_);
  return prepares_;
}

Result<FakeCache::Model> FakeCache::Begin(const PrepareCall& call) {
  MutexLock lock(mutex_);
  if (!up_) return Down();
  prepares_.push_back(call);
  prepares_.back().on_progress = nullptr;  // refers to the caller's frame
  const auto found = models_.find(call.order.name);
  if (found == models_.end() && any_.empty()) return NotFound(StrCat("no cache named ", Quoted(call.order.name)));
  leases_.insert(call.lease);
  return found == models_.end() ? any_.front() : found->second;
}

Status FakeCache::Fail(const PrepareCall& call, Status error) {
  MutexLock lock(mutex_);
  if (!IsRetryable(error) && error.code() != StatusCode::kCancelled) leases_.erase(call.lease);
  return error;
}

Result<ReadyView> FakeCache::Prepare(const PrepareCall& call) {
  const auto model = Begin(call);
  if (!model.ok()) return Fail(call, model.status());
  std::function<void()> hook;
  {
    MutexLock lock(mutex_);
    hook = hook_;
  }
  if (hook) hook();
  for (const WarmProgress& report : model->reports) {
    if (!call.on_progress(report)) return Cancelled("the caller went away");
  }
  if (!model->error.ok()) return Fail(call, model->error);
  if (!model->warm && !call.order.early) return DeadlineExceeded("still warming");
  return ReadyView{.model = call.order.name, .manifest = "sha256:00", .commit = "c0", .view = model->view};
}

Status FakeCache::Release(const LeaseKey& lease) {
  MutexLock lock(mutex_);
  if (!up_) return Down();
  leases_.erase(lease);
  return OkStatus();
}

Result<std::vector<LeaseKey>> FakeCache::ListLeases() {
  MutexLock lock(mutex_);
  if (!up_) return Down();
  return std::vector<LeaseKey>(leases_.begin(), leases_.end());
}

}  // namespace ballast::driver
