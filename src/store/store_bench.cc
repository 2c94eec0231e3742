// store_bench DIR [MIB]: what the store costs on the disk below DIR. Prints a line per figure:
//   ingest   MIB MiB in 4 files, a thread each, SHA-256 while receiving, durable at the end: direct and buffered
//   pieces   MIB MiB in one file, whole pieces from 4 threads, in any order within 16 pieces, as a swarm brings them
//   small    10,000 files of 10 KiB, committed one by one, durable with their model
//   open     a store of 1,000 sparse blobs of 1 GiB
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <numeric>
#include <random>
#include <thread>

#include "base/check.h"
#include "base/strings.h"
#include "store/posix_file_system.h"
#include "store/store.h"

namespace ballast {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr size_t kChunk = 1 << 14;  // as libcurl delivers

double CpuSeconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Wall and CPU time since it was made.
class Stopwatch {
 public:
  double Wall() const { return std::chrono::duration<double>(SteadyClock::now() - start_).count(); }
  double Cpu() const { return CpuSeconds() - cpu_; }

 private:
  SteadyClock::time_point start_ = SteadyClock::now();
  double cpu_ = CpuSeconds();
};

void Must(const Status& status) { BALLAST_CHECK(status.ok()) << status; }

template <typename T>
T Must(Result<T> result) {
  BALLAST_CHECK(result.ok()) << result.status();
  return std::move(*result);
}

void Receive(Ingest& ingest, uint64_t size, uint32_t seed) {
  std::vector<uint64_t> words(kChunk / sizeof(uint64_t), seed);
  const auto writer = Must(ingest.OpenRange({0, size}));
  for (uint64_t at = 0; at < size; at += kChunk) {
    words[0] = at;
    const auto chunk = std::as_bytes(std::span(words));
    Must(writer->Append(chunk.first(std::min<uint64_t>(kChunk, size - at))));
  }
  Must(writer->Flush());
}

void BenchIngest(const std::string& dir, uint64_t total, bool direct) {
  constexpr uint32_t kFiles = 4;
  PosixFileSystem files;
  IngestOptions options;
  options.direct = direct;
  const Stopwatch watch;
  {
    std::vector<std::jthread> threads;
    for (uint32_t i = 0; i < kFiles; ++i) {
      threads.emplace_back([&, i] {
        auto ingest = Must(OpenLocalIngest(files, dir, {total / kFiles, {}, {}, StrCat("file ", i)}, options));
        Receive(*ingest, total / kFiles, i);
        Must(ingest->Prove());
        Must(ingest->MoveTo(StrCat(dir, "/out", i), 0444, Durability::kLater));
      });
    }
  }
  const double received = watch.Wall();
  Must(files.SyncAll(dir));
  const double gigabytes = static_cast<double>(total) / 1e9;
  std::printf("ingest %-8s %.2f GB/s (%.2f s, of which sync %.2f s), %.2f CPU-s/GB\n", direct ? "direct" : "buffered",
              gigabytes / watch.Wall(), watch.Wall(), watch.Wall() - received, watch.Cpu() / gigabytes);
  for (uint32_t i = 0; i < kFiles; ++i) Must(files.Remove(StrCat(dir, "/out", i)));
}

// Counted with them: to fill their memory.
void BenchPieces(const std::string& dir, uint64_t size) {
  constexpr uint32_t kAhead = 16;
  PosixFileSystem files;
  auto ingest = Must(OpenLocalIngest(files, dir, {size, {}, {}, "pieces"}, {}));
  ingest->ExpectReaders();
  const PieceMap pieces = ingest->pieces();
  std::vector<uint32_t> order(pieces.count());
  std::iota(order.begin(), order.end(), 0);
  for (size_t at = 0; at < order.size(); at += kAhead) {
    const auto begin = order.begin() + static_cast<ptrdiff_t>(at);
    std::shuffle(begin, order.begin() + static_cast<ptrdiff_t>(std::min(at + kAhead, order.size())),
                 std::minstd_rand(static_cast<uint32_t>(at)));
  }
  std::atomic<size_t> next = 0;
  const Stopwatch watch;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (size_t at = next++; at < order.size(); at = next++) {
          const PieceBuffer piece = ingest->Memory(pieces.Range(order[at]).size());
          std::ranges::fill(piece->span(), std::byte{7});
          Must(ingest->WritePiece(order[at], piece));
        }
      });
    }
  }
  const double received = watch.Wall();
  Must(ingest->Prove());
  const double proven = watch.Wall();
  Must(ingest->MoveTo(dir + "/out", 0444, Durability::kNow));
  const double gigabytes = static_cast<double>(size) / 1e9;
  std::printf("pieces          %.2f GB/s (%.2f s, of which proof %.2f s, sync %.2f s), %.2f CPU-s/GB\n",
              gigabytes / watch.Wall(), watch.Wall(), proven - received, watch.Wall() - proven,
              watch.Cpu() / gigabytes);
  Must(files.Remove(dir + "/out"));
}

void BenchSmall(const std::string& dir) {
  constexpr int kFiles = 10'000;
  constexpr uint64_t kSize = 10 << 10;
  PosixFileSystem files;
  const RealClock clock;
  const auto store = Must(Store::Open({.root = dir + "/small"}, files, clock));
  const Stopwatch watch;
  std::vector<ManifestFile> list;
  for (int i = 0; i < kFiles; ++i) {
    auto ingest = Must(store->blobs().OpenIngest({kSize, {}, {}, StrCat(i)}));
    Receive(*ingest, kSize, static_cast<uint32_t>(i));
    const Digest digest = Must(store->blobs().Commit(std::move(ingest)));
    list.push_back({Must(SafePath::Parse(StrCat("dir", i % 10, "/file", i))), digest, kSize});
  }
  const double received = watch.Wall();
  const Manifest manifest = Must(Manifest::Make(std::move(list)));
  Must(store->models().Put(manifest, {.uri = "hf://org/small"}));
  const double put = watch.Wall();
  Must(store->views().Make(manifest.Id(), Layout::kPlain, "hf://org/small"));
  const double made = watch.Wall();
  Must(store->models().Remove(manifest.Id()));
  std::printf(
      "small  10,000 x 10 KiB: received in %.2f s, durable after %.2f s more, view in %.2f s, removed in %.2f s\n",
      received, put - received, made - put, watch.Wall() - made);
}

void BenchOpen(const std::string& dir) {
  PosixFileSystem files;
  const RealClock clock;
  const std::string root = dir + "/open";
  Must(Store::Open({.root = root}, files, clock));
  for (int i = 0; i < 1000; ++i) {
    const std::string path = root + "/blobs/sha256/" + Digest::Of(StrCat(i)).Hex();
    const auto file = Must(files.Open(path, OpenMode::kCreate));
    BALLAST_CHECK(::truncate(path.c_str(), 1 << 30) == 0) << path;
  }
  const Stopwatch watch;
  const auto store = Must(Store::Open({.root = root}, files, clock));
  std::printf("open   %u sparse blobs of 1 GiB: %.1f ms\n", store->GetUsage().blobs, watch.Wall() * 1000);
}

void Main(const std::string& base, uint64_t mebibytes) {
  const std::string dir = Must(CanonicalPath(base)) + "/store_bench." + std::to_string(::getpid());
  PosixFileSystem files;
  Must(files.MakeDirectory(dir));
  for (int run = 0; run < 2; ++run) {
    for (const bool direct : {true, false}) BenchIngest(dir, mebibytes << 20, direct);
    BenchPieces(dir, mebibytes << 20);
  }
  BenchSmall(dir);
  BenchOpen(dir);
  std::filesystem::remove_all(dir);
}

}  // namespace
}  // namespace ballast

int main(int argc, char** argv) {
  uint64_t mebibytes = 2048;
  if (argc < 2 || argc > 3 || (argc == 3 && !ballast::ParseUint64(argv[2], mebibytes))) {
    std::fprintf(stderr, "usage: store_bench DIR [MIB]\n");
    return 2;
  }
  ballast::Main(argv[1], mebibytes);
}
