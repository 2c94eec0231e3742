// Which ranges of a file to ask the origin for, where no coordinator says so. step.h has the rules.
#pragma once

#include "fetch/step_context.h"

namespace ballast::fetch {

// For one call of Step. Each Start() begins at most one stream; false: there is none to begin.
class AlonePlan {
 public:
  explicit AlonePlan(StepContext& context) : context_(context), state_(context.state), now_(context.now) {}

  // Of a file that has none.
  bool StartFirstStream();
  // A file that has a stream already gets one more where nothing else is left to do.
  bool StartFurtherStream();

 private:
  // The pieces of a file that a stream has claimed and not yet received: [first, last).
  struct Claim {
    StreamId stream;
    uint32_t first;
    uint32_t last;
  };

  const FileState& File(FileIndex index) const { return state_.files[index]; }
  bool MayRead(const FileState& file) const;
  uint32_t Extent(const FileState& file) const;
  uint32_t LeastExtent(const FileState& file) const;
  std::vector<Claim> Claims(const FileState& file) const;
  std::optional<Claim> FindExtent(const FileState& file) const;
  std::optional<Claim> FindFree(const FileState& file, const std::vector<Claim>& claims, uint32_t begin,
                                uint32_t end) const;
  std::optional<Claim> FindShare(const FileState& file, const std::vector<Claim>& claims, uint32_t window_end) const;
  void ShortenStream(StreamId id, uint64_t end);
  void StartStream(FileIndex index, uint32_t first, uint32_t last);

  StepContext& context_;
  State& state_;
  const SteadyTime now_;
};

}  // namespace ballast::fetch
