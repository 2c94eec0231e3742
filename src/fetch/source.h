// The one seam between the download brain and where bytes come from. Today the origin; the swarm joins here.
#pragma once

#include <stop_token>

#include "origin/origin.h"

namespace ballast {

// Thread-safe, like Origin::Read, whose contract and errors it shares.
class Source {
 public:
  virtual ~Source() = default;
  virtual Status Read(const ResolvedModel& model, const RemoteFile& file, ByteRange range, const ByteSink& sink,
                      std::stop_token stop) = 0;
};

// Everything from the origin.
class OriginSource final : public Source {
 public:
  explicit OriginSource(Origin& origin) : origin_(origin) {}
  Status Read(const ResolvedModel& model, const RemoteFile& file, ByteRange range, const ByteSink& sink,
              std::stop_token stop) override {
    return origin_.Read(model, file, range, sink, std::move(stop));
  }

 private:
  Origin& origin_;
};

}  // namespace ballast
