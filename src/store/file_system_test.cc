// What the real file system and the one of the crash tests must have in common.
#include "store/file_system.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <functional>
#include <set>

#include "base/testing/temp_dir.h"
#include "store/aligned_buffer.h"
#include "store/posix_file_system.h"
#include "store/testing/crash_file_system.h"

namespace ballast {
namespace {

using ::testing::ElementsAre;

std::span<const std::byte> Bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

using MakeFileSystem = std::function<std::unique_ptr<FileSystem>()>;

class FileSystemTest : public ::testing::TestWithParam<std::pair<std::string, MakeFileSystem>> {
 protected:
  FileSystemTest() : files_(GetParam().second()), root_(dir_.path()) {
    const Status made = EnsureDirectories(*files_, "", root_);
    BALLAST_CHECK(made.ok()) << made;
  }

  void Write(const std::string& path, std::string_view content) {
    const Status written = files_->Open(path, OpenMode::kOpenOrCreate).value()->Write(0, Bytes(content));
    BALLAST_CHECK(written.ok()) << written;
  }
  std::string Read(const std::string& path) { return ReadSmallFile(*files_, path, 1 << 20).value(); }
  StatusCode OpenCode(const std::string& path, OpenMode mode) { return files_->Open(path, mode).status().code(); }

  TempDir dir_;
  std::unique_ptr<FileSystem> files_;
  const std::string root_;
};

TEST_P(FileSystemTest, ReadsWhatWasWritten) {
  const auto file = files_->Open(root_ + "/f", OpenMode::kCreate).value();
  ASSERT_EQ(file->Write(3, Bytes("abc")), OkStatus());
  std::string into(10, 'x');
  EXPECT_EQ(file->Read(0, std::as_writable_bytes(std::span(into))).value(), 6);
  EXPECT_EQ(into, std::string("\0\0\0abcxxxx", 10));
  EXPECT_EQ(file->Read(6, std::as_writable_bytes(std::span(into))).value(), 0);
  EXPECT_EQ(file->Sync(), OkStatus());
  EXPECT_EQ(files_->Stat(root_ + "/f")->size, 6);
}

TEST_P(FileSystemTest, OpenModesSayWhatMustExist) {
  EXPECT_EQ(OpenCode(root_ + "/f", OpenMode::kRead), StatusCode::kNotFound);
  EXPECT_EQ(OpenCode(root_ + "/f", OpenMode::kReadWrite), StatusCode::kNotFound);
  EXPECT_EQ(OpenCode(root_ + "/f", OpenMode::kDirect), StatusCode::kNotFound);
  EXPECT_EQ(OpenCode(root_ + "/f", OpenMode::kOpenOrCreate), StatusCode::kOk);
  EXPECT_EQ(OpenCode(root_ + "/f", OpenMode::kOpenOrCreate), StatusCode::kOk);
  EXPECT_EQ(OpenCode(root_ + "/f", OpenMode::kCreate), StatusCode::kAlreadyExists);
  EXPECT_EQ(OpenCode(root_ + "/no/f", OpenMode::kCreate), StatusCode::kNotFound);
  EXPECT_EQ(files_->Stat(root_ + "/f")->mode, 0644);
}

TEST_P(FileSystemTest, AllocatedFileHasItsSizeAndZeros) {
  const auto file = files_->Open(root_ + "/f", OpenMode::kCreate).value();
  ASSERT_EQ(file->Allocate(10'000), OkStatus());
  EXPECT_EQ(files_->Stat(root_ + "/f")->size, 10'000);
  EXPECT_EQ(files_->Stat(root_ + "/f")->allocated, 12'288);
  EXPECT_EQ(Read(root_ + "/f"), std::string(10'000, '\0'));
}

TEST_P(FileSystemTest, DirectWritesNeedAlignment) {
  Write(root_ + "/f", std::string(8192, 'a'));
  const auto direct = files_->Open(root_ + "/f", OpenMode::kDirect);
  ASSERT_TRUE(direct.ok()) << direct.status();
  AlignedBuffer buffer(8192);
  std::fill(buffer.span().begin(), buffer.span().end(), std::byte{'b'});
  EXPECT_EQ((*direct)->Write(4096, buffer.span().first(4096)), OkStatus());
  EXPECT_EQ((*direct)->Write(100, buffer.span().first(4096)).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ((*direct)->Write(0, buffer.span().first(100)).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Read(root_ + "/f"), std::string(4096, 'a') + std::string(4096, 'b'));
}

TEST_P(FileSystemTest, LockIsHeldByOneOpenFile) {
  auto first = files_->Open(root_ + "/f", OpenMode::kOpenOrCreate).value();
  const auto second = files_->Open(root_ + "/f", OpenMode::kOpenOrCreate).value();
  EXPECT_TRUE(first->TryLock().value());
  EXPECT_TRUE(first->TryLock().value());
  EXPECT_FALSE(second->TryLock().value());
  first.reset();
  EXPECT_TRUE(second->TryLock().value());
}

TEST_P(FileSystemTest, LinksShareTheFile) {
  Write(root_ + "/f", "one");
  ASSERT_EQ(files_->Link(root_ + "/f", root_ + "/g"), OkStatus());
  EXPECT_EQ(files_->Stat(root_ + "/g")->links, 2);
  EXPECT_EQ(files_->Link(root_ + "/f", root_ + "/g").code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(files_->Link(root_ + "/none", root_ + "/h").code(), StatusCode::kNotFound);
  ASSERT_EQ(files_->SetMode(root_ + "/g", 0444), OkStatus());
  EXPECT_EQ(files_->Stat(root_ + "/f")->mode, 0444);
  ASSERT_EQ(files_->Remove(root_ + "/f"), OkStatus());
  EXPECT_EQ(Read(root_ + "/g"), "one");
  EXPECT_EQ(files_->Stat(root_ + "/g")->links, 1);
}

TEST_P(FileSystemTest, RenameReplacesFilesAndMovesDirectories) {
  Write(root_ + "/f", "new");
  Write(root_ + "/g", "old");
  ASSERT_EQ(files_->Rename(root_ + "/f", root_ + "/g"), OkStatus());
  EXPECT_EQ(Read(root_ + "/g"), "new");
  EXPECT_EQ(files_->Rename(root_ + "/f", root_ + "/h").code(), StatusCode::kNotFound);
  ASSERT_EQ(EnsureDirectories(*files_, root_, "a/b"), OkStatus());
  Write(root_ + "/a/b/f", "deep");
  ASSERT_EQ(files_->Rename(root_ + "/a", root_ + "/c"), OkStatus());
  EXPECT_EQ(Read(root_ + "/c/b/f"), "deep");
  EXPECT_EQ(files_->SyncDirectory(root_ + "/c"), OkStatus());
}

TEST_P(FileSystemTest, DirectoriesAreListedSortedAndRemovedEmpty) {
  ASSERT_EQ(files_->MakeDirectory(root_ + "/d"), OkStatus());
  EXPECT_EQ(files_->MakeDirectory(root_ + "/d").code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(files_->MakeDirectory(root_ + "/no/d").code(), StatusCode::kNotFound);
  EXPECT_EQ(files_->Stat(root_ + "/d")->mode, 0755);
  for (const char* name : {"/d/z", "/d/a", "/d/m"}) Write(root_ + name, "x");
  std::vector<std::string> names;
  const auto entries = files_->List(root_ + "/d").value();
  names.reserve(entries.size());
  for (const DirEntry& entry : entries) names.push_back(entry.name);
  EXPECT_THAT(names, ElementsAre("a", "m", "z"));
  EXPECT_FALSE(files_->RemoveDirectory(root_ + "/d").ok());
  ASSERT_EQ(RemoveTree(*files_, root_ + "/d"), OkStatus());
  EXPECT_EQ(files_->Stat(root_ + "/d").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(files_->List(root_ + "/d").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(RemoveTree(*files_, root_ + "/d"), OkStatus());
}

TEST_P(FileSystemTest, SmallFilesAreReplacedWhole) {
  ASSERT_EQ(WriteSmallFile(*files_, root_ + "/f", "first"), OkStatus());
  ASSERT_EQ(WriteSmallFile(*files_, root_ + "/f", "2nd"), OkStatus());
  EXPECT_EQ(Read(root_ + "/f"), "2nd");
  EXPECT_EQ(ReadSmallFile(*files_, root_ + "/f", 2).status().code(), StatusCode::kOutOfRange);
  EXPECT_EQ(files_->List(root_)->size(), 1);
}

TEST_P(FileSystemTest, TellsItsSpace) {
  const SpaceInfo space = files_->Space(root_).value();
  EXPECT_GT(space.available, 0);
  EXPECT_GE(space.total, space.available);
}

INSTANTIATE_TEST_SUITE_P(
    , FileSystemTest,
    ::testing::Values(
        std::pair<std::string, MakeFileSystem>("Posix", [] { return std::make_unique<PosixFileSystem>(); }),
        std::pair<std::string, MakeFileSystem>("Crash", [] { return std::make_unique<CrashFileSystem>(); })),
    [](const auto& info) { return info.param.first; });

TEST(PosixFileSystemTest, NoSymbolicLinkIsFollowed) {
  const TempDir dir;
  PosixFileSystem files;
  ASSERT_EQ(files.MakeDirectory(dir.path() + "/real"), OkStatus());
  std::filesystem::create_symlink("real", dir.path() + "/link");
  std::filesystem::create_symlink("real/f", dir.path() + "/file");
  ASSERT_EQ(WriteSmallFile(files, dir.path() + "/real/f", "x"), OkStatus());
  const auto code = [&](const char* name) { return files.Open(dir.path() + name, OpenMode::kRead).status().code(); };
  EXPECT_EQ(code("/real/f"), StatusCode::kOk);
  EXPECT_EQ(code("/link/f"), StatusCode::kInvalidArgument);
  EXPECT_EQ(code("/file"), StatusCode::kInvalidArgument);
  EXPECT_FALSE(files.MakeDirectory(dir.path() + "/link/d").ok());
  EXPECT_FALSE(files.Rename(dir.path() + "/real/f", dir.path() + "/link/g").ok());
  EXPECT_EQ(files.Stat(dir.path() + "/link")->type, FileInfo::Type::kOther);
  EXPECT_EQ(CanonicalPath(dir.path() + "/link").value(), dir.path() + "/real");
}

TEST(CrashFileSystemTest, OnlyWhatWasSyncedIsLeft) {
  CrashFileSystem files;
  ASSERT_EQ(files.MakeDirectory("/d"), OkStatus());
  ASSERT_EQ(files.SyncDirectory("/"), OkStatus());
  ASSERT_EQ(WriteSmallFile(files, "/d/kept", "kept"), OkStatus());
  ASSERT_EQ(files.Open("/d/kept", OpenMode::kReadWrite).value()->Write(0, Bytes("lost")), OkStatus());
  ASSERT_EQ(files.Open("/d/nameless", OpenMode::kCreate).value()->Sync(), OkStatus());
  ASSERT_EQ(files.Link("/d/kept", "/d/link"), OkStatus());
  files.Crash(PowerLoss::kDropAll);
  EXPECT_EQ(ReadSmallFile(files, "/d/kept", 100).value(), "kept");
  EXPECT_EQ(files.List("/d")->size(), 1);
  EXPECT_EQ(files.Stat("/d/kept")->links, 1);
}

TEST(CrashFileSystemTest, ASmallFileThatCannotBeWrittenLeavesNothing) {
  for (const std::string_view failing : {"write", "sync", "rename"}) {
    CrashFileSystem files;
    ASSERT_EQ(WriteSmallFile(files, "/f", "old"), OkStatus());
    files.SetHook([&](std::string_view operation, const std::string&) {
      return operation == failing ? ResourceExhausted("no room") : OkStatus();
    });
    EXPECT_EQ(WriteSmallFile(files, "/f", "new").code(), StatusCode::kResourceExhausted) << failing;
    EXPECT_EQ(ReadSmallFile(files, "/f", 100).value(), "old") << failing;
    EXPECT_EQ(files.List("/")->size(), 1) << failing;
  }
}

TEST(CrashFileSystemTest, KilledProcessLosesNothing) {
  CrashFileSystem files;
  ASSERT_EQ(files.Open("/f", OpenMode::kCreate).value()->Write(0, Bytes("x")), OkStatus());
  files.Crash(PowerLoss::kKeepAll);
  EXPECT_EQ(ReadSmallFile(files, "/f", 100).value(), "x");
}

TEST(CrashFileSystemTest, ChanceLosesSomeThings) {
  std::set<std::string> seen;
  for (uint32_t seed = 0; seed < 50; ++seed) {
    CrashFileSystem files;
    ASSERT_EQ(WriteSmallFile(files, "/f", "old"), OkStatus());
    ASSERT_EQ(files.Open("/f", OpenMode::kReadWrite).value()->Write(0, Bytes("new")), OkStatus());
    ASSERT_EQ(files.Open("/g", OpenMode::kCreate).value()->Write(0, Bytes("g")), OkStatus());
    files.Crash(PowerLoss::kDropSome, seed);
    const auto g = files.Stat("/g");
    seen.insert(ReadSmallFile(files, "/f", 100).value() + (g.ok() ? "+g" : ""));
  }
  EXPECT_THAT(seen, ElementsAre("new", "new+g", "old", "old+g"));
}

}  // namespace
}  // namespace ballast
