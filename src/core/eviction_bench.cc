// How long a plan takes on a large node: 10,000 models of 200,000 blobs, half of which have to go.
#include <algorithm>
#include <chrono>
#include <iostream>
#include <random>
#include <string>

#include "core/eviction.h"

namespace ballast {
namespace {

constexpr uint32_t kModels = 10'000;
constexpr uint32_t kBlobs = 200'000;
constexpr int kRuns = 5;

EvictionInput Large() {
  std::mt19937 random(1);
  EvictionInput input;
  for (uint32_t i = 0; i < kBlobs; ++i) input.blobs.push_back({Digest::Of(std::to_string(i)), 1 << 20});
  input.tenants.resize(8, {.quota_bytes = uint64_t{1} << 40});
  for (uint32_t i = 0; i < kModels; ++i) {
    EvictionModel model{.id = Digest::Of("model " + std::to_string(i)), .last_use = random() % 1000, .priority = 0};
    for (uint32_t blob = 0; blob < kBlobs / kModels; ++blob) model.blobs.push_back(i * (kBlobs / kModels) + blob);
    model.blobs.push_back(static_cast<BlobIndex>(random() % kBlobs));  // shared with another
    model.tenants = {static_cast<TenantIndex>(random() % 8)};
    model.pinned = random() % 4 == 0;
    input.models.push_back(std::move(model));
  }
  input.disk = {
      .used_bytes = uint64_t{kBlobs} << 20, .free_bytes = 1 << 30, .total_bytes = uint64_t{kBlobs + 1024} << 20};
  input.policy = {.quota_bytes = input.disk.used_bytes / 2};
  return input;
}

int Main() {
  const EvictionInput input = Large();
  std::vector<double> took;
  size_t evictions = 0;
  for (int run = 0; run < kRuns; ++run) {
    const auto begun = std::chrono::steady_clock::now();
    evictions = PlanEviction(input).evictions.size();
    took.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count());
  }
  std::sort(took.begin(), took.end());
  std::cout << "plan over " << kModels << " models, " << kBlobs << " blobs: " << evictions << " go; median of " << kRuns
            << ": " << took[kRuns / 2] << " ms (" << took.front() << "-" << took.back() << ")\n";
  return 0;
}

}  // namespace
}  // namespace ballast

int main() { return ballast::Main(); }
