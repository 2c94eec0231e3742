#include "swarm/membership.h"

#include <gtest/gtest.h>

#include "swarm/dns_membership.h"
#include "swarm/static_membership.h"
#include "swarm/testing/fake_membership.h"
#include "swarm/testing/fake_name_lookup.h"
#include "swarm/testing/membership_conformance.h"

namespace ballast {
namespace {

std::vector<Member> Numbered(const std::vector<unsigned>& numbers) {
  std::vector<Member> members;
  members.reserve(numbers.size());
  for (const unsigned number : numbers) members.push_back(TestMember(number));
  return members;
}

struct StaticUnderTest final : MembershipUnderTest {
  Membership& membership() override { return *membership_; }
  std::string NameOf(unsigned number) const override { return TestMember(number).name; }
  void Become(const std::vector<unsigned>& numbers) override {
    const Status status = membership_->Replace(Numbered(numbers));
    BALLAST_CHECK(status.ok()) << status;
  }
  std::unique_ptr<StaticMembership> membership_ = StaticMembership::Of("node-1", TestMembers(1)).value();
};

struct FakeUnderTest final : MembershipUnderTest {
  Membership& membership() override { return membership_; }
  std::string NameOf(unsigned number) const override { return TestMember(number).name; }
  void Become(const std::vector<unsigned>& numbers) override { membership_.Become(Numbered(numbers)); }
  FakeMembership membership_{"node-1", TestMembers(1)};
};

struct DnsUnderTest final : MembershipUnderTest {
  Membership& membership() override { return *membership_; }
  std::string NameOf(unsigned number) const override { return StrCat("10.0.0.", number); }
  void Become(const std::vector<unsigned>& numbers) override {
    std::vector<std::string> addresses;
    addresses.reserve(numbers.size());
    for (const unsigned number : numbers) addresses.push_back(NameOf(number));
    lookup_.Answer(addresses);
    const Status status = membership_->Refresh();
    BALLAST_CHECK(status.ok()) << status;
  }
  FakeNameLookup lookup_{"swarm.example.", AddressFamily::kIpv4};
  std::unique_ptr<DnsMembership> membership_ =
      DnsMembership::Of({.name = "swarm.example.", .self_host = "10.0.0.1", .control_port = 7070, .data_port = 7071},
                        lookup_)
          .value();
};

template <typename UnderTest>
std::unique_ptr<MembershipUnderTest> Make() {
  return std::make_unique<UnderTest>();
}

INSTANTIATE_TEST_SUITE_P(Static, MembershipConformanceTest, testing::Values(&Make<StaticUnderTest>));
INSTANTIATE_TEST_SUITE_P(Fake, MembershipConformanceTest, testing::Values(&Make<FakeUnderTest>));
INSTANTIATE_TEST_SUITE_P(Dns, MembershipConformanceTest, testing::Values(&Make<DnsUnderTest>));

}  // namespace
}  // namespace ballast
