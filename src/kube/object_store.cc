#include "kube/object_store.h"

#include <set>
#include <utility>

namespace ballast {

std::shared_ptr<const Json> ObjectStore::Get(const ObjectName& name) const {
  MutexLock lock(mutex_);
  const auto found = objects_.find(name);
  return found == objects_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<const Json>> ObjectStore::List() const {
  MutexLock lock(mutex_);
  std::vector<std::shared_ptr<const Json>> all;
  all.reserve(objects_.size());
  for (const auto& [name, object] : objects_) all.push_back(object);
  return all;
}

size_t ObjectStore::size() const {
  MutexLock lock(mutex_);
  return objects_.size();
}

void ObjectStore::Remove(Objects& objects, const ObjectName& name, std::vector<ObjectChange>& changes) {
  const auto found = objects.find(name);
  if (found == objects.end()) return;
  changes.push_back({WatchEvent::Kind::kDeleted, found->second, found->second});
  objects.erase(found);
}

void ObjectStore::Put(Objects& objects, Json object, std::vector<ObjectChange>& changes) {
  const ObjectName name = NameOf(object);
  const auto found = objects.find(name);
  const auto before = found == objects.end() ? nullptr : found->second;
  if (before && UidOf(*before) == UidOf(object)) {
    if (ResourceVersionOf(*before) == ResourceVersionOf(object)) return;
    found->second = std::make_shared<const Json>(std::move(object));
    changes.push_back({WatchEvent::Kind::kModified, found->second, before});
    return;
  }
  Remove(objects, name, changes);
  const auto added = std::make_shared<const Json>(std::move(object));
  objects[name] = added;
  changes.push_back({WatchEvent::Kind::kAdded, added, nullptr});
}

std::vector<ObjectChange> ObjectStore::Replace(std::vector<Json> objects) {
  MutexLock lock(mutex_);
  std::set<ObjectName> listed;
  for (const Json& object : objects) listed.insert(NameOf(object));
  std::vector<ObjectName> gone;
  for (const auto& [name, object] : objects_) {
    if (!listed.contains(name)) gone.push_back(name);
  }
  std::vector<ObjectChange> changes;
  for (const ObjectName& name : gone) Remove(objects_, name, changes);
  for (Json& object : objects) Put(objects_, std::move(object), changes);
  return changes;
}

std::vector<ObjectChange> ObjectStore::Take(const WatchEvent& event) {
  MutexLock lock(mutex_);
  std::vector<ObjectChange> changes;
  switch (event.kind) {
    case WatchEvent::Kind::kAdded:
    case WatchEvent::Kind::kModified:
      Put(objects_, event.object, changes);
      break;
    case WatchEvent::Kind::kDeleted:
      Remove(objects_, NameOf(event.object), changes);
      break;
    case WatchEvent::Kind::kBookmark:
      break;
  }
  return changes;
}

}  // namespace ballast
