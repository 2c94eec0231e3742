#include "daemon/verify_call.h"

#include <chrono>

#include "base/logging.h"
#include "kube/pause.h"
#include "store/store_check.h"

namespace ballast {
namespace {

using cache::v1::VerifyUpdate;

void AddDamage(VerifyUpdate& update, const Digest& digest, const BlobToVerify& blob, const std::string& problem) {
  VerifyUpdate::Damage& damage = *update.add_damage();
  damage.set_blob(digest.ToString());
  damage.set_problem(problem);
  *damage.mutable_models() = {blob.models.begin(), blob.models.end()};
  *damage.mutable_paths() = {blob.paths.begin(), blob.paths.end()};
  LOG(ERROR) << Message("A blob is damaged").With("blob", digest).With("problem", problem);
}

void AddFinding(VerifyUpdate& update, const Finding& finding) {
  VerifyUpdate::Finding& out = *update.add_findings();
  out.set_invariant(finding.invariant);
  out.set_path(finding.path);
  out.set_problem(finding.problem);
  out.set_remedy(finding.remedy);
  LOG(ERROR) << Message("The cache is not as it should be")
                    .With("invariant", finding.invariant)
                    .With("path", finding.path)
                    .With("problem", finding.problem);
}

// A blob of no model may go while others are read.
bool Collected(const Status& status, const BlobToVerify& blob) {
  return status.code() == StatusCode::kNotFound && blob.models.empty();
}

constexpr std::chrono::seconds kBetweenLooks{1};  // a small file takes longer to be synced on a bad day only

}  // namespace

std::map<Digest, BlobToVerify> BlobsToVerify(const NodeView& node, const std::vector<Digest>& manifests) {
  std::map<Digest, BlobToVerify> blobs;
  for (const StoredModel& model : node.models) {
    if (std::find(manifests.begin(), manifests.end(), model.id) == manifests.end()) continue;
    const std::string name = model.origins.empty() ? model.id.ToString() : model.origins.front().uri;
    for (const ManifestFile& file : model.manifest.files()) {
      BlobToVerify& blob = blobs[file.digest];
      blob.size = file.size;
      if (blob.models.empty() || blob.models.back() != name) blob.models.push_back(name);
      blob.paths.push_back(file.path.str());
    }
  }
  return blobs;
}

void AddOrphans(const BlobStore& store, std::map<Digest, BlobToVerify>& blobs) {
  for (const StoredBlob& blob : store.List())
    blobs.try_emplace(blob.digest, BlobToVerify{store.Size(blob.digest).value_or(0), {}, {}});
}

Status VerifyCall::WhyToEnd(const std::stop_token& stop) const {
  if (cancelled_) return Cancelled("the caller left");
  return stop.stop_requested() ? Unavailable("ballastd is stopping") : OkStatus();
}

Status VerifyCall::ReadBlobs(const std::map<Digest, BlobToVerify>& blobs, VerifyUpdate& update,
                             const std::stop_token& stop) {
  update.set_blobs_total(static_cast<uint32_t>(blobs.size()));
  for (const auto& [digest, blob] : blobs) update.set_bytes_total(update.bytes_total() + blob.size);
  for (const auto& [digest, blob] : blobs) {
    Offer(update);
    const uint64_t after = update.bytes_done() + blob.size;
    const Result<std::optional<BlobDamage>> damage = core_.store.blobs().Verify(digest, [&](uint64_t bytes) {
      update.set_bytes_done(std::min(update.bytes_done() + bytes, after));
      Offer(update);
      return WhyToEnd(stop).ok();
    });
    RETURN_IF_ERROR(WhyToEnd(stop));
    update.set_bytes_done(after);
    if (!damage.ok() && !Collected(damage.status(), blob)) AddDamage(update, digest, blob, damage.status().message());
    if (damage.ok() && damage->has_value()) AddDamage(update, digest, blob, (*damage)->problem);
    update.set_blobs_done(update.blobs_done() + 1);
  }
  return OkStatus();
}

Status VerifyCall::VerifyModels(VerifyUpdate& update, const std::stop_token& stop) {
  const NodeView node = core_.View();
  ASSIGN_OR_RETURN(const std::vector<Digest> manifests, SelectModels(node, model_, /*all=*/true));
  std::map<Digest, BlobToVerify> blobs = BlobsToVerify(node, manifests);
  if (deep_) AddOrphans(core_.store.blobs(), blobs);
  return ReadBlobs(blobs, update, stop);
}

// Two looks at the store, the bytes in between and a while at least: what is under way is in one of them at most.
Status VerifyCall::VerifyDeep(VerifyUpdate& update, const std::stop_token& stop) {
  if (!model_.empty()) return InvalidArgument("--deep is of the whole cache; leave the model out");
  ASSIGN_OR_RETURN(const std::vector<Finding> before, core_.store.Check());
  const auto looked_at = std::chrono::steady_clock::now();
  RETURN_IF_ERROR(VerifyModels(update, stop));
  if (!before.empty()) RealPause()(looked_at + kBetweenLooks - std::chrono::steady_clock::now(), stop);
  ASSIGN_OR_RETURN(const std::vector<Finding> after, core_.store.Check());
  for (const Finding& finding : Lasting(before, after)) AddFinding(update, finding);
  return OkStatus();
}

void VerifyCall::Run(const std::stop_token& stop) {
  VerifyUpdate update;
  Status verified = deep_ ? VerifyDeep(update, stop) : VerifyModels(update, stop);
  if (!verified.ok()) return End(std::move(verified));
  update.set_done(true);
  End(OkStatus(), std::move(update));
}

}  // namespace ballast
