#include "cli/cli.h"

#include <algorithm>
#include <filesystem>

#include "base/errno_status.h"
#include "base/strings.h"
#include "cli/directory_commands.h"
#include "cli/exit_code.h"
#include "cli/mount_check.h"
#include "cli/options.h"
#include "cli/pull_to.h"
#include "cli/render.h"
#include "store/posix_file_system.h"
#include "store/store_check.h"

namespace ballast::cli {
namespace {

// The file system refuses symbolic links on the way; the user's own are followed here, once.
Result<std::string> RealDirectory(const std::string& dir) {
  std::error_code error;
  const auto real = std::filesystem::canonical(dir, error);
  if (error) return ErrnoStatus(error.value(), StrCat("open directory ", Quoted(dir)));
  if (!std::filesystem::is_directory(real, error)) return InvalidArgument(StrCat(Quoted(dir), " is no directory"));
  return real.string();
}

bool NamesModel(const std::string& what) {
  return what.find("://") != std::string::npos || what.starts_with("sha256:");
}

// For errors of a download whose text comes from deep below.
std::string_view PullRemedy(const Status& status) {
  switch (status.code()) {
    case StatusCode::kDataLoss:
      return "nothing of it was kept; try again, and if it stays so, the origin (or a proxy on the way) sends wrong "
             "bytes";
    case StatusCode::kCancelled:
      return "the same command goes on where it was stopped";
    case StatusCode::kUnavailable:
    case StatusCode::kDeadlineExceeded:
      return "nothing that was received is lost: run the same command again later";
    default:
      return "";
  }
}

std::string_view CacheRemedy(const Status& status) {
  switch (status.code()) {
    case StatusCode::kUnavailable:
      return "with --to DIR it downloads into a directory, without a daemon";
    case StatusCode::kCancelled:
      return "the daemon goes on with the download; the same command shows how far it is";
    default:
      return "";
  }
}

class Runner {
 public:
  Runner(const Options& options, const World& world)
      : options_(options),
        world_(world),
        console_(world.out, world.err, {world.terminal, world.width, options.json}, world.clock) {}

  int Run() {
    const Status status = std::visit([this](const auto& command) { return Do(command); }, options_.command);
    if (status.ok()) return code_;
    const auto* pull = std::get_if<PullCommand>(&options_.command);
    console_.Error(status, pull == nullptr ? "" : pull->to.empty() ? CacheRemedy(status) : PullRemedy(status));
    return ExitCodeOf(status);
  }

 private:
  Status Do(const HelpCommand& help) { return Show(help.text); }
  Status Do(const VersionCommand&) {
    return Show(options_.json ? "{\"version\":\"" BALLAST_VERSION "\"}\n" : "ballast " BALLAST_VERSION "\n");
  }

  Status Do(const PullCommand& pull) {
    ASSIGN_OR_RETURN(const ModelRef ref, ModelRef::Parse(pull.ref));
    if (!pull.to.empty()) {
      const PullToRequest request{ref, pull.to, pull.filter, pull.layout.empty() ? "plain" : pull.layout, pull.streams};
      return Print(PullTo(request, world_.environment, files_, world_.clock, console_, world_.stop));
    }
    ASSIGN_OR_RETURN(const auto cache, Connect());
    ASSIGN_OR_RETURN(const ReadyModel ready, cache->Pull(pull.ref, pull.layout, OnProgress(pull.ref), world_.stop));
    if (!ready.warning.empty()) console_.Message("warning: " + ready.warning);
    return Show(options_.json ? Json(ready) : Text(ready));
  }

  Status Do(const ListCommand&) {
    ASSIGN_OR_RETURN(const auto cache, Connect());
    return PrintAt(cache->List(world_.stop));
  }

  Status Do(const StatusCommand& status) {
    ASSIGN_OR_RETURN(const auto cache, Connect());
    if (!status.model.empty()) return Print(cache->Transfers(status.model, world_.stop));
    return PrintAt(cache->GetStatus(world_.stop));
  }

  Status Do(const VerifyCommand& verify) {
    ASSIGN_OR_RETURN(const VerifyReport report, verify.deep ? VerifyDeep() : Verify(verify.what));
    code_ = report.intact() ? kOk : kDamaged;
    return Show(options_.json ? Json(report) : Text(report, verify.what.empty() ? "the cache" : verify.what));
  }

  Result<VerifyReport> Verify(const std::string& what) {
    if (!what.empty() && !NamesModel(what)) {
      ASSIGN_OR_RETURN(const std::string dir, RealDirectory(what));
      return VerifyDirectory(dir, files_, console_, world_.stop);
    }
    ASSIGN_OR_RETURN(const auto cache, Connect());
    return cache->Verify(what, /*deep=*/false, OnProgress(what.empty() ? "the cache" : what), world_.stop);
  }

  // The daemon knows its store, and this command sees the mounts of where it runs.
  Result<VerifyReport> VerifyDeep() {
    ASSIGN_OR_RETURN(const auto cache, Connect());
    ASSIGN_OR_RETURN(const auto before, FindInMounts(*cache, world_.stop));
    ASSIGN_OR_RETURN(VerifyReport report, cache->Verify("", /*deep=*/true, OnProgress("the cache"), world_.stop));
    ASSIGN_OR_RETURN(const auto after, FindInMounts(*cache, world_.stop));
    for (const Finding& finding : Lasting(before, after)) report.findings.push_back(finding);
    return report;
  }

  Status Do(const WarmCommand& warm) {
    ASSIGN_OR_RETURN(const auto cache, Connect());
    ASSIGN_OR_RETURN(const WarmReport report, cache->Warm(warm.model, OnProgress(warm.model), world_.stop));
    code_ = report.limited_by.empty() ? kOk : kNoRoom;
    return Show(options_.json ? Json(report) : Text(report, warm.model));
  }

  Status Do(const RemoveCommand& remove) {
    ASSIGN_OR_RETURN(const auto cache, Connect());
    ASSIGN_OR_RETURN(const RemovedModel removed, cache->Remove(remove.model, world_.stop));
    return Show(options_.json ? Json(removed) : Text(removed, remove.model));
  }

  Status Do(const GcCommand& gc) {
    ASSIGN_OR_RETURN(const auto cache, Connect());
    return Print(cache->CollectGarbage(gc.dry_run, world_.stop));
  }

  Status Do(const WaitCommand& wait) {
    ASSIGN_OR_RETURN(const std::string dir, RealDirectory(wait.dir));
    return Print(WaitForDirectory(dir, wait.timeout, files_, world_.clock, console_, world_.stop));
  }

  Status Do(const CertsInitCommand& init) { return Print(InitCerts(init, world_.clock.Now())); }
  Status Do(const CertsIssueCommand& issue) { return Print(IssueCerts(issue, world_.clock.Now())); }

  Result<std::unique_ptr<CacheClient>> Connect() const { return world_.connect(options_.socket); }

  cli::OnProgress OnProgress(const std::string& model) {
    return [this, model](const TransferProgress& progress) {
      TransferProgress named = progress;
      if (named.model.empty()) named.model = model;
      console_.Progress(named);
    };
  }

  template <typename T>
  Status Print(const Result<T>& result) {
    return result.ok() ? Show(options_.json ? Json(*result) : Text(*result)) : result.status();
  }
  template <typename T>
  Status PrintAt(const Result<T>& result) {
    return result.ok() ? Show(options_.json ? Json(*result) : Text(*result, world_.clock.Now())) : result.status();
  }
  Status Show(const std::string& text) {
    console_.Result(text);
    return OkStatus();
  }

  const Options& options_;
  const World& world_;
  Console console_;
  PosixFileSystem files_;
  int code_ = kOk;
};

// For a command line that could not be read.
bool WantsJson(const std::vector<std::string>& arguments) {
  if (std::find(arguments.begin(), arguments.end(), "--output=json") != arguments.end()) return true;
  const auto output = std::find(arguments.begin(), arguments.end(), "--output");
  return output != arguments.end() && output + 1 != arguments.end() && output[1] == "json";
}

}  // namespace

int Run(const std::vector<std::string>& arguments, const World& world) {
  const Result<Options> options = ParseOptions(arguments, world.environment);
  if (options.ok()) return Runner(*options, world).Run();
  if (WantsJson(arguments)) world.out << Json(options.status());
  world.err << "error: " << options.status().message() << "\n";
  return ExitCodeOf(options.status());
}

}  // namespace ballast::cli
