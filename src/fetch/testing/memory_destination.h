// A destination in memory that behaves: pieces survive a fetch that failed, wrong bytes are refused and thrown away.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fetch/destination.h"

namespace ballast {

// Thread-safe.
class MemoryDestination final : public Destination {
 public:
  explicit MemoryDestination(uint32_t piece_size = 4096);
  ~MemoryDestination() override;

  Result<std::optional<Digest>> Find(const RemoteFile& file) override;
  Result<std::unique_ptr<Ingest>> Open(const RemoteFile& file) override;
  Result<Digest> Commit(const RemoteFile& file, std::unique_ptr<Ingest> ingest) override;

  // The n-th write from now (counting from 1) and all after it fail with ResourceExhausted.
  void FailWritesFrom(int n);

  std::map<std::string, std::string> files() const;  // by path
  std::vector<std::string> opened() const;           // paths, in the order of Open()
  uint64_t bytes_written() const;
  int broken_rules() const;  // writes outside of a range, over a piece that is here, ranges off the borders

  struct Shared;

 private:
  std::shared_ptr<Shared> shared_;
};

}  // namespace ballast
