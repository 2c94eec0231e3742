#include "swarm/piece_request.h"

#include "base/strings.h"
#include "swarm/http_head.h"

namespace ballast {
namespace {

constexpr std::string_view kBlobs = "/v1/blobs/";
constexpr char kWrongRange[] = "ask for one range, as in \"Range: bytes=0-1048575\"";

using Read = std::variant<PieceRequest, RefusedRequest>;

Read ReadTarget(std::string_view target) {
  if (target.substr(0, kBlobs.size()) != kBlobs)
    return RefusedRequest{404, "nothing is here but /v1/blobs/sha256:<64 hex digits>"};
  const auto digest = Digest::Parse(target.substr(kBlobs.size()));
  if (!digest.ok()) return RefusedRequest{400, digest.status().message()};
  return PieceRequest{.digest = *digest};
}

Read ReadStartLine(std::string_view line) {
  const std::vector<std::string_view> words = Split(line, ' ');
  if (words.size() != 3 || words[0].empty()) return RefusedRequest{400, "the request line is no HTTP/1.1"};
  if (words[2] != "HTTP/1.1") return RefusedRequest{400, "the version is not HTTP/1.1"};
  if (words[0] != "GET") return RefusedRequest{405, "only GET"};
  return ReadTarget(words[1]);
}

std::optional<ByteRange> ReadRange(std::string_view value) {
  constexpr std::string_view kUnit = "bytes=";
  const size_t dash = value.find('-');
  if (value.substr(0, kUnit.size()) != kUnit || dash == std::string_view::npos) return std::nullopt;
  ByteRange range;
  uint64_t last = 0;
  if (!ParseUint64(value.substr(kUnit.size(), dash - kUnit.size()), range.begin)) return std::nullopt;
  if (!ParseUint64(value.substr(dash + 1), last) || last < range.begin || last >= kMaxFileSize) return std::nullopt;
  range.end = last + 1;
  return range;
}

// The one field of that name, or a refusal.
std::variant<std::optional<std::string_view>, RefusedRequest> Field(const HttpHead& head, std::string_view name) {
  auto value = head.Only(name);
  if (!value.ok()) return RefusedRequest{400, value.status().message()};
  return *value;
}

Read ReadFields(const HttpHead& head, PieceRequest request) {
  std::optional<std::string_view> values[5];
  constexpr std::string_view kNames[] = {"host", "content-length", "transfer-encoding", "range", "connection"};
  for (size_t i = 0; i < std::size(kNames); ++i) {
    auto field = Field(head, kNames[i]);
    if (auto* const refused = std::get_if<RefusedRequest>(&field)) return *refused;
    values[i] = std::get<0>(field);
  }
  const auto& [host, length, encoding, range, connection] = values;
  if (!host) return RefusedRequest{400, "a Host field is missing"};
  if (length || encoding) return RefusedRequest{400, "a request has no body"};
  const auto bytes = range ? ReadRange(*range) : std::nullopt;
  if (!bytes) return RefusedRequest{400, kWrongRange};
  if (bytes->size() > kMaxRequestBytes)
    return RefusedRequest{416, StrCat("at most ", kMaxRequestBytes, " bytes at once")};
  request.range = *bytes;
  request.close = connection && HasToken(*connection, "close");
  return request;
}

Read ReadWhole(const HttpHead& head) {
  Read read = ReadStartLine(head.start_line);
  if (auto* const request = std::get_if<PieceRequest>(&read)) return ReadFields(head, *request);
  return read;
}

}  // namespace

std::optional<ReadRequest> ReadPieceRequest(std::string_view bytes) {
  const auto head = ReadHttpHead(bytes);
  if (!head.ok()) {
    const int code = head.status().code() == StatusCode::kResourceExhausted ? 431 : 400;
    return ReadRequest{bytes.size(), RefusedRequest{code, head.status().message()}};
  }
  if (!head->has_value()) return std::nullopt;
  return ReadRequest{(*head)->bytes, ReadWhole(**head)};
}

std::string Format(const PieceRequest& request, std::string_view host) {
  const bool ipv6 = host.find(':') != std::string_view::npos;
  return StrCat("GET ", kBlobs, request.digest, " HTTP/1.1\r\nHost: ", ipv6 ? "[" : "", host, ipv6 ? "]" : "",
                "\r\nRange: bytes=", request.range.begin, "-", request.range.end - 1,
                request.close ? "\r\nConnection: close" : "", "\r\n\r\n");
}

}  // namespace ballast
