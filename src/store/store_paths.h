// Where things lie below the root of a store (FORMAT.md).
#pragma once

#include <string>

#include "core/digest.h"

namespace ballast {

struct StorePaths {
  std::string root;

  std::string Lock() const { return root + "/lock"; }
  std::string Format() const { return root + "/format"; }
  std::string Blobs() const { return root + "/blobs/sha256"; }
  // Copy 0 is the blob; further ones exist where the file system allows no more links of it.
  std::string Blob(const Digest& digest, uint32_t copy = 0) const {
    return Blobs() + "/" + digest.Hex() + (copy == 0 ? "" : "." + std::to_string(copy));
  }
  std::string GitIndex() const { return root + "/blobs/git-index"; }
  std::string Ingest() const { return root + "/ingest"; }
  // Small blobs that are proven, but not yet durable.
  std::string Pending() const { return root + "/pending"; }
  std::string PendingBlob(const Digest& digest) const { return Pending() + "/" + digest.Hex(); }
  std::string Manifests() const { return root + "/manifests"; }
  std::string Leases() const { return root + "/leases"; }
  std::string Boot() const { return root + "/boot"; }
  std::string Watched() const { return root + "/watched"; }
  std::string Views() const { return root + "/views"; }
  std::string Pieces() const { return root + "/pieces"; }  // ballastd's
  std::string Temporary() const { return root + "/tmp"; }  // nothing in it outlives a start
};

}  // namespace ballast
