// http:// and https:// URLs as values. libcurl's own parser reads them, so that what is checked here is what is
// connected to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace ballast {

struct Url {
  std::string scheme;        // "http" | "https"
  std::string host;          // lower case; "[::1]" keeps its brackets; an IPv4 address in its usual spelling
  uint16_t port = 0;         // the scheme's own where the text has none
  std::string target = "/";  // path and query; encoded; begins with '/'

  // InvalidArgument: another scheme, user and password, no host, control bytes. A fragment is dropped.
  static Result<Url> Parse(std::string_view text);
  // What `reference` (of a Location or Link header) means on this page. Errors as Parse.
  Result<Url> Join(std::string_view reference) const;

  std::string ToString() const;
  // For people and logs: without the query, which may hold a signature.
  std::string Shown() const;
  // "https://host:port", the port only where it is not the scheme's own.
  std::string Root() const;

  // Scheme, host and port are equal: the only place where a token may go.
  bool SameOrigin(const Url& other) const;

  friend bool operator==(const Url&, const Url&) = default;
};

// Percent-encoding (RFC 3986) of all but unreserved bytes. Path keeps '/', Segment does not.
std::string EncodePath(std::string_view path);
std::string EncodeSegment(std::string_view segment);
// The other way; a broken escape stays as it is.
std::string DecodePercent(std::string_view text);

}  // namespace ballast
