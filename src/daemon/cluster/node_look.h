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
  bool shares_node_filesystem;  // as SharesNodeFilesystem() found it when the agent started
};

NodeFindings LookAtNode(const CacheNodeSpec& spec, const NodeParts& node);

// The cache lies on the file system of the kubelet's own files, or of the container runtime's: the kubelet makes room
// on both by deleting images and evicting pods. It lends each container an /etc/hosts, which is one of its files; and
// what a container writes below / lands on the runtime's file system, whose numbers an overlay passes on (ovl_statfs in
// the kernel's fs/overlayfs/super.c).
struct NodeFiles {
  std::string kubelets = "/etc/hosts";
  std::string runtimes = "/";
};
bool SharesNodeFilesystem(const std::string& cache_dir, const NodeFiles& files = {});

}  // namespace ballast
