// Ingests on a local disk: in the store, and below any directory (`ballast pull --to DIR`).
//
//   ASSIGN_OR_RETURN(auto ingest, OpenLocalIngest(files, dir, expected));
//   ... several threads: ingest->OpenRange(range), Append(), Flush() ...
//   ASSIGN_OR_RETURN(Digest digest, ingest->Prove());
//   RETURN_IF_ERROR(ingest->MoveTo("/dir/model.safetensors", 0444, Durability::kNow));
#pragma once

#include <memory>
#include <string>

#include "store/blob_reader.h"
#include "store/file_system.h"
#include "store/ingest.h"

namespace ballast {

// An ingest that can leave its folder.
class StagedIngest : public Ingest {
 public:
  // The bytes so far, for others to read.
  virtual std::shared_ptr<BlobReader> reader() const = 0;
  // After a successful Prove(): the bytes become the file `path` (which is replaced) with permission bits `mode`, and
  // nothing of the ingest stays behind. `path` is on the same file system; its directory exists. DataLoss: the disk
  // refused to make the bytes durable; they are gone and the file must be fetched again.
  virtual Status MoveTo(const std::string& path, uint32_t mode, Durability durability) = 0;
  // Forgets the bytes. Nothing may be written afterwards.
  virtual Status Discard() = 0;
};

struct IngestOptions {
  uint32_t piece_size = 0;                // 0: PieceSizeFor(size)
  uint64_t in_memory_size = 1 << 20;      // up to here a file has no folder and no journal: it is kept in memory
  std::string boot_id;                    // "": that of the running kernel
  bool direct = true;                     // write in-order bytes past the page cache where the file system can
  std::shared_ptr<PieceMemory> memory{};  // shared with other ingests; null: a small one of its own
};

// Opens or resumes <dir>/<expected.Name()>; makes `dir` (its parent exists). Pieces journalled before a kill are here;
// after a reboot they are read and compared first. `dir` is absolute and holds no symbolic link.
//
// ResourceExhausted: no room, with numbers. Aborted: somebody else has this ingest open.
Result<std::unique_ptr<StagedIngest>> OpenLocalIngest(FileSystem& files, const std::string& dir,
                                                      const ExpectedContent& expected,
                                                      const IngestOptions& options = {});

}  // namespace ballast
