#include "daemon/resolutions.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/errno_status.h"
#include "base/logging.h"
#include "base/small_file.h"
#include "base/strings.h"

namespace ballast {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;
constexpr size_t kMaxFile = 64 << 20;

bool SameSelection(const Resolution& known, const ModelRequest& request) {
  return known.uri == request.ref.Uri() && known.origin == request.origin && known.filter == request.filter &&
         known.domain == request.domain;
}

bool SameRequest(const Resolution& known, const ModelRequest& request) {
  return SameSelection(known, request) && known.kept == request.keep_resolution &&
         known.revision == VersionName(request.ref);
}

json ToJson(const Resolution& one) {
  json value = {{"uri", one.uri},       {"revision", one.revision},       {"origin", one.origin},
                {"kept", one.kept},     {"include", one.filter.include},  {"exclude", one.filter.exclude},
                {"commit", one.commit}, {"manifest", one.manifest.Hex()}, {"resolved", one.resolved_unix}};
  if (!one.domain.empty()) value["domain"] = one.domain;
  return value;
}

// Throws json::exception on a missing or mistyped member.
Result<Resolution> FromJson(const json& value) {
  ASSIGN_OR_RETURN(const Digest manifest, Digest::FromHex(value.at("manifest").get_ref<const std::string&>()));
  return Resolution{.uri = value.at("uri"),
                    .revision = value.at("revision"),
                    .origin = value.at("origin"),
                    .filter = {.include = value.at("include"), .exclude = value.at("exclude")},
                    .kept = value.at("kept"),
                    .commit = value.at("commit"),
                    .manifest = manifest,
                    .resolved_unix = value.at("resolved"),
                    .domain = value.value("domain", "")};
}

}  // namespace

std::string VersionName(const ModelRef& ref) { return ref.sha256 ? ref.sha256->Hex() : RevisionName(ref); }
bool IsPinned(const ModelRef& ref) { return ref.sha256.has_value() || IsCommit(ref.revision); }

std::string ResolutionsToJson(const std::vector<Resolution>& all) {
  json list = json::array();
  for (const Resolution& one : all) list.push_back(ToJson(one));
  return json{{"version", kVersion}, {"resolutions", std::move(list)}}.dump(1, ' ', false,
                                                                            json::error_handler_t::replace) +
         "\n";
}

Result<std::vector<Resolution>> ResolutionsFromJson(std::string_view text) try {
  const json document = json::parse(text);
  if (document.at("version") != kVersion) return InvalidArgument("a version that this program does not know");
  std::vector<Resolution> all;
  for (const json& value : document.at("resolutions")) {
    ASSIGN_OR_RETURN(Resolution one, FromJson(value));
    all.push_back(std::move(one));
  }
  return all;
} catch (const json::exception& error) {
  return InvalidArgument(Quoted(error.what()));
}

std::optional<Resolution> FindResolution(const std::vector<Resolution>& all, const ModelRequest& request) {
  const Resolution* found = nullptr;
  for (const Resolution& known : all) {
    const bool same_commit =
        IsPinned(request.ref) && SameSelection(known, request) && known.commit == request.ref.revision;
    if (!SameRequest(known, request) && !same_commit) continue;
    if (found == nullptr || known.resolved_unix >= found->resolved_unix) found = &known;
  }
  return found == nullptr ? std::nullopt : std::optional(*found);
}

Result<std::unique_ptr<Resolutions>> Resolutions::Open(std::string file) {
  Result<std::string> text = ReadSmallFile(file, kMaxFile);
  if (text.status().code() == StatusCode::kNotFound)
    return std::unique_ptr<Resolutions>(new Resolutions(std::move(file), {}));
  if (!text.ok()) return text.status();
  Result<std::vector<Resolution>> all = ResolutionsFromJson(*text);
  if (all.ok()) return std::unique_ptr<Resolutions>(new Resolutions(std::move(file), *std::move(all)));
  const std::string aside = file + ".damaged";
  if (std::rename(file.c_str(), aside.c_str()) != 0) return ErrnoStatus(errno, StrCat("rename ", file, " to ", aside));
  LOG(WARNING) << Message("Cannot read what was resolved before; origins will be asked again")
                      .With("kept", aside)
                      .With("error", all.status());
  return std::unique_ptr<Resolutions>(new Resolutions(std::move(file), {}));
}

std::optional<Resolution> Resolutions::Find(const ModelRequest& request) const {
  MutexLock lock(mutex_);
  return FindResolution(all_, request);
}

std::vector<Resolution> Resolutions::All() const {
  MutexLock lock(mutex_);
  return all_;
}

Status Resolutions::Put(const ModelRequest& request, const std::string& commit, const Digest& manifest,
                        int64_t now_unix) {
  MutexLock lock(write_mutex_);
  std::vector<Resolution> all = All();
  std::erase_if(all, [&](const Resolution& known) { return SameRequest(known, request); });
  all.push_back({.uri = request.ref.Uri(),
                 .revision = VersionName(request.ref),
                 .origin = request.origin,
                 .filter = request.filter,
                 .kept = request.keep_resolution,
                 .commit = commit,
                 .manifest = manifest,
                 .resolved_unix = now_unix,
                 .domain = request.domain});
  return Replace(std::move(all));
}

Status Resolutions::Forget(const Digest& manifest) {
  MutexLock lock(write_mutex_);
  std::vector<Resolution> all = All();
  if (std::erase_if(all, [&](const Resolution& known) { return known.manifest == manifest; }) == 0) return OkStatus();
  return Replace(std::move(all));
}

Status Resolutions::Replace(std::vector<Resolution> all) {
  RETURN_IF_ERROR(ReplaceSmallFile(file_, ResolutionsToJson(all)));
  MutexLock lock(mutex_);
  all_ = std::move(all);
  return OkStatus();
}

}  // namespace ballast
