#include "core/node_name.h"

#include <gtest/gtest.h>

#include <string>

#include "base/strings.h"

namespace ballast {
namespace {

TEST(NodeNameTest, TakesWhatKubernetesTakes) {
  for (const std::string& name :
       {std::string("a"), std::string("7"), std::string("node-1"), std::string("10.0.0.7"),
        std::string("ip-10-0-0-7.eu-west-1.compute.internal"), std::string("a--b"), std::string(253, 'x')}) {
    EXPECT_EQ(CheckNodeName(name), OkStatus()) << name;
  }
}

TEST(NodeNameTest, RefusesEverythingElseAndSaysWhy) {
  for (const std::string& name :
       {std::string(), std::string("-a"), std::string("a-"), std::string("a..b"), std::string(".a"), std::string("a."),
        std::string("a.-b"), std::string("a-.b"), std::string("Node"), std::string("a_b"), std::string("a b"),
        std::string("a\n"), std::string("a\0b", 3), std::string("f\xc3\xbc"), std::string("fd00::7"),
        std::string("../a"), std::string("a/b"), std::string(254, 'x')}) {
    const Status status = CheckNodeName(name);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << Quoted(name);
    EXPECT_NE(status.message().find(Quoted(name, 253) + " is not a node name"), std::string::npos) << status;
  }
}

}  // namespace
}  // namespace ballast
