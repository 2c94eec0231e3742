#include "fetch/store_destination.h"

#include <set>

#include "fetch/expected.h"

namespace ballast {

uint64_t StoreDestination::BytesToCome(const ResolvedModel& model, BlobStore& blobs) {
  const StoreDestination destination(model, blobs);
  uint64_t bytes = 0;
  std::set<std::string> counted;  // equal files take their room once
  for (const RemoteFile& file : model.files) {
    if (!destination.Here(file) && counted.insert(ExpectedOf(model, file).Name()).second) bytes += file.size;
  }
  return bytes;
}

Result<std::unique_ptr<StoreDestination>> StoreDestination::Open(const ResolvedModel& model, BlobStore& blobs) {
  std::unique_ptr<StoreDestination> made(new StoreDestination(model, blobs));
  if (const uint64_t bytes = BytesToCome(model, blobs); bytes > 0) {
    ASSIGN_OR_RETURN(made->room_, blobs.Reserve(bytes));
  }
  return made;
}

std::optional<Digest> StoreDestination::Here(const RemoteFile& file) const {
  const ExpectedContent expected = ExpectedOf(model_, file);
  std::optional<Digest> digest = expected.sha256;
  if (!digest && expected.git_oid) digest = blobs_.FindByGitOid(*expected.git_oid);
  return digest && blobs_.Size(*digest) == file.size ? digest : std::nullopt;
}

Result<std::optional<Digest>> StoreDestination::Find(const RemoteFile& file) { return Here(file); }

Result<std::unique_ptr<Ingest>> StoreDestination::Open(const RemoteFile& file) {
  return blobs_.OpenIngest(ExpectedOf(model_, file));
}

Result<Digest> StoreDestination::Commit(const RemoteFile&, std::unique_ptr<Ingest> ingest) {
  return blobs_.Commit(std::move(ingest));
}

}  // namespace ballast
