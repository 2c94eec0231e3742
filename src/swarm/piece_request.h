// What one node asks another for on the data port: a digest and a range, and nothing else. Pure; PROTOCOL.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/digest.h"
#include "core/piece_map.h"

namespace ballast {

// The longest range that may be asked for: four times the largest piece.
inline constexpr uint64_t kMaxRequestBytes = uint64_t{64} << 20;

struct PieceRequest {
  Digest digest;
  ByteRange range;     // not empty, at most kMaxRequestBytes
  bool close = false;  // the connection ends with the answer

  friend bool operator==(const PieceRequest&, const PieceRequest&) = default;
};

// Why it is none of ours: an HTTP status and a line for people. What comes behind it on the connection is not read.
struct RefusedRequest {
  int code = 400;
  std::string text;

  friend bool operator==(const RefusedRequest&, const RefusedRequest&) = default;
};

struct ReadRequest {
  size_t bytes = 0;  // of the head; the next request begins behind them
  std::variant<PieceRequest, RefusedRequest> what;
};

// What `bytes` begins with; nullopt: more is needed.
std::optional<ReadRequest> ReadPieceRequest(std::string_view bytes);

// The head that asks for it. `host`: of the node that is asked.
std::string Format(const PieceRequest& request, std::string_view host);

}  // namespace ballast
