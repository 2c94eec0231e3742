#include "daemon/transfer_counts.h"

namespace ballast {

uint64_t BytesFrom(const std::vector<TransferSource>& sources, SourceKind kind) {
  uint64_t bytes = 0;
  for (const TransferSource& source : sources) bytes += source.kind == kind ? source.bytes : 0;
  return bytes;
}

uint64_t BytesFromPeers(const std::vector<TransferSource>& sources) {
  return BytesFrom(sources, SourceKind::kSameZone) + BytesFrom(sources, SourceKind::kOtherZone);
}

std::vector<TransferSource> TransferCounts::Look(SteadyTime now) {
  MutexLock lock(mutex_);
  std::vector<TransferSource> all;
  for (auto& [name, counted] : sources_) {
    counted.rate.Add(now, counted.source.bytes);
    counted.source.bytes_per_second = counted.rate.BytesPerSecond();
    all.push_back(counted.source);
  }
  return all;
}

void TransferCounts::Begin(const Who& who) {
  MutexLock lock(mutex_);
  TransferSource& source = sources_[who.name].source;
  source.kind = who.kind;
  source.name = who.name;
  source.zone = who.zone;
  ++source.in_flight;
}

void TransferCounts::Add(const std::string& name, uint64_t bytes) {
  MutexLock lock(mutex_);
  sources_[name].source.bytes += bytes;
}

void TransferCounts::End(const std::string& name) {
  MutexLock lock(mutex_);
  --sources_[name].source.in_flight;
}

}  // namespace ballast
