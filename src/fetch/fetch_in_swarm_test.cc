#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <numeric>
#include <set>

#include "base/testing/temp_dir.h"
#include "fetch/fetcher.h"
#include "fetch/store_blob_provider.h"
#include "fetch/store_destination.h"
#include "fetch/testing/fake_source.h"
#include "fetch/testing/fake_swarm.h"
#include "fetch/testing/memory_destination.h"
#include "store/posix_file_system.h"
#include "store/testing/store_fixture.h"

namespace ballast {
namespace {

using std::chrono::milliseconds;
using ::testing::Contains;
using ::testing::HasSubstr;

constexpr size_t kPiece = 4096;  // bytes, of MemoryDestination

class RecordingSink final : public ProgressSink {
 public:
  void OnProgress(const FetchProgress& progress) override { last = progress; }
  void OnProven(const RemoteFile& file, const Digest&) override { proven.push_back(file.path.str()); }
  void OnMessage(const std::string& text) override { said.push_back(text); }

  FetchProgress last;
  std::vector<std::string> proven, said;
};

std::string Content(size_t size, uint32_t seed) {
  std::string content(size, '\0');
  for (char& c : content) c = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
  return content;
}

std::map<std::string, std::string> SomeFiles() {
  return {{"config.json", Content(700, 1)},   {"copy.bin", Content(300'000, 2)}, {"empty.txt", ""},
          {"model.bin", Content(300'000, 2)}, {"more.bin", Content(700'001, 4)}, {"tokenizer.json", Content(9000, 3)}};
}

struct Fixture {
  explicit Fixture(const std::map<std::string, std::string>& the_files, FakeCoordinator::Options how = {})
      : files(the_files), source(the_files), swarm(the_files, kPiece, how) {
    options.backoff = {milliseconds(1), milliseconds(2), 2};
    options.progress_interval = milliseconds(5);
    part.proven_pieces = [this](const Digest& blob, const std::vector<Digest>& hashes) { pieces[blob] = hashes; };
  }
  Result<FetchedModel> Fetch() {
    return FetchInSwarm(source.Model(), source, part, destination, options, clock, sink, stop.get_token());
  }
  // What holds after every download that succeeded.
  void CheckDone() {
    EXPECT_TRUE(destination.files() == files);
    EXPECT_EQ(destination.broken_rules(), 0);
    EXPECT_EQ(swarm.broken_rules(), 0) << swarm.first_broken_rule();
  }

  std::map<std::string, std::string> files;
  FakeSource source;
  FakeSwarm swarm;
  MemoryDestination destination{kPiece};
  FetchOptions options;
  RealClock clock;
  RecordingSink sink;
  std::stop_source stop;
  std::map<Digest, std::vector<Digest>> pieces;
  SwarmPart part{swarm, swarm.manifest()};
};

TEST(FetchInSwarmTest, EveryFileArrivesFromNodesAndTheOriginTogether) {
  Fixture f(SomeFiles());
  const auto fetched = f.Fetch();
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  f.CheckDone();
  EXPECT_EQ(fetched->manifest, f.swarm.manifest());
  EXPECT_GT(fetched->bytes_from_nodes, 0U);
  EXPECT_FALSE(f.source.requests().empty());
  EXPECT_EQ(fetched->bytes_fetched, fetched->manifest.TotalBytes() - 300'000) << "no byte came twice";
  EXPECT_EQ(f.swarm.proven(), (std::set<uint32_t>{0, 1, 2, 4, 5})) << "3 is a copy";
  EXPECT_EQ(f.sink.last.bytes_done, f.sink.last.bytes_total);
  const auto& hashes = f.pieces.at(Digest::Of(f.files["more.bin"]));
  ASSERT_EQ(hashes.size(), 171U);
  EXPECT_EQ(hashes[3], Digest::Of(std::string_view(f.files["more.bin"]).substr(3 * kPiece, kPiece)));
}

TEST(FetchInSwarmTest, WhereNodesHaveAllTheOriginIsNotAsked) {
  Fixture f(SomeFiles(), {.from_origin = 0});
  f.source.SetScript([](const FakeSource::Request&, int) { return FakeRead{0, NotFound("no such origin")}; });
  const auto fetched = f.Fetch();
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  f.CheckDone();
  EXPECT_TRUE(f.source.requests().empty());
  EXPECT_EQ(fetched->bytes_from_nodes, fetched->bytes_fetched);
}

TEST(FetchInSwarmTest, WhereNobodyHasAnythingAllComesFromTheOrigin) {
  Fixture f(SomeFiles(), {.nodes = 0, .from_origin = 100});
  f.part.origin_slots = 3;
  const auto fetched = f.Fetch();
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  f.CheckDone();
  EXPECT_EQ(fetched->bytes_from_nodes, 0U);
  EXPECT_LE(f.source.most_at_once(), 3);
}

TEST(FetchInSwarmTest, AModelThatIsNotTheManifestsIsRefused) {
  Fixture f(SomeFiles());
  ResolvedModel model = f.source.Model();
  model.files.pop_back();
  EXPECT_EQ(FetchInSwarm(model, f.source, f.part, f.destination, f.options, f.clock, f.sink, {}).status().code(),
            StatusCode::kInvalidArgument);
}

// ---- nodes that fail

void FlipTheLastBit(std::span<std::byte> piece) { piece.back() ^= std::byte{0x80}; }

TEST(FetchInSwarmTest, RandomFaultsOfNodesAndOriginChangeNothingInTheResult) {
  for (uint32_t seed = 1; seed <= 10; ++seed) {
    Fixture f(SomeFiles(), {.seed = seed, .nodes = 4, .nonsense = 10});
    f.options.max_failures = 1000;
    f.swarm.SetScript([random = std::minstd_rand(seed)](const FakeSwarm::Request&, int) mutable -> FakePiece {
      switch (random() % 12) {
        case 0:
          return {Unavailable("reset")};
        case 1:
          return {ResourceExhausted("busy")};
        case 2:
          return {NotFound("not here")};
        case 3:
          return {DeadlineExceeded("slow")};
        default:
          return {};
      }
    });
    f.source.SetScript([random = std::minstd_rand(seed)](const FakeSource::Request&, int) mutable -> FakeRead {
      return random() % 4 == 0 ? FakeRead{random() % 20'000, Unavailable("reset")} : FakeRead{};
    });
    const auto fetched = f.Fetch();
    ASSERT_TRUE(fetched.ok()) << fetched.status();
    f.CheckDone();
  }
}

TEST(FetchInSwarmTest, ANodeThatSendsOtherBytesIsNamedOnceAndAskedNoMore) {
  Fixture f(SomeFiles(), {.nodes = 3, .from_origin = 0});
  f.swarm.SetScript([](const FakeSwarm::Request& request, int) {
    return request.node == 1 ? FakePiece{.damage = FlipTheLastBit} : FakePiece{};
  });
  ASSERT_TRUE(f.Fetch().ok());
  f.CheckDone();
  ASSERT_EQ(f.sink.said.size(), 1U);
  EXPECT_THAT(f.sink.said[0], HasSubstr("node-1 sent piece "));
  EXPECT_THAT(f.swarm.failures(), Contains(FailureReason::kCorrupt));
}

// ---- bytes that are not the piece's

// As zlib has it: bits from the lowest, polynomial 0x04C11DB7.
uint32_t Crc32(std::span<const std::byte> bytes) {
  uint32_t crc = ~0U;
  for (const std::byte byte : bytes) {
    crc ^= std::to_integer<uint32_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320U : 0);
  }
  return ~crc;
}

// A multiple of the polynomial more or less does not change the checksum.
void DamageWithEqualCrc32(std::span<std::byte> piece) {
  const uint32_t before = Crc32(piece);
  constexpr uint64_t kPolynomial = 0x104C11DB7;
  for (size_t bit = 0; bit <= 32; ++bit) {
    if ((kPolynomial >> (32 - bit) & 1) != 0) piece[5 + bit / 8] ^= std::byte{1} << (bit % 8);
  }
  ASSERT_EQ(Crc32(piece), before);
}

struct Damage {
  std::string name;
  std::function<void(std::span<std::byte>)> done;
};
void PrintTo(const Damage& damage, std::ostream* out) { *out << damage.name; }

class DamagedPieceTest : public ::testing::TestWithParam<Damage> {};

TEST_P(DamagedPieceTest, IsNeverWrittenAndItsSenderIsNamed) {
  const std::string model = Content(40 * kPiece, 2);
  Fixture f({{"model.bin", model}}, {.nodes = 3, .from_origin = 0});
  f.swarm.SetScript([](const FakeSwarm::Request& request, int) {
    return request.node == 1 ? FakePiece{.damage = GetParam().done} : FakePiece{};
  });
  ASSERT_TRUE(f.Fetch().ok());
  f.CheckDone();
  ASSERT_EQ(f.sink.said.size(), 1U);
  EXPECT_THAT(f.sink.said[0], HasSubstr("node-1 sent piece "));
}

void Replace(std::span<std::byte> piece, const std::string& by) {
  std::ranges::copy(std::as_bytes(std::span(by)).first(piece.size()), piece.begin());
}

INSTANTIATE_TEST_SUITE_P(
    Damages, DamagedPieceTest,
    ::testing::Values(
        Damage{"ItsLastBitIsFlipped", FlipTheLastBit}, Damage{"ItHasAnEqualCrc32", DamageWithEqualCrc32},
        Damage{"ItEndsInZeros", [](std::span<std::byte> piece) { std::ranges::fill(piece.last(100), std::byte{}); }},
        Damage{"ItIsTheLastPieceOfTheFile",  // a right hash at the wrong index
               [](std::span<std::byte> piece) { Replace(piece, Content(40 * kPiece, 2).substr(39 * kPiece)); }},
        Damage{"ItIsOfAnOlderVersion", [](std::span<std::byte> piece) { Replace(piece, Content(kPiece, 99)); }}),
    [](const auto& tested) { return tested.param.name; });

TEST(FetchInSwarmTest, WhereAllNodesSendOtherBytesTheOriginHasAll) {
  Fixture f(SomeFiles(), {.nodes = 3, .from_origin = 0});
  f.swarm.SetScript([](const FakeSwarm::Request&, int) { return FakePiece{.damage = FlipTheLastBit}; });
  const auto fetched = f.Fetch();
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  f.CheckDone();
  EXPECT_EQ(f.sink.said.size(), 3U) << "each is named";
}

TEST(FetchInSwarmTest, APieceThatDoesNotComeIsHedgedAndTheSilentNodeLeft) {
  Fixture f({{"model.bin", Content(300'000, 2)}}, {.nodes = 3, .from_origin = 0});
  f.part.rules.least_late = milliseconds(5);
  f.part.rules.unmeasured_late = milliseconds(5);
  f.swarm.SetScript([](const FakeSwarm::Request& request, int) { return FakePiece{.hang = request.node == 2}; });
  const auto fetched = f.Fetch();
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  f.CheckDone();
  EXPECT_GT(f.swarm.hedges(), 0);
  EXPECT_THAT(f.swarm.failures(), Contains(FailureReason::kCancelled));
  // A piece that others bring may be late, too, where the machine is busy: then it may come twice.
  const auto requests = f.swarm.requests();
  const auto answered = std::ranges::count_if(requests, [](const auto& request) { return request.node != 2; });
  EXPECT_GE(fetched->bytes_fetched, 300'000U);
  EXPECT_LE(fetched->bytes_fetched, static_cast<uint64_t>(answered) * kPiece) << "the silent node brought nothing";
}

TEST(FetchInSwarmTest, OfTwoThatBringOnePieceBothMayFinish) {
  Fixture f({{"model.bin", Content(200'000, 2)}}, {.nodes = 3, .from_origin = 0});
  f.part.rules.least_late = milliseconds(1);
  f.part.rules.unmeasured_late = milliseconds(1);
  f.part.rules.late = 1.01;
  f.swarm.SetScript([](const FakeSwarm::Request&, int nth) { return FakePiece{.wait = milliseconds(nth % 6)}; });
  ASSERT_TRUE(f.Fetch().ok());
  f.CheckDone();
}

// ---- an origin that fails

TEST(FetchInSwarmTest, AnOriginThatRefusesIsSaidOnceAndNodesBringAll) {
  Fixture f(SomeFiles(), {.nodes = 2, .from_origin = 50});
  f.source.SetScript([](const FakeSource::Request&, int) { return FakeRead{0, PermissionDenied("gated")}; });
  const auto fetched = f.Fetch();
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  f.CheckDone();
  EXPECT_FALSE(f.swarm.origin_works());
  ASSERT_EQ(f.sink.said.size(), 1U);
  EXPECT_THAT(f.sink.said[0], HasSubstr("gated"));
  EXPECT_EQ(f.source.requests().size(), 1U);
}

TEST(FetchInSwarmTest, WhereNobodyBringsAnythingTheOriginsErrorIsTheEnd) {
  Fixture f(SomeFiles(), {.nodes = 0, .from_origin = 100});
  f.part.rules.give_up = std::chrono::seconds(0);
  f.source.SetScript([](const FakeSource::Request&, int) { return FakeRead{0, PermissionDenied("gated")}; });
  EXPECT_EQ(f.Fetch().status(), PermissionDenied("gated"));
}

TEST(FetchInSwarmTest, AnOriginThatIsDownForLongIsTheErrorInTheEnd) {
  Fixture f(SomeFiles(), {.nodes = 0, .from_origin = 100});
  f.part.rules.give_up = std::chrono::seconds(0);
  f.options.max_failures = 4;
  f.source.SetScript([](const FakeSource::Request&, int) { return FakeRead{0, Unavailable("hub answers 503")}; });
  EXPECT_EQ(f.Fetch().status(), Unavailable("gave up after 4 attempts without progress: hub answers 503"));
}

// ---- proofs

std::string Changed(std::string content, size_t at) {
  content[at] = static_cast<char>(content[at] ^ 1);
  return content;
}

TEST(FetchInSwarmTest, PiecesOfABadAttesterComeAgainWhenTheyAreWithdrawn) {
  const std::string right = Content(100'000, 5);
  Fixture f({{"model.bin", right}}, {.nodes = 3, .from_origin = 0});
  f.swarm.Attest("model.bin", Changed(right, 50'000));
  f.swarm.WithdrawWhenUnproven("model.bin", {11, 12, 13});
  const auto fetched = f.Fetch();
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  f.CheckDone();
  EXPECT_EQ(fetched->bytes_fetched, 100'000 + 3 * kPiece);
  ASSERT_EQ(f.sink.said.size(), 1U);
  EXPECT_THAT(f.sink.said[0], HasSubstr("expected " + Digest::Of(right).ToString()));
}

TEST(FetchInSwarmTest, WhereNobodyKnowsWhichPiecesAreBadTheFileComesFromTheOriginAlone) {
  const std::string right = Content(100'000, 5);
  Fixture f({{"a.bin", Content(50'000, 6)}, {"model.bin", right}}, {.nodes = 3, .from_origin = 0});
  f.part.rules.unproven_wait = std::chrono::seconds(0);
  f.swarm.Attest("model.bin", Changed(right, 50'000));
  const auto fetched = f.Fetch();
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_TRUE(f.destination.files() == f.files);
  ASSERT_EQ(f.sink.said.size(), 2U);
  EXPECT_THAT(f.sink.said[1], HasSubstr("from the origin alone"));
  uint64_t asked = 0;
  for (const FakeSource::Request& request : f.source.requests()) asked += request.range.size();
  EXPECT_EQ(asked, right.size());
}

TEST(FetchInSwarmTest, TwiceWrongWithNobodyElsesPieceInItComesFromTheOriginAloneAtOnce) {
  const std::string right = Content(100'000, 5);
  Fixture f({{"model.bin", right}}, {.nodes = 0, .from_origin = 100});
  f.part.rules.unproven_wait = std::chrono::hours(1);  // in vain: who would say anything?
  std::vector<uint32_t> all(f.swarm.manifest().files()[0].size / kPiece + 1);
  std::iota(all.begin(), all.end(), 0);
  f.swarm.WithdrawWhenUnproven("model.bin", all);
  f.source.SetScript([begun = 0](const FakeSource::Request& request, int) mutable {
    begun += request.range.begin == 0 ? 1 : 0;
    return FakeRead{.corrupt = request.range.begin == 0 && begun <= 2};
  });
  const auto fetched = f.Fetch();
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_TRUE(f.destination.files() == f.files);
  ASSERT_EQ(f.sink.said.size(), 3U);
  EXPECT_THAT(f.sink.said[2], HasSubstr("from the origin alone"));
}

TEST(FetchInSwarmTest, AnOriginThatHasOtherBytesFailsWithBothDigests) {
  const std::string right = Content(10'000, 5);
  Fixture f({{"model.bin", right}}, {.nodes = 3, .from_origin = 0});
  f.part.rules.unproven_wait = std::chrono::seconds(0);
  f.swarm.Attest("model.bin", Changed(right, 5000));
  f.source.SetScript([](const FakeSource::Request&, int) { return FakeRead{.corrupt = true}; });
  const Status status = f.Fetch().status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr("expected " + Digest::Of(right).ToString()));
}

// ---- the end

TEST(FetchInSwarmTest, AStopEndsHangingPiecesAndKeepsWhatCame) {
  Fixture f({{"model.bin", Content(100'000, 2)}}, {.nodes = 1, .from_origin = 0});
  std::promise<void> hanging;
  f.swarm.SetScript([&](const FakeSwarm::Request&, int nth) {
    if (nth == 10) hanging.set_value();
    return FakePiece{.hang = nth >= 10};
  });
  auto fetch = std::async(std::launch::async, [&] { return f.Fetch().status(); });
  hanging.get_future().wait();
  f.stop.request_stop();
  EXPECT_EQ(fetch.get().code(), StatusCode::kCancelled);
  f.stop = std::stop_source();
  f.swarm.SetScript(nullptr);
  const auto fetched = f.Fetch();
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  f.CheckDone();
  EXPECT_EQ(f.destination.bytes_written(), 100'000U);
}

TEST(FetchInSwarmTest, NoRoomEndsIt) {
  Fixture f({{"model.bin", Content(100'000, 2)}});
  f.destination.FailWritesFrom(3);
  EXPECT_EQ(f.Fetch().status(), ResourceExhausted("no space left in memory"));
}

TEST(FetchInSwarmTest, BytesOfNodesAreAdmittedAndCounted) {
  Fixture f({{"model.bin", Content(100'000, 2)}}, {.nodes = 2, .from_origin = 0});
  std::atomic<uint64_t> admitted = 0;
  std::atomic<uint64_t> counted = 0;
  f.part.admit = [&](NodeId, uint64_t bytes, const std::stop_token&) {
    admitted += bytes;
    return OkStatus();
  };
  f.part.count = [&](NodeId, uint64_t bytes) { counted += bytes; };
  ASSERT_TRUE(f.Fetch().ok());
  EXPECT_EQ(admitted, 100'000U);
  EXPECT_EQ(counted, 100'000U);
}

// ---- into a store

TEST(FetchInSwarmTest, AModelArrivesInAStoreAndIsThereWhole) {
  const TempDir dir;
  PosixFileSystem file_system;
  Fixture f(SomeFiles(), {.nodes = 3, .from_origin = 30});
  const auto store =
      Store::Open({.root = dir.path() + "/store", .ingest = SmallPieces()}, file_system, f.clock).value();
  const std::string more = f.files["more.bin"];
  f.swarm.Attest("more.bin", Changed(more, 123'456));
  f.swarm.WithdrawWhenUnproven("more.bin", {30});
  const ResolvedModel model = f.source.Model();
  const auto destination = StoreDestination::Open(model, store->blobs()).value();
  const auto fetched = FetchInSwarm(model, f.source, f.part, *destination, f.options, f.clock, f.sink, {});
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_EQ(f.swarm.broken_rules(), 0) << f.swarm.first_broken_rule();
  ASSERT_EQ(store->models().Put(fetched->manifest, fetched->origin), OkStatus());
  StoreBlobProvider provider(*store);
  for (const auto& [path, content] : f.files) {
    const auto blob = provider.Open(Digest::Of(content)).value();
    std::string bytes(blob->size(), 'x');
    ASSERT_EQ(blob->Read(0, std::as_writable_bytes(std::span(bytes))), OkStatus());
    EXPECT_TRUE(bytes == content) << path;
  }
}

}  // namespace
}  // namespace ballast
