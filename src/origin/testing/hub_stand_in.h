// A Hugging Face Hub to test against: it serves a folder of repositories, or repositories that a test publishes, as the
// real hub does over HTTP, and misbehaves on request. README.md beside this file describes the program form, the folder
// and what of the hub is there.
//
//   auto hub = hub::StandIn::Start({});                       // free ports on loopback
//   hub->Publish("org/name", {{.path = "config.json", .bytes = "{}"}, {.path = "model.safetensors", .bytes =
//   weights}}); hub->AddFault({.kind = hub::FaultKind::kCorrupt, .port = hub::Port::kCdn, .offset = 12});
//   ... HF_ENDPOINT = hub->endpoint() ...
//   EXPECT_THAT(hub->requests(), ...);
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "origin/testing/hub_content.h"
#include "origin/testing/hub_fault.h"
#include "origin/testing/hub_limit.h"
#include "origin/testing/hub_repository.h"
#include "origin/testing/hub_request.h"

namespace ballast::hub {

struct Options {
  std::filesystem::path root;  // served from the start if not empty; see README.md
  std::string prefix;          // "/api/huggingfaceml/hf-remote": a mirror's path in front of everything on the hub port

  // The CDN is another host by default, as it is in the world; set both to the same for "same host, other port".
  std::string address = "127.0.0.1";
  std::string cdn_address = "127.0.0.2";
  uint16_t port = 0;  // 0: a free one
  uint16_t cdn_port = 0;
  std::string public_host;  // names in URLs instead of the addresses
  std::string cdn_public_host;

  std::filesystem::path certificate;  // PEM chain and key: both ports speak TLS
  std::filesystem::path key;
  bool only_tls_1_0 = false;

  size_t page_size = 1000;     // tree entries a page; a request's limit= may lower it
  bool resolve_cache = false;  // plain files by a relative redirect to /api/resolve-cache/..., as huggingface.co does
  std::vector<std::string> tokens;          // known users without any right of their own
  std::chrono::seconds url_lifetime{3600};  // of a signed CDN URL
  int url_uses = -1;                        // requests that a signed URL is good for; -1: any number
  RateLimit api_limit;                      // /api/...
  RateLimit resolve_limit;                  // /.../resolve/...
  const Clock* clock = nullptr;             // of expiry and rate limits; null: the real one. Outlives the stand-in
};

// Thread-safe. Requests are served by threads of its own; the destructor stops them and closes all connections.
class StandIn {
 public:
  // Unavailable: an address is taken. InvalidArgument: root, certificate or a .hub.json is unusable.
  static Result<std::unique_ptr<StandIn>> Start(Options options);
  ~StandIn();
  StandIn(const StandIn&) = delete;
  StandIn& operator=(const StandIn&) = delete;

  std::string endpoint() const;      // "http://127.0.0.1:40123/prefix", for HF_ENDPOINT
  std::string cdn_endpoint() const;  // "http://127.0.0.2:40124"
  uint16_t port() const;
  uint16_t cdn_port() const;

  // Makes `files` the content of a branch and returns its commit; earlier commits stay. `repository` is "org/name",
  // "datasets/org/name" or "spaces/org/name". The same content always has the same commit.
  Result<std::string> Publish(const std::string& repository, const std::vector<File>& files,
                              const std::string& branch = "main", const LfsRule& rule = {});
  // As Publish, but what the branch was before is gone: RevisionNotFound.
  Result<std::string> ForcePush(const std::string& repository, const std::vector<File>& files,
                                const std::string& branch = "main", const LfsRule& rule = {});
  // NotFound if there is no such repository or commit.
  Status Tag(const std::string& repository, const std::string& tag, const std::string& commit);
  Status SetAccess(const std::string& repository, const Access& access);
  void Remove(const std::string& repository);
  // The commit of a branch or tag; "" if there is none.
  std::string Commit(const std::string& repository, const std::string& revision = "main") const;

  void SetUrlLifetime(std::chrono::seconds lifetime, int uses = -1);  // for URLs signed from now on
  void ExpireUrls();                                                  // every URL signed so far answers 403
  void SetLimits(const RateLimit& api, const RateLimit& resolve);

  void AddFault(Fault fault);
  void ClearFaults();  // also releases
  void Release();      // lets every stalled answer go on; later ones stall again

  std::vector<LoggedRequest> requests() const;
  void ClearRequests();
  // Blocks until `condition` holds for the log. It is asked again whenever a request comes, makes progress or ends.
  void WaitFor(const std::function<bool(const std::vector<LoggedRequest>&)>& condition) const;
  // Blocks until `count` answers stand stalled.
  void WaitForStalled(int count) const;

  void Stop();

 private:
  class Impl;
  explicit StandIn(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ballast::hub
