#include "operator/resolver/secret_token.h"

#include <gtest/gtest.h>

#include "base/testing/fake_clock.h"
#include "kube/base64.h"
#include "operator/testing/cluster.h"

namespace ballast::controller {
namespace {

class SecretTokenTest : public testing::Test {
 protected:
  SecretTokenTest() { ServeCluster(client_); }
  Result<std::string> Read(const Json& data) {
    const Json secret = {{"apiVersion", "v1"},
                         {"kind", "Secret"},
                         {"metadata", {{"namespace", "team"}, {"name", "hf"}}},
                         {"data", data}};
    EXPECT_TRUE(client_.Create(kSecrets, secret, {}).ok());
    const auto token = ReadToken(client_, key_, {});
    EXPECT_EQ(client_.Delete(kSecrets, {"team", "hf"}, {}, {}), OkStatus());
    return token;
  }

  FakeClock clock_;
  FakeKubeClient client_{clock_};
  const SecretKey key_{{"team", "hf"}, "token"};
};

TEST_F(SecretTokenTest, ATokenIsOneWord) {
  for (const char* good : {"hf_abc", "hf_abc\n", " hf_abc "})
    EXPECT_EQ(Read({{"token", EncodeBase64(good)}}).value(), "hf_abc");
  for (const char* wrong : {"", "\n", "a b", "a\nX-Header: b", "a\x01", "\xc3\xa4"})
    EXPECT_EQ(Read({{"token", EncodeBase64(wrong)}}).status().code(), StatusCode::kNotFound) << wrong;
}

TEST_F(SecretTokenTest, AMissingSecretOrKeyIsNotFound) {
  EXPECT_EQ(ReadToken(client_, key_, {}).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(Read({{"other", "eA=="}}).status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace ballast::controller
