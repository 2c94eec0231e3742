#include "daemon/policy_keeper.h"

#include <algorithm>
#include <utility>

#include "api/policy_rules.h"
#include "base/logging.h"
#include "base/strings.h"
#include "daemon/cluster/node_copy.h"
#include "daemon/folder_policy.h"

namespace ballast {
namespace {

constexpr char kThisNode[] = "this-node";  // the name that the file has for it
constexpr size_t kNamed = 5;
constexpr int32_t kMostLow = 99;  // that a CacheNode can say; with a high threshold of 100 it means nothing

NodePolicy InFile(const std::string& file) {
  const std::optional<CacheNode> copy = LoadNodeCopy(file, kThisNode);
  return copy ? copy->spec.policy : NodePolicy();
}

// What nobody goes on with is nobody's loss.
uint64_t ModelBytes(const Collection& would) {
  uint64_t bytes = 0;
  for (const Evicted& one : would.evicted) bytes += one.reason == EvictionReason::kOrphaned ? 0 : one.freed_bytes;
  return bytes;
}

std::string NamesOf(const Collection& would) {
  std::vector<std::string> names;
  size_t more = 0;
  for (const Evicted& one : would.evicted) {
    if (one.reason == EvictionReason::kOrphaned) continue;
    if (names.size() < kNamed) {
      names.push_back(one.what);
    } else {
      ++more;
    }
  }
  return StrCat(Join(names, ", "), more > 0 ? StrCat(" and ", more, " more") : "");
}

}  // namespace

PolicyKeeper::PolicyKeeper(Parts parts) : parts_(std::move(parts)) {
  MutexLock lock(mutex_);
  remembered_ = InFile(parts_.file);
  // A configuration that was changed before a start is no change of a policy.
  guarded_.in_effect = remembered_.name.empty() ? ConfiguredPolicy(parts_.config) : remembered_;
}

void PolicyKeeper::Set(std::optional<PolicyManifest> manifest) {
  MutexLock lock(mutex_);
  manifest_ = std::move(manifest);
  Decide();
}

void PolicyKeeper::Look() {
  MutexLock lock(mutex_);
  if (guarded_.waiting) Decide();
}

void PolicyKeeper::Decide() {
  const NodePolicy wanted = PolicyHere(ConfiguredPolicy(parts_.config), manifest_);
  Collection would;
  if (ChangesWhatStays(guarded_.in_effect, wanted)) would = parts_.explain(wanted);
  const uint64_t used = parts_.used_bytes();
  const bool confirmed = manifest_ && IsConfirmed(manifest_->policy);
  const GuardedPolicy before = std::exchange(
      guarded_, NextPolicy(guarded_, wanted, {ModelBytes(would), used}, confirmed, parts_.clock.Steady()));
  PolicyInEffect now{.policy = guarded_.in_effect};
  if (guarded_.waiting) now.problems.push_back(WhyItWaits(would, used));
  if (guarded_.waiting && before.waiting != guarded_.waiting) LOG(WARNING) << Message(now.problems.front());
  parts_.current.Set(std::move(now));
  if (!obeyed_ || before.in_effect != guarded_.in_effect) Obey();
}

void PolicyKeeper::Obey() {
  const NodePolicy& policy = guarded_.in_effect;
  obeyed_ = true;
  Remember();
  LOG(INFO) << Message("Policy")
                   .With("name", policy.name.empty() ? "none: as configured" : policy.name)
                   .With("quota", policy.quota_bytes == 0 ? "none" : FormatBytes(policy.quota_bytes));
  parts_.obey(policy);
}

void PolicyKeeper::Remember() {
  CacheNode copy;
  copy.metadata.name = kThisNode;
  if (!guarded_.in_effect.name.empty()) copy.spec.policy = guarded_.in_effect;
  copy.spec.policy.low_threshold_percent = std::min(copy.spec.policy.low_threshold_percent, kMostLow);
  if (copy.spec.policy == remembered_) return;
  const Status saved = SaveNodeCopy(parts_.file, copy);
  if (saved.ok()) {
    remembered_ = copy.spec.policy;
  } else {
    LOG(WARNING) << Message("Cannot record the policy in effect").With("file", parts_.file).With("error", saved);
  }
}

std::string PolicyKeeper::WhyItWaits(const Collection& would, uint64_t used_bytes) const {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(guarded_.begins - parts_.clock.Steady());
  const std::string what =
      StrCat("would evict ", FormatBytes(ModelBytes(would)), " of ", FormatBytes(used_bytes), ": ", NamesOf(would),
             "; it begins in ", FormatDuration(left), ", until then the limits stay as they were");
  if (!manifest_) {
    return StrCat("LargeEvictionPending: what the configuration says, now that no CachePolicy does, ", what,
                  "; to call it off, put the CachePolicy back");
  }
  const CachePolicy& policy = manifest_->policy;
  return StrCat("LargeEvictionPending: CachePolicy ", Quoted(policy.metadata.name), " ", what,
                "; to begin now, give it the annotation ", kConfirmAnnotation, ": ", Quoted(ConfirmationOf(policy)),
                "; to call it off, change it back");
}

}  // namespace ballast
