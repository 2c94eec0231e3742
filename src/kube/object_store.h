// The objects of one type as an informer knows them.
#pragma once

#include <map>
#include <memory>
#include <optional>
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

// Thread-safe. What is read is a value, shared and never changed.
class ObjectStore {
 public:
  std::shared_ptr<const Json> Get(const ObjectName& name) const;  // null: none
  std::vector<std::shared_ptr<const Json>> List() const;          // by name
  size_t size() const;

  // Takes what was listed in place of all there is. The changes that make the difference: what has the same uid and
  // resourceVersion is none; another uid is a deletion and an addition.
  std::vector<ObjectChange> Replace(std::vector<Json> objects);
  // The changes that an event makes: none where it tells what is known.
  std::vector<ObjectChange> Take(const WatchEvent& event);

 private:
  using Objects = std::map<ObjectName, std::shared_ptr<const Json>>;

  static void Put(Objects& objects, Json object, std::vector<ObjectChange>& changes);
  static void Remove(Objects& objects, const ObjectName& name, std::vector<ObjectChange>& changes);

  mutable Mutex mutex_;
  Objects objects_ GUARDED_BY(mutex_);
};

}  // namespace ballast
