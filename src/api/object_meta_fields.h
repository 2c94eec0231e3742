// The fields of metadata, for FieldReader and FieldWriter.
#pragma once

#include <cstdint>

#include "api/object_meta.h"

namespace ballast {

template <typename Io>
void NameField(Io& io, std::string_view key, std::string& name) {
  io.Field(key, name);
  if constexpr (Io::kReads) {
    if (io.Has(key)) io.Check(key, CheckObjectName(name));
  }
}

template <typename Io>
void Fields(Io& io, OwnerReference& owner) {
  io.Field("apiVersion", owner.api_version);
  io.Field("kind", owner.kind);
  io.Field("name", owner.name);
  io.Field("uid", owner.uid);
  io.Field("controller", owner.controller);
  io.Field("blockOwnerDeletion", owner.block_owner_deletion);
}

template <typename Io>
void Fields(Io& io, ObjectMeta& meta) {
  io.Require("name");
  NameField(io, "name", meta.name);
  NameField(io, "namespace", meta.object_namespace);
  io.Field("uid", meta.uid);
  io.Field("resourceVersion", meta.resource_version);
  io.Number("generation", meta.generation, 0, INT64_MAX);
  io.Field("creationTimestamp", meta.creation_timestamp);
  io.Field("deletionTimestamp", meta.deletion_timestamp);
  io.Field("labels", meta.labels);
  io.Field("annotations", meta.annotations);
  io.Field("finalizers", meta.finalizers);
  io.Objects("ownerReferences", meta.owner_references);
  for (const std::string_view key : {"managedFields", "generateName", "selfLink", "deletionGracePeriodSeconds"}) {
    io.Ignore(key);  // the API server's own
  }
}

}  // namespace ballast
