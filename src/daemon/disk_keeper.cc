#include "daemon/disk_keeper.h"

#include <condition_variable>
#include <mutex>
#include <utility>

#include "base/logging.h"
#include "base/strings.h"
#include "base/thread.h"
#include "daemon/disk_intent.h"

namespace ballast {
namespace {

bool WaitFor(Duration time, const std::stop_token& stop) {
  std::mutex waiting;
  std::unique_lock lock(waiting);
  std::condition_variable_any wake;
  wake.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

std::string NamesOf(const std::vector<StoredModel>& models) {
  std::vector<std::string> names;
  names.reserve(models.size());
  for (const StoredModel& model : models) names.push_back(NameOfModel(model));
  return Join(names, ", ");
}

cache::v1::Lease VolumeOf(const Lease& lease) {
  cache::v1::Lease volume;
  volume.set_volume_id(lease.volume_id);
  volume.set_target_path(lease.target_path);
  volume.set_pod(lease.pod);
  volume.set_pod_uid(lease.pod_uid);
  return volume;
}

}  // namespace

DiskKeeper::DiskKeeper(Parts parts)
    : parts_(std::move(parts)),
      collector_(
          parts_.store, parts_.in_use,
          [this](const std::vector<StoredModel>& models) { return parts_.intents.Now(models); },
          [this] { return parts_.manager.Moves(); }, [this](const Collection& collection) { Collected(collection); }),
      cooling_(parts_.store, parts_.drop_after, parts_.clock),
      loop_({.collector = collector_,
             .store = parts_.store,
             .clock = parts_.clock,
             .interval = [this] { return parts_.intents.Interval(); },
             .look_every = parts_.look_every,
             .each_minute = [this] { cooling_.Step(); },
             .each_look = parts_.each_look}),
      scrubber_(parts_.store, parts_.scrub_file, {.bytes_per_second = parts_.scrub_bytes_per_second}, parts_.clock,
                WaitFor, [this](const ScrubFinding& finding) { Damaged(finding); }) {}

void DiskKeeper::Start() {
  loop_.Start();
  scrubbing_ = StartThread([this](const std::stop_token& stop) { scrubber_.Run(stop); });
}

void DiskKeeper::Stop() {
  scrubbing_ = {};
  loop_.Stop();
}

Status DiskKeeper::MakeRoom(const ModelRequest& request, uint64_t bytes) {
  return collector_.MakeRoom(RoomOf(request, parts_.intents.OwnersOf(request), bytes));
}

// Room that was made for one download is not offered to the others.
void DiskKeeper::Collected(const Collection& collection) {
  for (const std::string& problem : collection.problems) LOG(WARNING) << Message("Not evicted").With("why", problem);
  if (collection.evicted.empty()) return;
  const std::string what = BatchText(collection);
  LOG(INFO) << Message("Evicted").With("what", what).With("room_for", collection.made_for);
  std::set<Digest> gone;
  for (const Evicted& one : collection.evicted) {
    if (one.reason == EvictionReason::kOrphaned) continue;
    gone.insert(one.id);
    if (one.reason != EvictionReason::kReleased) continue;
    if (const Status forgotten = parts_.resolutions.Forget(one.id); !forgotten.ok())
      LOG(WARNING) << Message("Cannot forget what was evicted").With("manifest", one.id).With("error", forgotten);
  }
  parts_.manager.ModelsGone(gone);
  if (collection.made_for.empty()) parts_.manager.RoomWasMade();
  if (parts_.swarm != nullptr) parts_.swarm->ModelsChanged();
  parts_.evicted(what);
}

void DiskKeeper::Damaged(const ScrubFinding& finding) {
  std::set<Digest> gone;
  for (const StoredModel& model : finding.models) gone.insert(model.id);
  parts_.manager.ModelsGone(gone);
  if (parts_.swarm != nullptr) parts_.swarm->ModelsChanged();
  if (parts_.events == nullptr) return;
  const std::string what =
      StrCat("a file of ", NamesOf(finding.models), " that this pod has mounted is damaged on the node's disk (",
             finding.damage.digest, " ", finding.damage.problem,
             "); what the pod has read of it may be wrong: start the pod anew, it gets a sound copy");
  for (const Lease& lease : finding.volumes) parts_.events->Damaged(VolumeOf(lease), what);
}

DiskGauges DiskKeeper::gauges() const {
  const CollectorCounts counts = collector_.counts();
  const ScrubCounts scrubbed = scrubber_.counts();
  DiskGauges gauges{.protected_bytes = collector_.protected_bytes(),
                    .scrubbed_blobs = scrubbed.blobs,
                    .scrubbed_bytes = scrubbed.bytes,
                    .damaged_blobs = scrubbed.damaged,
                    .scrub_passes = scrubbed.passes,
                    .dropped_bytes = cooling_.dropped_bytes()};
  for (const auto& [reason, count] : counts.evictions) gauges.evictions[std::string(ReasonLabel(reason))] = count;
  for (const auto& [reason, bytes] : counts.freed_bytes) gauges.freed_bytes[std::string(ReasonLabel(reason))] = bytes;
  return gauges;
}

}  // namespace ballast
