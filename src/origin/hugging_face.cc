#include "origin/hugging_face.h"

#include <utility>

#include "base/strings.h"
#include "origin/ranged_body.h"

namespace ballast {
namespace {

constexpr size_t kMaxInfoBytes = 64 << 20;  // a million siblings
constexpr size_t kMaxPageBytes = 32 << 20;
constexpr int kMaxPages = 10'000;

std::string RevisionOf(const ModelRef& ref) { return ref.revision.empty() ? "main" : ref.revision; }

// "org/name/resolve/<commit>/<path>", with "datasets/" before it for a data set.
std::string ResolveTarget(const ModelRef& ref, const std::string& commit, const SafePath& path) {
  const std::string type = ref.repo_type == "models" ? "" : ref.repo_type + "/";
  return StrCat("/", type, EncodePath(ref.name), "/resolve/", EncodeSegment(commit), "/", EncodePath(path.str()));
}

bool IsSha256(const std::string& etag) { return Digest::FromHex(etag).ok(); }

Status Changed(std::string_view what, std::string_view before, std::string_view now) {
  return FailedPrecondition(StrCat("its ", what, " was ", Quoted(before, 80), " and is ", Quoted(now, 80),
                                   " now: it changed at the origin, resolve it again"));
}

// What the hub says of the file beside its bytes must still be what it listed.
Status CheckHubHeaders(const HttpHeaders& headers, const std::string& commit, const RemoteFile& file) {
  const std::string& at = headers.Get("x-repo-commit");
  if (!at.empty() && at != commit) return Changed("commit", commit, at);
  const std::string etag = NormalizedEtag(headers.Get("x-linked-etag"));
  if (file.sha256 && IsSha256(etag) && etag != file.sha256->Hex()) return Changed("sha256", file.sha256->Hex(), etag);
  const std::string& size = headers.Get("x-linked-size");
  if (!size.empty() && size != StrCat(file.size)) return Changed("size", StrCat(file.size), size);
  return OkStatus();
}

// An error of what the hub redirects to. The token has nothing to do with it.
Status StatusOfStorage(const HttpAnswer& answer, const HttpContext& context, WallTime now) {
  const int status = answer.status;
  if (status < 400 || status >= 500 || status == 408 || status == 416 || status == 429) {
    return StatusOfAnswer(answer, context, now);
  }
  return Unavailable(StrCat("the storage that origin ", context.origin, " redirects to, ", answer.url.Root(),
                            ", answered ", status, " for ", context.what,
                            "; the link may have run out, a later attempt gets a new one"));
}

// A signed link that has run out says so with one of these (CloudFront, S3: 403; others 401, 410).
bool SaysExpired(int status) { return status == 401 || status == 403 || status == 410; }

}  // namespace

// One Read() while it runs.
struct HuggingFace::Reading {
  const ResolvedModel& model;
  const RemoteFile& file;
  ByteRange range;
  HttpContext context;
  RangedBody body;
  std::unique_ptr<LinkCache::Ticket> ticket;
};

Result<std::unique_ptr<HuggingFace>> HuggingFace::Make(HuggingFaceOptions options, const Clock& clock) {
  auto endpoint = Url::Parse(options.endpoint);
  if (!endpoint.ok()) return endpoint.status().WithContext(StrCat("endpoint of origin ", options.name));
  if (endpoint->target.find('?') != std::string::npos) {
    return InvalidArgument(StrCat("endpoint of origin ", options.name, " must not have a query: ", endpoint->Shown()));
  }
  while (!endpoint->target.empty() && endpoint->target.back() == '/') endpoint->target.pop_back();
  options.http.origin = options.name;
  return std::unique_ptr<HuggingFace>(new HuggingFace(std::move(options), *std::move(endpoint), clock));
}

HuggingFace::HuggingFace(HuggingFaceOptions options, Url endpoint, const Clock& clock)
    : options_(std::move(options)), endpoint_(std::move(endpoint)), clock_(clock), http_(options_.http) {}

Url HuggingFace::At(const std::string& target) const {
  Url url = endpoint_;
  url.target += target;
  return url;
}

std::string HuggingFace::PageOf(const ModelRef& ref) const {
  return At(StrCat("/", ref.repo_type == "models" ? "" : ref.repo_type + "/", EncodePath(ref.name))).ToString();
}

Result<ResolvedModel> HuggingFace::Resolve(const ModelRef& ref, const PathFilter& filter, std::stop_token stop) {
  RETURN_IF_ERROR(filter.Validate());
  const HttpContext context{options_.name, ref.ToString(), PageOf(ref), options_.token};
  ASSIGN_OR_RETURN(std::string commit, ResolveCommit(ref, context, stop));
  TreeListing listing(filter);
  RETURN_IF_ERROR(ReadTree(ref, commit, context, listing, stop));
  auto files = listing.Finish();
  if (!files.ok()) return files.status().WithContext(context.what);
  return ResolvedModel{ref, std::move(commit), *std::move(files)};
}

Result<HttpText> HuggingFace::Ask(const Url& url, size_t max_bytes, const HttpContext& context,
                                  const std::stop_token& stop) {
  ASSIGN_OR_RETURN(std::string token, options_.token.Load());
  ASSIGN_OR_RETURN(HttpText text, http_.GetText({.url = url, .token = std::move(token)}, max_bytes, stop));
  RETURN_IF_ERROR(StatusOfAnswer(text.head, context, clock_.Now()));
  return text;
}

Result<std::string> HuggingFace::ResolveCommit(const ModelRef& ref, const HttpContext& context,
                                               const std::stop_token& stop) {
  const Url url =
      At(StrCat("/api/", ref.repo_type, "/", EncodePath(ref.name), "/revision/", EncodeSegment(RevisionOf(ref))));
  ASSIGN_OR_RETURN(const HttpText text, Ask(url, kMaxInfoBytes, context, stop));
  auto commit = ParseRevisionInfo(text.body);
  if (!commit.ok()) {
    return commit.status().WithContext(
        StrCat(url.Shown(), " does not answer like a hub's API (is the endpoint right?)"));
  }
  if (IsCommit(ref.revision) && *commit != ref.revision) {
    return InvalidArgument(StrCat(url.Shown(), " answered with another commit, ", *commit));
  }
  return commit;
}

Status HuggingFace::ReadTree(const ModelRef& ref, const std::string& commit, const HttpContext& context,
                             TreeListing& listing, const std::stop_token& stop) {
  std::optional<Url> url =
      At(StrCat("/api/", ref.repo_type, "/", EncodePath(ref.name), "/tree/", commit, "?recursive=true&expand=false"));
  for (int pages = 0; url; ++pages) {
    if (pages == kMaxPages)
      return InvalidArgument(StrCat(context.what, ": the listing has more than ", kMaxPages, " pages"));
    ASSIGN_OR_RETURN(const HttpText page, Ask(*url, kMaxPageBytes, context, stop));
    if (const Status status = listing.AddPage(page.body); !status.ok()) {
      return status.WithContext(StrCat("file list of ", context.what));
    }
    ASSIGN_OR_RETURN(auto next, NextPage(page));
    if (next == url) return InvalidArgument(StrCat(context.what, ": a page of the listing names itself as the next"));
    url = std::move(next);
  }
  return OkStatus();
}

// The token goes along, so the next page must be at the very hub that was asked.
Result<std::optional<Url>> HuggingFace::NextPage(const HttpText& page) const {
  const std::string link = ParseLinkNext(page.head.headers.Get("link"));
  if (link.empty()) return std::optional<Url>();
  ASSIGN_OR_RETURN(Url next, page.head.url.Join(link));
  if (next.SameOrigin(endpoint_)) return std::optional(std::move(next));
  return PermissionDenied(StrCat("origin ", options_.name, " at ", endpoint_.Root(), " continues its file list at ",
                                 next.Root(), ", which is refused; a mirror must rewrite its Link headers to itself"));
}

Status HuggingFace::Read(const ResolvedModel& model, const RemoteFile& file, ByteRange range, const ByteSink& sink,
                         std::stop_token stop) {
  if (range.begin > range.end || range.end > file.size) {
    return OutOfRange(StrCat("bytes ", range.begin, " to ", range.end, " of ", file.path, ", which has ", file.size));
  }
  if (range.empty()) return OkStatus();
  const std::string what = StrCat(file.path, " of ", model.ref.ToString());
  Reading reading{
      model, file, range, {options_.name, what, PageOf(model.ref), options_.token}, {what, range, file.size, sink}, {}};
  // A file read in one go needs no link kept.
  if (range.size() == file.size) {
    bool expired = false;
    return reading.body.Finish(Attempt(reading, {}, expired, stop));
  }
  const std::string key = StrCat(model.ref.Uri(), "@", model.commit, "/", file.path);
  for (bool again = false;; again = true) {
    ASSIGN_OR_RETURN(LinkCache::Found found, links_.Find(key, stop));
    reading.ticket = std::move(found.ticket);
    bool expired = false;
    const Status status = Attempt(reading, found.link, expired, stop);
    if (expired) links_.Forget(key, *found.link);
    if (!expired || again) return reading.body.Finish(status);
  }
}

Result<HttpRequest> HuggingFace::RequestFor(const Reading& reading, const std::optional<FileLink>& link) const {
  HttpRequest request{.url = At(ResolveTarget(reading.model.ref, reading.model.commit, reading.file.path))};
  if (reading.range.size() != reading.file.size) request.range = reading.range;
  if (link && link->url) {
    request.url = *link->url;
  } else {
    ASSIGN_OR_RETURN(request.token, options_.token.Load());
  }
  return request;
}

Status HuggingFace::Attempt(Reading& reading, const std::optional<FileLink>& link, bool& expired,
                            const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const HttpRequest request, RequestFor(reading, link));
  const auto on_head = [&](const HttpAnswer& answer) -> Status {
    expired = link && link->url && SaysExpired(answer.status);
    return CheckHead(reading, link, answer);
  };
  return http_.Stream(
      request, on_head, [&](auto bytes) { return reading.body.OnBody(bytes); }, stop);
}

Status HuggingFace::CheckHead(Reading& reading, const std::optional<FileLink>& link, const HttpAnswer& answer) const {
  const bool elsewhere = !answer.url.SameOrigin(endpoint_);
  RETURN_IF_ERROR((elsewhere ? StatusOfStorage : StatusOfAnswer)(answer, reading.context, clock_.Now()));
  const HttpHeaders& hub = answer.redirected ? answer.redirect_headers : answer.headers;
  const bool from_hub = !link || !link->url;
  if (from_hub)
    RETURN_IF_ERROR(CheckHubHeaders(hub, reading.model.commit, reading.file).WithContext(reading.context.what));
  const std::string etag = NormalizedEtag(answer.headers.Get("etag"));
  if (link && !link->etag.empty() && !etag.empty() && link->etag != etag) {
    return Changed("ETag", link->etag, etag).WithContext(reading.context.what);
  }
  RETURN_IF_ERROR(reading.body.OnHead(answer));
  if (!reading.ticket) return OkStatus();
  reading.ticket->Put({elsewhere ? std::optional(answer.url) : std::nullopt, etag});
  reading.ticket.reset();
  return OkStatus();
}

}  // namespace ballast
