#include "origin/testing/hub_repository.h"

#include <algorithm>
#include <string_view>

namespace ballast::hub {
namespace {

std::string Find(const std::map<std::string, std::string>& names, const std::string& name) {
  auto at = names.find(name);
  return at == names.end() ? "" : at->second;
}

std::string CommitOf(const Repository& repository, const std::string& revision) {
  if (std::string commit = Find(repository.branches, revision); !commit.empty()) return commit;
  if (std::string commit = Find(repository.tags, revision); !commit.empty()) return commit;
  if (revision.starts_with("refs/heads/")) return Find(repository.branches, revision.substr(11));
  if (revision.starts_with("refs/tags/")) return Find(repository.tags, revision.substr(10));
  return revision;
}

}  // namespace

bool Access::Grants(const std::string& token) const {
  return std::find(tokens.begin(), tokens.end(), token) != tokens.end();
}

std::shared_ptr<const Revision> Repository::Resolve(const std::string& revision) const {
  auto at = commits.find(CommitOf(*this, revision));
  return at == commits.end() ? nullptr : at->second;
}

Repository RepositoryNamed(const std::string& name) {
  for (std::string type : {"models", "datasets", "spaces"}) {
    if (name.starts_with(type + "/")) return {.type = type, .id = name.substr(type.size() + 1)};
  }
  return {.type = "models", .id = name};
}

}  // namespace ballast::hub
