#include "fetch/directory_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ballast {
namespace {

using ::testing::HasSubstr;

SafePath Path(const std::string& text) { return SafePath::Parse(text).value(); }

TEST(DirectoryIndexTest, WhatIsWrittenIsRead) {
  DirectoryIndex index{"hf://org/name@main", std::string(40, 'a'), "downloading", "boot", {}};
  index.files[Path("config.json")] = {700, Digest::Of("x"), 1'700'000'000'123'456'789};
  index.files[Path("dir/model.bin")] = {uint64_t{1} << 50, std::nullopt, 0};
  const auto read = DirectoryIndex::FromJson(index.ToJson());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, index);
  EXPECT_EQ(read->TotalBytes(), 700 + (uint64_t{1} << 50));
}

TEST(DirectoryIndexTest, PathsAndSizesAloneAreAnIndex) {
  const auto read = DirectoryIndex::FromJson(R"({"version":1,"files":[{"path":"a","size":1}],"later":{"x":[1]}})");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->files.at(Path("a")).size, 1U);
  EXPECT_EQ(read->state, "");
}

TEST(DirectoryIndexTest, WhatIsNoIndexIsRefusedWithItsReason) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "no JSON object"},
      {"[]", "no JSON object"},
      {R"({"version":2,"files":[]})", "version"},
      {R"({"version":1})", "no `files`"},
      {R"({"version":1,"files":[3]})", "no object"},
      {R"({"version":1,"files":[{"path":"../x","size":1}]})", "../x"},
      {R"({"version":1,"files":[{"path":"a","size":-1}]})", "no size"},
      {R"({"version":1,"files":[{"path":"a","size":1125899906842625}]})", "claims"},
      {R"({"version":1,"files":[{"path":"a","size":1,"sha256":"AB"}]})", "hex"},
      {R"({"version":1,"files":[{"path":"a","size":1},{"path":"a","size":1}]})", "twice"},
      {std::string(100'000, '['), "no JSON object"},
  };
  for (const auto& [text, reason] : cases) {
    const auto read = DirectoryIndex::FromJson(text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(read.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(read.status().message(), HasSubstr(reason)) << text.substr(0, 100);
  }
}

}  // namespace
}  // namespace ballast
