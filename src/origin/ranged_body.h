// The body of an answer to a ranged GET: checked against what was asked, and passed on as exactly those bytes.
#pragma once

#include <string>

#include "base/status.h"
#include "origin/http_client.h"

namespace ballast {

struct BodyPlan {
  uint64_t skip = 0;        // bytes of the body before the first one wanted
  bool ends_early = false;  // more may follow what is wanted: drop the connection then
  friend bool operator==(const BodyPlan&, const BodyPlan&) = default;
};

// From a server that ignores Range, at most this much is read and thrown away to get to the wanted bytes.
inline constexpr uint64_t kMaxSkippedBytes = 16 << 20;

// Decides from the head (status 200 or 206). DataLoss: another size than listed, another range than asked.
// Unimplemented: Range is ignored, and the wanted bytes are too far in.
Result<BodyPlan> PlanBody(const HttpAnswer& answer, ByteRange wanted, uint64_t file_size);

// For one Read(); not thread-safe. `what` names the file in errors.
class RangedBody {
 public:
  RangedBody(std::string what, ByteRange wanted, uint64_t file_size, const ByteSink& sink)
      : what_(std::move(what)), wanted_(wanted), file_size_(file_size), sink_(sink) {}

  Status OnHead(const HttpAnswer& answer);
  Status OnBody(std::span<const std::byte> bytes);
  // What the Read() returns, given how the request ended.
  Status Finish(const Status& transfer) const;

 private:
  uint64_t missing() const { return wanted_.size() - delivered_; }

  const std::string what_;
  const ByteRange wanted_;
  const uint64_t file_size_;
  const ByteSink& sink_;
  BodyPlan plan_;
  uint64_t delivered_ = 0;
  bool enough_ = false;  // the request was ended by us, with all that was wanted
};

}  // namespace ballast
