#include "daemon/disk_intent.h"

#include <algorithm>

#include "daemon/admission.h"

namespace ballast {
namespace {

CopyOwner OwnerOf(const ModelCache& cache) {
  CopyOwner owner{.cache = CacheName(cache), .priority = cache.spec.priority, .unused_for = cache.spec.gc.unused_for};
  if (!cache.cluster_scoped) {
    owner.namespaces = {cache.metadata.object_namespace};
  } else if (const auto names = NamespacesByName(cache)) {
    owner.namespaces = *names;
  }
  owner.pinned = cache.spec.suspend;
  return owner;
}

bool Holds(const StoredModel& model, const PathFilter& filter) {
  return std::all_of(model.manifest.files().begin(), model.manifest.files().end(),
                     [&](const ManifestFile& file) { return filter.Admits(file.path.str()); });
}

// When its origin named it so; nothing: it is no revision of what is asked for.
std::optional<int64_t> NamedAt(const StoredModel& model, const ModelRequest& request) {
  for (const OriginRecord& origin : model.origins) {
    const bool same = origin.uri == request.ref.Uri() &&
                      std::count(origin.revisions.begin(), origin.revisions.end(), RevisionName(request.ref)) > 0;
    if (same && Holds(model, request.filter)) return origin.resolved_unix_seconds;
  }
  return std::nullopt;
}

// The newest first, without what is somebody's current one.
std::vector<Digest> OlderRevisions(const ModelRequest& request, const std::vector<StoredModel>& models,
                                   const std::set<Digest>& current) {
  std::vector<std::pair<int64_t, Digest>> older;
  for (const StoredModel& model : models) {
    if (current.contains(model.id)) continue;
    if (const auto named = NamedAt(model, request)) older.emplace_back(-*named, model.id);
  }
  std::sort(older.begin(), older.end());
  std::vector<Digest> ids;
  for (const auto& [when, id] : older) ids.push_back(id);
  return ids;
}

}  // namespace

std::map<Digest, std::vector<CopyOwner>> OwnersOf(const ManifestSet& set, const std::vector<Resolution>& resolutions,
                                                  const std::vector<StoredModel>& models) {
  std::map<Digest, std::vector<CopyOwner>> owners;
  std::set<Digest> current;
  for (const ModelCache& cache : set.caches) {
    const auto known = FindResolution(resolutions, RequestOf(cache));
    if (!known) continue;
    current.insert(known->manifest);
    CopyOwner owner = OwnerOf(cache);
    owner.pinned = owner.pinned || KeepsWarm(cache);
    owners[known->manifest].push_back(std::move(owner));
  }
  for (const ModelCache& cache : set.caches) {
    CopyOwner owner = OwnerOf(cache);
    owner.current = false;
    int32_t revisions = 1;  // the current one
    for (const Digest& id : OlderRevisions(RequestOf(cache), models, current)) {
      owner.surplus = ++revisions > cache.spec.gc.keep_revisions;
      owners[id].push_back(owner);
    }
  }
  return owners;
}

std::vector<CopyOwner> OwnersOf(const ManifestSet& set, const ModelRequest& request) {
  std::vector<CopyOwner> owners;
  for (const ModelCache& cache : set.caches) {
    if (RequestOf(cache).Key() == request.Key()) owners.push_back(OwnerOf(cache));
  }
  return owners;
}

RoomFor RoomOf(const ModelRequest& request, const std::vector<CopyOwner>& owners, uint64_t bytes) {
  RoomFor room{.model = request.Name(), .bytes = bytes};
  for (const CopyOwner& owner : owners) {
    room.priority = &owner == &owners.front() ? owner.priority : std::max(room.priority, owner.priority);
    room.namespaces.insert(room.namespaces.end(), owner.namespaces.begin(), owner.namespaces.end());
  }
  const bool everybodys =
      std::any_of(owners.begin(), owners.end(), [](const CopyOwner& owner) { return owner.namespaces.empty(); });
  if (everybodys) room.namespaces.clear();
  if (owners.empty() && !request.pod_namespace.empty()) room.namespaces = {request.pod_namespace};
  return room;
}

}  // namespace ballast
