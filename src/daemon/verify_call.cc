#include "daemon/verify_call.h"

#include "base/logging.h"

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

Status VerifyCall::WhyToEnd(const std::stop_token& stop) const {
  if (cancelled_) return Cancelled("the caller left");
  return stop.stop_requested() ? Unavailable("ballastd is stopping") : OkStatus();
}

void VerifyCall::Run(const std::stop_token& stop) {
  const NodeView node = core_.View();
  const Result<std::vector<Digest>> manifests = SelectModels(node, model_, /*all=*/true);
  if (!manifests.ok()) return End(manifests.status());
  const std::map<Digest, BlobToVerify> blobs = BlobsToVerify(node, *manifests);
  VerifyUpdate update;
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
    if (Status why = WhyToEnd(stop); !why.ok()) return End(std::move(why));
    update.set_bytes_done(after);
    if (!damage.ok()) AddDamage(update, digest, blob, damage.status().message());
    if (damage.ok() && damage->has_value()) AddDamage(update, digest, blob, (*damage)->problem);
    update.set_blobs_done(update.blobs_done() + 1);
  }
  update.set_done(true);
  End(OkStatus(), std::move(update));
}

}  // namespace ballast
