// Whether what lies below a store's root is what FORMAT.md promises, bytes of blobs aside. Facts in, findings out:
// pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/digest.h"
#include "core/finding.h"
#include "store/file_system.h"
#include "store/store.h"

namespace ballast {

// A file below the root, by its path relative to it.
struct StoredFile {
  std::string path;
  FileInfo info;
};

// Blobs: one whole file of each, and what counts as used for them.
struct BlobFacts {
  std::vector<StoredFile> files;         // all that lies in blobs/sha256 and pending
  std::map<Digest, uint64_t> accounted;  // allocated bytes
};
std::vector<Finding> CheckBlobs(const BlobFacts& blobs);
std::set<uint64_t> InodesOf(const BlobFacts& blobs);

// Downloads that nobody works on.
struct DownloadFacts {
  std::map<std::string, std::optional<uint64_t>> folders;  // name -> allocated bytes of its data; nullopt: it has none
  std::map<std::string, uint64_t> accounted;
};
std::vector<Finding> CheckDownloads(const DownloadFacts& downloads);

struct ViewFacts {
  std::string view;               // "views/<name>/data"
  bool known = true;              // it could be read at start
  bool aside = false;             // a file of it was found damaged while it was mounted
  std::vector<StoredFile> files;  // all that is no directory, wherever below it
};
// A file of a view is a link of a blob; `blobs` are their inodes.
std::vector<Finding> CheckView(const ViewFacts& view, const std::set<uint64_t>& blobs);

struct LeaseFacts {
  std::vector<Lease> leases;
  std::vector<std::string> unreadable;  // paths
  std::set<std::string> views;          // that are here
};
std::vector<Finding> CheckLeases(const LeaseFacts& facts);

// Of files that no operation in flight owns: a half-written file of a crash, what a removal left.
std::vector<Finding> CheckLeftovers(const std::vector<StoredFile>& files);

// What both looks found: the rest was under way.
std::vector<Finding> Lasting(const std::vector<Finding>& first, const std::vector<Finding>& second);

}  // namespace ballast
