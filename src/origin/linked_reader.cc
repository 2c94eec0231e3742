#include "origin/linked_reader.h"

#include "base/strings.h"
#include "origin/ranged_body.h"

namespace ballast {
namespace {

// A signed link that has run out says so with one of these (CloudFront, S3: 403; others 401, 410).
bool SaysExpired(int status) { return status == 401 || status == 403 || status == 410; }

// An error of what the origin redirects to. The token has nothing to do with it.
Status StatusOfStorage(const HttpAnswer& answer, const HttpContext& context, WallTime now) {
  const int status = answer.status;
  if (status < 400 || status >= 500 || status == 408 || status == 416 || status == 429) {
    return StatusOfAnswer(answer, context, now);
  }
  return Unavailable(StrCat("the storage that origin ", context.origin, " redirects to, ", answer.url.Root(),
                            ", answered ", status, " for ", context.what,
                            "; the link may have run out, a later attempt gets a new one"));
}

// Whether it is the same file, its digest tells in the end; what is mixed on the way would be fetched in vain.
Status CheckEtag(const std::string& before, const std::string& now) {
  if (before.empty() || now.empty() || before == now) return OkStatus();
  return DataLoss(StrCat("its ETag was ", Quoted(before, 80), " and is ", Quoted(now, 80),
                         ": the origin sends other bytes than before; what it sends is compared with the digest"));
}

}  // namespace

// One Read() while it runs.
struct LinkedReader::Reading {
  const LinkedFile& file;
  ByteRange range;
  RangedBody body;
  LinkCache::Found found{};
  bool expired = false;      // the link has run out
  bool other_bytes = false;  // what it leads to is not what it was

  bool whole() const { return range.size() == file.size; }
  bool by_link() const { return found.link && found.link->url; }
};

Status LinkedReader::Read(const LinkedFile& file, ByteRange range, const ByteSink& sink, const std::stop_token& stop) {
  if (range.begin > range.end || range.end > file.size) {
    return OutOfRange(
        StrCat("bytes ", range.begin, " to ", range.end, " of ", file.context.what, ", which has ", file.size));
  }
  if (range.empty()) return OkStatus();
  Reading reading{.file = file, .range = range, .body = {file.context.what, range, file.size, sink}};
  if (reading.whole()) return reading.body.Finish(Attempt(reading, stop));  // asked once: no link to keep
  for (bool again = false;; again = true) {
    ASSIGN_OR_RETURN(reading.found, links_.Find(file.key, stop));
    const Status status = Attempt(reading, stop);
    const bool useless = reading.expired || reading.other_bytes;
    if (useless && reading.found.link) links_.Forget(file.key, *reading.found.link);
    if (!reading.expired || again) return reading.body.Finish(status);
  }
}

Result<HttpRequest> LinkedReader::RequestFor(const Reading& reading) const {
  HttpRequest request{.url = reading.by_link() ? *reading.found.link->url : reading.file.url};
  if (!reading.whole()) request.range = reading.range;
  if (reading.by_link()) return request;
  ASSIGN_OR_RETURN(request.token, token_.Load());
  return request;
}

Status LinkedReader::Attempt(Reading& reading, const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const HttpRequest request, RequestFor(reading));
  reading.expired = reading.other_bytes = false;
  const auto on_head = [&](const HttpAnswer& answer) {
    reading.expired = reading.by_link() && SaysExpired(answer.status);
    Status status = CheckHead(reading, answer);
    reading.other_bytes = status.code() == StatusCode::kDataLoss || status.code() == StatusCode::kFailedPrecondition;
    return status;
  };
  return http_.Stream(
      request, on_head, [&](auto bytes) { return reading.body.OnBody(bytes); }, stop);
}

Status LinkedReader::CheckHead(Reading& reading, const HttpAnswer& answer) const {
  const LinkedFile& file = reading.file;
  const bool elsewhere = !answer.url.SameOrigin(file.url);
  RETURN_IF_ERROR((elsewhere ? StatusOfStorage : StatusOfAnswer)(answer, file.context, clock_.Now()));
  if (!reading.by_link() && file.check_origin_headers) {
    const HttpHeaders& headers = answer.redirected ? answer.redirect_headers : answer.headers;
    RETURN_IF_ERROR(file.check_origin_headers(headers).WithContext(file.context.what));
  }
  const std::string etag = NormalizedEtag(answer.headers.Get("etag"));
  if (reading.found.link) RETURN_IF_ERROR(CheckEtag(reading.found.link->etag, etag).WithContext(file.context.what));
  RETURN_IF_ERROR(reading.body.OnHead(answer));
  if (reading.found.ticket) {
    reading.found.ticket->Put({elsewhere ? std::optional(answer.url) : std::nullopt, etag});
    reading.found.ticket.reset();
  }
  return OkStatus();
}

}  // namespace ballast
