// A repository: revisions, names for them, and who may read it. Immutable once shared: a change makes a copy.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "origin/testing/hub_content.h"

namespace ballast::hub {

// Who may read a repository.
struct Access {
  bool gated = false;               // metadata and names public (hashes hidden), content for `tokens`
  bool is_private = false;          // "no such repository" for all but `tokens`
  std::vector<std::string> tokens;  // those who may read a gated or private repository

  bool Grants(const std::string& token) const;
};

struct Repository {
  std::string type = "models";  // "models", "datasets", "spaces"
  std::string id;               // "org/name"
  Access access;
  std::map<std::string, std::string> branches;  // name -> commit
  std::map<std::string, std::string> tags;
  std::map<std::string, std::shared_ptr<const Revision>> commits;

  // By branch, tag, "refs/heads/x", "refs/tags/x" or whole commit; null if there is none.
  std::shared_ptr<const Revision> Resolve(const std::string& revision) const;
  // "org/name" or "datasets/org/name", as in URLs and in what tests say.
  std::string name() const { return type == "models" ? id : type + "/" + id; }
};

// "datasets/org/name" -> {"datasets", "org/name"}; "org/name" -> {"models", "org/name"}.
Repository RepositoryNamed(const std::string& name);

}  // namespace ballast::hub
