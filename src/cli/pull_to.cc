#include "cli/pull_to.h"

#include <condition_variable>
#include <filesystem>
#include <mutex>

#include "base/backoff.h"
#include "base/errno_status.h"
#include "base/strings.h"
#include "fetch/directory_destination.h"
#include "fetch/fetcher.h"
#include "origin/origin_set.h"
#include "store/view_plan.h"

namespace ballast::cli {
namespace {

using std::chrono::milliseconds;

constexpr int kResolveAttempts = 6;
constexpr milliseconds kLongestWait{60'000};

class ConsoleSink final : public ProgressSink {
 public:
  ConsoleSink(Console& console, std::string model) : console_(console), model_(std::move(model)) {}

  void OnProgress(const FetchProgress& p) override {
    console_.Progress({model_, "downloading", p.bytes_done, p.bytes_total, p.bytes_per_second, p.files_done,
                       p.files_total, p.waiting_for});
  }
  void OnProven(const RemoteFile&, const Digest&) override {}
  void OnMessage(const std::string& text) override { console_.Message(text); }

 private:
  Console& console_;
  const std::string model_;
};

// False: stop was requested.
bool WaitFor(milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  return !never.wait_for(lock, stop, time, [&stop] { return stop.stop_requested(); });
}

// The hub as the environment describes it; a directory is served because the user named it.
Result<std::unique_ptr<OriginSet>> Origins(const PullToRequest& request, const Environment& environment,
                                           const Clock& clock) {
  std::vector<OriginConfig> configs = {FromEnvironment(environment)};
  configs.front().max_connections = request.streams;
  if (request.ref.scheme == OriginScheme::kFile) {
    OriginConfig file;
    file.name = "file";
    file.match = "file://";
    file.roots = {request.ref.name};
    configs.push_back(std::move(file));
  }
  return OriginSet::Make(std::move(configs), clock);
}

Result<ResolvedModel> Resolve(const PullToRequest& request, Origin& origin, Console& console,
                              const std::stop_token& stop) {
  Backoff backoff({milliseconds(500), milliseconds(8000), 2});
  for (int attempt = 1;; ++attempt) {
    Result<ResolvedModel> resolved = origin.Resolve(request.ref, request.filter, stop);
    if (resolved.ok() || !IsRetryable(resolved.status()) || attempt == kResolveAttempts) return resolved;
    const milliseconds wait = std::max(backoff.Next(), std::min(resolved.status().retry_after(), kLongestWait));
    console.Message(StrCat(resolved.status().message(), "; next try in ", FormatDuration(wait)));
    if (!WaitFor(wait, stop)) return Cancelled("stopped");
  }
}

Result<std::string> MakeDirectory(const std::string& dir) {
  std::error_code error;
  std::filesystem::create_directories(dir, error);
  if (error) return ErrnoStatus(error.value(), StrCat("make directory ", Quoted(dir)));
  const auto real = std::filesystem::canonical(dir, error);
  if (error) return ErrnoStatus(error.value(), StrCat("open directory ", Quoted(dir)));
  return real.string();
}

Result<Layout> LayoutOf(const std::string& name) {
  for (const Layout layout : {Layout::kPlain, Layout::kHf, Layout::kHfRepo}) {
    if (LayoutName(layout) == name) return layout;
  }
  return InvalidArgument(StrCat("no layout ", Quoted(name), "; valid: plain, hf, hf-repo"));
}

// Where the model's files go in this layout; without a slash at the end.
Result<std::string> PrefixOf(const ResolvedModel& model, Layout layout) {
  OriginRecord origin;
  origin.uri = model.ref.Uri();
  origin.commit = model.commit;
  ASSIGN_OR_RETURN(std::string prefix, ViewPrefix(origin, layout));
  if (prefix.ends_with('/')) prefix.pop_back();
  return prefix;
}

// What the layout holds beside the model's files.
Status AddGenerated(const FetchedModel& fetched, Layout layout, DirectoryDestination& destination) {
  ASSIGN_OR_RETURN(const std::vector<ViewEntry> entries, PlanView(fetched.manifest, fetched.origin, layout));
  for (const ViewEntry& entry : entries) {
    if (entry.kind == ViewEntry::Kind::kBlob) continue;
    ASSIGN_OR_RETURN(const SafePath path, SafePath::Parse(entry.path));
    RETURN_IF_ERROR(entry.kind == ViewEntry::Kind::kDirectory ? destination.MakeDirectory(path)
                                                              : destination.Put(path, entry.content));
  }
  return OkStatus();
}

Result<FetchedModel> Fetch(const PullToRequest& request, const std::string& dir, const ResolvedModel& model,
                           Origin& origin, FileSystem& files, const Clock& clock, Console& console,
                           const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const Layout layout, LayoutOf(request.layout));
  ASSIGN_OR_RETURN(std::string prefix, PrefixOf(model, layout));
  ASSIGN_OR_RETURN(const auto destination,
                   DirectoryDestination::Open({dir, std::move(prefix), ""}, model, files, clock));
  OriginSource source(origin);
  ConsoleSink sink(console, model.ref.ToString());
  FetchOptions options;
  options.max_streams = request.streams;
  ASSIGN_OR_RETURN(FetchedModel fetched, FetchModel(model, source, *destination, options, clock, sink, stop));
  RETURN_IF_ERROR(AddGenerated(fetched, layout, *destination));
  RETURN_IF_ERROR(destination->Complete());
  return fetched;
}

}  // namespace

Result<PulledDirectory> PullTo(const PullToRequest& request, const Environment& environment, FileSystem& files,
                               const Clock& clock, Console& console, std::stop_token stop) {
  const SteadyTime start = clock.Steady();
  ASSIGN_OR_RETURN(const auto origins, Origins(request, environment, clock));
  ASSIGN_OR_RETURN(Origin * origin, origins->Select(request.ref));
  ASSIGN_OR_RETURN(const ResolvedModel model, Resolve(request, *origin, console, stop));
  ASSIGN_OR_RETURN(const std::string dir, MakeDirectory(request.dir));
  ASSIGN_OR_RETURN(const FetchedModel fetched, Fetch(request, dir, model, *origin, files, clock, console, stop));
  return PulledDirectory{model.ref.ToString(),
                         model.commit,
                         fetched.manifest.Id().ToString(),
                         dir,
                         static_cast<uint32_t>(fetched.manifest.files().size()),
                         fetched.manifest.TotalBytes(),
                         fetched.bytes_fetched,
                         fetched.files_found,
                         std::chrono::duration_cast<milliseconds>(clock.Steady() - start)};
}

}  // namespace ballast::cli
