#include "kube/object_store.h"

#include <utility>

namespace ballast {
namespace {

Json IdentityOf(const Json& object) {
  Json metadata = {{"name", NameOf(object).name}, {"uid", UidOf(object)}};
  metadata["resourceVersion"] = ResourceVersionOf(object);
  if (const ObjectName name = NameOf(object); !name.ns.empty()) metadata["namespace"] = name.ns;
  return {{"metadata", std::move(metadata)}};
}

}  // namespace

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

void ObjectStore::Remove(const ObjectName& name, std::vector<ObjectChange>& changes) {
  const auto found = objects_.find(name);
  if (found == objects_.end()) return;
  changes.push_back({WatchEvent::Kind::kDeleted, found->second, found->second});
  objects_.erase(found);
}

void ObjectStore::RemoveTheSame(const Json& gone, std::vector<ObjectChange>& changes) {
  const auto found = objects_.find(NameOf(gone));
  if (found != objects_.end() && UidOf(*found->second) == UidOf(gone)) Remove(NameOf(gone), changes);
}

void ObjectStore::PutOne(Json object, std::vector<ObjectChange>& changes) {
  const ObjectName name = NameOf(object);
  const auto found = objects_.find(name);
  auto before = found == objects_.end() ? nullptr : found->second;
  if (before && UidOf(*before) == UidOf(object)) {
    if (ResourceVersionOf(*before) == ResourceVersionOf(object)) return;
  } else {
    Remove(name, changes);
    before = nullptr;
  }
  const auto kind = before ? WatchEvent::Kind::kModified : WatchEvent::Kind::kAdded;
  const auto whole = std::make_shared<const Json>(std::move(object));
  objects_[name] = keep_ == KeepObjects::kWhole ? whole : std::make_shared<const Json>(IdentityOf(*whole));
  changes.push_back({kind, whole, before});
}

std::vector<ObjectChange> ObjectStore::Put(std::vector<Json> objects) {
  MutexLock lock(mutex_);
  std::vector<ObjectChange> changes;
  for (Json& object : objects) PutOne(std::move(object), changes);
  return changes;
}

std::vector<ObjectChange> ObjectStore::Retain(const std::set<ObjectName>& names) {
  MutexLock lock(mutex_);
  std::vector<ObjectName> gone;
  for (const auto& [name, object] : objects_) {
    if (!names.contains(name)) gone.push_back(name);
  }
  std::vector<ObjectChange> changes;
  for (const ObjectName& name : gone) Remove(name, changes);
  return changes;
}

std::vector<ObjectChange> ObjectStore::Take(const WatchEvent& event) {
  MutexLock lock(mutex_);
  std::vector<ObjectChange> changes;
  switch (event.kind) {
    case WatchEvent::Kind::kAdded:
    case WatchEvent::Kind::kModified:
      PutOne(event.object, changes);
      break;
    case WatchEvent::Kind::kDeleted:
      RemoveTheSame(event.object, changes);
      break;
    case WatchEvent::Kind::kBookmark:
      break;
  }
  return changes;
}

}  // namespace ballast
