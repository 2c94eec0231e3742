#include "daemon/model_answer.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "daemon/resolutions.h"

namespace ballast {
namespace {

Status CheckAnswers(const ModelRequest& request, const ModelAnswer& answer, const std::string& commit) {
  const ModelRef& ref = request.ref;
  if (answer.record.uri != ref.Uri()) return DataLoss(StrCat("it is about ", Quoted(answer.record.uri)));
  if (answer.record.commit != commit) return DataLoss("it names two commits");
  if (IsCommit(ref.revision) && commit != ref.revision) return DataLoss(StrCat("it is of commit ", Quoted(commit)));
  if (request.manifest && answer.manifest.Id() != *request.manifest)
    return DataLoss(StrCat("it is manifest ", answer.manifest.Id()));
  const std::vector<ManifestFile>& files = answer.manifest.files();
  if (files.empty()) return DataLoss("it has no files");
  for (const ManifestFile& file : files) {
    if (!request.filter.Admits(file.path.str())) return DataLoss(StrCat(Quoted(file.path.str()), " was not asked for"));
    if (ref.sha256 && file.digest != *ref.sha256) return DataLoss(StrCat("it has ", file.digest));
  }
  return OkStatus();
}

}  // namespace

ResolveQuery QueryOf(const ModelRequest& request, bool known_only) {
  ModelRef ref = request.ref;
  const std::string revision = RevisionName(ref);
  ref.revision = "";
  return {.uri = ref.ToString(),
          .revision = revision,
          .filter = request.filter,
          .origin = request.origin,
          .known_only = known_only,
          .domain = request.domain};
}

Result<ModelRequest> RequestOf(const ResolveQuery& query) {
  ASSIGN_OR_RETURN(ModelRef ref, ModelRef::Parse(query.uri));
  if (!ref.revision.empty()) return InvalidArgument(StrCat(Quoted(query.uri), " has a revision"));
  if (!query.revision.empty()) {
    if (ref.scheme != OriginScheme::kHuggingFace)
      return InvalidArgument(StrCat(Quoted(query.uri), " can have no revision"));
    RETURN_IF_ERROR(CheckRevision(query.revision));
    ref.revision = query.revision;
  }
  RETURN_IF_ERROR(query.filter.Validate());
  return ModelRequest{.ref = std::move(ref), .filter = query.filter, .origin = query.origin, .domain = query.domain};
}

std::string ResolveKey(const ModelRequest& request) {
  ModelRequest same = request;
  same.keep_resolution = false;
  same.manifest.reset();
  return same.Key();
}

Resolved ToResolved(const ModelAnswer& answer) {
  return {.manifest = answer.manifest.Canonical(),
          .record = answer.record.ToJson(),
          .commit = answer.record.commit,
          .warning = answer.warning};
}

Result<ModelAnswer> FromResolved(const ModelRequest& request, const Resolved& resolved) {
  const Result<Manifest> manifest = Manifest::Parse(resolved.manifest);
  if (!manifest.ok()) return DataLoss(StrCat("no manifest: ", manifest.status().message()));
  const Result<OriginRecord> record = OriginRecord::FromJson(resolved.record);
  if (!record.ok()) return DataLoss(StrCat("no record of the origin: ", record.status().message()));
  ModelAnswer answer{*manifest, *record, resolved.warning};
  RETURN_IF_ERROR(CheckAnswers(request, answer, resolved.commit));
  return answer;
}

bool IsSilence(const Status& origin_error) {
  return origin_error.code() == StatusCode::kUnavailable || origin_error.code() == StatusCode::kDeadlineExceeded;
}

std::string AgeWarning(const ModelRequest& request, const OriginRecord& record, int64_t now_unix) {
  const auto age = std::chrono::seconds(std::max<int64_t>(0, now_unix - record.resolved_unix_seconds));
  return StrCat("this is what ", request.Name(), " was ", FormatDuration(age), " ago");
}

std::string SilenceWarning(const Status& origin_error, const std::string& age_warning) {
  return StrCat("the origin does not answer (", origin_error.message(), "); ", age_warning);
}

ResolvedModel ToModel(const ModelRequest& request, const ModelAnswer& answer) {
  ResolvedModel model{.ref = request.ref, .commit = answer.record.commit};
  for (const ManifestFile& file : answer.manifest.files()) {
    RemoteFile remote{.path = file.path, .size = file.size, .sha256 = file.digest};
    if (const auto info = answer.record.files.find(file.path.str()); info != answer.record.files.end()) {
      remote.git_oid = info->second.git_oid;
      remote.lfs_pointer_size = info->second.lfs_pointer_size;
    }
    model.files.push_back(std::move(remote));
  }
  return model;
}

}  // namespace ballast
