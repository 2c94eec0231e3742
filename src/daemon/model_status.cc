#include "daemon/model_status.h"

#include <algorithm>
#include <utility>

namespace ballast {
namespace {

using cache::v1::ModelTransfers;

bool Names(const std::string& model, const JobSnapshot& job) {
  if (job.ended()) return false;
  if (job.progress.manifest && job.progress.manifest->ToString() == model) return true;
  const Result<ModelRef> ref = ModelRef::Parse(model);
  if (!ref.ok() || ref->Uri() != job.request.ref.Uri()) return false;
  return VersionName(*ref) == VersionName(job.request.ref) || model == ref->Uri();
}

void AddSource(const TransferSource& source, ModelTransfers& out) {
  ModelTransfers::Source& added = *out.add_sources();
  added.set_node(source.name);
  added.set_zone(source.zone);
  added.set_same_zone(source.kind == SourceKind::kSameZone);
  added.set_bytes(source.bytes);
  added.set_bytes_per_second(source.bytes_per_second);
  added.set_in_flight(source.in_flight);
}

void AddSwarm(const ModelSwarmView& view, ModelTransfers& out) {
  out.set_coordinator(view.coordinator);
  for (const SwarmTransfer& transfer : view.transfers) {
    ModelTransfers::Transfer& added = *out.add_transfers();
    added.set_receiver(transfer.receiver);
    added.set_source(transfer.source);
    added.set_path(transfer.path);
    added.set_first_piece(transfer.first);
    added.set_pieces(transfer.count);
  }
}

ModelTransfers Of(const JobSnapshot& job) {
  ModelTransfers out;
  out.set_model(job.request.Name());
  if (job.progress.manifest) out.set_manifest(job.progress.manifest->ToString());
  out.set_phase(std::string(JobPhaseName(job.phase)));
  *out.mutable_progress() = ProgressOf(job);
  for (const TransferSource& source : job.progress.sources) AddSource(source, out);
  return out;
}

ModelTransfers Of(const NodeView& node, const Digest& id) {
  ModelTransfers out;
  for (const cache::v1::Model& model : ListModels(node)) {
    if (model.manifest() == id.ToString()) out.set_model(model.model());
  }
  out.set_manifest(id.ToString());
  out.set_phase("ready");
  return out;
}

}  // namespace

Result<std::vector<ModelTransfers>> TransfersOf(const NodeView& node, const std::string& model,
                                                const std::function<ModelSwarmView(const Digest&)>& view_of) {
  std::vector<ModelTransfers> all;
  for (const JobSnapshot& job : node.jobs) {
    if (Names(model, job)) all.push_back(Of(job));
  }
  const Result<std::vector<Digest>> stored = SelectModels(node, model, /*all=*/false);
  if (!stored.ok() && all.empty()) return stored.status();
  for (const Digest& id : stored.ok() ? *stored : std::vector<Digest>()) all.push_back(Of(node, id));
  for (ModelTransfers& one : all) {
    if (const Result<Digest> id = Digest::Parse(one.manifest()); id.ok()) AddSwarm(view_of(*id), one);
  }
  return all;
}

}  // namespace ballast
