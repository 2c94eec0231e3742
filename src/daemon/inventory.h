// What is on this node and who needs it, answered from one gathered view. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "daemon/model_manager.h"
#include "daemon/resolutions.h"
#include "proto/cache.pb.h"
#include "store/store.h"

namespace ballast {

// Read at one moment, by value.
struct NodeView {
  std::vector<StoredModel> models;
  std::vector<Lease> leases;
  std::vector<JobSnapshot> jobs;
  std::vector<Resolution> resolutions;
};

// Names of the caches that want this manifest here.
std::vector<std::string> WantedBy(const NodeView& node, const Digest& manifest);

// One entry per stored model and origin, then those that are not here yet. Without allocated_bytes, which cost a look
// at the disk.
std::vector<cache::v1::Model> ListModels(const NodeView& node);

cache::v1::Progress ProgressOf(const JobSnapshot& job);

// The manifests that `model` names: a digest, or a reference (with a revision: those it led to, else all of the model).
// "" is everything where `all` allows it. NotFound offers the nearest name.
Result<std::vector<Digest>> SelectModels(const NodeView& node, const std::string& model, bool all);

// FailedPrecondition: who wants it or uses it, or that it is being downloaded, and what to do.
Status MayRemove(const NodeView& node, const Digest& manifest);

}  // namespace ballast
