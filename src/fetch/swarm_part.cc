#include "fetch/swarm_part.h"

#include <map>

#include "base/strings.h"

namespace ballast {

Result<ResolvedModel> InOrderOf(const Manifest& manifest, const ResolvedModel& model) {
  std::map<std::string, const RemoteFile*> by_path;
  for (const RemoteFile& file : model.files) by_path[file.path.str()] = &file;
  ResolvedModel ordered = model;
  ordered.files.clear();
  for (const ManifestFile& file : manifest.files()) {
    const auto found = by_path.find(file.path.str());
    if (found == by_path.end() || found->second->size != file.size ||
        found->second->sha256.value_or(file.digest) != file.digest) {
      return InvalidArgument(StrCat("the manifest has ", Quoted(file.path.str()), ", which the model has not so"));
    }
    ordered.files.push_back(*found->second);
    ordered.files.back().sha256 = file.digest;
  }
  if (ordered.files.size() == model.files.size()) return ordered;
  return InvalidArgument(StrCat("the model has ", model.files.size(), " files, its manifest ", ordered.files.size()));
}

}  // namespace ballast
