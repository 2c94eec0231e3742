// A directory as origin has no digests: what was received of a file before it was written to must never be joined with
// what it holds afterwards.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/testing/fake_clock.h"
#include "base/testing/temp_dir.h"
#include "fetch/directory_destination.h"
#include "fetch/fetcher.h"
#include "origin/file_origin.h"
#include "store/posix_file_system.h"

namespace ballast {
namespace {

class NoProgress final : public ProgressSink {
 public:
  void OnProgress(const FetchProgress&) override {}
  void OnProven(const RemoteFile&, const Digest&) override {}
  void OnMessage(const std::string&) override {}
};

// Calls `meanwhile` once, when a mebibyte and a half of a file have come.
class DisturbedSource final : public Source {
 public:
  DisturbedSource(Origin& origin, std::function<void()> meanwhile)
      : origin_(origin), meanwhile_(std::move(meanwhile)) {}

  Status Read(const ResolvedModel& model, const RemoteFile& file, ByteRange range, const ByteSink& sink,
              std::stop_token stop) override {
    const auto counted = [&](std::span<const std::byte> bytes) {
      received_ += bytes.size();
      if (received_ > (3 << 19)) {
        if (const auto call = std::exchange(meanwhile_, nullptr)) call();
      }
      return sink(bytes);
    };
    return origin_.Read(model, file, range, counted, std::move(stop));
  }

 private:
  Origin& origin_;
  std::function<void()> meanwhile_;
  uint64_t received_ = 0;
};

class WrittenMeanwhileTest : public ::testing::Test {
 protected:
  void Write(char byte) const {
    std::filesystem::create_directories(from_);
    std::ofstream(from_ + "/model.bin", std::ios::binary) << std::string(4 << 20, byte);
  }
  Result<FetchedModel> Pull(std::function<void()> meanwhile) {
    FileOrigin origin("local", {temp_.path()});
    ASSIGN_OR_RETURN(const ModelRef ref, ModelRef::Parse("file://" + from_));
    ASSIGN_OR_RETURN(const ResolvedModel model, origin.Resolve(ref, {}, {}));
    ASSIGN_OR_RETURN(const auto destination, DirectoryDestination::Open({to_, "", "boot"}, model, files_, clock_));
    DisturbedSource source(origin, std::move(meanwhile));
    NoProgress progress;
    FetchOptions options;
    options.max_streams = 1;
    return FetchModel(model, source, *destination, options, clock_, progress, {});
  }

  TempDir temp_;
  const std::string from_ = temp_.path() + "/from";
  const std::string to_ = temp_.path() + "/to";
  PosixFileSystem files_;
  FakeClock clock_;
};

TEST_F(WrittenMeanwhileTest, TheNextPullTakesTheNewFileWhole) {
  Write('a');
  EXPECT_EQ(Pull([this] { Write('b'); }).status().code(), StatusCode::kFailedPrecondition);
  const auto fetched = Pull(nullptr);
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  std::ifstream in(to_ + "/model.bin", std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  EXPECT_TRUE(text.str() == std::string(4 << 20, 'b'));
}

}  // namespace
}  // namespace ballast
