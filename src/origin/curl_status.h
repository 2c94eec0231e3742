// The one place where libcurl's result codes become a Status.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "origin/url.h"

namespace ballast {

struct CurlFailure {
  int code = 0;  // CURLcode
  const Url& url;
  const std::string& proxy;
  std::string detail;           // libcurl's own words
  std::string refused_address;  // "10.0.0.1 (private), .." and what to do, where our rule kept it from connecting
  uint64_t body_bytes = 0;      // that had come
  long proxy_status = 0;        // of CONNECT
  long verify_result = 0;       // X509_V_ERR_*
};

Status StatusOf(const CurlFailure& failure);

// The proxy without user and password.
std::string ShownProxy(const std::string& proxy);

}  // namespace ballast
