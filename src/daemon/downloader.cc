#include "daemon/downloader.h"

#include <algorithm>
#include <utility>

#include "base/logging.h"
#include "base/strings.h"
#include "daemon/metered_source.h"
#include "fetch/fetcher.h"
#include "fetch/store_destination.h"

namespace ballast {
namespace {

int64_t Unix(const Clock& clock) {
  return std::chrono::duration_cast<std::chrono::seconds>(clock.Now().time_since_epoch()).count();
}

// The origin is not there, rather than against it.
bool DoesNotAnswer(const Status& status) {
  return status.code() == StatusCode::kUnavailable || status.code() == StatusCode::kDeadlineExceeded;
}

class HookSink final : public ProgressSink {
 public:
  HookSink(const AttemptHooks& hooks, TransferCounts& counts, const Clock& clock, std::string name)
      : hooks_(hooks), counts_(counts), clock_(clock), name_(std::move(name)) {}

  void OnProgress(const FetchProgress& now) override {
    hooks_.progress({.step = "downloading",
                     .bytes_done = now.bytes_done,
                     .bytes_total = now.bytes_total,
                     .bytes_per_second = now.bytes_per_second,
                     .files_done = now.files_done,
                     .files_total = now.files_total,
                     .waiting_for = now.waiting_for,
                     .sources = counts_.Look(clock_.Steady())});
  }
  void OnProven(const RemoteFile& file, const Digest& digest) override { hooks_.verified(file.path, digest); }
  void OnMessage(const std::string& text) override { LOG(WARNING) << Message(text).With("model", name_); }

 private:
  const AttemptHooks& hooks_;
  TransferCounts& counts_;
  const Clock& clock_;
  const std::string name_;
};

}  // namespace

OriginRecord RecordOf(const ModelRequest& request, const ResolvedModel& resolved, int64_t now_unix) {
  OriginRecord record{.uri = request.ref.Uri(), .commit = resolved.commit, .resolved_unix_seconds = now_unix};
  if (const std::string name = RevisionName(request.ref); !name.empty() && !IsCommit(name))
    record.revisions.push_back(name);
  for (const RemoteFile& file : resolved.files) {
    record.files[file.path.str()] = {.git_oid = file.git_oid, .lfs_pointer_size = file.lfs_pointer_size};
  }
  return record;
}

Downloader::Downloader(Store& store, Resolutions& resolutions, OriginFinder origins, DaemonMetrics& metrics,
                       const Clock& clock, Options options)
    : store_(store),
      resolutions_(resolutions),
      origins_(std::move(origins)),
      metrics_(metrics),
      clock_(clock),
      options_(options),
      limits_(std::make_unique<TransferLimits>(options.rates, clock)) {}

Downloader::~Downloader() = default;

std::optional<ReadyModel> Downloader::Stored(const ModelRequest& request, const Digest& manifest) const {
  const std::optional<StoredModel> model = store_.models().Find(manifest);
  if (!model) return std::nullopt;
  const auto record = std::find_if(model->origins.begin(), model->origins.end(),
                                   [&](const OriginRecord& one) { return one.uri == request.ref.Uri(); });
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
  ASSIGN_OR_RETURN(Origin* const origin, origins_(request.ref, request.origin));
  ModelRef ref = request.ref;
  if (!ask_anew && known && !known->commit.empty())
    ref.revision = known->commit;  // gone from here, but kept: the same again
  hooks.progress({.step = "resolving"});
  const Result<ResolvedModel> resolved = origin->Resolve(ref, request.filter, stop);
  if (!resolved.ok() && DoesNotAnswer(resolved.status())) return ServeStale(request, resolved.status());
  if (!resolved.ok()) return resolved.status();
  return Fetch(request, *origin, *resolved, hooks, std::move(stop));
}

Result<ReadyModel> Downloader::ServeStale(const ModelRequest& request, const Status& failure) {
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

Result<ReadyModel> Downloader::Fetch(const ModelRequest& request, Origin& origin, const ResolvedModel& resolved,
                                     const AttemptHooks& hooks, std::stop_token stop) {
  const OriginRecord expected = RecordOf(request, resolved, Unix(clock_));
  hooks.resolved(expected, resolved.files);
  TransferCounts counts;
  MeteredSource source(origin, metrics_, *limits_, counts, hooks.demanded);
  ASSIGN_OR_RETURN(const auto destination, StoreDestination::Open(resolved, store_.blobs()));
  HookSink sink(hooks, counts, clock_, request.Name());
  const FetchOptions options{.max_streams = options_.streams};
  ASSIGN_OR_RETURN(const FetchedModel fetched,
                   FetchModel(resolved, source, *destination, options, clock_, sink, std::move(stop)));
  OriginRecord record = fetched.origin;
  record.revisions = expected.revisions;
  RETURN_IF_ERROR(store_.models().Put(fetched.manifest, record));
  const Digest id = fetched.manifest.Id();
  RETURN_IF_ERROR(resolutions_.Put(request, resolved.commit, id, Unix(clock_)));
  return ReadyModel{.name = request.Name(),
                    .manifest = id,
                    .uri = record.uri,
                    .commit = record.commit,
                    .bytes = fetched.manifest.TotalBytes(),
                    .files = static_cast<uint32_t>(fetched.manifest.files().size()),
                    .bytes_fetched = fetched.bytes_fetched};
}

}  // namespace ballast
