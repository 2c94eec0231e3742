// XXH3-64 of a piece, as the journal records it.
#pragma once

#include <xxhash.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace ballast {

// Not thread-safe.
class PieceHash {
 public:
  PieceHash() : state_(XXH3_createState()) { Reset(); }
  void Reset() { XXH3_64bits_reset(state_.get()); }
  void Update(std::span<const std::byte> bytes) { XXH3_64bits_update(state_.get(), bytes.data(), bytes.size()); }
  uint64_t Value() const { return XXH3_64bits_digest(state_.get()); }

 private:
  struct Free {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
  };
  std::unique_ptr<XXH3_state_t, Free> state_;
};

}  // namespace ballast
