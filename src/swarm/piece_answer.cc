#include "swarm/piece_answer.h"

#include "base/strings.h"
#include "swarm/http_head.h"

namespace ballast {
namespace {

constexpr std::string_view kUploads = "Ballast-Uploads";

std::string_view ReasonOf(int code) {
  switch (code) {
    case 206:
      return "Partial Content";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 416:
      return "Range Not Satisfiable";
    case 431:
      return "Request Header Fields Too Large";
    default:
      return "Service Unavailable";
  }
}

Result<int> ReadStatusLine(std::string_view line) {
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  uint64_t code = 0;
  if (line.substr(0, kVersion.size()) != kVersion || !ParseUint64(line.substr(kVersion.size(), 3), code) ||
      code < 200 || code > 599 || line.size() < 12 || (line.size() > 12 && line[12] != ' '))
    return InvalidArgument(StrCat("the status line is ", Quoted(line, 60)));
  return static_cast<int>(code);
}

Result<uint64_t> ReadNumber(std::string_view field, std::string_view text) {
  uint64_t number = 0;
  if (!ParseUint64(text, number)) return InvalidArgument(StrCat(field, " is ", Quoted(text, 60)));
  return number;
}

Result<ContentRange> ReadContentRange(std::string_view value) {
  constexpr std::string_view kUnit = "bytes ";
  const size_t dash = value.find('-');
  const size_t slash = value.find('/');
  ContentRange content;
  uint64_t last = 0;
  if (value.substr(0, kUnit.size()) != kUnit || dash == std::string_view::npos || slash == std::string_view::npos ||
      slash < dash || !ParseUint64(value.substr(kUnit.size(), dash - kUnit.size()), content.range.begin) ||
      !ParseUint64(value.substr(dash + 1, slash - dash - 1), last) ||
      !ParseUint64(value.substr(slash + 1), content.size) || last < content.range.begin || last >= content.size ||
      content.size > kMaxFileSize)
    return InvalidArgument(StrCat("Content-Range is ", Quoted(value, 60)));
  content.range.end = last + 1;
  return content;
}

Status ReadFields(const HttpHead& head, PieceAnswer& answer) {
  ASSIGN_OR_RETURN(const auto encoding, head.Only("transfer-encoding"));
  if (encoding) return InvalidArgument("it has a Transfer-Encoding");
  ASSIGN_OR_RETURN(const auto length, head.Only("content-length"));
  if (!length) return InvalidArgument("it has no Content-Length");
  ASSIGN_OR_RETURN(answer.length, ReadNumber("Content-Length", *length));
  ASSIGN_OR_RETURN(const auto range, head.Only("content-range"));
  if (range && answer.code == 206) {
    ASSIGN_OR_RETURN(answer.range, ReadContentRange(*range));
  }
  ASSIGN_OR_RETURN(const auto uploads, head.Only(ToLower(kUploads)));
  if (uploads) {
    ASSIGN_OR_RETURN(answer.uploads, ReadNumber(kUploads, *uploads));
  }
  ASSIGN_OR_RETURN(const auto connection, head.Only("connection"));
  answer.close = connection && HasToken(*connection, "close");
  return OkStatus();
}

std::string Common(int code, uint64_t length, uint64_t uploads, bool close) {
  return StrCat("HTTP/1.1 ", code, " ", ReasonOf(code), "\r\nContent-Length: ", length, "\r\n", kUploads, ": ", uploads,
                "\r\n", close ? "Connection: close\r\n" : "");
}

}  // namespace

Result<std::optional<PieceAnswer>> ReadPieceAnswer(std::string_view bytes) {
  ASSIGN_OR_RETURN(const std::optional<HttpHead> head, ReadHttpHead(bytes));
  if (!head) return std::optional<PieceAnswer>();
  PieceAnswer answer;
  answer.head_bytes = head->bytes;
  ASSIGN_OR_RETURN(answer.code, ReadStatusLine(head->start_line));
  RETURN_IF_ERROR(ReadFields(*head, answer));
  return std::optional(answer);
}

Status CheckBody(const PieceAnswer& answer, const ByteRange& wanted) {
  if (answer.code != 206) return InvalidArgument(StrCat("the status is ", answer.code, ", not 206"));
  if (!answer.range) return InvalidArgument("it has no Content-Range");
  if (answer.range->range != wanted)
    return InvalidArgument(StrCat("it is bytes ", answer.range->range.begin, "-", answer.range->range.end - 1,
                                  ", asked for were ", wanted.begin, "-", wanted.end - 1));
  if (answer.length != wanted.size())
    return InvalidArgument(StrCat("it has ", answer.length, " bytes, asked for were ", wanted.size()));
  return OkStatus();
}

Status RefusalStatus(int code, std::string_view text) {
  std::string message = StrCat("it answers ", code, ": ", Quoted(text));
  switch (code) {
    case 403:
      return PermissionDenied(std::move(message));
    case 404:
    case 416:
      return NotFound(std::move(message));
    case 503:
      return ResourceExhausted(std::move(message));
    default:
      return Unavailable(std::move(message));
  }
}

std::string FormatPieceHead(const ContentRange& content, uint64_t uploads, bool close) {
  return StrCat(Common(206, content.range.size(), uploads, close), "Content-Type: application/octet-stream\r\n",
                "Content-Range: bytes ", content.range.begin, "-", content.range.end - 1, "/", content.size,
                "\r\n\r\n");
}

std::string FormatRefusal(int code, std::string_view text, uint64_t uploads, bool close) {
  const std::string_view line = text.substr(0, kMaxRefusalBytes - 1);
  return StrCat(Common(code, line.size() + 1, uploads, close), code == 405 ? "Allow: GET\r\n" : "",
                "Content-Type: text/plain; charset=utf-8\r\n\r\n", line, "\n");
}

}  // namespace ballast
