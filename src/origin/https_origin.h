// One file behind an https:// URL, with the digest that its reference names.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "origin/http_client.h"
#include "origin/linked_reader.h"
#include "origin/origin.h"
#include "origin/token.h"

namespace ballast {

struct HttpsOriginOptions {
  std::string name = "https";  // in error texts
  TokenSource token;  // sent to whatever host a reference names: give one only to an origin that serves one host
  HttpOptions http;
};

// Thread-safe. The listing is the one file, named by the last component of the URL's path.
class HttpsOrigin final : public Origin {
 public:
  // `clock` must outlive the origin.
  HttpsOrigin(HttpsOriginOptions options, const Clock& clock);

  Result<ResolvedModel> Resolve(const ModelRef& ref, const PathFilter& filter, std::stop_token stop) override;
  Status Read(const ResolvedModel& model, const RemoteFile& file, ByteRange range, const ByteSink& sink,
              std::stop_token stop) override;
  Status Reach(const ModelRef& ref, Duration patience, std::stop_token stop) override;

 private:
  Result<HttpAnswer> AskHead(const HttpRequest& request, const std::stop_token& stop);
  Result<uint64_t> SizeOf(const Url& url, const HttpContext& context, const std::stop_token& stop);

  const HttpsOriginOptions options_;
  const Clock& clock_;
  HttpClient http_;
  LinkedReader reader_;
};

}  // namespace ballast
