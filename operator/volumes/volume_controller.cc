#include "operator/volumes/volume_controller.h"

#include <optional>
#include <utility>

#include "base/logging.h"
#include "base/strings.h"
#include "operator/volumes/claim_check.h"
#include "operator/volumes/populators.h"
#include "operator/volumes/volume_object.h"

namespace ballast::controller {
namespace {

constexpr int kWorkers = 4;
constexpr char kPopulatorsKey[] = "populators";
constexpr std::string_view kClaimPrefix = "claim/";
constexpr std::string_view kVolumePrefix = "volume/";
// Events are kept for an hour: a claim that waits longer shows why all the same.
constexpr std::chrono::minutes kSayAgain{50};
constexpr std::chrono::hours kLookForPopulators{1};

std::string KeyOf(const ObjectName& claim) { return StrCat(kClaimPrefix, claim); }
std::string KeyOf(const std::string& volume) { return StrCat(kVolumePrefix, volume); }

ObjectName ClaimOf(std::string_view key) {
  const auto parts = Split(key.substr(kClaimPrefix.size()), '/');
  return {std::string(parts.at(0)), std::string(parts.at(1))};
}

ObjectName CacheNameOf(const std::string& cache) {
  const size_t slash = cache.find('/');
  if (slash == std::string::npos) return {"", cache};
  return {cache.substr(0, slash), cache.substr(slash + 1)};
}

bool MayBeOurs(const ClaimFacts& claim) {
  return claim.provisioner == kDriverName && claim.volume.empty() && !claim.ending;
}

template <typename T>
std::optional<T> Copy(const std::shared_ptr<const T>& value) {
  return value ? std::optional<T>(*value) : std::nullopt;
}

KubeEvent EventOf(const Json& claim, bool warning, const std::string& reason, const std::string& note) {
  return {.regarding = RegardingOf(claim), .warning = warning, .reason = reason, .action = "Provision", .note = note};
}

}  // namespace

VolumeController::VolumeController(const LeaderContext& context)
    : context_(context),
      controller_("volumes", context.clock,
                  [this](const std::string& key, const std::stop_token& stop) { return Reconcile(key, stop); }),
      subscription_(context.view.Subscribe([this](const ObjectSeen& seen) { See(seen); })) {}

void VolumeController::Run(const std::stop_token& lost) {
  AddAll();
  controller_.Run(kWorkers, lost);
}

void VolumeController::AddAll() {
  controller_.Add(kPopulatorsKey);
  for (const auto& claim : context_.view.claims().List()) controller_.Add(KeyOf(NameOf(*claim)));
  for (const auto& volume : context_.view.volume_objects().List()) controller_.Add(KeyOf(NameOf(*volume).name));
}

template <typename Concerns>
void VolumeController::AddWaiting(const Concerns& concerns) {
  MutexLock lock(mutex_);
  for (const auto& [name, waiting] : waiting_) {
    if (concerns(waiting)) controller_.Add(KeyOf(name));
  }
}

void VolumeController::See(const ObjectSeen& seen) {
  if (seen.kind == Kind::kClaim) return controller_.Add(KeyOf(seen.name));
  if (seen.kind == Kind::kVolume) return controller_.Add(KeyOf(seen.name.name));
  const std::string name = seen.name.ToString();
  if (seen.kind == Kind::kCache) AddWaiting([&](const Waiting& waiting) { return waiting.cache == name; });
  if (seen.kind == Kind::kNamespace) AddWaiting([&](const Waiting& waiting) { return waiting.ns == name; });
  if (seen.kind == Kind::kStorageClass)
    AddWaiting([&](const Waiting& waiting) { return waiting.storage_class == name; });
}

Result<RequeueAfter> VolumeController::Reconcile(const std::string& key, const std::stop_token& stop) {
  if (key == kPopulatorsKey) return RegisterPopulators(stop);
  if (key.starts_with(kClaimPrefix)) return ReconcileClaim(ClaimOf(key), stop);
  return ReconcileVolume(key.substr(kVolumePrefix.size()), stop);
}

Result<RequeueAfter> VolumeController::ReconcileClaim(const ObjectName& name, const std::stop_token& stop) {
  const auto object = context_.view.claims().Get(name);
  ClaimFacts claim = object ? ClaimFromJson(*object) : ClaimFacts{};
  if (!object || !Await(claim)) {
    Forget(name);
    return RequeueAfter();
  }
  const Provisioning decision = ProvisionVolume(Observe(std::move(claim)));
  if (const auto* create = std::get_if<CreateVolume>(&decision)) {
    RETURN_IF_ERROR(Create(*object, *create, stop));
    return RequeueAfter();
  }
  const auto* hold = std::get_if<HoldBack>(&decision);
  if (hold == nullptr) return RequeueAfter();
  Say(*object, *hold);
  return RequeueAfter(kSayAgain);
}

bool VolumeController::Await(const ClaimFacts& claim) {
  if (!MayBeOurs(claim)) return false;
  const auto cache = CacheOfClaim(claim);
  MutexLock lock(mutex_);
  waiting_[claim.name] = {cache.ok() ? *cache : "", claim.name.ns, claim.storage_class};
  return true;
}

void VolumeController::Forget(const ObjectName& claim) {
  MutexLock lock(mutex_);
  waiting_.erase(claim);
  said_.erase(claim);
}

ClaimObserved VolumeController::Observe(ClaimFacts claim) const {
  const ClusterView& view = context_.view;
  ClaimObserved observed{.claim = std::move(claim)};
  const auto storage_class = view.storage_classes().Get({"", observed.claim.storage_class});
  if (storage_class) observed.storage_class = StorageClassFromJson(*storage_class);
  observed.ns = Copy(view.namespaces().Get(observed.claim.name.ns));
  const auto cache = CacheOfClaim(observed.claim);
  if (cache.ok()) observed.cache = Copy(view.caches().Get(CacheNameOf(*cache)));
  return observed;
}

Status VolumeController::Create(const Json& claim, const CreateVolume& create, const std::stop_token& stop) {
  const std::string name = NameOf(create.volume).name;
  if (context_.view.volume_objects().Get({"", name})) return CheckExisting(claim, name, stop);
  const auto created = context_.client.Create(kVolumes, create.volume, stop);
  if (created.status().code() == StatusCode::kAlreadyExists) return CheckExisting(claim, name, stop);
  if (!created.ok()) {
    if (!IsRetryable(created.status())) Say(claim, {true, "ProvisioningFailed", created.status().message()});
    return created.status();
  }
  LOG(INFO) << Message("Made a volume").With("claim", NameOf(claim)).With("volume", name);
  context_.events.Record(EventOf(claim, false, "ProvisioningSucceeded", create.note));
  return OkStatus();
}

Status VolumeController::CheckExisting(const Json& claim, const std::string& name, const std::stop_token& stop) {
  const auto volume = context_.client.Get(kVolumes, {"", name}, stop);
  if (volume.status().code() == StatusCode::kNotFound) return Aborted(StrCat("the volume ", name, " has just gone"));
  RETURN_IF_ERROR(volume.status());
  if (IsVolumeOf(*volume, ClaimFromJson(claim))) return OkStatus();
  Say(claim, {true, "ProvisioningFailed",
              StrCat("the PersistentVolume ", name, " exists and is not this claim's; remove it")});
  return OkStatus();
}

void VolumeController::Say(const Json& claim, const HoldBack& hold) {
  {
    MutexLock lock(mutex_);
    Said& said = said_[NameOf(claim)];
    const SteadyTime now = context_.clock.Steady();
    if (said.note == hold.note && now - said.at < kSayAgain) return;
    said = {hold.note, now};
  }
  context_.events.Record(EventOf(claim, hold.refused, hold.reason, hold.note));
}

Result<RequeueAfter> VolumeController::ReconcileVolume(const std::string& name, const std::stop_token& stop) {
  const auto volume = context_.view.volume_objects().Get({"", name});
  if (!volume || !IsOver(*volume)) return RequeueAfter();
  const Status deleted = context_.client.Delete(kVolumes, {"", name}, {.uid = UidOf(*volume)}, stop);
  if (!deleted.ok() && deleted.code() != StatusCode::kNotFound) return deleted;
  LOG(INFO) << Message("Removed a volume, whose claim is gone").With("volume", name);
  return RequeueAfter();
}

Result<RequeueAfter> VolumeController::RegisterPopulators(const std::stop_token& stop) {
  for (const Json& populator : Populators()) {
    const auto found = context_.client.Get(kPopulators, NameOf(populator), stop);
    if (found.ok()) continue;
    if (found.status().code() != StatusCode::kNotFound) return found.status();
    const Status created = context_.client.Create(kPopulators, populator, stop).status();
    // NotFound: the cluster has no such type, which is fine.
    if (created.code() == StatusCode::kNotFound) break;
    if (!created.ok() && created.code() != StatusCode::kAlreadyExists) return created;
  }
  return RequeueAfter(kLookForPopulators);
}

}  // namespace ballast::controller
