#include "origin/testing/hub_wire.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "base/strings.h"
#include "origin/testing/hub_pread.h"
#include "origin/testing/hub_url.h"

namespace ballast::hub {
namespace {

constexpr uint64_t kInMemory = uint64_t{64} << 20;

bool HasOffset(FaultKind kind) {
  return kind == FaultKind::kShort || kind == FaultKind::kCorrupt || kind == FaultKind::kStall ||
         kind == FaultKind::kReset;
}

// The fault's offset in the content, if the answer holds it.
std::optional<uint64_t> OffsetIn(const Fault& fault, uint64_t first, uint64_t length) {
  uint64_t at = fault.from_answer ? first + fault.offset : fault.offset;
  return at >= first && at - first < length ? std::optional(at) : std::nullopt;
}

bool Matches(const Fault& fault, const Request& request, const Reply& reply) {
  if (!fault.method.empty() && fault.method != request.method) return false;
  if (fault.port && *fault.port != request.port) return false;
  bool named = GlobMatches(fault.path, PercentDecode(request.path)) ||
               (!reply.file.empty() && GlobMatches(fault.path, reply.file));
  if (!named) return false;
  if (!HasOffset(fault.kind)) return true;
  Reply ranged = ApplyRange(reply, request);
  return request.method != "HEAD" && OffsetIn(fault, ranged.first, ranged.length).has_value();
}

uint64_t Or(uint64_t value, uint64_t otherwise) { return value == 0 ? otherwise : value; }

std::string SelfUrl(const Request& request) {
  return request.query.empty() ? request.path : request.path + "?" + request.query;
}

// Faults that make another answer.
Reply Replace(Reply reply, const Request& request, const Fault& fault) {
  switch (fault.kind) {
    case FaultKind::kStatus:
      reply = TextReply(fault.status, "text/plain; charset=utf-8", fault.text);
      for (const auto& [name, value] : fault.headers) reply.Set(name, value);
      break;
    case FaultKind::kRedirect:
      reply = TextReply(302, "text/plain", "");
      reply.Set("Location", fault.text.empty() ? SelfUrl(request) : fault.text);
      break;
    case FaultKind::kBody:
      reply.SetBody(fault.text);
      break;
    case FaultKind::kEtag:
      if (!reply.Get("X-Linked-ETag").empty()) reply.Set("X-Linked-ETag", StrCat('"', fault.text, '"'));
      if (!reply.Get("ETag").empty()) reply.Set("ETag", StrCat('"', fault.text, '"'));
      break;
    case FaultKind::kIgnoreRange:
      reply.ranged = false;
      reply.Drop("Accept-Ranges");
      break;
    default:
      break;
  }
  return reply;
}

std::string Gzip(const std::string& bytes) {
  z_stream stream{};
  constexpr int kGzipWindow = 15 + 16;
  BALLAST_CHECK(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  BALLAST_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// The part of the content that would be sent, for faults that need it in memory.
std::string BodyOf(const Reply& reply) {
  return ReadContent(reply.body, reply.first, std::min(reply.length, kInMemory));
}

std::string BadlyChunked(const std::string& body) {
  std::string half = body.substr(0, (body.size() + 1) / 2);
  std::array<char, 20> size;
  std::snprintf(size.data(), size.size(), "%zx", half.size());
  return StrCat(size.data(), "\r\n", half, "\r\nzz\r\n", body.substr(half.size()));
}

std::string ShiftedContentRange(const Reply& reply, uint64_t shift, uint64_t more) {
  return StrCat("bytes ", reply.first + shift, "-", reply.first + reply.length - 1 + shift, "/",
                reply.body.size + more);
}

// Faults of the headers and of the body's form, after the range is known. Sets Content-Length among the headers.
Reply Distort(Reply reply, const Fault& fault) {
  switch (fault.kind) {
    case FaultKind::kWrongContentRange:
      if (reply.status == 206) reply.Set("Content-Range", ShiftedContentRange(reply, Or(fault.bytes, 1), 0));
      break;
    case FaultKind::kWrongTotal:
      if (reply.status == 206) {
        reply.Set("Content-Range", ShiftedContentRange(reply, 0, Or(fault.bytes, 1)));
      } else {
        reply.Set("Content-Length", StrCat(reply.length + Or(fault.bytes, 1)));
      }
      break;
    case FaultKind::kLong:
      reply.Set("Content-Length", StrCat(reply.length + Or(fault.bytes, 1)));
      break;
    case FaultKind::kGzip:
      reply.SetBody(Gzip(BodyOf(reply)));
      reply.Set("Content-Encoding", "gzip").Set("Content-Length", StrCat(reply.length));
      break;
    case FaultKind::kBadChunk:
      reply.SetBody(BadlyChunked(BodyOf(reply)));
      reply.Drop("Content-Length");
      reply.Set("Transfer-Encoding", "chunked");
      break;
    case FaultKind::kHugeHeader:
      reply.Set("X-Padding", std::string(Or(fault.bytes, uint64_t{1} << 20), 'x'));
      break;
    default:
      break;
  }
  return reply;
}

void CutAt(Wire& wire, const Fault& fault) {
  std::optional<uint64_t> at = OffsetIn(fault, wire.first, wire.length);
  if (!at) return;
  wire.length = *at - wire.first;
  wire.close = true;
  wire.reset = wire.reset || fault.kind == FaultKind::kReset;
}

// Faults of how the bytes go out.
void Damage(Wire& wire, const Fault& fault) {
  switch (fault.kind) {
    case FaultKind::kShort:
    case FaultKind::kReset:
      return CutAt(wire, fault);
    case FaultKind::kCorrupt:
      if (auto at = OffsetIn(fault, wire.first, wire.length)) wire.corrupt_at.push_back(*at);
      return;
    case FaultKind::kStall:
      wire.stall_at = OffsetIn(fault, wire.first, wire.length);
      return;
    case FaultKind::kSlow:
      wire.rate = Or(fault.bytes, 1);
      return;
    case FaultKind::kSlowHeaders:
      wire.head_rate = Or(fault.bytes, 1);
      return;
    case FaultKind::kLong:
      wire.tail.append(Or(fault.bytes, 1), 'x');
      return;
    case FaultKind::kTrailing:
      wire.tail.append(fault.text);
      return;
    case FaultKind::kWrongTotal:
    case FaultKind::kBadChunk:
      wire.close = true;
      return;
    case FaultKind::kInterim: {
      constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      wire.head = (fault.text.empty() ? StrCat(kContinue, kContinue, kContinue) : fault.text) + wire.head;
      return;
    }
    case FaultKind::kRaw:
      wire = {.head = fault.text, .close = true, .status = wire.status};
      return;
    default:
      return;
  }
}

std::string Head(const Reply& reply, const Request& request) {
  std::string head = StrCat("HTTP/1.1 ", reply.status, " ", StatusText(reply.status), "\r\n");
  for (const auto& [name, value] : reply.headers) head.append(name).append(": ").append(value).append("\r\n");
  if (!request.keep_alive) head.append("Connection: close\r\n");
  return head.append("\r\n");
}

}  // namespace

std::vector<Fault> TakeFaults(std::vector<ArmedFault>& armed, const Request& request, const Reply& reply) {
  std::vector<Fault> hits;
  for (ArmedFault& candidate : armed) {
    if (!Matches(candidate.fault, request, reply)) continue;
    int n = candidate.seen++;
    bool over = candidate.fault.times >= 0 && n >= candidate.fault.skip + candidate.fault.times;
    if (n >= candidate.fault.skip && !over) hits.push_back(candidate.fault);
  }
  return hits;
}

Wire PlanWire(const Request& request, Reply reply, const std::vector<Fault>& faults, WallTime now) {
  for (const Fault& fault : faults) reply = Replace(std::move(reply), request, fault);
  reply = ApplyRange(std::move(reply), request);
  reply.Set("Date", HttpDate(now)).Set("Content-Length", StrCat(reply.length));
  for (const Fault& fault : faults) reply = Distort(std::move(reply), fault);
  for (const Fault& fault : faults) {
    for (const auto& [name, value] : fault.headers) {
      if (fault.kind == FaultKind::kSetHeaders) reply.Set(name, value);
      if (fault.kind == FaultKind::kDropHeaders) reply.Drop(name);
    }
  }
  bool head_only = request.method == "HEAD";
  Wire wire{.head = Head(reply, request),
            .content = reply.body,
            .first = reply.first,
            .length = head_only ? 0 : reply.length,
            .status = reply.status};
  wire.close = !request.keep_alive;
  wire.promised = wire.length;
  for (const Fault& fault : faults) Damage(wire, fault);
  if (head_only) wire.tail.clear();
  return wire;
}

std::string HttpDate(WallTime time) {
  std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text;
  size_t size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), size};
}

}  // namespace ballast::hub
