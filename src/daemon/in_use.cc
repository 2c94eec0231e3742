#include "daemon/in_use.h"

namespace ballast {

Result<InUse::Hold> InUse::ToPublish(const Digest& model) {
  MutexLock lock(mutex_);
  if (removing_.contains(model)) return Aborted("the model is being removed from this node right now; try again");
  ++publishing_[model];
  return Hold(*this, model, false);
}

Result<InUse::Hold> InUse::ToRemove(const Digest& model) {
  MutexLock lock(mutex_);
  if (publishing_.contains(model)) return Aborted("a volume with this model is being published right now; try again");
  if (!removing_.insert(model).second) return Aborted("the model is being removed already");
  return Hold(*this, model, true);
}

void InUse::Release(const Digest& model, bool removing) {
  MutexLock lock(mutex_);
  if (removing) {
    removing_.erase(model);
    return;
  }
  const auto found = publishing_.find(model);
  if (--found->second == 0) publishing_.erase(found);
}

}  // namespace ballast
