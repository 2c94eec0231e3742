// The objects of one kind as values that threads share.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "kube/resource.h"

namespace ballast::controller {

// Thread-safe. What is read is never changed; null: there is none.
template <typename T>
class TypedStore {
 public:
  using Value = std::shared_ptr<const T>;

  Value Get(const ObjectName& name) const {
    MutexLock lock(mutex_);
    const auto found = values_.find(name);
    return found == values_.end() ? nullptr : found->second;
  }
  Value Get(const std::string& cluster_scoped) const { return Get(ObjectName{"", cluster_scoped}); }

  // By name.
  std::vector<Value> List() const {
    MutexLock lock(mutex_);
    std::vector<Value> all;
    all.reserve(values_.size());
    for (const auto& [name, value] : values_) all.push_back(value);
    return all;
  }
  size_t size() const {
    MutexLock lock(mutex_);
    return values_.size();
  }

  void Put(const ObjectName& name, Value value) {
    MutexLock lock(mutex_);
    values_[name] = std::move(value);
  }
  // In place of `before`. False: it is another by now, or gone.
  bool PutOver(const ObjectName& name, const Value& before, Value value) {
    MutexLock lock(mutex_);
    const auto found = values_.find(name);
    if (found == values_.end() || found->second != before) return false;
    found->second = std::move(value);
    return true;
  }
  void Remove(const ObjectName& name) {
    MutexLock lock(mutex_);
    values_.erase(name);
  }

 private:
  mutable Mutex mutex_;
  std::map<ObjectName, Value> values_ GUARDED_BY(mutex_);
};

}  // namespace ballast::controller
