#include "daemon/domain_book.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/errno_status.h"
#include "base/logging.h"
#include "base/small_file.h"
#include "base/strings.h"

namespace ballast {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;
const std::string kMark = ".ballast-domain-";
constexpr size_t kMaxFile = 256 << 20;

bool HasAll(const DomainMap& domains, const Manifest& manifest, const std::string& domain) {
  return std::all_of(manifest.files().begin(), manifest.files().end(), [&](const ManifestFile& file) {
    const auto found = domains.find(file.digest);
    return file.size == 0 || (found != domains.end() && found->second.proven.contains(domain));
  });
}

}  // namespace

std::string DomainsToJson(const DomainMap& domains) {
  json blobs = json::object();
  for (const auto& [blob, of] : domains) blobs[blob.Hex()] = {{"proven", of.proven}, {"begun", of.begun}};
  return json{{"version", kVersion}, {"blobs", std::move(blobs)}}.dump(-1, ' ', false, json::error_handler_t::replace) +
         "\n";
}

Result<DomainMap> DomainsFromJson(std::string_view text) try {
  const json document = json::parse(text);
  if (document.at("version") != kVersion) return InvalidArgument("a version that this program does not know");
  DomainMap domains;
  for (const auto& [hex, of] : document.at("blobs").items()) {
    ASSIGN_OR_RETURN(const Digest blob, Digest::FromHex(hex));
    domains[blob] = {.proven = of.at("proven"), .begun = of.at("begun")};
  }
  return domains;
} catch (const json::exception& error) {
  return InvalidArgument(Quoted(error.what()));
}

Result<std::unique_ptr<DomainBook>> DomainBook::Open(std::string file) {
  const Result<std::string> text = ReadSmallFile(file, kMaxFile);
  if (text.status().code() == StatusCode::kNotFound)
    return std::unique_ptr<DomainBook>(new DomainBook(std::move(file), {}));
  if (!text.ok()) return text.status();
  Result<DomainMap> domains = DomainsFromJson(*text);
  if (domains.ok()) return std::unique_ptr<DomainBook>(new DomainBook(std::move(file), *std::move(domains)));
  const std::string aside = file + ".damaged";
  if (std::rename(file.c_str(), aside.c_str()) != 0) return ErrnoStatus(errno, StrCat("rename ", file, " to ", aside));
  LOG(WARNING) << Message("Cannot read by whose right the blobs are here; their origins are asked again")
                      .With("kept", aside)
                      .With("error", domains.status());
  return std::unique_ptr<DomainBook>(new DomainBook(std::move(file), {}));
}

bool DomainBook::Has(const Manifest& manifest, const std::string& domain) const {
  MutexLock lock(mutex_);
  return HasAll(domains_, manifest, domain);
}

bool DomainBook::HasBlob(const Digest& blob, const std::string& domain) const {
  MutexLock lock(mutex_);
  const auto found = domains_.find(blob);
  return found != domains_.end() && found->second.proven.contains(domain);
}

std::vector<std::string> DomainBook::DomainsOf(const Manifest& manifest) const {
  MutexLock lock(mutex_);
  std::set<std::string> candidates = {""};
  for (const ManifestFile& file : manifest.files()) {
    const auto found = domains_.find(file.digest);
    if (found != domains_.end()) candidates.insert(found->second.proven.begin(), found->second.proven.end());
  }
  std::vector<std::string> all;
  for (const std::string& domain : candidates) {
    if (HasAll(domains_, manifest, domain)) all.push_back(domain);
  }
  return all;
}

bool DomainBook::IsContested(const Digest& blob, const std::string& domain) const {
  MutexLock lock(mutex_);
  const auto found = domains_.find(blob);
  if (found == domains_.end() || found->second.proven.contains(domain)) return false;
  const size_t own = found->second.begun.contains(domain) ? 1 : 0;
  return !found->second.proven.empty() || found->second.begun.size() > own;
}

Status DomainBook::Begin(const std::set<Digest>& absent, const std::string& domain) {
  MutexLock lock(mutex_);
  DomainMap next = domains_;
  for (const Digest& blob : absent) {
    BlobDomains& of = next[blob];
    // What was proven was so of a copy that is gone; or of one that came since somebody looked, and is not this
    // domain's.
    of.begun.merge(of.proven);
    of.proven.clear();
    of.begun.insert(domain);
  }
  return Replace(std::move(next));
}

Status DomainBook::Prove(const std::set<Digest>& blobs, const std::string& domain) {
  MutexLock lock(mutex_);
  DomainMap next = domains_;
  for (const Digest& blob : blobs) {
    BlobDomains& of = next[blob];
    of.proven.insert(domain);
    of.begun.erase(domain);
  }
  return Replace(std::move(next));
}

Status DomainBook::Replace(DomainMap next) {
  if (next == domains_) return OkStatus();
  RETURN_IF_ERROR(ReplaceSmallFile(file_, DomainsToJson(next)));
  domains_ = std::move(next);
  return OkStatus();
}

Result<Manifest> SwarmManifest(const Manifest& manifest, const std::string& domain) {
  if (domain.empty()) return manifest;
  std::vector<ManifestFile> files = manifest.files();
  ASSIGN_OR_RETURN(SafePath mark, SafePath::Parse(kMark + Digest::Of(domain).Hex()));
  files.push_back({std::move(mark), Digest::Of(""), 0});
  return Manifest::Make(std::move(files));
}

bool IsDomainMark(std::string_view path) { return path.starts_with(kMark); }

}  // namespace ballast
