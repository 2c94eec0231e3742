#include "origin/file_origin.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "base/strings.h"
#include "core/testing/hostile_names.h"
#include "origin/testing/origin_conformance.h"

namespace ballast {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

std::string Bytes(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31 + i / 251);
  return bytes;
}

void Write(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

// A root with a model in it, removed at the end.
struct DirectoryUnderTest final : OriginUnderTest {
  DirectoryUnderTest() {
    std::string pattern = testing::TempDir() + "file_origin.XXXXXX";
    root = mkdtemp(pattern.data());
    for (const auto& [path, bytes] : content()) Write(model() / path, bytes);
  }
  ~DirectoryUnderTest() override { fs::remove_all(root); }
  DirectoryUnderTest(const DirectoryUnderTest&) = delete;
  DirectoryUnderTest& operator=(const DirectoryUnderTest&) = delete;

  Origin& origin() override {
    if (!files) files = std::make_unique<FileOrigin>("local", std::vector<std::string>{"/nonexistent", root});
    return *files;
  }
  ModelRef ref() const override { return *ModelRef::Parse("file://" + model().string()); }
  ModelRef unknown_ref() const override { return *ModelRef::Parse("file://" + root + "/models/nothing"); }
  std::map<std::string, std::string> content() const override {
    return {{"model.bin", Bytes(600'000)}, {"config.json", "{}"}, {"sub/deep/file", "x"}, {"empty", ""}};
  }
  fs::path model() const { return fs::path(root) / "models" / "m"; }

  std::string root;
  std::unique_ptr<FileOrigin> files;
};

std::unique_ptr<OriginUnderTest> MakeDirectory() { return std::make_unique<DirectoryUnderTest>(); }
INSTANTIATE_TEST_SUITE_P(Directory, OriginConformanceTest, testing::Values(&MakeDirectory));

class FileOriginTest : public testing::Test {
 protected:
  Result<ResolvedModel> Resolve(const PathFilter& filter = {}) {
    return test_.origin().Resolve(test_.ref(), filter, {});
  }
  Status Read(const ResolvedModel& model, const std::string& path, const ByteSink& sink = Ignore()) {
    for (const RemoteFile& file : model.files) {
      if (file.path.str() == path) return test_.origin().Read(model, file, {0, file.size}, sink, {});
    }
    return Internal("no such file in the listing");
  }
  static ByteSink Ignore() {
    return [](std::span<const std::byte>) { return OkStatus(); };
  }
  // That `path` makes Resolve() fail by naming it, and that excluding it helps.
  void ExpectRefused(const std::string& path, const std::string& why) {
    const Status status = Resolve().status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status;
    EXPECT_THAT(status.message(), AllOf(HasSubstr(path), HasSubstr(why)));
    EXPECT_TRUE(Resolve({.exclude = {path}}).ok());
  }

  DirectoryUnderTest test_;
};

TEST_F(FileOriginTest, KnowsNoDigestAndNoCommit) {
  const auto model = Resolve();
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->commit, "");
  for (const RemoteFile& file : model->files) EXPECT_FALSE(file.sha256.has_value() || file.git_oid.has_value());
}

TEST_F(FileOriginTest, RefusesWhatIsNotBelowARoot) {
  const auto refuse = [&](const std::string& directory) {
    return test_.origin().Resolve(*ModelRef::Parse("file://" + directory), {}, {}).status();
  };
  EXPECT_THAT(refuse("/etc").ToString(),
              AllOf(HasSubstr("PERMISSION_DENIED"), HasSubstr(test_.root), HasSubstr("roots")));
  EXPECT_EQ(refuse(test_.root + "x").code(), StatusCode::kPermissionDenied);
  FileOrigin none("local", {});
  EXPECT_THAT(none.Resolve(test_.ref(), {}, {}).status().message(), HasSubstr("it has none"));
  FileOrigin everything("local", {"/"});
  EXPECT_TRUE(everything.Resolve(test_.ref(), {}, {}).ok());
  FileOrigin itself("local", {test_.model().string() + "/"});
  EXPECT_TRUE(itself.Resolve(test_.ref(), {}, {}).ok());
}

TEST_F(FileOriginTest, RefusesLinksDevicesAndFifosByName) {
  fs::create_symlink("/etc/passwd", test_.model() / "link");
  ExpectRefused("link", "symbolic link");
  fs::remove(test_.model() / "link");
  fs::create_directory_symlink("/etc", test_.model() / "sub" / "dir");
  ExpectRefused("sub/dir", "symbolic link");
  fs::remove(test_.model() / "sub" / "dir");
  ASSERT_EQ(mkfifo((test_.model() / "fifo").c_str(), 0600), 0);
  ExpectRefused("fifo", "FIFO");
}

TEST_F(FileOriginTest, AFileInTheDirectorysPlaceIsToldSo) {
  const std::string file = (test_.model() / "config.json").string();
  FileOrigin itself("local", {file});
  for (Origin* origin : {static_cast<Origin*>(&itself), &test_.origin()}) {
    EXPECT_THAT(origin->Resolve(*ModelRef::Parse("file://" + file), {}, {}).status().ToString(),
                AllOf(HasSubstr("INVALID_ARGUMENT"), HasSubstr("is no directory")));
  }
}

TEST_F(FileOriginTest, RefusesAModelBehindALink) {
  fs::create_directory_symlink(test_.model(), fs::path(test_.root) / "alias");
  const Status status = test_.origin().Resolve(*ModelRef::Parse("file://" + test_.root + "/alias"), {}, {}).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("symbolic link"));
}

TEST_F(FileOriginTest, AFileSwappedForALinkIsNotRead) {
  const auto model = Resolve();
  fs::remove(test_.model() / "config.json");
  fs::create_symlink("/etc/passwd", test_.model() / "config.json");
  EXPECT_EQ(Read(*model, "config.json").code(), StatusCode::kInvalidArgument);
}

TEST_F(FileOriginTest, ADirectorySwappedForALinkIsNotFollowed) {
  const auto model = Resolve();
  fs::rename(test_.model() / "sub", fs::path(test_.root) / "elsewhere");
  fs::create_directory_symlink(fs::path(test_.root) / "elsewhere", test_.model() / "sub");
  EXPECT_EQ(Read(*model, "sub/deep/file").code(), StatusCode::kInvalidArgument);
}

TEST_F(FileOriginTest, AFileWrittenToAfterTheListingIsNotRead) {
  const auto model = Resolve();
  Write(test_.model() / "config.json", "[]");  // the size stays
  const auto before = fs::last_write_time(test_.model() / "config.json");
  fs::last_write_time(test_.model() / "config.json", before + std::chrono::seconds(1));
  const Status status = Read(*model, "config.json");
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("\"config.json\""), HasSubstr("was written to")));
  EXPECT_TRUE(Read(*Resolve(), "config.json").ok());
}

TEST_F(FileOriginTest, AWriteIsNoticedByAProcessThatBeganLaterToo) {
  const auto model = Resolve();
  EXPECT_TRUE(Read(*model, "config.json").ok());
  test_.files.reset();
  EXPECT_TRUE(Read(*model, "config.json").ok());
  Write(test_.model() / "config.json", "[]");
  const auto before = fs::last_write_time(test_.model() / "config.json");
  fs::last_write_time(test_.model() / "config.json", before + std::chrono::seconds(1));
  test_.files.reset();
  EXPECT_EQ(Read(*model, "config.json").code(), StatusCode::kFailedPrecondition);
}

// As `cp --preserve` and `rsync --times` do.
TEST_F(FileOriginTest, AModificationTimeThatIsPutBackHidesNoWrite) {
  const auto model = Resolve();
  const fs::path path = test_.model() / "config.json";
  const auto before = fs::last_write_time(path);
  Status status;
  while (status.ok()) {  // until the kernel's clock has ticked
    Write(path, "[]");
    fs::last_write_time(path, before);
    status = Read(*model, "config.json");
  }
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
}

TEST_F(FileOriginTest, AFileWrittenToWhileItIsReadEndsTheRead) {
  const auto model = Resolve();
  const fs::path path = test_.model() / "model.bin";
  const auto touch = [&](std::span<const std::byte>) {
    fs::last_write_time(path, fs::last_write_time(path) + std::chrono::seconds(1));
    return OkStatus();
  };
  EXPECT_EQ(Read(*model, "model.bin", touch).code(), StatusCode::kFailedPrecondition);
  const auto again = Resolve();
  const auto cut = [&](std::span<const std::byte>) { return fs::resize_file(path, 300'000), OkStatus(); };
  EXPECT_EQ(Read(*again, "model.bin", cut).code(), StatusCode::kFailedPrecondition);
}

TEST_F(FileOriginTest, NamesAndTwinsAreCheckedLikeAHubs) {
  Write(test_.model() / "Model.bin", "x");
  EXPECT_THAT(Resolve().status().message(), AllOf(HasSubstr("\"Model.bin\""), HasSubstr("\"model.bin\"")));
  EXPECT_TRUE(Resolve({.exclude = {"Model.bin"}}).ok());
  Write(test_.model() / "a:b", "x");
  EXPECT_EQ(Resolve({.exclude = {"Model.bin"}}).status().code(), StatusCode::kInvalidArgument);
}

// What was cloned, or pulled by ballast itself, is a model as it stands.
TEST_F(FileOriginTest, WhatGitAndBallastKeepInTheDirectoryIsNoPartOfTheModel) {
  const size_t files = Resolve()->files.size();
  for (const char* path : {".git/config", ".git/objects/ab/cd", "sub/.git", ".ballast/files.json", ".ballast/lock"}) {
    Write(test_.model() / path, "x");
  }
  fs::create_symlink("/etc/passwd", test_.model() / ".git" / "link");
  const auto model = Resolve();
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->files.size(), files);
  Write(test_.model() / ".GIT" / "config", "x");  // to a file system that ignores case it is the same
  EXPECT_THAT(Resolve().status().message(), HasSubstr("\".GIT/config\""));
}

TEST_F(FileOriginTest, WhatIsExcludedNeedNotBeAModel) {
  Write(test_.model() / "cache" / "a:b", "x");
  fs::create_symlink("/etc/passwd", test_.model() / "cache" / "link");
  fs::path deep = test_.model() / "cache";
  for (int i = 0; i < 70; ++i) deep /= "d";
  Write(deep / "file", "x");
  EXPECT_EQ(Resolve().status().code(), StatusCode::kInvalidArgument);
  for (const char* pattern : {"cache/", "cache/*", "cache/**", "c*"}) {
    EXPECT_TRUE(Resolve({.exclude = {pattern}}).ok()) << pattern;
  }
}

// Whether a directory can hold such a name at all: not one that means another place, and no NUL. And not too deep,
// which is refused on the way down.
bool IsOneEntry(const std::string& name) {
  const std::vector<std::string_view> parts = Split(name, '/');
  return parts.size() < 64 && name.find('\0') == std::string::npos &&
         std::none_of(parts.begin(), parts.end(),
                      [](std::string_view part) { return part.empty() || part == "." || part == ".."; });
}

TEST_F(FileOriginTest, HostileNamesAreRefusedWithTheNameQuoted) {
  int made = 0;
  for (const HostileName& hostile : HostileNames()) {
    const bool left_out = hostile.rule.find("git") != std::string_view::npos || hostile.rule.find("keeps") == 0;
    if (!IsOneEntry(hostile.name) || left_out) continue;
    const fs::path top = test_.model() / hostile.name.substr(0, hostile.name.find('/'));
    std::error_code error;
    fs::create_directories((test_.model() / hostile.name).parent_path(), error);
    std::ofstream(test_.model() / hostile.name) << "x";
    if (!fs::exists(test_.model() / hostile.name, error)) {  // too long
      fs::remove_all(top, error);
      continue;
    }
    ++made;
    const Status status = Resolve().status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << Quoted(hostile.name) << " " << status;
    EXPECT_THAT(status.message(), HasSubstr(Quoted(hostile.name)));
    EXPECT_EQ(status.message().find_first_of("\n\x1b"), std::string::npos);
    EXPECT_TRUE(Resolve({.include = {"*.json"}}).ok()) << Quoted(hostile.name);
    fs::remove_all(top);
  }
  EXPECT_GT(made, 120);
}

TEST_F(FileOriginTest, HostileListingsAreRefused) {
  int made = 0;
  for (const HostileListing& listing : HostileListings()) {
    std::error_code error;
    std::set<std::string> there;
    for (const std::string& name : listing.names) {
      fs::create_directories((test_.model() / "l" / name).parent_path(), error);
      std::ofstream(test_.model() / "l" / name) << "x";
      if (fs::is_regular_file(test_.model() / "l" / name, error)) there.insert(name);
    }
    const bool whole = there.size() == listing.names.size();  // else it needs a name twice, which no directory has
    made += whole ? 1 : 0;
    EXPECT_EQ(Resolve().ok(), !whole) << Quoted(listing.names[0]);
    fs::remove_all(test_.model() / "l");
  }
  EXPECT_GT(made, 8);
}

TEST_F(FileOriginTest, ATreeThatIsTooDeepIsRefused) {
  fs::path deep = test_.model();
  for (int i = 0; i < 70; ++i) deep /= "d";
  Write(deep / "file", "x");
  EXPECT_EQ(Resolve().status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace ballast
