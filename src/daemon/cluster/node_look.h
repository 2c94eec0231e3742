// What there is on this node of what its CacheNode lists.
#pragma once

#include <string>

#include "daemon/cluster/node_status.h"
#include "daemon/downloader.h"

namespace ballast {

// All of it is only read, and thread-safe.
struct NodeParts {
  const std::string& version;
  const Store& store;
  const Downloader& downloader;
  const ModelManager& manager;
};

NodeFindings LookAtNode(const CacheNodeSpec& spec, const NodeParts& node);

// The cache lies on the file system that the kubelet keeps its own files on. The kubelet lends each container an
// /etc/hosts, which is one of them.
bool SharesKubeletsFilesystem(const std::string& cache_dir, const std::string& kubelets_file = "/etc/hosts");

}  // namespace ballast
