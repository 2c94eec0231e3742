#include "daemon/disk_view.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "api/policy_rules.h"
#include "base/strings.h"

namespace ballast {
namespace {

using std::chrono::seconds;
using Indices = std::unordered_map<Digest, BlobIndex>;

const std::vector<CopyOwner>& OwnersOf(const DiskIntent& intent, const Digest& model) {
  static const std::vector<CopyOwner> none;
  const auto found = intent.owners.find(model);
  return found == intent.owners.end() ? none : found->second;
}

// Of several owners the most patient: it goes when none of them minds.
std::optional<seconds> UnusedFor(const std::vector<CopyOwner>& owners, const DiskIntent& intent) {
  std::optional<seconds> longest;
  for (const CopyOwner& owner : owners) {
    const auto own = owner.unused_for ? owner.unused_for : intent.unused_for;
    if (!own) return std::nullopt;
    longest = std::max(longest.value_or(seconds(0)), std::chrono::ceil<seconds>(*own));
  }
  if (owners.empty() && intent.unused_for) return std::chrono::ceil<seconds>(*intent.unused_for);
  return longest;
}

template <typename Says>
bool All(const std::vector<CopyOwner>& owners, Says says) {
  return !owners.empty() && std::all_of(owners.begin(), owners.end(), says);
}

// Of the pods that have it mounted, "namespace/name" each.
std::vector<std::string> NamespacesOfPods(const Digest& model, const std::vector<Lease>& leases) {
  std::vector<std::string> namespaces;
  for (const Lease& lease : leases) {
    const size_t slash = lease.pod.find('/');
    if (lease.manifest == model && slash != std::string::npos) namespaces.push_back(lease.pod.substr(0, slash));
  }
  return namespaces;
}

// Of a model that no cache names, those whose pods have it mounted by an inline source.
std::vector<TenantIndex> TenantsOfModel(const Digest& model, const std::vector<CopyOwner>& owners, const DiskView& view,
                                        const DiskIntent& intent) {
  if (owners.empty()) return TenantsOf(intent, NamespacesOfPods(model, view.leases));
  std::vector<std::string> namespaces;
  for (const CopyOwner& owner : owners) {
    if (owner.namespaces.empty()) return {};  // everybody's: it goes on no tenant's account
    namespaces.insert(namespaces.end(), owner.namespaces.begin(), owner.namespaces.end());
  }
  return TenantsOf(intent, namespaces);
}

void AddOwners(const std::vector<CopyOwner>& owners, const DiskView& view, const DiskIntent& intent,
               EvictionModel& model) {
  for (const CopyOwner& owner : owners) {
    model.priority = std::max(model.priority.value_or(owner.priority), owner.priority);
    model.pinned = model.pinned || owner.pinned;
  }
  model.unused_for = UnusedFor(owners, intent);
  model.surplus = All(owners, [](const CopyOwner& owner) { return owner.surplus; });
  model.superseded = All(owners, [](const CopyOwner& owner) { return !owner.current; });
  model.tenants = TenantsOfModel(model.id, owners, view, intent);
}

std::vector<BlobIndex> BlobsOf(const StoredModel& model, const Indices& indices) {
  std::vector<BlobIndex> blobs;
  const auto add = [&](const Digest& digest) {
    if (const auto found = indices.find(digest); found != indices.end()) blobs.push_back(found->second);
  };
  for (const ManifestFile& file : model.manifest.files()) add(file.digest);
  for (const Digest& digest : model.generated) add(digest);
  std::sort(blobs.begin(), blobs.end());
  blobs.erase(std::unique(blobs.begin(), blobs.end()), blobs.end());
  return blobs;
}

bool IsMounted(const Digest& model, const std::vector<Lease>& leases) {
  return std::any_of(leases.begin(), leases.end(), [&](const Lease& lease) { return lease.manifest == model; });
}

}  // namespace

EvictionInput MakeEvictionInput(const DiskView& view, const DiskIntent& intent) {
  EvictionInput input{.policy = intent.policy,
                      .disk = {.used_bytes = view.usage.used_bytes - view.usage.unfinished_bytes,
                               .reserved_bytes = view.usage.reserved_bytes,
                               .free_bytes = view.usage.disk_free_bytes + view.usage.unfinished_bytes,
                               .total_bytes = view.usage.disk_total_bytes}};
  Indices indices;
  for (const StoredBlob& blob : view.blobs) {
    indices.emplace(blob.digest, static_cast<BlobIndex>(input.blobs.size()));
    if (view.in_transfer.blobs.contains(blob.digest))
      input.in_transfer.push_back(static_cast<BlobIndex>(input.blobs.size()));
    input.blobs.push_back({blob.digest, blob.allocated_bytes});
  }
  for (const TenantIntent& tenant : intent.tenants) input.tenants.push_back({tenant.quota_bytes});
  for (const StoredModel& stored : view.models) {
    EvictionModel model{.id = stored.id,
                        .blobs = BlobsOf(stored, indices),
                        .own_bytes = stored.own_bytes,
                        .last_use = static_cast<uint64_t>(stored.last_use.count()),
                        .idle = std::chrono::duration_cast<seconds>(stored.idle),
                        .mounted = IsMounted(stored.id, view.leases),
                        .moving = view.in_transfer.models.contains(stored.id)};
    AddOwners(OwnersOf(intent, stored.id), view, intent, model);
    input.models.push_back(std::move(model));
  }
  return input;
}

std::vector<TenantIndex> TenantsOf(const DiskIntent& intent, const std::vector<std::string>& namespaces) {
  std::set<TenantIndex> tenants;
  for (const std::string& name : namespaces) {
    const TenantIntent* tenant = TenantOf(intent.tenants, name);
    if (tenant != nullptr) tenants.insert(static_cast<TenantIndex>(tenant - intent.tenants.data()));
  }
  return {tenants.begin(), tenants.end()};
}

std::string WhyItStays(const Digest& model, const DiskView& view, const DiskIntent& intent) {
  std::vector<std::string> who;
  for (const Lease& lease : view.leases) {
    if (lease.manifest == model) who.push_back(lease.pod.empty() ? "volume " + lease.volume_id : lease.pod);
  }
  if (!who.empty()) return "mounted by " + Join(who, ", ");
  for (const CopyOwner& owner : OwnersOf(intent, model)) {
    if (owner.pinned) who.push_back(owner.cache);
  }
  if (!who.empty()) return "wanted by " + Join(who, ", ");
  return view.in_transfer.models.contains(model) ? "somebody waits for it" : "";
}

std::string NameOfModel(const StoredModel& model) {
  if (model.origins.empty()) return model.id.ToString();
  const OriginRecord& origin = model.origins.front();
  return origin.revisions.empty() ? StrCat(origin.uri, "@", origin.commit)
                                  : StrCat(origin.uri, "@", origin.revisions.front());
}

}  // namespace ballast
