#include "store/local_store_check.h"

namespace ballast {
namespace {

// One directory that may go while it is read.
Result<std::vector<DirEntry>> ListOrNothing(FileSystem& files, const std::string& path) {
  auto entries = files.List(path);
  if (entries.status().code() == StatusCode::kNotFound) return std::vector<DirEntry>();
  return entries;
}

class Look {
 public:
  Look(const StorePaths& paths, FileSystem& files) : paths_(paths), files_(files) {}

  Result<BlobFacts> Blobs(const LocalBlobStore& blobs) {
    BlobFacts facts;
    for (const StoredBlob& blob : blobs.List()) facts.accounted.emplace(blob.digest, blob.allocated_bytes);
    RETURN_IF_ERROR(AddFiles(paths_.Blobs(), facts.files));
    RETURN_IF_ERROR(AddFiles(paths_.Pending(), facts.files));
    return facts;
  }

  Result<DownloadFacts> Downloads(const LocalBlobStore& blobs) {
    DownloadFacts facts{{}, blobs.IdleDownloads()};
    ASSIGN_OR_RETURN(const auto folders, files_.List(paths_.Ingest()));
    for (const DirEntry& folder : folders) {
      if (blobs.IsReceiving(folder.name)) continue;
      const auto data = files_.Stat(paths_.Ingest() + "/" + folder.name + "/data");
      facts.folders.emplace(folder.name, data.ok() ? std::optional(data->allocated) : std::nullopt);
    }
    return facts;
  }

  Result<ViewFacts> View(const std::string& name, const LocalViewStore& views) {
    ViewFacts facts{.view = "views/" + name + "/data"};
    facts.known = views.Knows(facts.view);
    facts.aside = views.IsAside(facts.view);
    RETURN_IF_ERROR(AddTree(paths_.root + "/" + facts.view, facts.files));
    return facts;
  }

  // In a folder whose files are written beside and renamed.
  Status AddUnfinished(const std::string& path, std::vector<StoredFile>& found) {
    ASSIGN_OR_RETURN(const auto entries, ListOrNothing(files_, path));
    for (const DirEntry& entry : entries) {
      if (IsUnfinished(entry)) found.push_back({Relative(path, entry.name), entry.info});
    }
    return OkStatus();
  }

 private:
  std::string Relative(const std::string& folder, const std::string& name) const {
    return (folder + "/" + name).substr(paths_.root.size() + 1);
  }

  Status AddFiles(const std::string& folder, std::vector<StoredFile>& found) {
    ASSIGN_OR_RETURN(const auto entries, files_.List(folder));
    for (const DirEntry& entry : entries) found.push_back({Relative(folder, entry.name), entry.info});
    return OkStatus();
  }
  Status AddTree(const std::string& folder, std::vector<StoredFile>& found) {  // NOLINT(misc-no-recursion): shallow
    ASSIGN_OR_RETURN(const auto entries, ListOrNothing(files_, folder));
    for (const DirEntry& entry : entries) {
      if (entry.info.type == FileInfo::Type::kDirectory) {
        RETURN_IF_ERROR(AddTree(folder + "/" + entry.name, found));
      } else {
        found.push_back({Relative(folder, entry.name), entry.info});
      }
    }
    return OkStatus();
  }

  const StorePaths& paths_;
  FileSystem& files_;
};

void Append(std::vector<Finding>& all, std::vector<Finding> more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

// Views one by one: their files may be many.
Result<std::vector<Finding>> CheckLocalStore(const StorePaths& paths, FileSystem& files, const LocalBlobStore& blobs,
                                             const LocalViewStore& views, const LocalLeaseStore& leases) {
  Look look(paths, files);
  std::vector<Finding> findings;
  std::vector<StoredFile> unowned;
  for (const std::string& path : views.Leftovers()) unowned.push_back({path, {}});
  LeaseFacts lease_facts{leases.List(), leases.Unreadable(), {}};
  ASSIGN_OR_RETURN(const auto names, files.List(paths.Views()));
  ASSIGN_OR_RETURN(const BlobFacts blob_facts, look.Blobs(blobs));
  const std::set<uint64_t> inodes = InodesOf(blob_facts);
  for (const DirEntry& name : names) {
    ASSIGN_OR_RETURN(const ViewFacts view, look.View(name.name, views));
    lease_facts.views.insert(view.view);
    Append(findings, CheckView(view, inodes));
    RETURN_IF_ERROR(look.AddUnfinished(paths.Views() + "/" + name.name, unowned));
  }
  ASSIGN_OR_RETURN(const DownloadFacts downloads, look.Downloads(blobs));
  for (const std::string& folder : {paths.root, paths.Manifests(), paths.Leases(), paths.Pieces()}) {
    RETURN_IF_ERROR(look.AddUnfinished(folder, unowned));
  }
  Append(findings, CheckBlobs(blob_facts));
  Append(findings, CheckDownloads(downloads));
  Append(findings, CheckLeases(lease_facts));
  Append(findings, CheckLeftovers(unowned));
  return findings;
}

}  // namespace ballast
