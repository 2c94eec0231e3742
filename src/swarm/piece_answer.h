// What a node answers on the data port, as bytes and as a value. Pure; PROTOCOL.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "core/piece_map.h"

namespace ballast {

// The longest text that a refusal has behind its head.
inline constexpr uint64_t kMaxRefusalBytes = 1024;

struct ContentRange {
  ByteRange range;
  uint64_t size = 0;  // of the blob

  friend bool operator==(const ContentRange&, const ContentRange&) = default;
};

struct PieceAnswer {
  int code = 0;
  uint64_t length = 0;  // of the body
  std::optional<ContentRange> range;
  std::optional<uint64_t> uploads;  // what that node is sending and has been asked for
  bool close = false;               // the connection ends with this answer
  size_t head_bytes = 0;
};

// What `bytes` begins with; nullopt: more is needed. Fields that are not known are passed over. InvalidArgument: this
// is no answer.
Result<std::optional<PieceAnswer>> ReadPieceAnswer(std::string_view bytes);

// OK: a 206 with exactly these bytes of its blob. InvalidArgument says what else it is.
Status CheckBody(const PieceAnswer& answer, const ByteRange& wanted);

// What a refusal means to who asked, with `text`, the first line of its body: NotFound (404, 416), ResourceExhausted
// (503), PermissionDenied (403), else Unavailable.
Status RefusalStatus(int code, std::string_view text);

// The head of a 206.
std::string FormatPieceHead(const ContentRange& content, uint64_t uploads, bool close);

// Head and body of a refusal.
std::string FormatRefusal(int code, std::string_view text, uint64_t uploads, bool close);

}  // namespace ballast
