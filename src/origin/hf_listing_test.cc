#include "origin/hf_listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"

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
  const std::string huge = "\"size\":9223372036854775807";
  EXPECT_THAT(ErrorOf(StrCat("[", Entry("a", huge), ",", Entry("b", huge), ",", Entry("c", huge), "]")).message(),
              HasSubstr("2^63"));
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
  EXPECT_THAT(hidden.message(), AllOf(HasSubstr("gated"), HasSubstr("HF_TOKEN")));
}

TEST(TreeListingTest, RefusesWhatIsNoListing) {
  for (const char* page :
       {"", "{}", "7", "\"x\"", "null", "[", "[1]", "[[]]", "[{}", "[\"a\"]", "<html>", "[]]", "\xff"}) {
    EXPECT_FALSE(List({page}).ok()) << page;
  }
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
