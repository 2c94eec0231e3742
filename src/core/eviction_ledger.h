// What is on a node's disk while its models go one by one, and come back. Part of eviction.h.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/eviction.h"

namespace ballast {

// Something that can go, with its place in the order.
struct EvictionCandidate {
  EvictionReason reason = EvictionReason::kLeastRecentlyUsed;
  int32_t priority = 0;
  uint64_t last_use = 0;
  Digest id;           // equal ages: any order, but always the same
  uint32_t index = 0;  // of the model; of the blob where kOrphaned

  bool IsModel() const { return reason != EvictionReason::kOrphaned; }
  friend bool operator<(const EvictionCandidate& a, const EvictionCandidate& b);
};

class EvictionLedger {
 public:
  // `input` outlives it.
  explicit EvictionLedger(const EvictionInput& input);

  // In the order in which they go.
  std::vector<EvictionCandidate> Candidates() const;

  void Evict(const EvictionCandidate& candidate);
  void Return(const EvictionCandidate& candidate);  // the opposite

  uint64_t freed() const { return freed_; }
  // Bytes of a tenant above its quota, the request's included.
  uint64_t Over(TenantIndex tenant) const;
  bool AnyOver(std::span<const TenantIndex> tenants) const;

 private:
  // What uses blobs: all models and downloads, or one tenant's models.
  struct Users {
    std::vector<uint32_t> of_blob;
    uint64_t bytes = 0;  // of the blobs that somebody uses, each once
  };

  void Add(Users& users, BlobIndex blob) const;
  void Drop(Users& users, BlobIndex blob) const;
  void AddModel(const EvictionModel& model);
  void DropModel(const EvictionModel& model);

  const EvictionInput& input_;
  Users all_;
  std::vector<Users> tenants_;
  uint64_t freed_ = 0;
};

}  // namespace ballast
