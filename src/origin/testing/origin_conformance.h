// What every Origin must do, as tests: INSTANTIATE_TEST_SUITE_P(MyOrigin, OriginConformanceTest, Values(&MakeMine)).
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "origin/origin.h"

namespace ballast {

// An origin, a model that it has, and the model's true content. At least one file has 100,000 bytes or more.
struct OriginUnderTest {
  virtual ~OriginUnderTest() = default;
  virtual Origin& origin() = 0;
  virtual ModelRef ref() const = 0;
  virtual ModelRef unknown_ref() const = 0;
  virtual std::map<std::string, std::string> content() const = 0;
};

using MakeOriginUnderTest = std::unique_ptr<OriginUnderTest> (*)();

class OriginConformanceTest : public testing::TestWithParam<MakeOriginUnderTest> {
 protected:
  ResolvedModel Resolve(const PathFilter& filter = {}) {
    auto model = under_test_->origin().Resolve(under_test_->ref(), filter, {});
    BALLAST_CHECK(model.ok()) << model.status();
    return *model;
  }
  Status Read(const ResolvedModel& model, const RemoteFile& file, ByteRange range, std::string& into) {
    return under_test_->origin().Read(model, file, range, Append(into), {});
  }
  static ByteSink Append(std::string& into) {
    return [&into](std::span<const std::byte> bytes) {
      into.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      return OkStatus();
    };
  }
  static const RemoteFile& Largest(const ResolvedModel& model) {
    return *std::max_element(model.files.begin(), model.files.end(),
                             [](const RemoteFile& a, const RemoteFile& b) { return a.size < b.size; });
  }

  std::unique_ptr<OriginUnderTest> under_test_ = GetParam()();
  std::map<std::string, std::string> content_ = under_test_->content();
};

TEST_P(OriginConformanceTest, ListsEveryFileWithItsSizeAndTrueDigests) {
  const ResolvedModel model = Resolve();
  ASSERT_EQ(model.files.size(), content_.size());
  for (const RemoteFile& file : model.files) {
    ASSERT_TRUE(content_.contains(file.path.str())) << file.path;
    const std::string& bytes = content_[file.path.str()];
    EXPECT_EQ(file.size, bytes.size()) << file.path;
    EXPECT_EQ(file.sha256.value_or(Digest::Of(bytes)), Digest::Of(bytes)) << file.path;
    if (file.git_oid && !file.lfs_pointer_size) {
      EXPECT_EQ(*file.git_oid, GitOid::OfBlob(bytes)) << file.path;
    }
  }
}

TEST_P(OriginConformanceTest, ResolvingTwiceGivesTheSame) {
  EXPECT_EQ(Resolve().files, Resolve().files);
  EXPECT_EQ(Resolve().commit, Resolve().commit);
}

TEST_P(OriginConformanceTest, TheCommitAloneIsThatOfTheListing) {
  const Result<std::string> commit = under_test_->origin().FindCommit(under_test_->ref(), {});
  ASSERT_TRUE(commit.ok()) << commit.status();
  EXPECT_THAT(*commit, testing::AnyOf("", Resolve().commit));
}

TEST_P(OriginConformanceTest, ListsOnlyWhatTheFilterAdmits) {
  const std::string path = Resolve().files.front().path.str();
  const Status none = under_test_->origin().Resolve(under_test_->ref(), {.exclude = {"*"}}, {}).status();
  EXPECT_EQ(none.code(), StatusCode::kInvalidArgument) << none;
  const ResolvedModel one = Resolve({.include = {path}});
  ASSERT_EQ(one.files.size(), 1U);
  EXPECT_EQ(one.files.front().path.str(), path);
}

TEST_P(OriginConformanceTest, ReadsEveryFileWhole) {
  const ResolvedModel model = Resolve();
  for (const RemoteFile& file : model.files) {
    std::string bytes;
    const Status status = Read(model, file, {0, file.size}, bytes);
    EXPECT_TRUE(status.ok()) << file.path << ": " << status;
    EXPECT_TRUE(bytes == content_[file.path.str()]) << file.path;
  }
}

TEST_P(OriginConformanceTest, ReadsAnyRange) {
  const ResolvedModel model = Resolve();
  const RemoteFile& file = Largest(model);
  for (const ByteRange range :
       {ByteRange{0, 1}, {0, 0}, {7, 7}, {1, 70'000}, {65'536, file.size}, {file.size - 1, file.size}}) {
    std::string bytes;
    const Status status = Read(model, file, range, bytes);
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_TRUE(bytes == content_[file.path.str()].substr(range.begin, range.size())) << range.begin;
  }
}

TEST_P(OriginConformanceTest, RefusesARangeOutsideTheFile) {
  const ResolvedModel model = Resolve();
  const RemoteFile& file = Largest(model);
  std::string bytes;
  EXPECT_EQ(Read(model, file, {0, file.size + 1}, bytes).code(), StatusCode::kOutOfRange);
  EXPECT_EQ(Read(model, file, {9, 8}, bytes).code(), StatusCode::kOutOfRange);
  EXPECT_TRUE(bytes.empty());
}

TEST_P(OriginConformanceTest, AnErrorOfTheSinkEndsTheReadWithThatError) {
  const ResolvedModel model = Resolve();
  const RemoteFile& file = Largest(model);
  const Status full = ResourceExhausted("no space left");
  int calls = 0;
  const auto sink = [&](std::span<const std::byte>) { return ++calls, full; };
  EXPECT_EQ(under_test_->origin().Read(model, file, {0, file.size}, sink, {}), full);
  EXPECT_EQ(calls, 1);
}

TEST_P(OriginConformanceTest, StopsWhenAskedTo) {
  const ResolvedModel model = Resolve();
  const RemoteFile& file = Largest(model);
  std::stop_source stop;
  const auto sink = [&](std::span<const std::byte>) { return stop.request_stop(), OkStatus(); };
  EXPECT_EQ(under_test_->origin().Read(model, file, {0, file.size}, sink, stop.get_token()).code(),
            StatusCode::kCancelled);
  EXPECT_EQ(under_test_->origin().Resolve(under_test_->ref(), {}, stop.get_token()).status().code(),
            StatusCode::kCancelled);
}

TEST_P(OriginConformanceTest, SaysNotFoundOfAnUnknownModel) {
  const Status status = under_test_->origin().Resolve(under_test_->unknown_ref(), {}, {}).status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound) << status;
  EXPECT_FALSE(status.message().empty());
}

TEST_P(OriginConformanceTest, ServesSeveralReadersAtOnce) {
  const ResolvedModel model = Resolve();
  const RemoteFile& file = Largest(model);
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> readers;
    for (uint64_t i = 0; i < 8; ++i) {
      readers.emplace_back([&, i] {
        std::string bytes;
        const ByteRange range{i * 1000, file.size - i};
        if (Read(model, file, range, bytes).ok() &&
            bytes == under_test_->content()[file.path.str()].substr(range.begin, range.size())) {
          ++good;
        }
      });
    }
  }
  EXPECT_EQ(good, 8);
}

}  // namespace ballast
