#include "daemon/model_status.h"

#include <algorithm>
#include <map>
#include <memory>
#include <tuple>
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

using Paths = std::shared_ptr<const std::vector<std::string>>;

// Sorted by who gets what from whom, and pieces that follow one another as one run.
std::vector<SwarmTransfer> Runs(std::vector<SwarmTransfer> transfers) {
  const auto run = [](const SwarmTransfer& one) { return std::tie(one.receiver, one.source, one.file); };
  std::sort(transfers.begin(), transfers.end(), [&](const SwarmTransfer& a, const SwarmTransfer& b) {
    return std::tuple_cat(run(a), std::tie(a.first)) < std::tuple_cat(run(b), std::tie(b.first));
  });
  std::vector<SwarmTransfer> runs;
  for (SwarmTransfer& transfer : transfers) {
    if (!runs.empty() && run(runs.back()) == run(transfer) && runs.back().first + runs.back().count == transfer.first) {
      runs.back().count += transfer.count;
    } else {
      runs.push_back(std::move(transfer));
    }
  }
  return runs;
}

void AddSwarm(const ModelSwarmView& view, const Paths& paths, ModelTransfers& out) {
  out.set_coordinator(view.coordinator);
  for (SwarmTransfer& transfer : Runs(view.transfers)) {
    if (transfer.path.empty() && paths != nullptr && transfer.file < paths->size())
      transfer.path = (*paths)[transfer.file];
    ModelTransfers::Transfer& added = *out.add_transfers();
    added.set_receiver(transfer.receiver);
    added.set_source(transfer.source);
    added.set_path(transfer.path);
    added.set_first_piece(transfer.first);
    added.set_pieces(transfer.count);
  }
  for (const std::string& node : view.quarantined) out.add_quarantined(node);
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
  std::map<std::string, Paths> paths;  // by manifest
  for (const JobSnapshot& job : node.jobs) {
    if (!Names(model, job)) continue;
    all.push_back(Of(job));
    paths[all.back().manifest()] = job.progress.paths;
  }
  const Result<std::vector<Digest>> stored = SelectModels(node, model, /*all=*/false);
  if (!stored.ok() && all.empty()) return stored.status();
  for (const Digest& id : stored.ok() ? *stored : std::vector<Digest>()) all.push_back(Of(node, id));
  for (ModelTransfers& one : all) {
    if (const Result<Digest> id = Digest::Parse(one.manifest()); id.ok())
      AddSwarm(view_of(*id), paths[one.manifest()], one);
  }
  return all;
}

}  // namespace ballast
