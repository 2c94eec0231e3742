#include "daemon/swarm_catalog.h"

namespace ballast {

std::vector<Digest> SwarmCatalog::Held() {
  std::vector<Digest> held;
  std::map<Digest, std::pair<Digest, std::string>> marked;
  for (const StoredModel& model : store_.models().List()) {
    if (domains_ == nullptr) held.push_back(model.id);
    const auto domains = domains_ == nullptr ? std::vector<std::string>() : domains_->DomainsOf(model.manifest);
    for (const std::string& domain : domains) {
      const Result<Manifest> manifest = SwarmManifest(model.manifest, domain);
      if (!manifest.ok()) continue;
      held.push_back(manifest->Id());
      marked.emplace(held.back(), std::pair(model.id, domain));
    }
  }
  MutexLock lock(mutex_);
  marked_ = std::move(marked);
  return held;
}

std::optional<Manifest> SwarmCatalog::Find(const Digest& id) const {
  std::pair<Digest, std::string> found{id, ""};
  if (domains_ != nullptr) {
    MutexLock lock(mutex_);
    const auto known = marked_.find(id);
    if (known == marked_.end()) return std::nullopt;
    found = known->second;
  }
  const std::optional<StoredModel> stored = store_.models().Find(found.first);
  if (!stored) return std::nullopt;
  const Result<Manifest> manifest = SwarmManifest(stored->manifest, found.second);
  return manifest.ok() ? std::optional(*manifest) : std::nullopt;
}

}  // namespace ballast
