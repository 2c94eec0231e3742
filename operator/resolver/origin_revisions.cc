#include "operator/resolver/origin_revisions.h"

#include <map>
#include <utility>

#include "base/strings.h"
#include "core/hasher.h"

namespace ballast::controller {
namespace {

Status CheckGitOid(const RemoteFile& file, GitOid found) {
  if (!file.git_oid || *file.git_oid == found) return OkStatus();
  return DataLoss(StrCat("the bytes of ", file.path, " are not those that the origin lists"));
}

Result<Digest> HashFile(Origin& origin, const ResolvedModel& model, const RemoteFile& file,
                        const std::stop_token& stop) {
  Sha256Hasher sha256;
  GitBlobHasher git(file.size);
  const auto sink = [&](std::span<const std::byte> bytes) {
    sha256.Update(bytes);
    git.Update(bytes);
    return OkStatus();
  };
  RETURN_IF_ERROR(origin.Read(model, file, {0, file.size}, sink, stop));
  RETURN_IF_ERROR(CheckGitOid(file, git.Finish()));
  return sha256.Finish();
}

Status CheckHashable(const ResolvedModel& model) {
  const uint64_t bytes = WithoutDigests(model).TotalBytes();
  if (bytes <= kMaxHashedBytes) return OkStatus();
  return FailedPrecondition(StrCat("the origin says no SHA-256 of files that have ", FormatBytes(bytes),
                                   " together; more than ", FormatBytes(kMaxHashedBytes),
                                   " are not read for that: leave some out with `exclude`"));
}

// So that the token of one cache goes where the origin of that cache is, and nowhere else.
std::vector<OriginConfig> WithToken(std::vector<OriginConfig> configs, const ResolveRequest& request,
                                    const std::string& token) {
  for (OriginConfig& config : configs) {
    const bool serves =
        request.origin.empty() ? MatchesUri(config.match, request.ref.Uri()) : config.name == request.origin;
    if (!serves) continue;
    config.token = token;
    config.token_file.clear();
  }
  return configs;
}

bool ServesHubs(const OriginConfig& config) { return config.match.starts_with("hf://"); }

}  // namespace

Result<ResolvedRevision> ResolveAt(Origin& origin, const ResolveRequest& request, const std::stop_token& stop) {
  ASSIGN_OR_RETURN(ResolvedModel model, origin.Resolve(request.ref, request.filter, stop));
  RETURN_IF_ERROR(CheckHashable(model));
  for (RemoteFile& file : model.files) {
    if (file.sha256) continue;
    ASSIGN_OR_RETURN(file.sha256, HashFile(origin, model, file, stop));
  }
  ASSIGN_OR_RETURN(const Manifest manifest, ManifestOf(model));
  const std::string digest = manifest.Id().ToString();
  return ResolvedRevision{.commit = model.commit.empty() ? digest : model.commit,
                          .manifest = digest,
                          .bytes = manifest.TotalBytes(),
                          .files = manifest.files().size()};
}

Result<RevisionSource> MakeRevisionSource(const std::vector<OriginConfig>& configs, const Clock& clock,
                                          prometheus::Registry* registry) {
  ASSIGN_OR_RETURN(std::shared_ptr<const OriginSet> common, OriginSet::Make(configs, clock, registry));
  std::vector<OriginConfig> all = configs;
  if (std::none_of(all.begin(), all.end(), ServesHubs)) all.push_back({.name = "hub", .match = "hf://"});
  return RevisionSource([common, all, &clock](const ResolveRequest& request, const std::string& token,
                                              const std::stop_token& stop) -> Result<ResolvedRevision> {
    std::shared_ptr<const OriginSet> origins = common;
    if (!token.empty()) {
      ASSIGN_OR_RETURN(origins, OriginSet::Make(WithToken(all, request, token), clock));
    }
    ASSIGN_OR_RETURN(Origin* const origin, origins->Select(request.ref, request.origin));
    return ResolveAt(*origin, request, stop);
  });
}

}  // namespace ballast::controller
