#include "daemon/collector.h"

#include <algorithm>

#include "base/failpoint.h"
#include "base/logging.h"
#include "base/strings.h"
#include "store/room.h"

namespace ballast {
namespace {

constexpr size_t kNamed = 3;          // of those that hold the room
constexpr size_t kNamedInBatch = 10;  // of those that went
constexpr size_t kTogether = 128;     // models that go at once; what completes a model waits for them

std::map<Digest, std::string> NamesOf(const DiskView& view) {
  std::map<Digest, std::string> names;
  for (const StoredModel& model : view.models) names.emplace(model.id, NameOfModel(model));
  return names;
}

std::string NameIn(const std::map<Digest, std::string>& names, const Digest& id) {
  const auto found = names.find(id);
  return found == names.end() ? id.ToString() : found->second;
}

Collection Planned(const EvictionPlan& plan, const DiskView& view) {
  const std::map<Digest, std::string> names = NamesOf(view);
  Collection collection{.freed_bytes = plan.freed_bytes, .missing_bytes = plan.missing_bytes};
  for (const Eviction& one : plan.evictions) {
    collection.evicted.push_back(
        {.what = NameIn(names, one.id), .id = one.id, .reason = one.reason, .freed_bytes = one.freed_bytes});
  }
  return collection;
}

std::vector<Stays> AllThatStay(const DiskView& view, const DiskIntent& intent) {
  std::vector<Stays> stays;
  for (const StoredModel& model : view.models) {
    std::string why = WhyItStays(model.id, view, intent);
    if (!why.empty()) stays.push_back({NameOfModel(model), model.id, std::move(why)});
  }
  return stays;
}

// Allocated by what may not go, and by downloads at work.
uint64_t HeldBytes(const DiskView& view, const EvictionInput& input) {
  uint64_t kept = 0;
  for (const StoredBlob& blob : view.blobs) kept += blob.allocated_bytes;
  for (const StoredModel& model : view.models) kept += model.own_bytes;
  const uint64_t used = input.disk.used_bytes;
  return ProtectedBytes(input) + (used > kept ? used - kept : 0);
}

void AddStays(const DiskView& view, const DiskIntent& intent, const EvictionInput& input, Collection& collection) {
  collection.stays = AllThatStay(view, intent);
  collection.protected_bytes = HeldBytes(view, input);
  collection.policy = intent.policy;
}

// "llama@main (mounted by serving/llama-0), qwen@main (wanted by qwen) and 4 more"
std::string Holders(const std::vector<Stays>& stays) {
  std::vector<std::string> some;
  for (size_t i = 0; i < std::min(kNamed, stays.size()); ++i)
    some.push_back(StrCat(stays[i].what, " (", stays[i].why, ")"));
  const std::string more = stays.size() > kNamed ? StrCat(" and ", stays.size() - kNamed, " more") : "";
  return Join(some, ", ") + more;
}

std::string Held(const DiskView& view, const DiskIntent& intent, const EvictionInput& input) {
  const std::vector<Stays> stays = AllThatStay(view, intent);
  const std::string held = FormatBytes(HeldBytes(view, input));
  return stays.empty() ? StrCat(held, " are being downloaded")
                       : StrCat(held, " are mounted, wanted or being downloaded: ", Holders(stays));
}

DiskState DiskOf(const Usage& usage) {
  return {.used_bytes = usage.used_bytes,
          .reserved_bytes = usage.reserved_bytes,
          .free_bytes = usage.disk_free_bytes,
          .total_bytes = usage.disk_total_bytes};
}

bool IsDiskTooFull(EvictionPolicy policy, const Usage& usage) {
  policy.quota_bytes = 0;
  return BytesToFree(policy, DiskOf(usage), 0) > 0;
}

uint64_t UnfinishedToDrop(const Usage& usage, const DiskIntent& intent) {
  return std::min(BytesToFree(intent.policy, DiskOf(usage), 0), usage.unfinished_bytes);
}

Evicted Unfinished(uint64_t bytes) {
  return {.what = "unfinished downloads", .reason = EvictionReason::kOrphaned, .freed_bytes = bytes};
}

void Prepend(const Evicted& one, Collection& collection) {
  collection.evicted.insert(collection.evicted.begin(), one);
  collection.freed_bytes += one.freed_bytes;
}

std::vector<Digest> IdsOf(const std::vector<Evicted*>& evicted) {
  std::vector<Digest> ids;
  for (const Evicted* one : evicted) ids.push_back(one->id);
  return ids;
}

// An orphan that a view came to link to, or that is gone already: no harm.
bool IsNoProblem(const Evicted& one, const Status& why) {
  return one.reason == EvictionReason::kOrphaned &&
         (why.code() == StatusCode::kFailedPrecondition || why.code() == StatusCode::kNotFound);
}

// As it is for a download that asks for room.
DiskIntent For(DiskIntent intent, const RoomFor& room) {
  if (!intent.pins_yield) return intent;
  for (auto& [manifest, owners] : intent.owners) {
    for (CopyOwner& owner : owners) owner.pinned = owner.pinned && owner.priority >= room.priority;
  }
  return intent;
}

// The quota asks for more than the disk does.
bool IsForQuota(const EvictionInput& input) {
  EvictionPolicy disk_alone = input.policy;
  disk_alone.quota_bytes = 0;
  const uint64_t bytes = input.request->bytes;
  return input.policy.quota_bytes > 0 &&
         BytesToFree(input.policy, input.disk, bytes) > BytesToFree(disk_alone, input.disk, bytes);
}

// Of what is on it and is not ours: another program's.
Status NoRoomOnDisk(const RoomFor& room, const EvictionPlan& plan, const EvictionInput& input,
                    const std::string& held) {
  const DiskState& disk = input.disk;
  const uint64_t known = disk.free_bytes + disk.used_bytes;
  const uint64_t others = disk.total_bytes > known ? disk.total_bytes - known : 0;
  const EvictionPolicy& policy = input.policy;
  const std::string ours =
      disk.used_bytes > 0 ? StrCat(", models ", FormatBytes(disk.used_bytes), ", of which ", held) : "";
  const std::string limit = policy.high_percent < 100 ? StrCat(", it may be ", policy.high_percent, "% full") : "";
  return ResourceExhausted(StrCat(
      "needs ", FormatBytes(room.bytes), "; the disk of ", FormatBytes(disk.total_bytes), " has ",
      FormatBytes(disk.free_bytes), " free, of which ", FormatBytes(policy.min_available), " stay free", limit,
      "; other programs' files take ", FormatBytes(others), " of it", ours, "; ", FormatBytes(plan.missing_bytes),
      " are missing; remove files from the disk, or delete pods or caches that hold models"));
}

Status NoRoom(const RoomFor& room, const EvictionPlan& plan, const EvictionInput& input, const DiskView& view,
              const DiskIntent& intent) {
  const std::string held = Held(view, intent, input);
  for (const TenantIndex tenant : input.request->tenants) {
    if (plan.over[tenant] == 0) continue;
    return ResourceExhausted(StrCat(
        "needs ", FormatBytes(room.bytes), "; the quota of ", FormatBytes(input.tenants[tenant].quota_bytes),
        " that namespaces ", Join(intent.tenants[tenant].namespaces, ", "), " have on this node would be exceeded by ",
        FormatBytes(plan.over[tenant]), "; delete pods or caches of theirs, or raise quotaPerNode"));
  }
  if (!IsForQuota(input)) return NoRoomOnDisk(room, plan, input, held);
  return ResourceExhausted(StrCat("needs ", FormatBytes(room.bytes), "; the quota of ",
                                  FormatBytes(input.policy.quota_bytes), " holds ", FormatBytes(input.disk.used_bytes),
                                  ", of which ", held, "; ", FormatBytes(plan.missing_bytes),
                                  " are missing; delete pods or caches that hold them, or raise the quota"));
}

}  // namespace

std::string BatchText(const Collection& collection) {
  std::vector<std::string> some;
  for (size_t i = 0; i < std::min(kNamedInBatch, collection.evicted.size()); ++i) {
    const Evicted& one = collection.evicted[i];
    some.push_back(StrCat(one.what, " (", ReasonName(one.reason), ", ", FormatBytes(one.freed_bytes), ")"));
  }
  const size_t rest = collection.evicted.size() - some.size();
  return StrCat("freed ", FormatBytes(collection.freed_bytes), ": ", Join(some, ", "),
                rest > 0 ? StrCat(" and ", rest, " more") : "");
}

std::string_view ReasonLabel(EvictionReason reason) {
  switch (reason) {
    case EvictionReason::kExpired:
      return "expired";
    case EvictionReason::kSurplus:
      return "surplus";
    case EvictionReason::kOrphaned:
      return "orphaned";
    case EvictionReason::kReleased:
      return "released";
    case EvictionReason::kSuperseded:
      return "superseded";
    case EvictionReason::kLeastRecentlyUsed:
      return "least_recently_used";
  }
  return "";
}

std::string_view ReasonName(EvictionReason reason) {
  switch (reason) {
    case EvictionReason::kExpired:
      return "unused for too long";
    case EvictionReason::kSurplus:
      return "more revisions than are kept";
    case EvictionReason::kOrphaned:
      return "of a download that was given up";
    case EvictionReason::kReleased:
      return "no cache names it";
    case EvictionReason::kSuperseded:
      return "an older revision";
    case EvictionReason::kLeastRecentlyUsed:
      return "least recently used";
  }
  return "";
}

DiskView Collector::View() const {
  return {.models = store_.models().List(),
          .blobs = store_.blobs().List(),
          .leases = store_.leases().List(),
          .usage = store_.GetUsage(),
          .in_transfer = moves_()};
}

Collection Collector::Collect() {
  MutexLock round(round_mutex_);
  const uint64_t dropped = DropUnfinished();
  const DiskView view = View();
  const DiskIntent intent = intent_(view.models);
  const EvictionInput input = MakeEvictionInput(view, intent);
  const EvictionPlan plan = PlanEviction(input);
  Collection collection = CarryOut(plan, view, "");
  if (dropped > 0) Prepend(Unfinished(dropped), collection);
  AddStays(view, intent, input, collection);
  disk_pressure_ = IsDiskTooFull(intent.policy, store_.GetUsage());
  return collection;
}

Collection Collector::Explain(const Intent& intended) const {
  const DiskView view = View();
  const DiskIntent intent = intended(view.models);
  const EvictionInput input = MakeEvictionInput(view, intent);
  Collection collection = Planned(PlanEviction(input), view);
  if (const uint64_t unfinished = UnfinishedToDrop(view.usage, intent); unfinished > 0)
    Prepend(Unfinished(unfinished), collection);
  AddStays(view, intent, input, collection);
  return collection;
}

Status Collector::MakeRoom(const RoomFor& room) {
  MutexLock round(round_mutex_);
  const DiskView view = View();
  const DiskIntent intent = For(intent_(view.models), room);
  const Room empty{.quota = intent.policy.quota_bytes,
                   .min_available = intent.policy.min_available,
                   .available = view.usage.disk_total_bytes,
                   .total = view.usage.disk_total_bytes};
  if (Status never = CheckRoom(empty, room.bytes); never.code() == StatusCode::kFailedPrecondition) return never;
  EvictionInput input = MakeEvictionInput(view, intent);
  input.request = {.bytes = room.bytes, .priority = room.priority, .tenants = TenantsOf(intent, room.namespaces)};
  const EvictionPlan plan = PlanEviction(input);
  if (!Fits(plan, *input.request)) return NoRoom(room, plan, input, view, intent);
  const Collection collection = CarryOut(plan, view, room.model);
  return collection.problems.empty() ? OkStatus() : ResourceExhausted(Join(collection.problems, "; "));
}

bool Collector::IsPressed() const {
  const DiskIntent intent = intent_({});
  return BytesToFree(intent.policy, DiskOf(store_.GetUsage()), 0) > 0;
}

uint64_t Collector::protected_bytes() const {
  const DiskView view = View();
  return HeldBytes(view, MakeEvictionInput(view, intent_(view.models)));
}

// Until nothing presses, or none is left.
uint64_t Collector::DropUnfinished() {
  const Usage usage = store_.GetUsage();
  const uint64_t wanted = UnfinishedToDrop(usage, intent_({}));
  if (wanted == 0) return 0;
  const Result<uint64_t> freed = store_.blobs().DropUnfinished(wanted);
  if (!freed.ok()) {
    LOG(WARNING) << Message("Cannot remove an unfinished download").With("error", freed.status());
    return 0;
  }
  Count(Unfinished(*freed));
  return *freed;
}

Collection Collector::CarryOut(const EvictionPlan& plan, const DiskView& view, std::string made_for) {
  Collection done{.missing_bytes = plan.missing_bytes, .made_for = std::move(made_for)};
  Failpoint("collect.marked");
  std::vector<Evicted> evicted = Planned(plan, view).evicted;
  for (size_t begin = 0; begin < evicted.size(); begin += kTogether)
    RemoveTogether(std::span(evicted).subspan(begin, std::min(kTogether, evicted.size() - begin)), done);
  if (!done.evicted.empty() || !done.problems.empty()) done_(done);
  return done;
}

// What somebody came to use meanwhile is refused by the store, and stays.
void Collector::RemoveTogether(std::span<Evicted> some, Collection& done) {
  std::vector<InUse::Hold> holds;
  std::vector<Evicted*> models;
  std::vector<Evicted*> orphans;
  for (Evicted& one : some) {
    if (one.reason == EvictionReason::kOrphaned) {
      orphans.push_back(&one);
      continue;
    }
    Result<InUse::Hold> hold = in_use_.ToRemove(one.id);
    if (hold.ok()) {
      holds.push_back(*std::move(hold));
      models.push_back(&one);
    } else {
      Record(one, hold.status(), done);
    }
  }
  const std::vector<Result<uint64_t>> freed_models = store_.models().RemoveAll(IdsOf(models), moves_().blobs);
  for (size_t i = 0; i < models.size(); ++i) Record(*models[i], freed_models[i], done);
  const std::vector<Result<uint64_t>> freed_orphans = store_.models().RemoveOrphans(IdsOf(orphans));
  for (size_t i = 0; i < orphans.size(); ++i) Record(*orphans[i], freed_orphans[i], done);
  Failpoint("collect.evicted");
}

void Collector::Record(Evicted& one, const Result<uint64_t>& freed, Collection& done) {
  if (!freed.ok()) {
    if (!IsNoProblem(one, freed.status())) done.problems.push_back(StrCat(one.what, ": ", freed.status().message()));
    return;
  }
  one.freed_bytes = *freed;
  done.freed_bytes += *freed;
  Count(one);
  done.evicted.push_back(std::move(one));
}

void Collector::Count(const Evicted& one) {
  MutexLock lock(mutex_);
  ++counts_.evictions[one.reason];
  counts_.freed_bytes[one.reason] += one.freed_bytes;
}

CollectorCounts Collector::counts() const {
  MutexLock lock(mutex_);
  return counts_;
}

}  // namespace ballast
