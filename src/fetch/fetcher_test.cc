#include "fetch/fetcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <set>

#include "base/testing/fake_clock.h"
#include "fetch/testing/fake_source.h"
#include "fetch/testing/memory_destination.h"

namespace ballast {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

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

struct Fixture {
  explicit Fixture(std::map<std::string, std::string> files) : files(files), source(std::move(files)) {
    options.max_streams = 4;
    options.backoff = {milliseconds(1), milliseconds(2), 2};
    options.progress_interval = milliseconds(5);
  }
  Result<FetchedModel> Fetch() {
    return FetchModel(source.Model(), source, destination, options, clock, sink, stop.get_token());
  }

  std::map<std::string, std::string> files;
  FakeSource source;
  MemoryDestination destination;
  FetchOptions options;
  RealClock clock;
  RecordingSink sink;
  std::stop_source stop;
};

std::map<std::string, std::string> SomeFiles() {
  return {{"config.json", Content(700, 1)},
          {"empty.txt", ""},
          {"model.bin", Content(300'000, 2)},
          {"tokenizer.json", Content(9000, 3)}};
}

TEST(FetcherTest, EveryFileArrivesAndItsDigestIsInTheManifest) {
  Fixture f(SomeFiles());
  const auto fetched = f.Fetch();
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_EQ(f.destination.files(), f.files);
  EXPECT_EQ(f.destination.broken_rules(), 0);
  ASSERT_EQ(fetched->manifest.files().size(), 4U);
  for (const ManifestFile& file : fetched->manifest.files())
    EXPECT_EQ(file.digest, Digest::Of(f.files[file.path.str()]));
  EXPECT_EQ(fetched->bytes_fetched, fetched->manifest.TotalBytes());
  EXPECT_EQ(fetched->origin.uri, "hf://org/model");
  EXPECT_EQ(fetched->origin.revisions, std::vector<std::string>{"main"});
  EXPECT_EQ(fetched->origin.files.at("config.json").git_oid, GitOid::OfBlob(f.files["config.json"]));
  EXPECT_EQ(std::set<std::string>(f.sink.proven.begin(), f.sink.proven.end()).size(), 4U);
  EXPECT_EQ(f.sink.proven.size(), 4U);
  EXPECT_EQ(f.sink.last.bytes_done, f.sink.last.bytes_total);
  EXPECT_EQ(f.sink.last.files_done, 4U);
}

TEST(FetcherTest, RandomFaultsChangeNothingInTheResult) {
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    Fixture f(SomeFiles());
    f.options.max_failures = 100;
    f.source.SetScript([random = std::minstd_rand(seed)](const FakeSource::Request&, int) mutable -> FakeRead {
      switch (random() % 6) {
        case 0:
          return {random() % 20'000, Unavailable("reset")};
        case 1:
          return {0, Unavailable("503")};
        case 2:
          return {random() % 20'000};  // calls too little a success
        case 3:
          return {.extra = 5};
        default:
          return {};
      }
    });
    const auto fetched = f.Fetch();
    ASSERT_TRUE(fetched.ok()) << fetched.status();
    EXPECT_EQ(f.destination.files(), f.files);
    EXPECT_EQ(f.destination.broken_rules(), 0);
  }
}

TEST(FetcherTest, StreamsAtOnceAreBounded) {
  Fixture f({{"a", Content(200'000, 1)},
             {"b", Content(200'000, 2)},
             {"c", Content(200'000, 3)},
             {"d", ""},
             {"e", "e"},
             {"f", "f"}});
  f.options.max_streams = 2;
  ASSERT_TRUE(f.Fetch().ok());
  EXPECT_LE(f.source.most_at_once(), 2);
}

TEST(FetcherTest, ALoneFileThatWaitsForItsSourceIsSharedByAllStreams) {
  Fixture f({{"model.bin", Content(3'000'000, 4)}});
  f.options.min_extent = 20'000;
  FakeClock clock;
  f.source.SetScript([&clock](const FakeSource::Request&, int) {
    clock.Advance(std::chrono::seconds(1));  // in which no time was spent on writing
    return FakeRead{.hold_until = 4};
  });
  const auto fetched = FetchModel(f.source.Model(), f.source, f.destination, f.options, clock, f.sink, {});
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_EQ(f.source.most_at_once(), 4);
  EXPECT_TRUE(f.destination.files() == f.files);
  EXPECT_EQ(f.destination.broken_rules(), 0);
  EXPECT_EQ(fetched->bytes_fetched, 3'000'000U) << "no byte is fetched twice";
}

TEST(FetcherTest, EqualFilesAreReadOnce) {
  const std::string same = Content(50'000, 7);
  Fixture f({{"a.bin", same}, {"b/a.bin", same}, {"c.json", "{}"}, {"d.json", "{}"}});
  const auto fetched = f.Fetch();
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_EQ(f.destination.files(), f.files);
  EXPECT_EQ(fetched->bytes_fetched, 50'002U);
  EXPECT_EQ(fetched->files_found, 0U);
}

TEST(FetcherTest, WhatIsHereCostsNothing) {
  Fixture f(SomeFiles());
  ASSERT_TRUE(f.Fetch().ok());
  const size_t before = f.source.requests().size();
  const auto again = f.Fetch();
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(f.source.requests().size(), before);
  EXPECT_EQ(again->bytes_fetched, 0U);
  EXPECT_EQ(again->files_found, 4U);
}

TEST(FetcherTest, AFailedFetchIsResumedWhereItEnded) {
  Fixture f({{"model.bin", Content(400'000, 2)}});
  f.options.max_streams = 1;
  f.source.SetScript([](const FakeSource::Request&, int) { return FakeRead{250'000, NotFound("gone")}; });
  EXPECT_EQ(f.Fetch().status(), NotFound("gone"));
  f.source.SetScript(nullptr);
  const auto fetched = f.Fetch();
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_EQ(f.source.requests().back().range.begin, 250'000U / 4096 * 4096);
  EXPECT_EQ(fetched->bytes_fetched, 400'000 - f.source.requests().back().range.begin);
}

TEST(FetcherTest, AConnectionThatBroughtMuchIsTakenUpAtTheByteWhereItBroke) {
  Fixture f({{"model.bin", Content(700'000, 2)}});
  f.options.max_streams = 1;
  f.options.max_failures = 1;
  f.source.SetScript([](const FakeSource::Request&, int nth) {
    return nth == 0 ? FakeRead{300'001, Unavailable("reset")} : FakeRead{};
  });
  ASSERT_TRUE(f.Fetch().ok());
  EXPECT_EQ(f.source.requests().at(1).range.begin, 300'001U);
}

TEST(FetcherTest, WrongBytesAreFetchedOnceMoreAndSaid) {
  Fixture f({{"model.bin", Content(10'000, 2)}});
  f.source.SetScript([](const FakeSource::Request&, int nth) { return FakeRead{.corrupt = nth == 0}; });
  ASSERT_TRUE(f.Fetch().ok());
  EXPECT_EQ(f.destination.files(), f.files);
  ASSERT_EQ(f.sink.said.size(), 1U);
  EXPECT_THAT(f.sink.said[0], HasSubstr("fetched once more"));
}

TEST(FetcherTest, WrongBytesTwiceFailWithFileAndBothDigests) {
  Fixture f({{"model.bin", Content(1000, 2)}});
  f.source.SetScript([](const FakeSource::Request&, int) { return FakeRead{.corrupt = true}; });
  const Status status = f.Fetch().status();
  std::string wrong = f.files["model.bin"];
  wrong[0] = static_cast<char>(wrong[0] ^ 1);
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr("model.bin"));
  EXPECT_THAT(status.message(), HasSubstr("expected " + Digest::Of(f.files["model.bin"]).ToString()));
  EXPECT_THAT(status.message(), HasSubstr("got " + Digest::Of(wrong).ToString()));
  EXPECT_TRUE(f.destination.files().empty());
  EXPECT_EQ(f.source.requests().size(), 2U);
}

TEST(FetcherTest, NoRoomEndsItAtOnceWithoutAnotherRequest) {
  Fixture f({{"model.bin", Content(100'000, 2)}});
  f.options.max_streams = 1;
  f.destination.FailWritesFrom(3);
  EXPECT_EQ(f.Fetch().status(), ResourceExhausted("no space left in memory"));
  EXPECT_EQ(f.source.requests().size(), 1U);
}

TEST(FetcherTest, AStopEndsHangingReadsAndKeepsThePieces) {
  Fixture f({{"model.bin", Content(100'000, 2)}});
  f.options.max_streams = 1;
  std::promise<void> hanging;
  f.source.SetScript([&](const FakeSource::Request&, int nth) {
    if (nth == 0) hanging.set_value();
    return FakeRead{.deliver = 50'000, .hang = true};
  });
  auto fetch = std::async(std::launch::async, [&] { return f.Fetch().status(); });
  hanging.get_future().wait();
  f.stop.request_stop();
  EXPECT_EQ(fetch.get().code(), StatusCode::kCancelled);
  f.stop = std::stop_source();
  f.source.SetScript(nullptr);
  ASSERT_TRUE(f.Fetch().ok());
  EXPECT_LE(f.destination.bytes_written(), 200'000U);
}

TEST(FetcherTest, AStopBeforeTheStartFetchesNothing) {
  Fixture f(SomeFiles());
  f.stop.request_stop();
  EXPECT_EQ(f.Fetch().status().code(), StatusCode::kCancelled);
}

TEST(FetcherTest, AnOutageIsShownWhileItLastsAndIsTheErrorInTheEnd) {
  Fixture f({{"model.bin", Content(1000, 2)}});
  f.options.max_failures = 3;
  f.options.backoff = {milliseconds(30), milliseconds(30), 1};
  std::string waited;
  struct Sink final : ProgressSink {
    explicit Sink(std::string& text) : waited(text) {}
    void OnProgress(const FetchProgress& p) override { waited = p.waiting_for.empty() ? waited : p.waiting_for; }
    void OnProven(const RemoteFile&, const Digest&) override {}
    void OnMessage(const std::string&) override {}
    std::string& waited;
  } sink(waited);
  f.source.SetScript([](const FakeSource::Request&, int) { return FakeRead{0, Unavailable("hub answers 503")}; });
  const Status status = FetchModel(f.source.Model(), f.source, f.destination, f.options, f.clock, sink, {}).status();
  EXPECT_EQ(status, Unavailable("gave up after 3 attempts without progress: hub answers 503"));
  EXPECT_THAT(waited, HasSubstr("hub answers 503; next try in "));
}

TEST(FetcherTest, ThousandsOfSmallFilesArrive) {
  std::map<std::string, std::string> files;
  for (int i = 0; i < 3000; ++i) files["dir/" + std::to_string(i)] = "content " + std::to_string(i);
  Fixture f(files);
  f.options.max_streams = 16;
  ASSERT_TRUE(f.Fetch().ok());
  EXPECT_EQ(f.destination.files(), f.files);
  EXPECT_EQ(f.sink.proven.size(), 3000U);
}

TEST(FetcherTest, AModelWithoutFilesIsReadyAtOnce) {
  Fixture f({});
  const auto fetched = f.Fetch();
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_TRUE(fetched->manifest.files().empty());
}

}  // namespace
}  // namespace ballast
