// What is on this node's disk and what it is for, and the input of PlanEviction() that comes of it. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/eviction.h"
#include "daemon/in_transfer.h"
#include "store/store.h"

namespace ballast {

// A cache that names a manifest.
struct CopyOwner {
  std::string cache;
  int32_t priority = 0;
  bool pinned = false;  // wants it here
  // nullopt: the node's DiskIntent::unused_for.
  std::optional<std::chrono::milliseconds> unused_for;
  bool current = true;                  // false: an older revision
  bool surplus = false;                 // of which more are here than are to be kept
  std::vector<std::string> namespaces;  // whose it is; empty: everybody's
};

struct TenantIntent {
  std::vector<std::string> namespaces;
  uint64_t quota_bytes = 0;
};

// What caches and policies say.
struct DiskIntent {
  std::map<Digest, std::vector<CopyOwner>> owners;  // by manifest
  EvictionPolicy policy;
  std::optional<std::chrono::milliseconds> unused_for;  // nullopt: only when room is needed
  std::vector<TenantIntent> tenants;
  // What is pinned yields to a download of a higher priority: nobody else decides who of those that want to be here is.
  bool pins_yield = false;
};

// Read at one moment.
struct DiskView {
  std::vector<StoredModel> models;
  std::vector<StoredBlob> blobs;
  std::vector<Lease> leases;
  Usage usage;
  InTransfer in_transfer;
};

// Unfinished downloads that nobody works on count as free.
EvictionInput MakeEvictionInput(const DiskView& view, const DiskIntent& intent);

// The tenants that `namespaces` belong to, each to the first that has it.
std::vector<TenantIndex> TenantsOf(const DiskIntent& intent, const std::vector<std::string>& namespaces);

// Why a model may not go, for people: "mounted by serving/llama-0", "wanted by llama"; "" where it may.
std::string WhyItStays(const Digest& model, const DiskView& view, const DiskIntent& intent);

// What a person calls a model: "hf://org/name@main", or its digest where no origin is known.
std::string NameOfModel(const StoredModel& model);

}  // namespace ballast
