#include "daemon/downloader.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <utility>

#include "base/failpoint.h"
#include "base/logging.h"
#include "base/strings.h"
#include "daemon/metered_source.h"
#include "daemon/metered_swarm.h"
#include "daemon/model_resolver.h"
#include "daemon/origin_proof.h"
#include "fetch/fetcher.h"
#include "fetch/store_destination.h"

namespace ballast {
namespace {

int64_t Unix(const Clock& clock) {
  return std::chrono::duration_cast<std::chrono::seconds>(clock.Now().time_since_epoch()).count();
}

// Where this node knows no origin for a model that others bring: it can give it no origin work.
class NoOrigin final : public Origin {
 public:
  explicit NoOrigin(Status why) : why_(std::move(why)) {}
  Result<ResolvedModel> Resolve(const ModelRef&, const PathFilter&, std::stop_token) override { return why_; }
  Status Read(const ResolvedModel&, const RemoteFile&, ByteRange, const ByteSink&, std::stop_token) override {
    return why_;
  }

 private:
  const Status why_;
};

class HookSink final : public ProgressSink {
 public:
  // `manifest`: null where it is not known yet.
  HookSink(const AttemptHooks& hooks, TransferCounts& counts, const Clock& clock, std::string name,
           const Manifest* manifest, std::function<bool(const Digest&)> withheld)
      : hooks_(hooks), counts_(counts), clock_(clock), name_(std::move(name)), withheld_(std::move(withheld)) {
    if (manifest == nullptr) return;
    manifest_ = manifest->Id();
    std::vector<std::string> paths;
    for (const ManifestFile& file : manifest->files()) paths.push_back(file.path.str());
    paths_ = std::make_shared<const std::vector<std::string>>(std::move(paths));
  }

  void OnProgress(const FetchProgress& now) override {
    hooks_.progress({.step = "downloading",
                     .bytes_done = now.bytes_done,
                     .bytes_total = now.bytes_total,
                     .bytes_per_second = now.bytes_per_second,
                     .files_done = now.files_done,
                     .files_total = now.files_total,
                     .waiting_for = now.waiting_for,
                     .sources = counts_.Look(clock_.Steady()),
                     .manifest = manifest_,
                     .paths = paths_});
  }
  // Bytes that somebody else may have brought are shown to nobody before the model is complete.
  void OnProven(const RemoteFile& file, const Digest& digest) override {
    if (IsDomainMark(file.path.str()) || withheld_(digest)) return;
    hooks_.verified(file.path, digest);
  }
  void OnMessage(const std::string& text) override { LOG(WARNING) << Message(text).With("model", name_); }

 private:
  const AttemptHooks& hooks_;
  TransferCounts& counts_;
  const Clock& clock_;
  const std::string name_;
  const std::function<bool(const Digest&)> withheld_;
  std::optional<Digest> manifest_;
  std::shared_ptr<const std::vector<std::string>> paths_;
};

// With the file that only names a domain, in the manifest's order.
ResolvedModel Marked(const ResolvedModel& model, const Manifest& manifest) {
  if (manifest.files().size() == model.files.size()) return model;
  std::map<SafePath, RemoteFile> files;
  for (const RemoteFile& file : model.files) files.emplace(file.path, file);
  ResolvedModel marked{.ref = model.ref, .commit = model.commit};
  for (const ManifestFile& file : manifest.files()) {
    const auto known = files.find(file.path);
    marked.files.push_back(
        known != files.end() ? known->second : RemoteFile{.path = file.path, .size = file.size, .sha256 = file.digest});
  }
  return marked;
}

// Nobody may foresee what it says.
std::random_device& Random() {
  thread_local std::random_device random;
  return random;
}

// Of the request alone: another node may know the commit by other names, which need not be true any more.
std::vector<std::string> RevisionsOf(const ModelRequest& request) {
  const std::string name = RevisionName(request.ref);
  return name.empty() || IsCommit(name) ? std::vector<std::string>() : std::vector{name};
}

}  // namespace

OriginRecord RecordOf(const ModelRequest& request, const ResolvedModel& resolved, int64_t now_unix) {
  OriginRecord record{.uri = request.ref.Uri(),
                      .commit = resolved.commit,
                      .revisions = RevisionsOf(request),
                      .resolved_unix_seconds = now_unix};
  for (const RemoteFile& file : resolved.files) {
    record.files[file.path.str()] = {.git_oid = file.git_oid, .lfs_pointer_size = file.lfs_pointer_size};
  }
  return record;
}

Downloader::Downloader(Store& store, Resolutions& resolutions, OriginFinder origins, DaemonMetrics& metrics,
                       TransferLimits& limits, ModelResolver* resolver, DaemonSwarm* swarm, const Clock& clock,
                       Options options)
    : store_(store),
      resolutions_(resolutions),
      origins_(std::move(origins)),
      metrics_(metrics),
      limits_(limits),
      resolver_(resolver),
      swarm_(swarm),
      clock_(clock),
      options_(std::move(options)) {}

Downloader::~Downloader() = default;

std::optional<ReadyModel> Downloader::Stored(const ModelRequest& request, const Digest& manifest) const {
  const std::optional<StoredModel> model = store_.models().Find(manifest);
  if (!model) return std::nullopt;
  const auto record = std::find_if(model->origins.begin(), model->origins.end(),
                                   [&](const OriginRecord& one) { return one.uri == request.ref.Uri(); });
  if (options_.domains != nullptr && !options_.domains->Has(model->manifest, request.domain)) return std::nullopt;
  if (record == model->origins.end()) return std::nullopt;  // a digest alone admits to nothing: it came from elsewhere
  return ReadyModel{.name = request.Name(),
                    .manifest = manifest,
                    .uri = record->uri,
                    .commit = record->commit,
                    .bytes = model->manifest.TotalBytes(),
                    .files = static_cast<uint32_t>(model->manifest.files().size())};
}

std::optional<ReadyModel> Downloader::FindHere(const ModelRequest& request,
                                               const std::optional<Digest>& manifest) const {
  if (manifest) return Stored(request, *manifest);
  if (request.manifest) return Stored(request, *request.manifest);
  if (!request.keep_resolution && !IsPinned(request.ref)) return std::nullopt;
  const std::optional<Resolution> known = resolutions_.Find(request);
  return known ? Stored(request, known->manifest) : std::nullopt;
}

Result<ReadyModel> Downloader::Run(const ModelRequest& request, bool ask_anew, const AttemptHooks& hooks,
                                   std::stop_token stop) {
  const std::optional<Resolution> known = resolutions_.Find(request);
  if (!ask_anew || IsPinned(request.ref)) {
    if (std::optional<ReadyModel> here = FindHere(request, std::nullopt)) return *here;
  }
  ModelRef ref = request.ref;
  if (!ask_anew && known && !known->commit.empty())
    ref.revision = known->commit;  // gone from here, but kept: the same again
  hooks.progress({.step = "resolving"});
  const auto waits = [&](const std::string& what) { hooks.progress({.step = "resolving", .waiting_for = what}); };
  if (swarm_ != nullptr) RETURN_IF_ERROR(swarm_->AwaitEntry(waits, stop));
  return swarm_ != nullptr && swarm_->active() ? RunInSwarm(request, ref, hooks, stop)
                                               : RunAlone(request, ref, hooks, stop);
}

Result<ReadyModel> Downloader::RunAlone(const ModelRequest& request, const ModelRef& ref, const AttemptHooks& hooks,
                                        const std::stop_token& stop) {
  if (request.manifest && resolver_ != nullptr) return RunExpected(request, ref, hooks, stop);
  ASSIGN_OR_RETURN(Origin* const origin, origins_(request));
  Result<ResolvedModel> resolved = origin->Resolve(ref, request.filter, stop);
  if (!resolved.ok() && IsSilence(resolved.status())) return ServeStale(request, resolved.status());
  if (!resolved.ok()) return resolved.status();
  OriginRecord record = RecordOf(request, *resolved, Unix(clock_));
  return Fetch({.request = request, .origin = *origin, .resolved = *std::move(resolved), .record = std::move(record)},
               hooks, stop);
}

// Early views show what comes, and room is taken for it: so its manifest is found out before.
Result<ReadyModel> Downloader::RunExpected(const ModelRequest& request, const ModelRef& ref, const AttemptHooks& hooks,
                                           const std::stop_token& stop) {
  ModelRequest asked = request;
  asked.ref = ref;
  const Result<ModelAnswer> answer = resolver_->Resolve(asked, /*known_only=*/false, stop);
  if (answer.status().code() == StatusCode::kAborted)
    return Unavailable(answer.status().message()).WithRetryAfter(answer.status().retry_after());
  if (!answer.ok()) return answer.status();
  RETURN_IF_ERROR(CheckExpected(request, answer->manifest.Id()));
  ASSIGN_OR_RETURN(Origin* const origin, origins_(request));
  return Fetch({.request = request, .origin = *origin, .resolved = ToModel(asked, *answer), .record = answer->record},
               hooks, stop);
}

Result<ReadyModel> Downloader::RunInSwarm(const ModelRequest& request, const ModelRef& ref, const AttemptHooks& hooks,
                                          const std::stop_token& stop) {
  ModelRequest asked = request;
  asked.ref = ref;
  Result<ModelAnswer> answer = swarm_->Resolve(asked, stop);
  if (!answer.ok() && IsSilence(answer.status())) return ServeStale(request, answer.status());
  if (!answer.ok()) return answer.status();
  RETURN_IF_ERROR(CheckExpected(request, answer->manifest.Id()));
  const Result<Origin*> origin = origins_(request);
  NoOrigin none(origin.status());
  if (!answer->warning.empty()) metrics_.CountStale();
  answer->record.revisions = RevisionsOf(request);
  return Fetch({.request = request,
                .origin = origin.ok() ? **origin : none,
                .resolved = ToModel(asked, *answer),
                .record = answer->record,
                .manifest = &answer->manifest,
                .warning = answer->warning},
               hooks, stop);
}

Result<ReadyModel> Downloader::ServeStale(const ModelRequest& request, const Status& failure) {
  if (request.manifest) return failure;  // FindHere() has looked
  const std::optional<Resolution> known = resolutions_.Find(request);
  std::optional<ReadyModel> here = known ? Stored(request, known->manifest) : std::nullopt;
  if (!here) return failure;
  const auto age = std::chrono::seconds(std::max<int64_t>(0, Unix(clock_) - known->resolved_unix));
  here->warning = StrCat("the origin does not answer (", failure.message(), "); this is what ", request.Name(), " was ",
                         FormatDuration(age), " ago");
  metrics_.CountStale();
  LOG(WARNING) << Message("Serving what is here, because the origin does not answer")
                      .With("model", here->name)
                      .With("commit", here->commit)
                      .With("error", failure);
  return *here;
}

// Room that was made may be taken by another download before it is reserved.
Result<std::unique_ptr<StoreDestination>> Downloader::OpenDestination(const ModelRequest& request,
                                                                      const ResolvedModel& model) {
  constexpr int kTries = 3;
  for (int tries = 1;; ++tries) {
    const uint64_t bytes = StoreDestination::BytesToCome(model, store_.blobs());
    if (bytes > 0) RETURN_IF_ERROR(options_.make_room(request, bytes));
    auto destination = StoreDestination::Open(model, store_.blobs());
    if (destination.status().code() != StatusCode::kResourceExhausted || tries == kTries) return destination;
  }
}

Result<FetchedModel> Downloader::FetchFiles(const Job& job, TransferCounts& counts, const AttemptHooks& hooks,
                                            const std::stop_token& stop) {
  MeteredSource source(job.origin, metrics_, limits_, counts, hooks.demanded);
  const auto withheld = [&](const Digest& blob) {
    return options_.domains != nullptr && options_.domains->IsContested(blob, job.request.domain);
  };
  HookSink sink(hooks, counts, clock_, job.request.Name(), job.manifest, withheld);
  const FetchOptions options{.max_streams = options_.streams};
  if (job.manifest == nullptr) {
    ASSIGN_OR_RETURN(const auto alone, OpenDestination(job.request, job.resolved));
    return FetchModel(job.resolved, source, *alone, options, clock_, sink, stop);
  }
  ASSIGN_OR_RETURN(const Manifest manifest, SwarmManifest(*job.manifest, job.request.domain));
  const ResolvedModel model = Marked(job.resolved, manifest);
  ASSIGN_OR_RETURN(const auto destination, OpenDestination(job.request, model));
  MeteredSwarm swarm({swarm_->swarm(), swarm_->membership(), metrics_, counts});
  const SwarmPart part{
      .swarm = swarm,
      .manifest = manifest,
      .origin_slots = OriginSlotsFor(swarm_->membership().Current()->size()),
      .admit =
          [&](NodeId, uint64_t bytes, const std::stop_token& stopped) {
            return limits_.Wait(TransferFrom::kPeer, bytes, hooks.demanded, stopped);
          },
      .uploads = [this] { return swarm_->uploads(); },
      .proven_pieces = [this](const Digest& blob, const auto& pieces) { swarm_->Proven(blob, pieces); },
  };
  return FetchInSwarm(model, source, part, *destination, options, clock_, sink, stop);
}

Status Downloader::ProveOne(const Job& job, const RemoteFile& file, const std::stop_token& stop) {
  const uint64_t random = std::uniform_int_distribution<uint64_t>()(Random());
  const Status proven = ProveAtOrigin(job.origin, job.resolved, file, store_.blobs(), random, stop);
  if (!proven.ok()) return proven;
  return options_.domains->Prove({*file.sha256}, job.request.domain);
}

Status Downloader::ProveWhatIsHere(const Job& job, const std::stop_token& stop) {
  if (options_.domains == nullptr) return OkStatus();
  std::set<Digest> absent;
  for (RemoteFile file : job.resolved.files) {
    if (!file.sha256 && file.git_oid) file.sha256 = store_.blobs().FindByGitOid(*file.git_oid);
    if (!file.sha256) continue;
    if (!store_.blobs().Size(*file.sha256)) {
      absent.insert(*file.sha256);
    } else if (!options_.domains->HasBlob(*file.sha256, job.request.domain)) {
      RETURN_IF_ERROR(ProveOne(job, file, stop));
    }
  }
  return options_.domains->Begin(absent, job.request.domain);
}

Status Downloader::ProveWhatCame(const Job& job, const Manifest& manifest, const std::stop_token& stop) {
  if (options_.domains == nullptr) return OkStatus();
  std::set<Digest> blobs;
  for (const ManifestFile& file : manifest.files()) {
    blobs.insert(file.digest);
    if (!options_.domains->IsContested(file.digest, job.request.domain)) continue;
    const auto listed = std::find_if(job.resolved.files.begin(), job.resolved.files.end(),
                                     [&](const RemoteFile& one) { return one.path == file.path; });
    RemoteFile remote = listed == job.resolved.files.end() ? RemoteFile{.path = file.path, .size = file.size} : *listed;
    remote.sha256 = file.digest;
    RETURN_IF_ERROR(ProveOne(job, remote, stop));
  }
  return options_.domains->Prove(blobs, job.request.domain);
}

Result<ReadyModel> Downloader::Fetch(const Job& job, const AttemptHooks& hooks, const std::stop_token& stop) {
  Failpoint("download.planned");
  hooks.resolved(job.record, job.resolved.files);
  TransferCounts counts;
  RETURN_IF_ERROR(ProveWhatIsHere(job, stop));
  ASSIGN_OR_RETURN(const FetchedModel fetched, FetchFiles(job, counts, hooks, stop));
  const Manifest& manifest = job.manifest == nullptr ? fetched.manifest : *job.manifest;
  const Digest id = manifest.Id();
  RETURN_IF_ERROR(CheckExpected(job.request, id));
  RETURN_IF_ERROR(ProveWhatCame(job, manifest, stop));
  RETURN_IF_ERROR(store_.models().Put(manifest, job.record));
  if (swarm_ != nullptr) swarm_->ModelsChanged();
  RETURN_IF_ERROR(resolutions_.Put(job.request, job.record.commit, id, job.record.resolved_unix_seconds));
  const std::vector<TransferSource> sources = counts.Look(clock_.Steady());
  ReadyModel ready{.name = job.request.Name(),
                   .manifest = id,
                   .uri = job.record.uri,
                   .commit = job.record.commit,
                   .bytes = manifest.TotalBytes(),
                   .files = static_cast<uint32_t>(manifest.files().size()),
                   .bytes_fetched = BytesFrom(sources, SourceKind::kOrigin),
                   .bytes_from_peers = BytesFromPeers(sources),
                   .warning = job.warning};
  const uint64_t came = ready.bytes_fetched + ready.bytes_from_peers;
  metrics_.CountReady(ready.name, ready.bytes - std::min(ready.bytes, came), ready.bytes_fetched);
  return ready;
}

}  // namespace ballast
