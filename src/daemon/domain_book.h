// By whose right the blobs of this node are here.
//
// An access domain is a namespace with a token, "" is everybody. A blob satisfies a manifest of a domain only if that
// domain's own origin delivered it, or has shown by an authorized request that it has the same bytes. A digest alone
// shows nothing: hubs tell the digests of gated repositories to everybody, and a reference may claim any.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "core/digest.h"
#include "core/manifest.h"

namespace ballast {

struct BlobDomains {
  std::set<std::string> proven;
  std::set<std::string> begun;  // downloads of these domains put bytes into it before it was whole

  friend bool operator==(const BlobDomains&, const BlobDomains&) = default;
};
using DomainMap = std::map<Digest, BlobDomains>;

std::string DomainsToJson(const DomainMap& domains);
// InvalidArgument for anything that DomainsToJson does not write.
Result<DomainMap> DomainsFromJson(std::string_view json);

// Thread-safe. Lives in one small file, rewritten whole.
class DomainBook {
 public:
  // A file that can't be read is put aside: then everything is confirmed anew.
  static Result<std::unique_ptr<DomainBook>> Open(std::string file);

  bool Has(const Manifest& manifest, const std::string& domain) const;
  bool HasBlob(const Digest& blob, const std::string& domain) const;
  // The domains that have all of it.
  std::vector<std::string> DomainsOf(const Manifest& manifest) const;

  // Not proven for the domain, and somebody else may have had a part in it.
  bool IsContested(const Digest& blob, const std::string& domain) const;

  // A download of the domain begins, of blobs that are not here. Like Prove(), durable when it returns.
  Status Begin(const std::set<Digest>& absent, const std::string& domain);
  Status Prove(const std::set<Digest>& blobs, const std::string& domain);

 private:
  DomainBook(std::string file, DomainMap domains) : file_(std::move(file)), domains_(std::move(domains)) {}
  Status Replace(DomainMap next) REQUIRES(mutex_);

  const std::string file_;
  mutable Mutex mutex_;
  DomainMap domains_ GUARDED_BY(mutex_);
};

// What nodes call the swarm of a model that they have by a domain's right: only who proved that right is in it. The
// model's own manifest for "", else one that differs from every other domain's by an empty file more.
Result<Manifest> SwarmManifest(const Manifest& manifest, const std::string& domain);
// Of that empty file.
bool IsDomainMark(std::string_view path);

}  // namespace ballast
