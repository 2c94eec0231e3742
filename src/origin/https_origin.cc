#include "origin/https_origin.h"

#include <utility>

#include "base/strings.h"

namespace ballast {
namespace {

// The URL of a reference; http:// proves nothing of who answers.
Result<Url> UrlOf(const ModelRef& ref) {
  ASSIGN_OR_RETURN(Url url, Url::Parse(ref.name));
  if (url.scheme == "https") return url;
  return InvalidArgument(StrCat(url.Shown(), ": only https:// is served"));
}

Result<SafePath> FileName(const Url& url) {
  const std::string path = url.target.substr(0, url.target.find('?'));
  return SafePath::Parse(DecodePercent(path.substr(path.rfind('/') + 1)));
}

// What the head of the answer says of the whole file's size.
std::optional<uint64_t> AnnouncedSize(const HttpAnswer& answer) {
  uint64_t size = 0;
  if (answer.status == 206) {
    const auto range = ParseContentRange(answer.headers.Get("content-range"));
    return range ? range->total : std::nullopt;
  }
  return ParseUint64(answer.headers.Get("content-length"), size) ? std::optional(size) : std::nullopt;
}

// Of a file that was read or listed: how to read it.
LinkedFile Linked(const Url& url, uint64_t size, HttpContext context) {
  return {
      .key = url.ToString(), .url = url, .size = size, .context = std::move(context), .check_origin_headers = nullptr};
}

}  // namespace

HttpsOrigin::HttpsOrigin(HttpsOriginOptions options, const Clock& clock)
    : options_(std::move(options)), clock_(clock), http_(options_.http), reader_(http_, options_.token, clock) {}

Result<ResolvedModel> HttpsOrigin::Resolve(const ModelRef& ref, const PathFilter& filter, std::stop_token stop) {
  RETURN_IF_ERROR(filter.Validate());
  ASSIGN_OR_RETURN(const Url url, UrlOf(ref));
  ASSIGN_OR_RETURN(const SafePath path, FileName(url));
  ResolvedModel model{.ref = ref};
  ASSIGN_OR_RETURN(const uint64_t size, SizeOf(url, {options_.name, url.Shown(), "", options_.token}, stop));
  if (filter.Admits(path.str())) model.files.push_back({.path = path, .size = size, .sha256 = ref.sha256});
  RETURN_IF_ERROR(CheckNotEmpty(model, filter));
  RETURN_IF_ERROR(CheckListing(model.files));
  return model;
}

Status HttpsOrigin::Reach(const ModelRef& ref, Duration patience, std::stop_token stop) {
  ASSIGN_OR_RETURN(const Url url, UrlOf(ref));
  return http_.Reach(url, std::chrono::duration_cast<std::chrono::milliseconds>(patience), stop);
}

// The head of the answer alone; a body is not waited for.
Result<HttpAnswer> HttpsOrigin::AskHead(const HttpRequest& request, const std::stop_token& stop) {
  std::optional<HttpAnswer> head;
  const auto on_head = [&](const HttpAnswer& answer) {
    head = answer;
    return request.head ? OkStatus() : Cancelled("the head is all that is wanted");
  };
  Status status = http_.Stream(
      request, on_head, [](auto) { return OkStatus(); }, stop);
  if (head) return *std::move(head);
  return status;
}

// By HEAD, and where a server does not know that (or a signed URL is good for GET alone), by asking for one byte.
Result<uint64_t> HttpsOrigin::SizeOf(const Url& url, const HttpContext& context, const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const std::string token, options_.token.Load());
  ASSIGN_OR_RETURN(HttpAnswer answer, AskHead({.url = url, .head = true, .token = token}, stop));
  if (answer.status != 200 || !AnnouncedSize(answer)) {
    const HttpRequest one_byte{.url = url, .token = token, .range = ByteRange{0, 1}};
    ASSIGN_OR_RETURN(answer, AskHead(one_byte, stop));
  }
  if (answer.status == 416) return 0;  // not even a first byte
  RETURN_IF_ERROR(StatusOfAnswer(answer, context, clock_.Now()));
  if (const auto size = AnnouncedSize(answer)) return *size;
  return InvalidArgument(StrCat(context.what, ": the server does not say how large the file is"));
}

Status HttpsOrigin::Read(const ResolvedModel& model, const RemoteFile& file, ByteRange range, const ByteSink& sink,
                         std::stop_token stop) {
  ASSIGN_OR_RETURN(const Url url, UrlOf(model.ref));
  return reader_.Read(Linked(url, file.size, {options_.name, url.Shown(), "", options_.token}), range, sink, stop);
}

}  // namespace ballast
