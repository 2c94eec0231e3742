// The models that this node has for the others of its swarms.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "daemon/domain_book.h"
#include "store/store.h"

namespace ballast {

// Thread-safe. A model counts once for each domain that has proven its right to it: by the id of SwarmManifest().
class SwarmCatalog {
 public:
  // Both outlive it. `domains`: null where nobody asks by whose right a model is here.
  SwarmCatalog(Store& store, const DomainBook* domains) : store_(store), domains_(domains) {}

  // What is here now.
  std::vector<Digest> Held();
  // Of what Held() said last.
  std::optional<Manifest> Find(const Digest& id) const;

 private:
  Store& store_;
  const DomainBook* const domains_;
  mutable Mutex mutex_;
  std::map<Digest, std::pair<Digest, std::string>> marked_ GUARDED_BY(mutex_);  // id -> the model's, and the domain
};

}  // namespace ballast
