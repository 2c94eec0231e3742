// ClusterModelCache and ModelCache as C++ values, and their YAML (one or several documents in a file).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "core/glob.h"
#include "core/model_ref.h"

namespace ballast {

struct SecretKeyRef {
  std::string name;
  std::string key;
  std::string secret_namespace;  // Cluster… only

  friend bool operator==(const SecretKeyRef&, const SecretKeyRef&) = default;
};

struct ModelSource {
  ModelRef uri;          // without revision
  std::string revision;  // "" = default branch
  PathFilter filter;     // include, exclude
  std::string origin;    // name of a configured origin; "" = the one that matches the scheme
  std::optional<SecretKeyRef> token_secret_ref;

  // uri with the revision in it.
  ModelRef Ref() const;
  friend bool operator==(const ModelSource&, const ModelSource&) = default;
};

struct ModelCache {
  bool cluster_scoped = true;    // kind: ClusterModelCache | ModelCache
  std::string object_namespace;  // ModelCache only
  std::string name;
  ModelSource source;
  bool on_every_node = false;      // `nodes` is there: keep it warm (without Kubernetes there is one node: this one)
  bool automatic_updates = false;  // updatePolicy.type: Automatic
  int32_t priority = 0;
  bool suspend = false;
  // Of the pods that may mount it; nullopt = all. Without Kubernetes a namespace has its name and no other label, so a
  // selector of others selects none.
  std::optional<std::vector<std::string>> allowed_namespaces;

  friend bool operator==(const ModelCache&, const ModelCache&) = default;
};

// Every document of `yaml` (an object that `kubectl get -o yaml` printed will do). InvalidArgument names `file`, the
// line, the key, and for an unknown key the nearest valid one; one bad document fails the file, and so do two of one
// name. Keys of the contract that have no effect without Kubernetes (seeds, gc, nodes.selector, ...) are checked for
// their form and kept out of the struct.
Result<std::vector<ModelCache>> ParseModelCaches(std::string_view yaml, const std::string& file);

}  // namespace ballast
