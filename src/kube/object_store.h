// The objects of one type as an informer knows them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "base/mutex.h"
#include "kube/kube_client.h"

namespace ballast {

// An object that came, changed or went.
struct ObjectChange {
  WatchEvent::Kind kind = WatchEvent::Kind::kAdded;  // never kBookmark
  std::shared_ptr<const Json> object;                // kDeleted: as it was last seen
  std::shared_ptr<const Json> before;                // null: it came
};

enum class KeepObjects {
  kWhole,
  // Name, namespace, uid and resourceVersion: for a reader that makes its own values of what it is told. The change
  // carries the whole object once; `before`, and what is deleted, are what was kept.
  kIdentity,
};

// Thread-safe. What is read is a value, shared and never changed.
class ObjectStore {
 public:
  explicit ObjectStore(KeepObjects keep = KeepObjects::kWhole) : keep_(keep) {}

  std::shared_ptr<const Json> Get(const ObjectName& name) const;  // null: none
  std::vector<std::shared_ptr<const Json>> List() const;          // by name
  size_t size() const;

  // Takes what was listed. The changes that make the difference: what has the same uid and resourceVersion is none;
  // another uid is a deletion and an addition.
  std::vector<ObjectChange> Put(std::vector<Json> objects);
  // Drops everything else: a list was read to its end.
  std::vector<ObjectChange> Retain(const std::set<ObjectName>& names);
  // The changes that an event makes: none where it tells what is known, or the end of an object whose name another has
  // by now. What is told last is believed: a watch is in order, and an etcd that was restored goes back in its
  // versions.
  std::vector<ObjectChange> Take(const WatchEvent& event);

 private:
  using Objects = std::map<ObjectName, std::shared_ptr<const Json>>;

  void PutOne(Json object, std::vector<ObjectChange>& changes) REQUIRES(mutex_);
  void Remove(const ObjectName& name, std::vector<ObjectChange>& changes) REQUIRES(mutex_);
  void RemoveTheSame(const Json& gone, std::vector<ObjectChange>& changes) REQUIRES(mutex_);

  const KeepObjects keep_;
  mutable Mutex mutex_;
  Objects objects_ GUARDED_BY(mutex_);
};

}  // namespace ballast
