#include "daemon/inventory.h"

#include <algorithm>
#include <set>

#include "base/strings.h"

namespace ballast {
namespace {

const Resolution* AnswerTo(const NodeView& node, const ModelRequest& request, std::optional<Resolution>& holder) {
  holder = FindResolution(node.resolutions, request);
  return holder ? &*holder : nullptr;
}

bool LedTo(const NodeView& node, const ModelRequest& request, const Digest& manifest) {
  if (request.manifest) return *request.manifest == manifest;
  std::optional<Resolution> holder;
  const Resolution* answer = AnswerTo(node, request, holder);
  return answer != nullptr && answer->manifest == manifest;
}

const StoredModel* FindModel(const NodeView& node, const Digest& id) {
  const auto found =
      std::find_if(node.models.begin(), node.models.end(), [&](const StoredModel& model) { return model.id == id; });
  return found == node.models.end() ? nullptr : &*found;
}

uint32_t MountsOf(const NodeView& node, const Digest& id) {
  return static_cast<uint32_t>(
      std::count_if(node.leases.begin(), node.leases.end(), [&](const Lease& lease) { return lease.manifest == id; }));
}

cache::v1::Model ModelOf(const NodeView& node, const StoredModel& stored, const OriginRecord& origin) {
  cache::v1::Model model;
  model.set_model(origin.uri);
  model.set_commit(origin.commit);
  for (const std::string& name : origin.revisions) model.add_revisions(name);
  model.set_manifest(stored.id.ToString());
  model.set_phase("ready");
  model.set_bytes(stored.manifest.TotalBytes());
  model.set_bytes_here(model.bytes());
  model.set_files(static_cast<uint32_t>(stored.manifest.files().size()));
  for (const std::string& cache : WantedBy(node, stored.id)) model.add_wanted_by(cache);
  model.set_mounts(MountsOf(node, stored.id));
  model.set_last_used_unix(stored.last_used_unix);
  return model;
}

cache::v1::Model ModelOf(const JobSnapshot& job) {
  cache::v1::Model model;
  model.set_model(job.request.Name());
  model.set_phase(std::string(JobPhaseName(job.phase)));
  model.set_bytes(job.progress.bytes_total);
  model.set_bytes_here(job.progress.bytes_done);
  model.set_files(job.progress.files_total);
  for (const std::string& cache : job.wanted_by) model.add_wanted_by(cache);
  model.set_message(job.phase == JobPhase::kFailed ? job.error.message() : job.progress.waiting_for);
  *model.mutable_progress() = ProgressOf(job);
  return model;
}

// A job whose model is not here: not ready, or ready once and gone since.
bool IsMissing(const NodeView& node, const JobSnapshot& job) {
  if (job.phase == JobPhase::kReady) return false;
  return !job.ready || FindModel(node, job.ready->manifest) == nullptr;
}

Status NoSuchModel(const NodeView& node, const std::string& name) {
  std::set<std::string> names;
  for (const StoredModel& model : node.models) {
    for (const OriginRecord& origin : model.origins) names.insert(origin.uri);
  }
  if (names.empty()) return NotFound(StrCat("no model ", Quoted(name), " on this node; it holds none"));
  return NotFound(StrCat("no model ", Quoted(name), " on this node", DidYouMean(name, {names.begin(), names.end()})));
}

bool Matches(const NodeView& node, const StoredModel& model, const ModelRef& ref) {
  return std::any_of(model.origins.begin(), model.origins.end(), [&](const OriginRecord& origin) {
    if (origin.uri != ref.Uri()) return false;
    const std::string version = ref.sha256 ? ref.sha256->Hex() : ref.revision;
    if (version.empty() || version == origin.commit) return true;
    if (std::find(origin.revisions.begin(), origin.revisions.end(), version) != origin.revisions.end()) return true;
    return std::any_of(node.resolutions.begin(), node.resolutions.end(), [&](const Resolution& known) {
      return known.uri == origin.uri && known.revision == version && known.manifest == model.id;
    });
  });
}

}  // namespace

std::vector<std::string> WantedBy(const NodeView& node, const Digest& manifest) {
  std::set<std::string> caches;
  for (const JobSnapshot& job : node.jobs) {
    if (!job.wanted_by.empty() && LedTo(node, job.request, manifest))
      caches.insert(job.wanted_by.begin(), job.wanted_by.end());
  }
  return {caches.begin(), caches.end()};
}

std::vector<cache::v1::Model> ListModels(const NodeView& node) {
  std::vector<cache::v1::Model> list;
  for (const StoredModel& model : node.models) {
    for (const OriginRecord& origin : model.origins) list.push_back(ModelOf(node, model, origin));
  }
  for (const JobSnapshot& job : node.jobs) {
    if (IsMissing(node, job)) list.push_back(ModelOf(job));
  }
  return list;
}

cache::v1::Progress ProgressOf(const JobSnapshot& job) {
  cache::v1::Progress progress;
  progress.set_model(job.request.Name());
  progress.set_phase(job.progress.step.empty() ? "waiting" : job.progress.step);
  progress.set_bytes_done(job.progress.bytes_done);
  progress.set_bytes_total(job.progress.bytes_total);
  progress.set_bytes_per_second(job.progress.bytes_per_second);
  progress.set_files_done(job.progress.files_done);
  progress.set_files_total(job.progress.files_total);
  progress.set_waiting_for(job.progress.waiting_for);
  return progress;
}

Result<std::vector<Digest>> SelectModels(const NodeView& node, const std::string& model, bool all) {
  std::vector<Digest> selected;
  if (model.empty()) {
    if (!all) return InvalidArgument("name a model (hf://org/name) or a manifest (sha256:...)");
    for (const StoredModel& stored : node.models) selected.push_back(stored.id);
    return selected;
  }
  if (model.starts_with("sha256:")) {
    ASSIGN_OR_RETURN(const Digest id, Digest::Parse(model));
    if (FindModel(node, id) == nullptr)
      return NotFound(StrCat("no model with manifest ", model, " on this node; `ballast ls` lists them"));
    return std::vector<Digest>{id};
  }
  ASSIGN_OR_RETURN(const ModelRef ref, ModelRef::Parse(model));
  for (const StoredModel& stored : node.models) {
    if (Matches(node, stored, ref)) selected.push_back(stored.id);
  }
  if (selected.empty()) return NoSuchModel(node, model);
  return selected;
}

namespace {

Status RefuseWanted(const std::string& name, const std::vector<std::string>& caches) {
  return FailedPrecondition(StrCat(name, " is wanted on this node by cache ", Join(caches, ", "),
                                   "; remove the cache's manifest from the manifests folder first, or leave out its "
                                   "`nodes`"));
}

}  // namespace

Status MayRemove(const NodeView& node, const Digest& manifest) {
  const StoredModel* model = FindModel(node, manifest);
  if (model == nullptr) return NotFound(StrCat("no model with manifest ", manifest.ToString(), " on this node"));
  const std::string name = model->origins.empty() ? manifest.ToString() : model->origins.front().uri;
  if (const std::vector<std::string> caches = WantedBy(node, manifest); !caches.empty()) {
    return RefuseWanted(name, caches);
  }
  for (const Lease& lease : node.leases) {
    if (lease.manifest != manifest) continue;
    return FailedPrecondition(
        StrCat(name, " is mounted", lease.pod.empty() ? "" : " in pod " + Quoted(lease.pod), " as volume ",
               Quoted(lease.volume_id), " at ", Quoted(lease.target_path),
               MountsOf(node, manifest) > 1 ? StrCat(" and ", MountsOf(node, manifest) - 1, " more") : "",
               "; stop what uses it first"));
  }
  for (const JobSnapshot& job : node.jobs) {
    const bool at_work = job.phase == JobPhase::kRunning || job.phase == JobPhase::kQueued;
    const bool same = std::any_of(model->origins.begin(), model->origins.end(),
                                  [&](const OriginRecord& origin) { return origin.uri == job.request.ref.Uri(); });
    if (at_work && same && !job.wanted_by.empty()) return RefuseWanted(name, job.wanted_by);  // it will lead here
    if (at_work && same)
      return FailedPrecondition(StrCat(
          name, " is being downloaded or checked right now; try again when that is over (`ballast status` shows it)"));
  }
  return OkStatus();
}

}  // namespace ballast
