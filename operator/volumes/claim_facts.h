// What the provisioner reads of a PersistentVolumeClaim and a StorageClass, as values. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kube/json.h"
#include "kube/resource.h"

namespace ballast::controller {

// Written by Kubernetes' volume controller and scheduler (pkg/controller/volume/persistentvolume,
// component-helpers/storage/volume).
inline constexpr char kProvisionerAnnotation[] = "volume.kubernetes.io/storage-provisioner";
inline constexpr char kSelectedNodeAnnotation[] = "volume.kubernetes.io/selected-node";
inline constexpr char kProvisionedByAnnotation[] = "pv.kubernetes.io/provisioned-by";
// Ours: "current" = each pod start takes the cache's current revision.
inline constexpr char kRevisionAnnotation[] = "ballast.dev/revision";

struct DataSource {
  std::string api_group;
  std::string kind;
  std::string ns;  // "" = the claim's
  std::string name;

  friend bool operator==(const DataSource&, const DataSource&) = default;
};

struct ClaimFacts {
  ObjectName name;
  std::string uid;
  std::string resource_version;
  bool ending = false;
  std::string storage_class;
  std::string provisioner;    // whom Kubernetes asks for the volume; "" = nobody yet
  std::string selected_node;  // by the scheduler; "" = none yet
  std::string volume;         // bound to, or asked for by name
  std::string volume_mode;    // "Filesystem" where it says nothing
  std::vector<std::string> access_modes;
  std::string request;  // "1Mi"
  bool has_selector = false;
  std::optional<DataSource> source;  // dataSourceRef, else dataSource
  std::string revision;              // kRevisionAnnotation

  friend bool operator==(const ClaimFacts&, const ClaimFacts&) = default;
};

struct StorageClassFacts {
  std::string name;
  std::string provisioner;
  std::map<std::string, std::string> parameters;
  std::vector<std::string> mount_options;
  std::string reclaim_policy = "Delete";
  bool waits_for_consumer = false;  // volumeBindingMode: WaitForFirstConsumer

  friend bool operator==(const StorageClassFacts&, const StorageClassFacts&) = default;
};

ClaimFacts ClaimFromJson(const Json& object);
StorageClassFacts StorageClassFromJson(const Json& object);

}  // namespace ballast::controller
