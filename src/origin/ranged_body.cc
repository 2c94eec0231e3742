#include "origin/ranged_body.h"

#include <algorithm>

#include "base/strings.h"

namespace ballast {
namespace {

std::string Shown(ByteRange range) { return StrCat(range.begin, "-", range.end - 1); }

Result<std::optional<uint64_t>> ContentLength(const HttpAnswer& answer) {
  if (!answer.headers.Has("content-length")) return std::optional<uint64_t>();
  uint64_t length = 0;
  if (!ParseUint64(answer.headers.Get("content-length"), length)) return DataLoss("the Content-Length is no number");
  return std::optional(length);
}

Status WrongSize(uint64_t size, uint64_t listed) {
  return DataLoss(StrCat("the answer is of a file of ", size, " bytes, and ", listed,
                         " were listed; it changed at the origin, or something on the way (a proxy, a login page) "
                         "answers in its place"));
}

Result<BodyPlan> PlanWhole(std::optional<uint64_t> length, ByteRange wanted, uint64_t file_size) {
  if (length && *length != file_size) return WrongSize(*length, file_size);
  if (wanted.begin > kMaxSkippedBytes) {
    return Unimplemented(StrCat("the server ignores Range (200 instead of 206), so bytes ", Shown(wanted),
                                " can't be had alone; use a server or mirror that knows ranges"));
  }
  return BodyPlan{.skip = wanted.begin, .ends_early = wanted.end < file_size};
}

Result<BodyPlan> PlanPart(const HttpAnswer& answer, std::optional<uint64_t> length, ByteRange wanted,
                          uint64_t file_size) {
  const std::string& header = answer.headers.Get("content-range");
  const auto range = ParseContentRange(header);
  if (!range) return DataLoss(StrCat("206 with Content-Range ", Quoted(header, 80)));
  if (range->total && *range->total != file_size) return WrongSize(*range->total, file_size);
  const uint64_t promised = length.value_or(wanted.size());
  if (range->begin != wanted.begin || range->end != wanted.end || promised != wanted.size()) {
    return DataLoss(
        StrCat("asked for bytes ", Shown(wanted), ", got ", Quoted(header, 80), " with ", promised, " bytes"));
  }
  return BodyPlan{};
}

}  // namespace

Result<BodyPlan> PlanBody(const HttpAnswer& answer, ByteRange wanted, uint64_t file_size) {
  ASSIGN_OR_RETURN(const auto length, ContentLength(answer));
  return answer.status == 206 ? PlanPart(answer, length, wanted, file_size) : PlanWhole(length, wanted, file_size);
}

Status RangedBody::OnHead(const HttpAnswer& answer) {
  auto plan = PlanBody(answer, wanted_, file_size_);
  if (!plan.ok()) return plan.status().WithContext(what_);
  plan_ = *plan;
  return OkStatus();
}

Status RangedBody::OnBody(std::span<const std::byte> bytes) {
  const uint64_t skipped = std::min<uint64_t>(plan_.skip, bytes.size());
  plan_.skip -= skipped;
  bytes = bytes.subspan(skipped);
  if (bytes.empty()) return OkStatus();
  const auto wanted = bytes.first(std::min<uint64_t>(bytes.size(), missing()));
  if (!wanted.empty()) RETURN_IF_ERROR(sink_(wanted));
  delivered_ += wanted.size();
  if (wanted.size() < bytes.size() && !plan_.ends_early)
    return DataLoss(StrCat(what_, ": more bytes came than were announced"));
  enough_ = plan_.ends_early && missing() == 0;
  return enough_ ? Cancelled("all that is wanted has come") : OkStatus();
}

Status RangedBody::Finish(const Status& transfer) const {
  if (enough_) return OkStatus();
  if (!transfer.ok()) return transfer;
  if (missing() == 0) return OkStatus();
  return DataLoss(StrCat(what_, ": the body ended ", missing(), " bytes early"));
}

}  // namespace ballast
