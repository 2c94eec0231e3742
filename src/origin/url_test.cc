#include "origin/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ballast {
namespace {

using testing::HasSubstr;

TEST(UrlTest, ReadsItsPartsAndWritesThemBack) {
  const auto url = Url::Parse("https://Hub.Example:8443/api/x%20y?limit=1&a=b#there");
  ASSERT_TRUE(url.ok()) << url.status();
  EXPECT_EQ(*url, (Url{"https", "hub.example", 8443, "/api/x%20y?limit=1&a=b"}));
  EXPECT_EQ(url->ToString(), "https://hub.example:8443/api/x%20y?limit=1&a=b");
}

TEST(UrlTest, HidesTheQueryFromPeople) {
  EXPECT_EQ(Url::Parse("https://cdn.example/blob?Signature=secret")->Shown(), "https://cdn.example/blob");
}

TEST(UrlTest, KnowsTheUsualPorts) {
  EXPECT_EQ(Url::Parse("http://a")->port, 80);
  EXPECT_EQ(Url::Parse("https://a/")->port, 443);
  EXPECT_EQ(Url::Parse("https://a:443")->Root(), "https://a");
}

TEST(UrlTest, NamesAnIpv4AddressInItsUsualSpelling) {
  EXPECT_EQ(Url::Parse("http://0x7f.1/")->host, "127.0.0.1");
  EXPECT_EQ(Url::Parse("http://2130706433/")->host, "127.0.0.1");
  EXPECT_EQ(Url::Parse("http://[::1]:80/")->host, "[::1]");
}

TEST(UrlTest, RefusesWhatIsNoPlainHttpUrl) {
  for (const char* text : {"", "hub.example", "ftp://a/", "file:///etc/passwd", "https://", "http://a:0/",
                           "http://a:99999/", "http://a/\nX: y", "http://[fe80::1%25eth0]/", "javascript:alert(1)"}) {
    EXPECT_EQ(Url::Parse(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
}

TEST(UrlTest, RefusesAPasswordWithoutRepeatingIt) {
  const Status status = Url::Parse("https://user:hunter2@hub.example/").status();
  EXPECT_THAT(status.message(), HasSubstr("tokenFile"));
  EXPECT_THAT(status.message(), testing::Not(HasSubstr("hunter2")));
}

TEST(UrlTest, JoinsReferencesAsABrowserDoes) {
  const Url page = *Url::Parse("https://hub.example/a/b?x=1");
  EXPECT_EQ(page.Join("/api/resolve-cache/y")->ToString(), "https://hub.example/api/resolve-cache/y");
  EXPECT_EQ(page.Join("c")->ToString(), "https://hub.example/a/c");
  EXPECT_EQ(page.Join("//cdn.example/c")->ToString(), "https://cdn.example/c");
  EXPECT_EQ(page.Join("http://other.example:81/c?sig=1")->ToString(), "http://other.example:81/c?sig=1");
  EXPECT_FALSE(page.Join("ftp://other.example/").ok());
}

TEST(UrlTest, SameOriginMeansSchemeHostAndPort) {
  const Url hub = *Url::Parse("https://hub.example/a");
  EXPECT_TRUE(hub.SameOrigin(*Url::Parse("https://HUB.example:443/b")));
  EXPECT_FALSE(hub.SameOrigin(*Url::Parse("http://hub.example:443/a")));
  EXPECT_FALSE(hub.SameOrigin(*Url::Parse("https://hub.example:8443/a")));
  EXPECT_FALSE(hub.SameOrigin(*Url::Parse("https://hub.example.evil/a")));
}

TEST(PercentEncodingTest, RoundTrips) {
  const std::string name = "extra files/na\xc3\xafve +notes#1?.txt%";
  EXPECT_EQ(EncodePath(name), "extra%20files/na%C3%AFve%20%2Bnotes%231%3F.txt%25");
  EXPECT_EQ(DecodePercent(EncodePath(name)), name);
  EXPECT_EQ(EncodeSegment("refs/pr/1"), "refs%2Fpr%2F1");
  EXPECT_EQ(DecodePercent("100%, %zz, %4"), "100%, %zz, %4");
}

}  // namespace
}  // namespace ballast
