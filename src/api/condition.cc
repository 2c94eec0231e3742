#include "api/condition.h"

#include <algorithm>

namespace ballast {
namespace {

template <typename E>
struct Entry {
  E value;
  std::string_view name;
  std::string_view text;
};

constexpr std::array<Entry<ConditionType>, 12> kTypes = {{
    {ConditionType::kAvailable, "Available", "At least one copy of the model serves; pods can have it."},
    {ConditionType::kReady, "Ready",
     "A cache: every eligible node has the model. A policy: every node that it governs obeys it. A node: its agent "
     "serves."},
    {ConditionType::kProgressing, "Progressing", "Something is under way: a revision is resolved or nodes download."},
    {ConditionType::kDegraded, "Degraded", "Something failed and is tried again; status.failures names the nodes."},
    {ConditionType::kSourceDrifted, "SourceDrifted",
     "The hub has something else under source.revision than what nodes hold. Put the new commit there when you want "
     "it."},
    {ConditionType::kQuotaExceeded, "QuotaExceeded", "A quota keeps copies from nodes; the message has the numbers."},
    {ConditionType::kSecretNotReadable, "SecretNotReadable",
     "The operator can't read the Secret with the token; the message is the Role and RoleBinding to apply."},
    {ConditionType::kConflict, "Conflict",
     "Another policy of the same priority selects the same nodes. The older one governs them; change a priority."},
    {ConditionType::kLargeEvictionPending, "LargeEvictionPending",
     "A change would evict more than half of a node's bytes and waits 10 minutes; status.pendingEvictions lists what. "
     "Confirm it, or change it back."},
    {ConditionType::kSharesNodeFilesystem, "SharesNodeFilesystem",
     "The cache is on the kubelet's or the container runtime's disk; thresholds above 80 are refused there."},
    {ConditionType::kDiskPressure, "DiskPressure",
     "The file system of the cache is fuller than the policy lets it be, and all models on it are mounted or wanted. "
     "Nothing is downloaded; free what else is on it, end pods, or withdraw caches."},
    {ConditionType::kCertificateReady, "CertificateReady",
     "The node has a certificate for the swarm. Without one it works alone: everything comes from the hub."},
}};

constexpr std::array<Entry<Reason>, 48> kReasons = {{
    {Reason::kAgentLost, "AgentLost", "The node's agent does not answer. Look at its pod on that node."},
    {Reason::kAlreadyConfirmed, "AlreadyConfirmed", "The eviction was confirmed and is under way."},
    {Reason::kAwaitingConfirmation, "AwaitingConfirmation",
     "The eviction begins at beginsAt, or when the annotation ballast.dev/confirm names this generation."},
    {Reason::kCacheDiskMissing, "CacheDiskMissing",
     "The folder of the cache (hostPath of its pool) is no mount of its own yet (requireMountPoint). Mount the disk "
     "there; the agent goes on by "
     "itself."},
    {Reason::kCertificateExpired, "CertificateExpired",
     "The node's certificate has expired. Look at the operator, which renews it, and at the node's clock."},
    {Reason::kCertificateValid, "CertificateValid", "The node's certificate is valid."},
    {Reason::kClusterQuotaExceeded, "ClusterQuotaExceeded",
     "The copies of this cache take more than gc.clusterQuota; no further node gets one."},
    {Reason::kDigestMismatch, "DigestMismatch",
     "The bytes that came do not have the digest that the hub published. Nothing of them is readable; the hub or a "
     "proxy before it is at fault."},
    {Reason::kDiskFull, "DiskFull", "The file system of the cache is full, and nothing of ours may be evicted."},
    {Reason::kDiskHasRoom, "DiskHasRoom",
     "The file system of the cache is no fuller than the policy lets it be, or models can go to make it so."},
    {Reason::kDownloadFailed, "DownloadFailed", "The last attempt failed and is tried again; the message says why."},
    {Reason::kDownloading, "Downloading", "Nodes fetch the model."},
    {Reason::kHighestPriority, "HighestPriority", "No other policy of this priority selects the same nodes."},
    {Reason::kInvalidSpec, "InvalidSpec", "The object says something that can't be done; the message names the field."},
    {Reason::kNoCertificate, "NoCertificate", "The node has no certificate yet; the operator issues it."},
    {Reason::kNoCopy, "NoCopy", "No node has a whole copy."},
    {Reason::kNoEvictionPending, "NoEvictionPending", "No large eviction waits."},
    {Reason::kNodeNotReady, "NodeNotReady", "The node is cordoned or not ready; it is counted in nodes.excluded."},
    {Reason::kNodeQuotaExceeded, "NodeQuotaExceeded",
     "Mounted models take more than the node's quota. Nothing mounted is evicted; raise the quota or end pods."},
    {Reason::kNodeTooSmall, "NodeTooSmall",
     "The node's quota is smaller than the model. Add a nodeSelector to the pod, or use placement: Require."},
    {Reason::kNodesFailed, "NodesFailed", "Some nodes failed; status.failures names them."},
    {Reason::kNodesWarm, "NodesWarm", "Every eligible node has the model."},
    {Reason::kNodesWarming, "NodesWarming", "Some eligible nodes do not have the model yet."},
    {Reason::kNotAdmitted, "NotAdmitted",
     "There is no room on the node beside caches of higher priority; the message has the numbers. Raise the priority "
     "or "
     "the quota."},
    {Reason::kNotAllowed, "NotAllowed", "The pod's namespace is none of the cache's allowedNamespaces."},
    {Reason::kOnDemand, "OnDemand", "The cache names no nodes: the model comes when a pod mounts it."},
    {Reason::kOriginUnreachable, "OriginUnreachable",
     "The hub does not answer. What nodes have goes on being served; the rest is tried again."},
    {Reason::kOwnFilesystem, "OwnFilesystem", "The cache has a disk of its own."},
    {Reason::kResolving, "Resolving", "The hub is asked which commit and files the revision stands for."},
    {Reason::kRevisionGone, "RevisionGone",
     "The hub no longer has source.revision. What nodes hold stays; put a revision there that exists."},
    {Reason::kRevisionMoved, "RevisionMoved",
     "The branch or tag stands for another commit now; the message names it. Put it in source.revision, or set "
     "updatePolicy.type: Automatic."},
    {Reason::kSamePriority, "SamePriority", "Two policies of the same priority select the same nodes."},
    {Reason::kSecretNotFound, "SecretNotFound", "The Secret, or its key, does not exist."},
    {Reason::kSecretNotReadable, "SecretNotReadable",
     "The operator may not read the Secret; the message is the Role and RoleBinding to apply."},
    {Reason::kSecretReadable, "SecretReadable", "The operator can read the Secret."},
    {Reason::kServing, "Serving", "All is well."},
    {Reason::kSharedFilesystem, "SharedFilesystem",
     "The cache is on the kubelet's or the container runtime's disk. Give it one of its own if you can."},
    {Reason::kSourceNotFound, "SourceNotFound",
     "The hub has no such repository or revision, or hides it from this token."},
    {Reason::kStarting, "Starting", "The agent has just started."},
    {Reason::kStoreTooNew, "StoreTooNew",
     "What is on the disk was written by a newer version, which this one can't read. Upgrade the agent."},
    {Reason::kSuspended, "Suspended", "spec.suspend is true: nothing is fetched or evicted."},
    {Reason::kTenantQuotaExceeded, "TenantQuotaExceeded",
     "The namespace's models take more than its quota in the CachePolicy; the message has the numbers."},
    {Reason::kThresholdsTooHigh, "ThresholdsTooHigh",
     "The CachePolicy's thresholds are above 80 and the cache shares the kubelet's disk, which would evict pods first: "
     "there 80 holds. Lower disk.highThresholdPercent, or give the cache a disk of its own."},
    {Reason::kUnauthorized, "Unauthorized",
     "The hub refuses the token, or wants one. Check the Secret, and that its owner accepted the model's terms."},
    {Reason::kUnknownCache, "UnknownCache", "A pod names a cache that does not exist."},
    {Reason::kUpToDate, "UpToDate", "Nothing is left to do."},
    {Reason::kWaitingForRoom, "WaitingForRoom", "The download waits until something else may be evicted."},
    {Reason::kWithinQuota, "WithinQuota", "No quota stands in the way."},
}};

template <typename E, size_t N>
const Entry<E>* Find(const std::array<Entry<E>, N>& entries, E value) {
  const auto found =
      std::find_if(entries.begin(), entries.end(), [&](const auto& entry) { return entry.value == value; });
  return found == entries.end() ? nullptr : &*found;
}

template <typename E, size_t N>
std::vector<E> Values(const std::array<Entry<E>, N>& entries) {
  std::vector<E> values;
  values.reserve(N);
  for (const Entry<E>& entry : entries) values.push_back(entry.value);
  return values;
}

}  // namespace

std::string_view NameOf(ConditionType type) { return Find(kTypes, type)->name; }
std::string_view NameOf(Reason reason) { return Find(kReasons, reason)->name; }
std::string_view TextOf(ConditionType type) { return Find(kTypes, type)->text; }
std::string_view TextOf(Reason reason) { return Find(kReasons, reason)->text; }

const std::vector<ConditionType>& AllConditionTypes() {
  static const std::vector<ConditionType> all = Values(kTypes);
  return all;
}

const std::vector<Reason>& AllReasons() {
  static const std::vector<Reason> all = Values(kReasons);
  return all;
}

const Condition* FindCondition(const std::vector<Condition>& conditions, ConditionType type) {
  const auto found = std::find_if(conditions.begin(), conditions.end(),
                                  [&](const Condition& condition) { return condition.type == NameOf(type); });
  return found == conditions.end() ? nullptr : &*found;
}

void SetCondition(std::vector<Condition>& conditions, ConditionType type, ConditionStatus status, Reason reason,
                  std::string message, int64_t generation, Timestamp now) {
  Condition next{std::string(NameOf(type)), status, generation, now, std::string(NameOf(reason)), std::move(message)};
  const auto same_type = [&](const Condition& condition) { return condition.type == next.type; };
  const auto found = std::find_if(conditions.begin(), conditions.end(), same_type);
  if (found == conditions.end()) {
    conditions.push_back(std::move(next));
    return;
  }
  if (found->status == status && found->last_transition_time) next.last_transition_time = found->last_transition_time;
  *found = std::move(next);
}

}  // namespace ballast
