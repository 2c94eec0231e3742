#include "csi/rpc_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "csi/proto/csi.pb.h"

namespace ballast::driver {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(RpcLogTest, SecretsNeverShow) {
  csi::v1::NodePublishVolumeRequest request;
  request.set_volume_id("vol-1");
  (*request.mutable_secrets())["HF_TOKEN"] = "canary-secret";
  (*request.mutable_volume_context())["csi.storage.k8s.io/serviceAccount.tokens"] = "canary-token";
  (*request.mutable_volume_context())["clusterCache"] = "llama";
  const std::string text = WithoutSecrets(request);
  EXPECT_THAT(text, Not(HasSubstr("canary")));
  EXPECT_THAT(text, HasSubstr("vol-1"));
  EXPECT_THAT(text, HasSubstr("llama"));
  EXPECT_THAT(text, HasSubstr("HF_TOKEN"));
  EXPECT_EQ(request.secrets().at("HF_TOKEN"), "canary-secret");
}

TEST(RpcLogTest, EverySecretFieldOfTheProtocolIsMarked) {
  csi::v1::CreateVolumeRequest create;
  (*create.mutable_secrets())["k"] = "canary";
  csi::v1::DeleteVolumeRequest remove;
  (*remove.mutable_secrets())["k"] = "canary";
  csi::v1::ValidateVolumeCapabilitiesRequest validate;
  (*validate.mutable_secrets())["k"] = "canary";
  EXPECT_THAT(WithoutSecrets(create) + WithoutSecrets(remove) + WithoutSecrets(validate), Not(HasSubstr("canary")));
}

TEST(RpcLogTest, LongRequestsAreCut) {
  csi::v1::NodePublishVolumeRequest request;
  request.set_target_path(std::string(5000, 'x'));
  EXPECT_LT(WithoutSecrets(request, 100).size(), 110U);
}

}  // namespace
}  // namespace ballast::driver
