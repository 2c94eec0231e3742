// What somebody wants on this node, as a value: the same request is the same job.
#pragma once

#include <optional>
#include <string>

#include "core/digest.h"
#include "core/glob.h"
#include "core/model_ref.h"

namespace ballast {

struct ModelRequest {
  ModelRef ref;  // with revision; "" is the default branch
  PathFilter filter;
  std::string origin;  // name of a configured origin; "" = the one that matches the reference

  // What was resolved for this request once stays its answer until somebody asks to resolve again. True for caches of
  // updatePolicy Manual; an inline source asks its origin each time.
  bool keep_resolution = false;

  // What must come out: whatever else the origin says is DataLoss. Set where somebody else has resolved it.
  std::optional<Digest> manifest;
  // By whose right the bytes come, as CacheEntry::domain; "" = anybody's.
  std::string domain;
  // Of the pod that asked, where no cache stands for the model: whose quota it counts against until it is mounted. Not
  // part of the key: of several that ask for the same, the first pays for the download.
  std::string pod_namespace = {};

  // "hf://org/name@main"
  std::string Name() const;
  // Equal for equal requests, and safe to log.
  std::string Key() const;

  friend bool operator==(const ModelRequest&, const ModelRequest&) = default;
};

// hf: "main" where no revision was named.
std::string RevisionName(const ModelRef& ref);

}  // namespace ballast
