// Reads ranges of files behind HTTP URLs that may redirect to signed links elsewhere: follows once, keeps the link,
// asks again when it has run out, and checks that it is still the same file.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "origin/http_client.h"
#include "origin/http_error.h"
#include "origin/link_cache.h"
#include "origin/token.h"

namespace ballast {

struct LinkedFile {
  std::string key;  // equal for two reads of the same bytes
  Url url;          // where the origin answers for it, with the token
  uint64_t size = 0;
  HttpContext context;
  // Told what the origin's own answer (a redirect or the file) says beside the bytes; an error ends the read. May be
  // null.
  std::function<Status(const HttpHeaders&)> check_origin_headers;
};

// Thread-safe.
class LinkedReader {
 public:
  // All must outlive the reader.
  LinkedReader(HttpClient& http, const TokenSource& token, const Clock& clock)
      : http_(http), token_(token), clock_(clock) {}

  // The contract of Origin::Read().
  Status Read(const LinkedFile& file, ByteRange range, const ByteSink& sink, const std::stop_token& stop);

 private:
  struct Reading;

  Result<HttpRequest> RequestFor(const Reading& reading) const;
  Status Attempt(Reading& reading, const std::stop_token& stop);
  Status CheckHead(Reading& reading, const HttpAnswer& answer) const;

  HttpClient& http_;
  const TokenSource& token_;
  const Clock& clock_;
  LinkCache links_;
};

}  // namespace ballast
