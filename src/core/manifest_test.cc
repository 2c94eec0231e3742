#include "core/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/strings.h"
#include "core/piece_map.h"
#include "core/testing/hostile_names.h"
#include "core/testing/peak_memory.h"

namespace ballast {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kTwoFiles =
    R"({"files":[{"path":"a.json","sha256":"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb","size":1},)"
    R"({"path":"b/c.bin","sha256":"3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d","size":2}],"version":1})";

ManifestFile File(const std::string& path, std::string_view content_name, uint64_t size) {
  return {SafePath::Parse(path).value(), Digest::Of(content_name), size};
}

std::string With(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, text.npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(ManifestTest, CanonicalFormIsSortedAndHasNoSpaces) {
  const Manifest manifest = Manifest::Make({File("b/c.bin", "b", 2), File("a.json", "a", 1)}).value();
  EXPECT_EQ(manifest.Canonical(), kTwoFiles);
  EXPECT_EQ(manifest.Id(), Digest::Of(kTwoFiles));
  EXPECT_EQ(manifest.TotalBytes(), 3U);
}

TEST(ManifestTest, IdDoesNotDependOnTheOrderGiven) {
  const Manifest one = Manifest::Make({File("a", "a", 1), File("b", "b", 2)}).value();
  const Manifest two = Manifest::Make({File("b", "b", 2), File("a", "a", 1)}).value();
  EXPECT_EQ(one.Id(), two.Id());
}

TEST(ManifestTest, ReadsWhatItWrites) {
  for (const Manifest& manifest :
       {Manifest::Make({}).value(), Manifest::Parse(kTwoFiles).value(),
        Manifest::Make({File("\u00e9t\u00e9/na\u00efve +#%20.txt", "", 0), File("empty", "", 0)}).value()}) {
    EXPECT_EQ(Manifest::Parse(manifest.Canonical()).value(), manifest) << manifest.Canonical();
  }
}

TEST(ManifestTest, RefusesEachDeviationFromTheCanonicalForm) {
  const std::string good(kTwoFiles);
  const std::pair<std::string, std::string_view> cases[] = {
      {"", "at byte 0"},
      {good + " ", "expected the end"},
      {good.substr(0, good.size() - 1), "expected \"}\""},
      {With(good, "{\"files\"", "{ \"files\""), "at byte 0"},
      {With(good, "\"size\":1", "\"size\":01"), "whole number"},
      {With(good, "\"size\":1", "\"size\":-1"), "whole number"},
      {With(good, "\"size\":1", "\"size\":1e3"), "expected \"}\""},
      {With(good, "\"size\":1", "\"size\":1.5"), "expected \"}\""},
      {With(good, "\"size\":1", "\"size\":\"1\""), "whole number"},
      {With(good, "\"size\":1", "\"size\":18446744073709551616"), "whole number"},
      {With(good, "\"size\":1", "\"size\":9223372036854775808"), "at most 1125899906842624"},
      {With(good, "\"size\":1", "\"size\":1,\"size\":1"), "expected \"}\""},
      {With(good, "ca978112", "CA978112"), "64 lower-case hex digits"},
      {With(good, "ca978112", "ca97811"), "64 lower-case hex digits"},
      {With(good, "a.json", "z.json"), "out of order"},
      {With(good, "a.json", "b/c.bin"), "out of order or listed twice"},
      {With(good, "a.json", "b"), "both a file and a directory"},
      {With(good, "a.json", "B/C.BIN"), "differ only in case"},
      {With(good, "a.json", "../x"), "\".\" or \"..\""},
      {With(good, "a.json", "a\\u002e"), "backslash"},
      {With(good, "a.json", "a\xff"), "UTF-8"},
      {With(good, "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d",
            "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
       "different sizes, 1 and 2"},
      {With(good, "\"version\":1", "\"version\":2"), "use a newer one"},
      {"{\"files\":[", "expected"},
      {"{\"files\":[{\"path\":\"", "is empty"},
      {"{\"files\":[,", "expected"},
  };
  for (const auto& [text, says] : cases) {
    const Status status = Manifest::Parse(text).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(status.message(), HasSubstr(says)) << text;
  }
}

TEST(ManifestTest, RefusesEveryHostileNameAndListing) {
  for (const HostileName& hostile : HostileNames()) {
    const Status status = Manifest::Parse(With(std::string(kTwoFiles), "a.json", hostile.name)).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << Quoted(hostile.name);
  }
  for (const HostileListing& listing : HostileListings()) {
    std::vector<ManifestFile> files;
    for (const std::string& name : listing.names) files.push_back(File(name, "x", 1));
    EXPECT_THAT(Manifest::Make(files).status().message(), HasSubstr(listing.rule)) << Quoted(listing.names[0]);
  }
}

// What is made can be read again.
TEST(ManifestTest, NamesThatNoManifestCouldHoldAreRefused) {
  EXPECT_TRUE(CheckManifestFits(kMaxManifestFiles, 150'000'000).ok());
  EXPECT_THAT(CheckManifestFits(kMaxManifestFiles, 160'000'000).message(), HasSubstr("256 MiB"));
  EXPECT_THAT(CheckManifestFits(kMaxManifestFiles + 1, 0).message(), HasSubstr("more than 1000000 files"));
  const ManifestFile longest = File("a", "x", kMaxFileSize);
  const size_t beside = Manifest::Make({longest}).value().Canonical().size() - 1;
  EXPECT_FALSE(CheckManifestFits(1, kMaxManifestBytes - beside + 1).ok());
}

TEST(ManifestTest, TheSumOfSizesDoesNotOverflow) {
  std::vector<ManifestFile> files;
  files.reserve(8192);
  for (int i = 0; i < 8192; ++i) files.push_back(File(StrCat("f", i), "x", kMaxFileSize));  // 2^63
  EXPECT_THAT(Manifest::Make(files).status().message(), HasSubstr("larger than 2^63"));
  files.back() = File("last", "y", kMaxFileSize - 1);
  EXPECT_EQ(Manifest::Make(files).value().TotalBytes(), (uint64_t{1} << 63) - 1);
}

TEST(ManifestTest, AFileOverTheLargestSizeIsRefusedByName) {
  EXPECT_THAT(Manifest::Make({File("big", "x", kMaxFileSize + 1)}).status().message(),
              HasSubstr("file \"big\" claims"));
}

// Any single byte that is changed, left out or doubled is either refused or gives another manifest: never the same.
TEST(ManifestTest, EveryTextThatIsReadIsCanonical) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 20'000; ++round) {
    std::string text(kTwoFiles);
    const size_t at = random() % text.size();
    if (random() % 3 == 0) {
      text.erase(at, 1);
    } else if (random() % 2 == 0) {
      text.insert(at, 1, text[at]);
    } else {
      text[at] = static_cast<char>(random());
    }
    const Result<Manifest> manifest = Manifest::Parse(text);
    ASSERT_EQ(manifest.ok() ? manifest->Canonical() : text, text);
  }
}

TEST(ManifestTest, DeepNestingIsRefusedAtOnce) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "{\"files\":[";
  EXPECT_FALSE(Manifest::Parse(deep).ok());
  EXPECT_FALSE(Manifest::Parse(std::string(100'000, '[')).ok());
}

TEST(ManifestTest, TooMuchTextIsRefusedUnread) {
  const std::string huge(kMaxManifestBytes + 1, ' ');
  EXPECT_THAT(Manifest::Parse(huge).status().message(), HasSubstr("at most 256 MiB"));
  EXPECT_THAT(OriginRecord::FromJson(huge).status().message(), HasSubstr("256 MiB"));
}

TEST(ManifestTest, AMillionEmptyFilesAreReadInBoundedMemory) {
  const std::string digest = Digest::Of("").Hex();
  std::string text = "{\"files\":[";
  for (int i = 1'000'000; i < 2'000'000; ++i) {
    text += (i == 1'000'000 ? "" : ",") + std::string("{\"path\":\"d") + std::to_string(i / 1000) + "/" +
            std::to_string(i) + "\",\"sha256\":\"" + digest + "\",\"size\":0}";
  }
  const std::string one_more = text + ",{\"path\":\"e\",\"sha256\":\"" + digest + "\",\"size\":0}],\"version\":1}";
  text += "],\"version\":1}";
  const uint64_t peak = PeakMemoryOf([&] { EXPECT_EQ(Manifest::Parse(text).value().files().size(), 1'000'000U); });
  EXPECT_GT(peak, uint64_t{80} << 20);  // or nothing was measured
  EXPECT_LT(peak, uint64_t{512} << 20);
  EXPECT_THAT(Manifest::Parse(one_more).status().message(), HasSubstr("more than 1000000 files"));
}

OriginRecord Sample() {
  return {.uri = "hf://org/name",
          .commit = "0e9e39f249a16976918f6564b8830bc894c89659",
          .revisions = {"main", "v1.0"},
          .files = {{"config.json", {GitOid::OfBlob("x"), std::nullopt}},
                    {"model.safetensors", {GitOid::OfBlob("y"), 134}},
                    {"other", {}}},
          .resolved_unix_seconds = 1'700'000'000};
}

TEST(OriginRecordTest, WritesSortedKeysAndReadsThemBack) {
  EXPECT_EQ(
      Sample().ToJson(),
      R"({"commit":"0e9e39f249a16976918f6564b8830bc894c89659","files":{)"
      R"("config.json":{"git_oid":"c1b0730e0133447badcfd47fd144e254807b06e1"},)"
      R"("model.safetensors":{"git_oid":"e25f1814e51579d5f55c0f1fe0135ddb28a47f4a","lfs_pointer_size":134},"other":{}},)"
      R"("resolved_unix_seconds":1700000000,"revisions":["main","v1.0"],"uri":"hf://org/name"})");
  EXPECT_EQ(OriginRecord::FromJson(Sample().ToJson()).value(), Sample());
  EXPECT_EQ(OriginRecord::FromJson(OriginRecord{.resolved_unix_seconds = -5}.ToJson()).value().resolved_unix_seconds,
            -5);
}

TEST(OriginRecordTest, OrderAndSpacesDoNotMatter) {
  const char* text = R"( {"uri": "u", "revisions": [], "resolved_unix_seconds": 1, "files": {}, "commit": ""} )";
  EXPECT_EQ(OriginRecord::FromJson(text).value(), (OriginRecord{.uri = "u", .resolved_unix_seconds = 1}));
}

TEST(OriginRecordTest, RefusesEachDeviation) {
  const std::string good = Sample().ToJson();
  const std::pair<std::string, std::string_view> cases[] = {
      {"", "not JSON"},
      {"[]", "a list where"},
      {"3", "a number where"},
      {"{}", "needs the keys"},
      {good + "x", "not JSON"},
      {With(good, "\"uri\"", "\"url\""), "key \"url\" is not known"},
      {With(good, "\"uri\":", "\"commit\":\"\",\"uri\":"), "key \"commit\" occurs twice"},
      {With(good, "\"git_oid\":", "\"git_oid\":\"c1b0730e0133447badcfd47fd144e254807b06e1\",\"git_oid\":"),
       "occurs twice"},
      {With(good, "\"other\"", "\"config.json\""), "key \"config.json\" occurs twice"},
      {With(good, "\"other\"", "\"../other\""), "\".\" or \"..\""},
      {With(good, "\"other\"", "\"a\\u0000b\""), "control byte"},
      {With(good, "\"other\":{}", "\"other\":{\"x\":1}"), "key \"x\" is not known"},
      {With(good, "\"other\":{}", "\"other\":[]"), "a list where"},
      {With(good, "134", "-134"), "negative"},
      {With(good, "134", "1.5"), "a fraction"},
      {With(good, "134", "\"134\""), "a string"},
      {With(good, "134", "null"), "null"},
      {With(good, "134", "true"), "a boolean"},
      {With(good, "1700000000", "9223372036854775808"), "too large"},
      {With(good, "1700000000", "18446744073709551616"), "a fraction"},  // beyond 64 bits JSON numbers are doubles
      {With(good, "0e9e39", "0E9e39"), "40 lower-case"},
      {With(good, "c1b073", "c1b07"), "40 lower-case"},
      {With(good, "\"main\"", "\"../main\""), "revision"},
      {With(good, "\"main\"", "\"z\""), "not sorted"},
      {With(good, "\"main\"", "\"v1.0\""), "occur twice"},
      {With(good, "\"main\"", "{}"), "an object"},
      {With(good, "\"hf:", "\"\xff"), "not JSON"},
  };
  for (const auto& [text, says] : cases) {
    const Status status = OriginRecord::FromJson(text).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(status.message(), HasSubstr(says)) << text;
  }
}

TEST(OriginRecordTest, RefusesEveryHostileName) {
  for (const HostileName& hostile : HostileNames()) {
    EXPECT_FALSE(OriginRecord::FromJson(With(Sample().ToJson(), "other", hostile.name)).ok()) << Quoted(hostile.name);
    OriginRecord record = Sample();
    record.files[hostile.name] = {};
    EXPECT_FALSE(OriginRecord::FromJson(record.ToJson()).ok() && IsUtf8(hostile.name)) << Quoted(hostile.name);
  }
}

TEST(OriginRecordTest, DeepNestingIsRefusedAtOnce) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "{\"files\":";
  EXPECT_FALSE(OriginRecord::FromJson(deep).ok());
  EXPECT_FALSE(OriginRecord::FromJson(std::string(100'000, '[')).ok());
}

}  // namespace
}  // namespace ballast
