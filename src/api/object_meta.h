// What every Kubernetes object has beside its spec.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/field_reader.h"
#include "api/timestamp.h"

namespace ballast {

struct OwnerReference {
  std::string api_version;
  std::string kind;
  std::string name;
  std::string uid;
  std::optional<bool> controller;
  std::optional<bool> block_owner_deletion;

  friend bool operator==(const OwnerReference&, const OwnerReference&) = default;
};

struct ObjectMeta {
  std::string name;
  std::string object_namespace;  // "" for what is cluster-scoped
  std::string uid;
  std::string resource_version;
  std::optional<int64_t> generation;
  std::optional<Timestamp> creation_timestamp;
  std::optional<Timestamp> deletion_timestamp;
  Labels labels;
  Labels annotations;
  std::vector<std::string> finalizers;
  std::vector<OwnerReference> owner_references;

  friend bool operator==(const ObjectMeta&, const ObjectMeta&) = default;
};

// Kubernetes' rule for object names (RFC 1123 subdomain); the text says it.
Status CheckObjectName(std::string_view name);

}  // namespace ballast
