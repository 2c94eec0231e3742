#include "swarm/name_lookup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ballast {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Addresses are their own names: the C library asks nobody.
TEST(SystemNameLookupTest, AnAddressIsItsOwnNameOnce) {
  SystemNameLookup lookup;
  EXPECT_THAT(lookup.Addresses("127.0.0.1", AddressFamily::kIpv4).value(), ElementsAre("127.0.0.1"));
  EXPECT_THAT(lookup.Addresses("FD00:0::7", AddressFamily::kIpv6).value(), ElementsAre("fd00::7"));
}

TEST(SystemNameLookupTest, AnAddressOfTheOtherFamilyIsNotFound) {
  SystemNameLookup lookup;
  const Status four = lookup.Addresses("::1", AddressFamily::kIpv4).status();
  EXPECT_EQ(four.code(), StatusCode::kNotFound) << four;
  EXPECT_THAT(four.message(), HasSubstr("look up \"::1\": the name service knows no IPv4 address"));
  const Status six = lookup.Addresses("127.0.0.1", AddressFamily::kIpv6).status();
  EXPECT_EQ(six.code(), StatusCode::kNotFound) << six;
  EXPECT_THAT(six.message(), HasSubstr("no IPv6 address"));
}

}  // namespace
}  // namespace ballast
