// Rules: no bytes crash the parsers; what is read as a request is written and read again the same, and asks for a
// digest and a bounded range; an answer that is accepted is exactly what was asked for; more bytes never change what
// was read.
#include "base/check.h"
#include "core/testing/splice.h"
#include "swarm/http_head.h"
#include "swarm/piece_answer.h"
#include "swarm/piece_request.h"

namespace {

using ballast::ByteRange;

constexpr ByteRange kWanted{10, 30};

void TryRequest(const std::string& bytes) {
  const auto read = ballast::ReadPieceRequest(bytes);
  if (!read) {
    BALLAST_CHECK(bytes.size() < ballast::kMaxHeadBytes);
    return;
  }
  BALLAST_CHECK(read->bytes <= bytes.size() && read->bytes > 0);
  const auto* const request = std::get_if<ballast::PieceRequest>(&read->what);
  if (request == nullptr) return;
  BALLAST_CHECK(!request->range.empty() && request->range.size() <= ballast::kMaxRequestBytes);
  const auto again = ballast::ReadPieceRequest(ballast::Format(*request, "host"));
  BALLAST_CHECK(again && std::get<ballast::PieceRequest>(again->what) == *request);
  const auto alone = ballast::ReadPieceRequest(bytes.substr(0, read->bytes));
  BALLAST_CHECK(alone && std::get<ballast::PieceRequest>(alone->what) == *request);
}

void TryAnswer(const std::string& bytes) {
  const auto answer = ballast::ReadPieceAnswer(bytes);
  if (!answer.ok()) return;
  if (!answer->has_value()) {
    BALLAST_CHECK(bytes.size() < ballast::kMaxHeadBytes);
    return;
  }
  BALLAST_CHECK((*answer)->head_bytes <= bytes.size() && (*answer)->code >= 200 && (*answer)->code <= 599);
  if (ballast::CheckBody(**answer, kWanted).ok())
    BALLAST_CHECK((*answer)->length == kWanted.size() && (*answer)->range->range == kWanted);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string kRequest = ballast::Format({ballast::Digest::Of("x"), {1000, 2000}, true}, "node") +
                                      ballast::Format({{}, {0, 1}, false}, "b");
  static const std::string kAnswer = ballast::FormatPieceHead({kWanted, 100}, 7, true);
  static const std::string kRefusal = ballast::FormatRefusal(503, "too many requests wait", 9, false);
  TryRequest(ballast::FuzzInput(data, size, kRequest));
  TryAnswer(ballast::FuzzInput(data, size, kAnswer));
  TryAnswer(ballast::FuzzInput(data, size, kRefusal));
  return 0;
}
