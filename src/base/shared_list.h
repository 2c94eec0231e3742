// A list whose values never change once they are in it, so that many lists can have equal ones in common.
//
//   SharedList<CacheEntry> caches = {{.cache = "llama"}};
//   for (const CacheEntry& entry : caches) ...
//   caches.Change(0, [](CacheEntry& entry) { entry.pinned = true; });
#pragma once

#include <boost/iterator/indirect_iterator.hpp>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

namespace ballast {

// As thread-safe as a vector; the values may be read by all threads that have a list with them.
template <typename T>
class SharedList {
 public:
  using Value = std::shared_ptr<const T>;
  using value_type = T;
  using const_reference = const T&;
  using const_iterator = boost::indirect_iterator<typename std::vector<Value>::const_iterator>;
  using iterator = const_iterator;

  SharedList() = default;
  SharedList(std::initializer_list<T> values) : SharedList(std::vector<T>(values)) {}
  SharedList(std::vector<T> values) {  // NOLINT(google-explicit-constructor): it is the same list
    for (T& value : values) push_back(std::move(value));
  }

  const_iterator begin() const { return const_iterator(values_.begin()); }
  const_iterator end() const { return const_iterator(values_.end()); }
  size_t size() const { return values_.size(); }
  bool empty() const { return values_.empty(); }
  const T& operator[](size_t i) const { return *values_[i]; }
  const T& at(size_t i) const { return *values_.at(i); }

  void push_back(T value) { values_.push_back(std::make_shared<const T>(std::move(value))); }
  void clear() { values_.clear(); }

  // For this list alone.
  template <typename F>
  void Change(size_t i, const F& change) {
    T value = *values_.at(i);
    change(value);
    values_[i] = std::make_shared<const T>(std::move(value));
  }
  const Value& Shared(size_t i) const { return values_[i]; }
  void Replace(size_t i, Value value) { values_[i] = std::move(value); }

  friend bool operator==(const SharedList& a, const SharedList& b) {
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); ++i) {
      if (a.values_[i] != b.values_[i] && !(a[i] == b[i])) return false;
    }
    return true;
  }

 private:
  std::vector<Value> values_;
};

}  // namespace ballast
