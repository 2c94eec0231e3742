// A Hugging Face Hub, or a mirror that speaks its API.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "origin/hf_listing.h"
#include "origin/http_client.h"
#include "origin/http_error.h"
#include "origin/linked_reader.h"
#include "origin/origin.h"
#include "origin/token.h"

namespace ballast {

struct HuggingFaceOptions {
  std::string name = "hub";                         // in error texts
  std::string endpoint = "https://huggingface.co";  // a path prefix is kept
  TokenSource token;
  HttpOptions http;
};

// Thread-safe. Resolve() asks for the commit of the revision and for that commit's tree; from then on everything is
// asked by commit, so that a branch that moves changes nothing. Read() asks the hub once per file where its bytes are.
class HuggingFace final : public Origin {
 public:
  // InvalidArgument: the endpoint is no URL. `clock` must outlive the origin.
  static Result<std::unique_ptr<HuggingFace>> Make(HuggingFaceOptions options, const Clock& clock);

  Result<ResolvedModel> Resolve(const ModelRef& ref, const PathFilter& filter, std::stop_token stop) override;
  Result<std::string> FindCommit(const ModelRef& ref, std::stop_token stop) override;
  Status Read(const ResolvedModel& model, const RemoteFile& file, ByteRange range, const ByteSink& sink,
              std::stop_token stop) override;
  Status Reach(const ModelRef& ref, Duration patience, std::stop_token stop) override;

 private:
  HuggingFace(HuggingFaceOptions options, Url endpoint, const Clock& clock);

  // `target` is appended to the endpoint.
  Url At(const std::string& target) const;
  HttpContext ContextOf(const ModelRef& ref) const;
  Result<HttpText> Ask(const Url& url, size_t max_bytes, const HttpContext& context, const std::stop_token& stop);
  Result<std::string> ResolveCommit(const ModelRef& ref, const HttpContext& context, const std::stop_token& stop);
  Status ReadTree(const ModelRef& ref, const std::string& commit, const HttpContext& context, TreeListing& listing,
                  const std::stop_token& stop);
  Result<std::optional<Url>> NextPage(const HttpText& page) const;
  std::string PageOf(const ModelRef& ref) const;

  const HuggingFaceOptions options_;
  const Url endpoint_;
  const Clock& clock_;
  HttpClient http_;
  LinkedReader reader_;
};

}  // namespace ballast
