#include "origin/hugging_face.h"

#include <utility>

#include "base/strings.h"

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
                                   " now: it changed at the origin; start again to get what is there now"));
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

}  // namespace

Result<std::unique_ptr<HuggingFace>> HuggingFace::Make(HuggingFaceOptions options, const Clock& clock) {
  auto endpoint = Url::Parse(options.endpoint);
  if (!endpoint.ok()) return endpoint.status().WithContext(StrCat("endpoint of origin ", options.name));
  if (endpoint->target.find('?') != std::string::npos) {
    return InvalidArgument(StrCat("endpoint of origin ", options.name, " must not have a query: ", endpoint->Shown()));
  }
  while (!endpoint->target.empty() && endpoint->target.back() == '/') endpoint->target.pop_back();
  return std::unique_ptr<HuggingFace>(new HuggingFace(std::move(options), *std::move(endpoint), clock));
}

HuggingFace::HuggingFace(HuggingFaceOptions options, Url endpoint, const Clock& clock)
    : options_(std::move(options)),
      endpoint_(std::move(endpoint)),
      clock_(clock),
      http_(options_.http),
      reader_(http_, options_.token, clock) {}

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
  const HttpContext context = ContextOf(ref);
  ASSIGN_OR_RETURN(std::string commit, ResolveCommit(ref, context, stop));
  TreeListing listing(filter);
  RETURN_IF_ERROR(ReadTree(ref, commit, context, listing, stop));
  auto files = listing.Finish();
  if (!files.ok()) return files.status().WithContext(context.what);
  ResolvedModel model{ref, std::move(commit), *std::move(files)};
  RETURN_IF_ERROR(CheckNotEmpty(model, filter));
  return model;
}

Result<std::string> HuggingFace::FindCommit(const ModelRef& ref, std::stop_token stop) {
  return ResolveCommit(ref, ContextOf(ref), stop);
}

HttpContext HuggingFace::ContextOf(const ModelRef& ref) const {
  return {options_.name, ref.ToString(), PageOf(ref), options_.token};
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
      if (status.code() == StatusCode::kPermissionDenied) return GatedError(context);  // digests are hidden
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

Status HuggingFace::Reach(const ModelRef& /*ref*/, Duration patience, std::stop_token stop) {
  return http_.Reach(endpoint_, std::chrono::duration_cast<std::chrono::milliseconds>(patience), stop);
}

Status HuggingFace::Read(const ResolvedModel& model, const RemoteFile& file, ByteRange range, const ByteSink& sink,
                         std::stop_token stop) {
  const LinkedFile linked{
      .key = StrCat(model.ref.Uri(), "@", model.commit, "/", file.path),
      .url = At(ResolveTarget(model.ref, model.commit, file.path)),
      .size = file.size,
      .context = {options_.name, StrCat(file.path, " of ", model.ref.ToString()), PageOf(model.ref), options_.token},
      .check_origin_headers = [&](const HttpHeaders& headers) { return CheckHubHeaders(headers, model.commit, file); }};
  return reader_.Read(linked, range, sink, stop);
}

}  // namespace ballast
