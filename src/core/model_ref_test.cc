#include "core/model_ref.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ballast {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kHex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(ModelRefTest, ReadsARepositoryOfTheHub) {
  const ModelRef ref = ModelRef::Parse("hf://meta-llama/Llama-3.1-8B@refs/pr/1").value();
  EXPECT_EQ(ref.scheme, OriginScheme::kHuggingFace);
  EXPECT_EQ(ref.repo_type, "models");
  EXPECT_EQ(ref.name, "meta-llama/Llama-3.1-8B");
  EXPECT_EQ(ref.revision, "refs/pr/1");
  EXPECT_EQ(ref.Uri(), "hf://meta-llama/Llama-3.1-8B");
  EXPECT_EQ(ref.HubCacheFolder(), "models--meta-llama--Llama-3.1-8B");
}

TEST(ModelRefTest, ReadsRepositoriesWithoutAnOrganization) {
  EXPECT_EQ(ModelRef::Parse("hf://gpt2").value().HubCacheFolder(), "models--gpt2");
  EXPECT_EQ(ModelRef::Parse("hf://models/gpt2").value(), ModelRef::Parse("hf://gpt2").value());
}

TEST(ModelRefTest, ReadsADataSet) {
  const ModelRef ref = ModelRef::Parse("hf://datasets/org/name").value();
  EXPECT_EQ(ref.repo_type, "datasets");
  EXPECT_EQ(ref.name, "org/name");
  EXPECT_EQ(ref.HubCacheFolder(), "datasets--org--name");
}

TEST(ModelRefTest, ReadsADirectoryAndAFileBehindAUrl) {
  const ModelRef directory = ModelRef::Parse("file:///srv/models/a@b/").value();
  EXPECT_EQ(directory.name, "/srv/models/a@b");
  EXPECT_EQ(directory.HubCacheFolder(), "");

  const std::string url = "https://host.example:8443/a/b.bin?x=1";
  const ModelRef file = ModelRef::Parse(url + "#sha256=" + std::string(kHex)).value();
  EXPECT_EQ(file.Uri(), url);
  EXPECT_EQ(file.sha256->Hex(), kHex);
}

TEST(ModelRefTest, WritesWhatItReads) {
  for (const std::string text :
       {"hf://gpt2", "hf://org/name@v1.0", "hf://datasets/org/name@main", "file:///srv/models/x",
        "https://[::1]:8443/x#sha256=ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}) {
    const Result<ModelRef> ref = ModelRef::Parse(text);
    ASSERT_TRUE(ref.ok()) << ref.status();
    EXPECT_EQ(ref->ToString(), text);
  }
}

TEST(ModelRefTest, EachMistakeIsAnsweredByItsRemedy) {
  struct Case {
    std::string text;
    std::string_view says;
  };
  const Case cases[] = {
      {"org/name", "did you mean \"hf://org/name\"?"},
      {"", "write hf://org/name"},
      {"gs://bucket/x", "unknown scheme \"gs\""},
      {"HF://org/name", "unknown scheme \"HF\""},
      {"hf://", "empty"},
      {"hf://org/", "empty"},
      {"hf://org/name/file.bin", "two parts"},
      {"hf://models/models/x", "kind of repository"},
      {"hf://models/datasets/x", "kind of repository"},
      {"hf://datasets/spaces/x", "kind of repository"},
      {"hf://org/../x", "two parts"},
      {"hf://../x", "begins"},
      {"hf://org/na me", "not \" \""},
      {"hf://org/name\n", R"(not "\n")"},
      {"hf://org/a--b", "\"--\""},
      {"hf://org/-a", "begins"},
      {"hf://org/name.git", ".git"},
      {"hf://org/" + std::string(96, 'a'), "at most 96"},
      {"hf://org/name@", "revision \"\" is empty"},
      {"hf://org/name@../../x", "\"..\""},
      {"hf://org/name@a b", "git refuses"},
      {"file://models/x", "file:///absolute/directory"},
      {"file:///", "root"},
      {"file:///a/../b", "component"},
      {"file:///a//b", "component"},
      {std::string("file:///a\0b", 11), "control byte"},
      {"file:///a\xff", "UTF-8"},
      {"http://host/x", "https://"},
      {"https://host/x", "add #sha256="},
      {"https://host/x#sha256=12", "64 lower-case hex digits"},
      {"https://host/#sha256=" + std::string(kHex), "names no file"},
      {"https://host#sha256=" + std::string(kHex), "names no file"},
      {"https://host?a/b#sha256=" + std::string(kHex), "names no file"},
      {"https:///x#sha256=" + std::string(kHex), "host name"},
      {"https://user:pw@host/x#sha256=" + std::string(kHex), "tokenFile"},
      {"https://host:0/x#sha256=" + std::string(kHex), "port"},
      {"https://host:99999/x#sha256=" + std::string(kHex), "port"},
      {"https://ho st/x#sha256=" + std::string(kHex), "space"},
      {"https://[::1/x#sha256=" + std::string(kHex), "host name"},
      {"hf://" + std::string(5000, 'a'), "4096"},
  };
  for (const Case& c : cases) {
    const Status status = ModelRef::Parse(c.text).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << c.text;
    EXPECT_THAT(status.message(), HasSubstr(c.says)) << c.text;
  }
}

TEST(ModelRefTest, SchemesToComeAreRefusedAsNotYetServed) {
  for (const char* text : {"s3://bucket/x", "oci://registry/x", "modelscope://a/b"}) {
    const Status status = ModelRef::Parse(text).status();
    EXPECT_EQ(status.code(), StatusCode::kUnimplemented) << text;
    EXPECT_THAT(status.message(), HasSubstr("not served yet"));
  }
}

TEST(RevisionTest, ACommitIs40LowerCaseHexDigits) {
  EXPECT_TRUE(IsCommit("0e9e39f249a16976918f6564b8830bc894c89659"));
  EXPECT_FALSE(IsCommit("0E9e39f249a16976918f6564b8830bc894c89659"));
  EXPECT_FALSE(IsCommit("main"));
}

TEST(RevisionTest, TakesWhatGitTakes) {
  for (const char* good : {"main", "v1.0", "refs/pr/12", "feature/x_y-z", "release@2", "\u00e9t\u00e9"}) {
    EXPECT_TRUE(CheckRevision(good).ok()) << good << CheckRevision(good);
  }
}

TEST(RevisionTest, RefusesWhatCouldLeaveItsPlace) {
  for (const std::string bad : {"",       "/main", "main/", "a//b",  "../x", "a/../b", "a..b", ".hidden", "a/.b",
                                "x.lock", "a.",    "-x",    "a b",   "a~1",  "a^",     "a:b",  "a?",      "a*",
                                "a[",     "a\\b",  "@",     "a@{1}", "a\n",  "a\x7f",  "con",  "\xff",    "a\x1b[0m"}) {
    EXPECT_FALSE(CheckRevision(bad).ok()) << bad;
  }
  EXPECT_FALSE(CheckRevision(std::string(256, 'a')).ok());
  EXPECT_FALSE(CheckRevision(std::string("a\0b", 3)).ok());
}

}  // namespace
}  // namespace ballast
