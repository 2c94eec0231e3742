#include "daemon/warm_call.h"

#include <algorithm>
#include <set>

#include "base/logging.h"
#include "base/strings.h"
#include "daemon/inventory.h"
#include "daemon/memory_room.h"
#include "daemon/page_cache.h"

namespace ballast {
namespace {

using cache::v1::WarmUpdate;

constexpr uint64_t kStep = 8 << 20;  // between two looks at whether to go on

std::string WhyNotAll(const WarmUpdate& update, const MemoryRoom& room) {
  if (update.held_bytes() >= update.bytes_total()) return "";
  if (update.bytes_done() < update.bytes_total()) return room.limited_by;
  return "the kernel has taken the rest back already: other programs need the node's memory";
}

}  // namespace

std::vector<Digest> BlobsToWarm(const std::vector<StoredModel>& models, const std::vector<Digest>& manifests) {
  std::vector<Digest> blobs;
  std::set<Digest> seen;
  for (const StoredModel& model : models) {
    if (std::find(manifests.begin(), manifests.end(), model.id) == manifests.end()) continue;
    for (const ManifestFile& file : model.manifest.files()) {
      if (seen.insert(file.digest).second) blobs.push_back(file.digest);
    }
  }
  return blobs;
}

Status WarmCall::WhyToEnd(const std::stop_token& stop) const {
  if (cancelled_) return Cancelled("the caller left");
  return stop.stop_requested() ? Unavailable("ballastd is stopping") : OkStatus();
}

void WarmCall::Run(const std::stop_token& stop) {
  Result<WarmUpdate> last = Warm(stop);
  if (!last.ok()) return End(last.status());
  End(OkStatus(), *std::move(last));
}

Result<WarmUpdate> WarmCall::Warm(const std::stop_token& stop) {
  const NodeView node = core_.View();
  ASSIGN_OR_RETURN(const std::vector<Digest> manifests, SelectModels(node, model_, /*all=*/false));
  std::vector<InUse::Hold> holds;  // none of them is evicted meanwhile
  for (const Digest& id : manifests) {
    ASSIGN_OR_RETURN(InUse::Hold hold, core_.in_use.ToPublish(id));
    holds.push_back(std::move(hold));
  }
  const std::vector<Digest> blobs = BlobsToWarm(node.models, manifests);
  ASSIGN_OR_RETURN(const MemoryFacts facts, ReadMemoryFacts());
  const MemoryRoom room = RoomToWarm(facts, core_.facts.warm_percent);
  for (const Digest& id : manifests) core_.cooling->Warmed(id);
  WarmUpdate update;
  update.set_room_bytes(room.bytes);
  for (const Digest& blob : blobs) {
    update.set_bytes_total(update.bytes_total() + core_.store.blobs().Size(blob).value_or(0));
  }
  for (const Digest& blob : blobs) RETURN_IF_ERROR(Read(blob, update, stop));
  ASSIGN_OR_RETURN(const uint64_t held, HeldBytes(blobs));
  update.set_held_bytes(held);
  update.set_limited_by(WhyNotAll(update, room));
  update.set_done(true);
  LOG(INFO) << Message("Read into memory")
                   .With("model", model_)
                   .With("held", FormatBytes(held))
                   .With("of", FormatBytes(update.bytes_total()))
                   .With("limited_by", update.limited_by());
  return update;
}

// As far as there is room.
Status WarmCall::Read(const Digest& blob, WarmUpdate& update, const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const auto reader, core_.store.blobs().OpenForServing(blob));
  for (uint64_t offset = 0; offset < reader->size();) {
    const uint64_t bytes = std::min({kStep, reader->size() - offset, update.room_bytes() - update.bytes_done()});
    if (bytes == 0) return OkStatus();
    RETURN_IF_ERROR(WhyToEnd(stop));
    RETURN_IF_ERROR(ReadIntoMemory(reader->fd(), offset, bytes).WithContext(blob.ToString()));
    offset += bytes;
    update.set_bytes_done(update.bytes_done() + bytes);
    Offer(update);
  }
  return OkStatus();
}

Result<uint64_t> WarmCall::HeldBytes(const std::vector<Digest>& blobs) {
  uint64_t held = 0;
  for (const Digest& blob : blobs) {
    ASSIGN_OR_RETURN(const auto reader, core_.store.blobs().OpenForServing(blob));
    ASSIGN_OR_RETURN(const uint64_t bytes, BytesInMemory(reader->fd(), reader->size()));
    held += bytes;
  }
  return held;
}

}  // namespace ballast
