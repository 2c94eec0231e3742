#include "daemon/scrubber.h"

#include <algorithm>

#include "base/logging.h"
#include "base/small_file.h"
#include "base/strings.h"

namespace ballast {
namespace {

std::optional<Digest> ReadPlace(const std::string& file) {
  constexpr uint64_t kLimit = 100;
  const auto text = ReadSmallFile(file, kLimit);
  const auto place = text.ok() ? Digest::FromHex(Trim(*text)) : Result<Digest>(text.status());
  return place.ok() ? std::optional(*place) : std::nullopt;
}

std::vector<Lease> LeasesOf(const std::vector<Lease>& leases, const std::vector<StoredModel>& models) {
  std::vector<Lease> theirs;
  for (const Lease& lease : leases) {
    const bool is =
        std::any_of(models.begin(), models.end(), [&](const StoredModel& model) { return lease.manifest == model.id; });
    if (is) theirs.push_back(lease);
  }
  return theirs;
}

}  // namespace

std::optional<Digest> NextToScrub(const std::vector<StoredBlob>& blobs, const std::optional<Digest>& after) {
  std::optional<Digest> next;
  for (const StoredBlob& blob : blobs) {
    const bool follows = !after || *after < blob.digest;
    if (follows && (!next || blob.digest < *next)) next = blob.digest;
  }
  return next;
}

Scrubber::Scrubber(Store& store, std::string file, Options options, const Clock& clock, Wait wait, Found found)
    : store_(store),
      file_(std::move(file)),
      options_(options),
      clock_(clock),
      wait_(std::move(wait)),
      found_(std::move(found)),
      rate_(options.bytes_per_second),
      after_(ReadPlace(file_)) {}

void Scrubber::Run(const std::stop_token& stop) {
  if (options_.bytes_per_second == 0) return;
  do {
    while (Step(stop)) continue;
  } while (!stop.stop_requested() && wait_(options_.rest, stop));
}

bool Scrubber::Step(const std::stop_token& stop) {
  const std::optional<Digest> next = NextToScrub(store_.blobs().List(), after_);
  if (next) Check(*next, stop);
  if (stop.stop_requested()) return false;
  after_ = next;
  Keep();
  if (next) return true;
  MutexLock lock(mutex_);
  ++counts_.passes;
  return false;
}

void Scrubber::Check(const Digest& blob, const std::stop_token& stop) {
  const auto damage = store_.blobs().Verify(blob, [&](uint64_t bytes) {
    {
      MutexLock lock(mutex_);
      counts_.bytes += bytes;
    }
    const Duration wait = rate_.Take(bytes, clock_.Steady());
    return wait == Duration::zero() ? !stop.stop_requested() : wait_(wait, stop);
  });
  if (stop.stop_requested()) return;
  {
    MutexLock lock(mutex_);
    ++counts_.blobs;
  }
  if (!damage.ok()) {
    LOG(WARNING) << Message("Cannot read a blob to check it").With("blob", blob).With("error", damage.status());
  } else if (*damage) {
    Discard(**damage);
  }
}

void Scrubber::Discard(const BlobDamage& damage) {
  // Evicted while it was read: what is not here is not damaged.
  if (!store_.blobs().Size(damage.digest)) return;
  const std::vector<Lease> leases = store_.leases().List();
  const auto models = store_.models().Discard(damage.digest);
  LOG(ERROR) << Message("A blob is damaged; its models are fetched again where they are wanted")
                    .With("blob", damage.digest)
                    .With("problem", damage.problem)
                    .With("discarded", models.status());
  {
    MutexLock lock(mutex_);
    ++counts_.damaged;
  }
  if (models.ok()) found_({.damage = damage, .models = *models, .volumes = LeasesOf(leases, *models)});
}

// Best effort: without it a pass begins anew.
void Scrubber::Keep() {
  const Status kept = ReplaceSmallFile(file_, after_ ? after_->Hex() + "\n" : "");
  if (!kept.ok()) LOG(WARNING) << Message("Cannot record how far the scrubber is").With("error", kept);
}

ScrubCounts Scrubber::counts() const {
  MutexLock lock(mutex_);
  return counts_;
}

}  // namespace ballast
