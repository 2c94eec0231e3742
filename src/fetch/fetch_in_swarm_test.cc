#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <set>

#include "base/testing/fake_clock.h"
#include "fetch/fetcher.h"
#include "fetch/testing/fake_source.h"
#include "fetch/testing/fake_swarm.h"
#include "fetch/testing/memory_destination.h"

namespace ballast {
namespace {

using std::chrono::milliseconds;
using ::testing::Contains;
using ::testing::HasSubstr;

constexpr uint32_t kPiece = 4096;  // bytes, of MemoryDestination

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
  explicit Fixture(std::map<std::string, std::string> the_files, FakeCoordinator::Options how = {})
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
  EXPECT_EQ(hashes[3], Digest::Of(std::string_view(f.files["more.bin"]).substr(size_t{3} * kPiece, kPiece)));
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

}  // namespace
}  // namespace ballast
