// ballast-collector-bench DIR [RUNS [KIB]]: what evicting 100 of 1,000 blobs of KIB KiB (2,048 unless said) costs on
// the disk below DIR, while a transfer writes 200 MiB/s into the store and a reader reads 128 KiB of a stored file
// every 2 ms, past the page cache. Prints a line per run: how long the round took, and the longest that one write and
// one read took while it ran and for half a second after, beside the longest in as long a time before.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "base/check.h"
#include "base/strings.h"
#include "daemon/collector.h"
#include "store/aligned_buffer.h"
#include "store/posix_file_system.h"

namespace ballast {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr size_t kModels = 1000;
constexpr size_t kToGo = 100;
constexpr uint64_t kTransfer = uint64_t{1} << 30;
constexpr uint64_t kTransferRate = 200 << 20;  // bytes per second
constexpr size_t kChunk = 256 << 10;
constexpr size_t kRead = 128 << 10;
constexpr milliseconds kReadEvery{2};
constexpr milliseconds kAfter{500};

void Must(const Status& status) { BALLAST_CHECK(status.ok()) << status; }

template <typename T>
T Must(Result<T> result) {
  BALLAST_CHECK(result.ok()) << result.status();
  return std::move(*result);
}

// When operations began, and how long they took.
class Operations {
 public:
  template <typename Work>
  void Time(const Work& work) {
    const auto begun = SteadyClock::now();
    work();
    all_.push_back({begun, SteadyClock::now()});
  }
  // The longest that ran at some time between, in milliseconds.
  double Longest(SteadyClock::time_point from, SteadyClock::time_point to) const {
    SteadyClock::duration longest{};
    for (const auto& [begin, end] : all_) {
      if (begin < to && end > from) longest = std::max(longest, end - begin);
    }
    return std::chrono::duration<double, std::milli>(longest).count();
  }

 private:
  std::vector<std::pair<SteadyClock::time_point, SteadyClock::time_point>> all_;
};

class Bench {
 public:
  Bench(std::string root, uint64_t blob_size)
      : blob_size_(blob_size), store_(Must(Store::Open({.root = std::move(root)}, files_, clock_))) {}

  void Run() {
    Must(store_->blobs().DropUnfinished(kTransfer));  // the transfer of the run before
    while (store_->models().List().size() < kModels) Add();
    Must(files_.SyncAll(store_->root()));
    const auto transfer = Must(store_->blobs().OpenIngest({kTransfer, {}, {}, StrCat("transfer ", next_++)}));
    const std::string read = KeptFile();
    Operations writes;
    Operations reads;
    std::jthread writer([&](const std::stop_token& stop) { Write(*transfer, writes, stop); });
    std::jthread reader([&](const std::stop_token& stop) { Read(read, reads, stop); });
    std::this_thread::sleep_for(2 * kAfter);
    const auto begun = SteadyClock::now();
    const Collection done = Evict();
    const auto took = SteadyClock::now() - begun;
    std::this_thread::sleep_for(kAfter);
    writer = {};
    reader = {};
    const auto window = took + kAfter;
    std::printf(
        "evict %zu of %zu blobs of %s: %.4f s; longest write %.1f ms, before %.1f ms; longest read %.1f ms, "
        "before %.1f ms\n",
        done.evicted.size(), kModels, FormatBytes(blob_size_).c_str(), std::chrono::duration<double>(took).count(),
        writes.Longest(begun, begun + window), writes.Longest(begun - window, begun),
        reads.Longest(begun, begun + window), reads.Longest(begun - window, begun));
    std::fflush(stdout);
  }

 private:
  // A model of one file, with the view that a pull makes.
  void Add() {
    const uint64_t seed = next_++;
    auto ingest = Must(store_->blobs().OpenIngest({blob_size_, {}, {}, StrCat(seed)}));
    Fill(*ingest, seed);
    const Digest digest = Must(store_->blobs().Commit(std::move(ingest)));
    const Manifest manifest = Must(Manifest::Make({{Must(SafePath::Parse("weights")), digest, blob_size_}}));
    Must(store_->models().Put(manifest, {.uri = "hf://org/model"}));
    Must(store_->views().Make(manifest.Id(), Layout::kPlain, "hf://org/model"));
    if (kept_) return;
    kept_ = manifest.Id();
    kept_blob_ = digest;
  }

  void Fill(Ingest& ingest, uint64_t seed) {
    std::vector<uint64_t> words(kChunk / sizeof(uint64_t), seed);
    const auto writer = Must(ingest.OpenRange({0, blob_size_}));
    for (uint64_t at = 0; at < blob_size_; at += kChunk)
      Must(writer->Append(std::as_bytes(std::span(words)).first(std::min<uint64_t>(kChunk, blob_size_ - at))));
    Must(writer->Flush());
  }

  std::string KeptFile() const { return StrCat(store_->root(), "/blobs/sha256/", kept_blob_->Hex()); }

  static void Write(Ingest& transfer, Operations& writes, const std::stop_token& stop) {
    const std::vector<std::byte> chunk(kChunk, std::byte{7});
    const auto writer = Must(transfer.OpenRange({0, kTransfer}));
    auto due = SteadyClock::now();
    for (uint64_t at = 0; at < kTransfer && !stop.stop_requested(); at += kChunk) {
      writes.Time([&] { Must(writer->Append(chunk)); });
      due += std::chrono::nanoseconds(uint64_t{1'000'000'000} * kChunk / kTransferRate);
      std::this_thread::sleep_until(due);
    }
  }

  void Read(const std::string& path, Operations& reads, const std::stop_token& stop) {
    const auto file = Must(files_.Open(path, OpenMode::kReadDirect));
    AlignedBuffer buffer(kRead);
    for (uint64_t at = 0; !stop.stop_requested(); at = (at + kRead) % (blob_size_ / kRead * kRead)) {
      reads.Time([&] { Must(file->Read(at, buffer.span())); });
      std::this_thread::sleep_for(kReadEvery);
    }
  }

  // As for a quota that shrinks, by a bit less than what is to go.
  Collection Evict() {
    uint64_t models = 0;
    for (const StoredBlob& blob : store_->blobs().List()) models += blob.allocated_bytes;
    for (const StoredModel& model : store_->models().List()) models += model.own_bytes;
    DiskIntent intent;
    intent.policy.quota_bytes = store_->GetUsage().used_bytes - models / kModels * kToGo + models / kModels / 2;
    intent.owners[*kept_] = {{.cache = "kept", .pinned = true}};
    Collector collector(
        *store_, in_use_, [&](const auto&) { return intent; }, [] { return InTransfer(); }, [](const Collection&) {});
    Collection done = collector.Collect();
    BALLAST_CHECK(done.evicted.size() == kToGo && done.problems.empty()) << BatchText(done);
    return done;
  }

  const uint64_t blob_size_;
  PosixFileSystem files_;
  RealClock clock_;
  InUse in_use_;
  std::unique_ptr<Store> store_;
  uint64_t next_ = 0;
  std::optional<Digest> kept_;
  std::optional<Digest> kept_blob_;
};

void Main(const std::string& base, uint64_t runs, uint64_t kibibytes) {
  const std::string dir = StrCat(Must(CanonicalPath(base)), "/collector-bench.", ::getpid());
  {
    Bench bench(dir, kibibytes << 10);
    for (uint64_t run = 0; run < runs; ++run) bench.Run();
  }
  std::filesystem::remove_all(dir);
}

}  // namespace
}  // namespace ballast

int main(int argc, char** argv) {
  uint64_t runs = 3;
  uint64_t kibibytes = 2048;
  const bool valid = argc >= 2 && argc <= 4 && (argc < 3 || ballast::ParseUint64(argv[2], runs)) &&
                     (argc < 4 || (ballast::ParseUint64(argv[3], kibibytes) && kibibytes >= 128));
  if (!valid) {
    std::fprintf(stderr, "usage: ballast-collector-bench DIR [RUNS [KIB]]      KIB: at least 128\n");
    return 2;
  }
  ballast::Main(argv[1], runs, kibibytes);
}
