#include "daemon/collector.h"

#include <algorithm>

#include "base/logging.h"
#include "base/strings.h"

namespace ballast {
namespace {

constexpr size_t kNamed = 3;  // of those that hold the room

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
  const std::string held = FormatBytes(ProtectedBytes(input));
  return stays.empty() ? StrCat(held, " are being downloaded")
                       : StrCat(held, " are mounted, wanted or being downloaded: ", Holders(stays));
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
  const uint64_t quota = input.policy.quota_bytes;
  const std::string of =
      quota > 0 ? StrCat("the quota of ", FormatBytes(quota), " holds ", FormatBytes(input.disk.used_bytes))
                : StrCat("the disk has ", FormatBytes(input.disk.free_bytes), " free, of which ",
                         FormatBytes(input.policy.min_available), " stay free, and ",
                         FormatBytes(input.disk.used_bytes), " of models");
  return ResourceExhausted(StrCat("needs ", FormatBytes(room.bytes), "; ", of, ", of which ", held, "; ",
                                  FormatBytes(plan.missing_bytes),
                                  " are missing; delete pods or caches that hold them, or raise the quota"));
}

}  // namespace

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
          .in_transfer = in_transfer_()};
}

Collection Collector::Collect() {
  MutexLock round(round_mutex_);
  const DiskIntent intent = intent_();
  const DiskView view = View();
  const EvictionPlan plan = PlanEviction(MakeEvictionInput(view, intent));
  Collection collection = CarryOut(plan, view);
  if (plan.missing_bytes > 0) collection.stays = AllThatStay(view, intent);
  return collection;
}

Collection Collector::Explain() const {
  const DiskIntent intent = intent_();
  const DiskView view = View();
  Collection collection = Planned(PlanEviction(MakeEvictionInput(view, intent)), view);
  collection.stays = AllThatStay(view, intent);
  return collection;
}

Status Collector::MakeRoom(const RoomFor& room) {
  MutexLock round(round_mutex_);
  const DiskIntent intent = intent_();
  const DiskView view = View();
  EvictionInput input = MakeEvictionInput(view, intent);
  input.request = {.bytes = room.bytes, .priority = room.priority, .tenants = TenantsOf(intent, room.namespaces)};
  const EvictionPlan plan = PlanEviction(input);
  if (!Fits(plan, *input.request)) return NoRoom(room, plan, input, view, intent);
  const Collection collection = CarryOut(plan, view);
  return collection.problems.empty() ? OkStatus() : ResourceExhausted(Join(collection.problems, "; "));
}

Collection Collector::CarryOut(const EvictionPlan& plan, const DiskView& view) {
  Collection done{.missing_bytes = plan.missing_bytes};
  for (Evicted& one : Planned(plan, view).evicted) {
    const auto freed = Remove({.id = one.id, .reason = one.reason});
    if (!freed.ok()) {
      done.problems.push_back(StrCat(one.what, ": ", freed.status().message()));
      continue;
    }
    one.freed_bytes = *freed;
    done.freed_bytes += *freed;
    LOG(INFO) << Message("Evicted")
                     .With("what", one.what)
                     .With("why", ReasonName(one.reason))
                     .With("freed", FormatBytes(*freed));
    MutexLock lock(mutex_);
    ++counts_.evictions[one.reason];
    counts_.freed_bytes[one.reason] += *freed;
    done.evicted.push_back(std::move(one));
  }
  if (!done.evicted.empty() || !done.problems.empty()) done_(done);
  return done;
}

// What somebody came to use meanwhile is refused by the store, and stays.
Result<uint64_t> Collector::Remove(const Eviction& eviction) {
  if (eviction.reason == EvictionReason::kOrphaned) return store_.models().RemoveOrphan(eviction.id);
  ASSIGN_OR_RETURN(const InUse::Hold hold, in_use_.ToRemove(eviction.id));
  return store_.models().Remove(eviction.id);
}

CollectorCounts Collector::counts() const {
  MutexLock lock(mutex_);
  return counts_;
}

}  // namespace ballast
