// The CDN: signed URLs that expire, and the files behind them.
#pragma once

#include <chrono>
#include <map>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "origin/testing/hub_reply.h"
#include "origin/testing/hub_request.h"

namespace ballast::hub {

// Thread-safe.
class SignedUrls {
 public:
  void SetLifetime(std::chrono::seconds lifetime, int uses);  // uses < 0: any number
  void ExpireAll();

  // "/repos/...?...&Signature=..."; no two are the same.
  std::string Sign(const Entry& entry, const std::string& file, WallTime now);

  // 200 with the file; 403 if the URL is not one of ours, altered, expired or used up; 400 if the request also carries
  // Authorization, as object stores answer when two ways to authenticate are mixed.
  Reply Answer(const Request& request, WallTime now);

 private:
  struct Grant {
    Content content;
    std::string etag;
    std::string file;
    WallTime expires;
    int uses;
  };

  Mutex mutex_;
  std::chrono::seconds lifetime_ GUARDED_BY(mutex_){3600};
  int uses_ GUARDED_BY(mutex_) = -1;
  std::map<std::string, Grant> grants_ GUARDED_BY(mutex_);
};

}  // namespace ballast::hub
