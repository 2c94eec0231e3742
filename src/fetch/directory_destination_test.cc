#include "fetch/directory_destination.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/testing/fake_clock.h"
#include "base/testing/temp_dir.h"
#include "fetch/fetcher.h"
#include "fetch/testing/fake_source.h"
#include "store/posix_file_system.h"

namespace ballast {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

std::string Content(size_t size, uint32_t seed) {
  std::string content(size, '\0');
  for (char& c : content) c = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
  return content;
}

std::string ReadText(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void WriteText(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

class NoProgress final : public ProgressSink {
 public:
  void OnProgress(const FetchProgress&) override {}
  void OnProven(const RemoteFile&, const Digest&) override {}
  void OnMessage(const std::string&) override {}
};

// A model of two small and two larger files, and a directory to bring it to.
class DirectoryDestinationTest : public ::testing::Test {
 protected:
  std::map<std::string, std::string> model_{{"config.json", "{}"},
                                            {"dir/tokenizer.json", Content(5000, 1)},
                                            {"model-1.bin", Content(3 << 20, 2)},
                                            {"model-2.bin", Content((2 << 20) + 17, 3)}};

  Result<FetchedModel> Pull(FakeSource& source) {
    resolved_ = source.Model();
    ASSIGN_OR_RETURN(auto destination,
                     DirectoryDestination::Open({dir_, prefix_, boot_id_}, resolved_, files_, clock_));
    FetchOptions options;
    options.max_streams = streams_;
    options.backoff = {milliseconds(1), milliseconds(1), 1};
    NoProgress progress;
    ASSIGN_OR_RETURN(FetchedModel fetched, FetchModel(resolved_, source, *destination, options, clock_, progress, {}));
    RETURN_IF_ERROR(destination->Complete());
    return fetched;
  }
  void ExpectModel() {
    for (const auto& [path, content] : model_) EXPECT_TRUE(ReadText(dir_ + "/" + path) == content) << path;
  }
  Result<DirectoryIndex> Index() { return DirectoryIndex::FromJson(ReadText(dir_ + "/.ballast/files.json")); }

  int streams_ = 4;
  TempDir temp_;
  std::string dir_ = temp_.path() + "/model";
  std::string prefix_, boot_id_ = "this boot";
  PosixFileSystem files_;
  FakeClock clock_;
  ResolvedModel resolved_;
};

TEST_F(DirectoryDestinationTest, EveryFileIsInPlaceAndListedWithItsDigest) {
  FakeSource source(model_);
  const auto fetched = Pull(source);
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  ExpectModel();
  const auto index = Index();
  ASSERT_TRUE(index.ok()) << index.status();
  EXPECT_EQ(index->state, "complete");
  EXPECT_EQ(index->model, "hf://org/model@main");
  for (const auto& [path, file] : index->files) EXPECT_EQ(file.sha256, Digest::Of(model_[path.str()]));
  EXPECT_TRUE(fs::exists(dir_ + "/.ballast/ready"));
  EXPECT_FALSE(fs::exists(dir_ + "/.ballast/ingest"));
}

TEST_F(DirectoryDestinationTest, ASecondPullReadsNothingFromTheSource) {
  FakeSource first(model_), second(model_);
  ASSERT_TRUE(Pull(first).ok());
  const auto again = Pull(second);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->files_found, 4U);
  EXPECT_TRUE(second.requests().empty());
}

TEST_F(DirectoryDestinationTest, AChangedFileIsFetchedAgainAndForeignFilesAreLeftAlone) {
  FakeSource first(model_), second(model_);
  ASSERT_TRUE(Pull(first).ok());
  std::string changed = model_["model-1.bin"];
  changed[1'000'000] = static_cast<char>(changed[1'000'000] ^ 1);
  WriteText(dir_ + "/model-1.bin", changed);
  WriteText(dir_ + "/config.json", "{ }");
  WriteText(dir_ + "/notes.txt", "mine");
  const auto again = Pull(second);
  ASSERT_TRUE(again.ok()) << again.status();
  ExpectModel();
  EXPECT_EQ(again->bytes_fetched, model_["model-1.bin"].size() + 2);
  EXPECT_EQ(ReadText(dir_ + "/notes.txt"), "mine");
}

TEST_F(DirectoryDestinationTest, FilesThatWereThereAlreadyAreHashedAndTaken) {
  fs::create_directories(dir_);
  WriteText(dir_ + "/model-1.bin", model_["model-1.bin"]);
  WriteText(dir_ + "/config.json", "{}");
  FakeSource source(model_);
  const auto fetched = Pull(source);
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_EQ(fetched->files_found, 2U);
  ExpectModel();
}

TEST_F(DirectoryDestinationTest, WhatAnotherBootLeftUnfinishedIsNotTakenOnItsWord) {
  FakeSource first(model_), second(model_);
  streams_ = 1;
  first.SetScript([this](const FakeSource::Request& request, int) {
    clock_.Advance(std::chrono::minutes(1));  // so that the index is written again
    return request.path == "model-2.bin" ? FakeRead{0, NotFound("gone")} : FakeRead{};
  });
  ASSERT_FALSE(Pull(first).ok());
  ASSERT_NE(Index()->files.at(SafePath::Parse("model-1.bin").value()).modified_ns, 0);
  // A file whose bytes the disk lost, but which has the recorded size and time.
  const auto time = fs::last_write_time(dir_ + "/model-1.bin");
  WriteText(dir_ + "/model-1.bin", std::string(model_["model-1.bin"].size(), '\0'));
  fs::last_write_time(dir_ + "/model-1.bin", time);
  boot_id_ = "the next boot";
  ASSERT_TRUE(Pull(second).ok());
  ExpectModel();
}

TEST_F(DirectoryDestinationTest, AnInterruptedDownloadGoesOnWhereItWas) {
  FakeSource first(model_), second(model_);
  first.SetScript([](const FakeSource::Request& request, int) {
    return request.path == "model-1.bin" ? FakeRead{(2 << 20) + 5, NotFound("gone")} : FakeRead{};
  });
  ASSERT_FALSE(Pull(first).ok());
  EXPECT_FALSE(fs::exists(dir_ + "/model-1.bin"));
  EXPECT_FALSE(fs::exists(dir_ + "/.ballast/ready"));
  EXPECT_EQ(Index()->state, "downloading");
  ASSERT_TRUE(Pull(second).ok());
  ExpectModel();
  for (const auto& request : second.requests()) {
    EXPECT_TRUE(request.path != "model-1.bin" || request.range.begin >= 2U << 20);
  }
}

TEST_F(DirectoryDestinationTest, EqualFilesAreCopied) {
  model_ = {{"a.bin", Content(2 << 20, 1)},
            {"b.bin", Content(2 << 20, 1)},
            {"c/c.bin", Content(2 << 20, 1)},
            {"e", ""},
            {"f", ""}};
  FakeSource source(model_);
  const auto fetched = Pull(source);
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_EQ(fetched->bytes_fetched, 2U << 20);
  ExpectModel();
  EXPECT_EQ(fs::hard_link_count(dir_ + "/a.bin"), 1U);
}

TEST_F(DirectoryDestinationTest, APrefixPutsTheModelBelowTheDirectory) {
  prefix_ = "models--org--model/snapshots/abc";
  FakeSource source(model_);
  ASSERT_TRUE(Pull(source).ok());
  EXPECT_EQ(ReadText(dir_ + "/models--org--model/snapshots/abc/config.json"), "{}");
  EXPECT_TRUE(fs::exists(dir_ + "/.ballast/files.json"));
}

TEST_F(DirectoryDestinationTest, ASymbolicLinkBelowTheDirectoryIsNotFollowed) {
  fs::create_directories(dir_);
  fs::create_directories(temp_.path() + "/elsewhere");
  fs::create_directory_symlink(temp_.path() + "/elsewhere", dir_ + "/dir");
  FakeSource source(model_);
  const auto fetched = Pull(source);
  ASSERT_FALSE(fetched.ok());
  EXPECT_THAT(fetched.status().message(), HasSubstr("symbolic link"));
  EXPECT_TRUE(fs::is_empty(temp_.path() + "/elsewhere"));
}

TEST_F(DirectoryDestinationTest, ALinkInAFilesPlaceIsReplacedNotWrittenThrough) {
  fs::create_directories(dir_);
  WriteText(temp_.path() + "/target", "precious");
  fs::create_symlink(temp_.path() + "/target", dir_ + "/config.json");
  FakeSource source(model_);
  ASSERT_TRUE(Pull(source).ok());
  ExpectModel();
  EXPECT_EQ(ReadText(temp_.path() + "/target"), "precious");
}

TEST_F(DirectoryDestinationTest, TwoAtOnceAreRefused) {
  FakeSource source(model_);
  resolved_ = source.Model();
  const auto one = DirectoryDestination::Open({dir_, "", "boot"}, resolved_, files_, clock_);
  ASSERT_TRUE(one.ok()) << one.status();
  const auto two = DirectoryDestination::Open({dir_, "", "boot"}, resolved_, files_, clock_);
  EXPECT_EQ(two.status().code(), StatusCode::kAborted);
  EXPECT_THAT(two.status().message(), HasSubstr("another ballast"));
}

TEST_F(DirectoryDestinationTest, TooLittleRoomIsSaidWithNumbersBeforeTheDownload) {
  FakeSource source(model_);
  resolved_ = source.Model();
  resolved_.files[2].size = uint64_t{1} << 50;
  const auto destination = DirectoryDestination::Open({dir_, "", "boot"}, resolved_, files_, clock_);
  EXPECT_EQ(destination.status().code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(destination.status().message(), HasSubstr("needs 1.0 PiB, "));
}

TEST_F(DirectoryDestinationTest, WrongBytesLeaveNothingBehind) {
  FakeSource source({{"model-2.bin", model_["model-2.bin"]}});
  source.SetScript([](const FakeSource::Request&, int) { return FakeRead{.corrupt = true}; });
  const auto fetched = Pull(source);
  EXPECT_EQ(fetched.status().code(), StatusCode::kDataLoss);
  EXPECT_THAT(fetched.status().message(), HasSubstr("expected sha256:"));
  EXPECT_FALSE(fs::exists(dir_ + "/model-2.bin"));
  EXPECT_TRUE(fs::is_empty(dir_ + "/.ballast/ingest"));
}

}  // namespace
}  // namespace ballast
