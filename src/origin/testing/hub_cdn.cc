#include "origin/testing/hub_cdn.h"

#include <openssl/rand.h>

#include <array>

#include "base/strings.h"
#include "origin/testing/hub_digest.h"
#include "origin/testing/hub_url.h"

namespace ballast::hub {
namespace {

constexpr size_t kManyGrants = 4096;

std::string RandomHex() {
  std::array<unsigned char, 16> bytes;
  BALLAST_CHECK(RAND_bytes(bytes.data(), bytes.size()) == 1);
  return HexEncode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

Reply Denied(int status, const std::string& code, const std::string& message) {
  return TextReply(status, "application/xml",
                   StrCat("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>", code, "</Code><Message>", message,
                          "</Message></Error>"));
}

}  // namespace

void SignedUrls::SetLifetime(std::chrono::seconds lifetime, int uses) {
  MutexLock lock(mutex_);
  lifetime_ = lifetime;
  uses_ = uses;
}

void SignedUrls::ExpireAll() {
  MutexLock lock(mutex_);
  grants_.clear();
}

std::string SignedUrls::Sign(const Entry& entry, const std::string& file, WallTime now) {
  MutexLock lock(mutex_);
  if (grants_.size() > kManyGrants)
    std::erase_if(grants_, [&](const auto& grant) { return grant.second.expires <= now; });
  WallTime expires = now + lifetime_;
  int64_t seconds = std::chrono::duration_cast<std::chrono::seconds>(expires.time_since_epoch()).count();
  std::string name = PercentEncode(entry.path.substr(entry.path.rfind('/') + 1));
  std::string url = StrCat("/repos/", Sha1(file).substr(0, 16), "/", entry.etag(),
                           "?response-content-disposition=inline%3B+filename%3D%22", PercentEncode(name),
                           "%22&Expires=", seconds, "&Signature=", RandomHex(), "&Key-Pair-Id=STANDIN");
  // Of the content, but neither its sha256 nor its git sha1: a CDN's ETag is its own affair.
  std::string etag = Sha256(StrCat("cdn", entry.etag())).substr(0, 32);
  grants_.emplace(url, Grant{entry.content, etag, file, expires, uses_});
  return url;
}

Reply SignedUrls::Answer(const Request& request, WallTime now) {
  if (!request.Header("authorization").empty()) {
    return Denied(400, "InvalidArgument", "Only one auth mechanism allowed");
  }
  if (request.method != "GET" && request.method != "HEAD") return Denied(405, "MethodNotAllowed", "not allowed");
  MutexLock lock(mutex_);
  auto at = grants_.find(request.path + "?" + request.query);
  if (at == grants_.end() || at->second.expires <= now || at->second.uses == 0) {
    return Denied(403, "AccessDenied", "Access denied: the signature is wrong or has expired");
  }
  Grant& grant = at->second;
  if (grant.uses > 0) --grant.uses;
  return FileReply(grant.content, grant.etag, grant.file).Set("Content-Type", "application/octet-stream");
}

}  // namespace ballast::hub
