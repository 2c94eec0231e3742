// Equal values once, for all that have one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <set>

#include "base/mutex.h"
#include "base/shared_list.h"

namespace ballast::controller {

// Thread-safe. Forgets what nobody has any more, now and then.
template <typename T>
class ValuePool {
 public:
  using Value = std::shared_ptr<const T>;

  // Gives `list` the pool's values in place of its equal ones.
  void Share(SharedList<T>& list) {
    MutexLock lock(mutex_);
    for (size_t i = 0; i < list.size(); ++i) list.Replace(i, *values_.insert(list.Shared(i)).first);
    if (values_.size() > forget_at_) Forget();
  }
  size_t size() const {
    MutexLock lock(mutex_);
    return values_.size();
  }

 private:
  struct ByValue {
    bool operator()(const Value& a, const Value& b) const { return *a < *b; }
  };
  static constexpr size_t kFew = 1000;

  void Forget() REQUIRES(mutex_) {
    std::erase_if(values_, [](const Value& value) { return value.use_count() == 1; });
    forget_at_ = std::max(kFew, 2 * values_.size());
  }

  mutable Mutex mutex_;
  std::set<Value, ByValue> values_ GUARDED_BY(mutex_);
  size_t forget_at_ GUARDED_BY(mutex_) = kFew;
};

}  // namespace ballast::controller
