#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <vector>

#include "csi/proto/csi.pb.h"
#include "csi/proto/describe.h"
#include "csi/proto/pluginregistration.pb.h"

namespace ballast::driver {
namespace {

// A change here is a change of what kubelets hear: e2e/suites/proto says whether the official files agree.
TEST(WireTest, OurProtocolsAreTheGoldenList) {
  std::ifstream file(BALLAST_GOLDEN_WIRE);
  std::vector<std::string> golden;
  for (std::string line; std::getline(file, line);) golden.push_back(line);
  std::vector<std::string> ours;
  for (const auto* descriptor :
       {csi::v1::VolumeCapability::descriptor()->file(), pluginregistration::PluginInfo::descriptor()->file()}) {
    const std::set<std::string> lines = DescribeWire(*descriptor);
    ours.insert(ours.end(), lines.begin(), lines.end());
  }
  EXPECT_EQ(ours, golden);
  EXPECT_GT(golden.size(), 100U);
}

}  // namespace
}  // namespace ballast::driver
