#include "origin/hf_listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "core/testing/hostile_names.h"
#include "core/testing/peak_memory.h"

namespace ballast {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

const std::string kOid(40, 'a');
const std::string kSha256(64, 'b');

std::string Entry(const std::string& path, const std::string& more = "\"size\":3") {
  return StrCat(R"({"type":"file","path":")", path, R"(","oid":")", kOid, "\",", more, "}");
}

Result<std::vector<RemoteFile>> List(const std::vector<std::string>& pages, const PathFilter& filter = {}) {
  TreeListing listing(filter);
  for (const auto& page : pages) RETURN_IF_ERROR(listing.AddPage(page));
  return listing.Finish();
}

Status ErrorOf(const std::string& page) { return List({page}).status(); }

TEST(ParseRevisionInfoTest, FindsTheCommitWhereverItStands) {
  EXPECT_EQ(*ParseRevisionInfo(StrCat(R"({"id":"a","x":{"sha":"no"},"sha":")", kOid, R"(","siblings":[{"sha":1}]})")),
            kOid);
}

TEST(ParseRevisionInfoTest, RefusesAnythingElse) {
  for (const std::string& json :
       {std::string(""), std::string("{}"), std::string("[]"), std::string("\"x\""), std::string("7"),
        StrCat("[{\"sha\":\"", kOid, "\"}]"), std::string("{\"sha\":\"main\"}"), StrCat("{\"sha\":\"", kOid, "\""),
        std::string("<html>"), std::string("\xff\xfe")}) {
    EXPECT_EQ(ParseRevisionInfo(json).status().code(), StatusCode::kInvalidArgument) << json;
  }
}

TEST(TreeListingTest, ReadsPlainAndLfsFilesOverSeveralPages) {
  const std::string lfs = StrCat(R"("size":130,"lfs":{"oid":")", kSha256, R"(","size":5000,"pointerSize":130})");
  const auto files =
      List({StrCat("[", Entry("config.json"), R"(,{"type":"directory","path":"sub","oid":"x","size":0}])"),
            StrCat("[", Entry("sub/model.bin", lfs), "]"), "[]"});
  ASSERT_TRUE(files.ok()) << files.status();
  ASSERT_THAT(*files, SizeIs(2));
  EXPECT_EQ((*files)[0].size, 3U);
  EXPECT_EQ((*files)[0].git_oid->Hex(), kOid);
  EXPECT_FALSE((*files)[0].sha256.has_value());
  EXPECT_EQ((*files)[1].size, 5000U);
  EXPECT_EQ((*files)[1].sha256->Hex(), kSha256);
  EXPECT_EQ((*files)[1].lfs_pointer_size, 130U);
}

TEST(TreeListingTest, KeepsOnlyWhatTheFilterAdmitsAndChecksOnlyThat) {
  const auto files = List({StrCat("[", Entry("../evil"), ",", Entry("good"), "]")}, {.exclude = {"../*"}});
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_THAT(*files, SizeIs(1));
}

TEST(TreeListingTest, QuotesTheEntryThatBreaksARule) {
  EXPECT_THAT(ErrorOf(StrCat("[", Entry("../evil"), "]")).message(), HasSubstr("\"../evil\""));
  EXPECT_THAT(ErrorOf(StrCat("[", Entry("a"), ",", Entry("a"), "]")).message(), HasSubstr("\"a\""));
  EXPECT_THAT(ErrorOf(StrCat("[", Entry("a"), ",", Entry("a/b"), "]")).message(), HasSubstr("\"a/b\""));
  EXPECT_THAT(ErrorOf(R"([{"type":"symlink","path":"l","oid":"x","size":1}])").message(),
              AllOf(HasSubstr("\"l\""), HasSubstr("\"symlink\"")));
}

TEST(TreeListingTest, RefusesSizesThatAreNone) {
  for (const char* size : {"-1", "9223372036854775808", "1.5", "1e3", "\"3\"", "null", "99999999999999999999999"}) {
    EXPECT_EQ(ErrorOf(StrCat("[", Entry("a", StrCat("\"size\":", size)), "]")).code(), StatusCode::kInvalidArgument)
        << size;
  }
  EXPECT_THAT(ErrorOf(StrCat("[", Entry("a", "\"type\":\"file\""), "]")).message(), HasSubstr("\"a\" without a size"));
  EXPECT_THAT(ErrorOf(StrCat("[", Entry("a", "\"size\":1125899906842625"), "]")).message(),
              AllOf(HasSubstr("\"a\""), HasSubstr("between 0 and 1.0 PiB")));
  const std::string lfs = StrCat(R"("size":1,"lfs":{"oid":")", kSha256, R"(","size":-1,"pointerSize":1})");
  EXPECT_THAT(ErrorOf(StrCat("[", Entry("a", lfs), "]")).message(), HasSubstr("\"-1\""));
  std::string many;
  for (int i = 0; i < 8192; ++i) many += (i == 0 ? "" : ",") + Entry(StrCat("f", i), "\"size\":1125899906842624");
  EXPECT_THAT(ErrorOf(StrCat("[", many, "]")).message(), HasSubstr("2^63"));
}

TEST(TreeListingTest, RefusesDigestsThatAreNone) {
  const auto lfs = [](const std::string& oid) {
    return StrCat("[", Entry("a", StrCat(R"("size":1,"lfs":{"oid":")", oid, R"(","size":1,"pointerSize":1})")), "]");
  };
  EXPECT_TRUE(List({lfs(kSha256)}).ok());
  EXPECT_EQ(ErrorOf(lfs("../../etc/passwd")).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ErrorOf(lfs("")).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ErrorOf(R"([{"type":"file","path":"a","oid":"short","size":1}])").code(), StatusCode::kInvalidArgument);
  const Status hidden = ErrorOf(lfs(std::string(64, '*')));
  EXPECT_EQ(hidden.code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(hidden.message(), AllOf(HasSubstr("\"a\""), HasSubstr("gated")));
}

TEST(TreeListingTest, RefusesWhatIsNoListing) {
  for (const char* page :
       {"", "{}", "7", "\"x\"", "null", "[", "[1]", "[[]]", "[{}", "[\"a\"]", "<html>", "[]]", "\xff"}) {
    EXPECT_FALSE(List({page}).ok()) << page;
  }
}

// As JSON carries it: escaped where that is possible, byte by byte where it is not.
std::string Escaped(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    constexpr std::string_view kHex = "0123456789abcdef";
    if (byte < 0x20 || c == '"' || c == '\\') {
      out.append("\\u00").append({kHex[byte >> 4], kHex[byte & 15]});
    } else {
      out += c;
    }
  }
  return out;
}

TEST(TreeListingTest, RefusesEveryHostileNameByItsRuleAndQuotesIt) {
  for (const HostileName& hostile : HostileNames()) {
    const Status status = ErrorOf(StrCat("[", Entry("good"), ",", Entry(Escaped(hostile.name)), "]"));
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << Quoted(hostile.name);
    if (!IsUtf8(hostile.name)) continue;  // not even JSON
    EXPECT_THAT(status.message(), AllOf(HasSubstr(hostile.rule), HasSubstr(Quoted(hostile.name))));
  }
}

TEST(TreeListingTest, RefusesEveryHostileListingOverSeveralPages) {
  for (const HostileListing& listing : HostileListings()) {
    std::vector<std::string> pages;
    for (const std::string& name : listing.names) pages.push_back(StrCat("[", Entry(name), "]"));
    EXPECT_THAT(List(pages).status().message(), HasSubstr(listing.rule)) << Quoted(listing.names[0]);
  }
}

TEST(TreeListingTest, AHugePageTakesBoundedMemory) {
  const std::string huge(16 << 20, 'x');
  const std::string page = StrCat("[",
                                  Entry("a", StrCat("\"size\":3,\"", huge, "\":1,\"junk\":[", std::string(1 << 20, ' '),
                                                    "[[[1,2,3]]]],\"lfs\":null")),
                                  "]");
  const uint64_t peak = PeakMemoryOf([&] { EXPECT_TRUE(List({page}).ok()); });
  EXPECT_GT(peak, uint64_t{16} << 20);  // or nothing was measured
  EXPECT_LT(peak, uint64_t{256} << 20);
}

TEST(TreeListingTest, ManyFilesTakeBoundedMemory) {
  constexpr int kFiles = 100'000;
  std::vector<std::string> pages;
  for (int i = 0; i < kFiles; ++i) {
    if (i % 10'000 == 0) pages.emplace_back("[");
    pages.back() += StrCat(i % 10'000 == 0 ? "" : ",", Entry(StrCat("shard-", i % 100, "/file-", i)));
    if (i % 10'000 == 9'999) pages.back() += "]";
  }
  Result<std::vector<RemoteFile>> files = Internal("");
  const uint64_t peak = PeakMemoryOf([&] { files = List(pages); });
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_THAT(*files, SizeIs(kFiles));
  EXPECT_GT(peak, uint64_t{8} << 20);  // or nothing was measured
  EXPECT_LT(peak, uint64_t{192} << 20);
}

// A million names of a kibibyte would be a gibibyte, and no manifest could hold them.
TEST(TreeListingTest, TheNamesTogetherAreBounded) {
  const std::string folder(250, 'd');
  std::string page;
  for (int i = 0; i < 1000; ++i) {
    page += StrCat(i == 0 ? "[" : ",", Entry(StrCat(folder, "/", folder, "/", folder, "/", folder, "/", i)));
  }
  page += "]";
  const PathFilter everything;
  TreeListing listing(everything);
  Status status;
  int pages = 0;
  while (status.ok() && ++pages < 300) status = listing.AddPage(page);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("256 MiB"));
}

TEST(TreeListingTest, DepthIsBounded) {
  const std::string deep = std::string(100'000, '[');
  EXPECT_THAT(ErrorOf(StrCat("[{\"x\":", deep)).message(), HasSubstr("levels deep"));
}

TEST(TreeListingTest, TheNumberOfEntriesIsBoundedOverAllPages) {
  const std::string page = StrCat("[", Entry("a"), R"(,{"type":"directory","path":"d","oid":"x","size":0}])");
  const PathFilter nothing{.exclude = {"*"}};
  TreeListing listing(nothing, 4);
  EXPECT_TRUE(listing.AddPage(page).ok());
  EXPECT_TRUE(listing.AddPage(page).ok());
  EXPECT_THAT(listing.AddPage(page).ToString(), AllOf(HasSubstr("INVALID_ARGUMENT"), HasSubstr("more than 4 files")));
}

}  // namespace
}  // namespace ballast
