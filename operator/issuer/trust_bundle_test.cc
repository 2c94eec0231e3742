#include "operator/issuer/trust_bundle.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "identity/authority.h"
#include "identity/pem.h"

namespace ballast::controller {
namespace {

using std::chrono::days;
using std::chrono::hours;

const WallTime kNow(std::chrono::seconds(1'700'000'000));

std::string NewCa(WallTime now = kNow) { return CertificateAuthority::Create(now)->CertificatePem().value(); }
TrustBundle Plan(const TrustBundle& stored, const std::string& authority, WallTime now = kNow) {
  return PlanTrust(stored, authority, now).value();
}

TEST(TrustBundleTest, TheFirstCaStandsAlone) {
  const std::string ca = NewCa();
  EXPECT_EQ(Plan({}, ca), (TrustBundle{ca, {}}));
  EXPECT_EQ(Plan(Plan({}, ca), ca), (TrustBundle{ca, {}}));
}

TEST(TrustBundleTest, AFormerCaIsTrustedUntilItsLastCertificateIsOver) {
  const std::string first = NewCa();
  const std::string second = NewCa();
  const TrustBundle both = Plan(Plan({}, first), second);
  EXPECT_EQ(both.pem, second + first);
  ASSERT_EQ(both.former.size(), 1U);
  EXPECT_EQ(Plan(both, second, kNow + days(29)), both) << "the time is set once";
  EXPECT_EQ(Plan(both, second, kNow + days(31)), (TrustBundle{second, {}}));
}

TEST(TrustBundleTest, AFormerCaThatBecomesCurrentAgainIsFormerNoMore) {
  const std::string first = NewCa();
  const std::string second = NewCa();
  const TrustBundle back = Plan(Plan(Plan({}, first), second), first);
  EXPECT_EQ(back.pem, first + second);
  EXPECT_EQ(back.former.size(), 1U);
}

TEST(TrustBundleTest, AnExpiredCaIsDropped) {
  const std::string old = NewCa(kNow - kAuthorityLifetime - hours(1));
  const std::string now = NewCa();
  EXPECT_EQ(Plan({old, {}}, now), (TrustBundle{now, {}}));
}

TEST(TrustBundleTest, ReplacedOverAndOverItKeepsEight) {
  TrustBundle bundle;
  for (int i = 0; i < 20; ++i) {
    bundle = Plan(bundle, NewCa(), kNow + hours(i));
    EXPECT_EQ(ParseCertificates(bundle.pem)->size(), static_cast<size_t>(std::min(i + 1, 8)));
    EXPECT_EQ(bundle.former.size(), static_cast<size_t>(std::min(i, 7)));
  }
}

TEST(TrustBundleTest, WhatCannotBeReadIsReplaced) {
  const std::string ca = NewCa();
  for (const Json& broken :
       {Json(nullptr), Json{{"data", 7}}, Json{{"data", {{"ca.crt", 7}}}}, Json{{"data", {{"ca.crt", "nonsense"}}}},
        Json{{"metadata", {{"annotations", {{kFormerAnnotation, "[1]"}}}}}},
        Json{{"metadata", {{"annotations", {{kFormerAnnotation, "{\"x\": 1}"}}}}}}}) {
    EXPECT_EQ(Plan(ReadTrust(broken), ca), (TrustBundle{ca, {}})) << broken;
  }
  EXPECT_FALSE(PlanTrust({}, "nonsense", kNow).ok());
}

TEST(TrustBundleTest, AConfigMapBringsTheBundleBackAndKeepsTheRest) {
  const TrustBundle both = Plan(Plan({}, NewCa()), NewCa());
  Json object = WithTrust(nullptr, {"ns", "ballast-ca"}, both);
  EXPECT_EQ(ReadTrust(object), both);
  object["data"]["other"] = "x";
  object["metadata"]["annotations"]["mine"] = "y";
  const TrustBundle one = Plan({}, NewCa());
  const Json after = WithTrust(object, {"ns", "ballast-ca"}, one);
  EXPECT_EQ(ReadTrust(after), one);
  EXPECT_EQ(StringAt(after, "/data/other"), "x");
  EXPECT_EQ(StringAt(after, "/metadata/annotations/mine"), "y");
}

}  // namespace
}  // namespace ballast::controller
