#include "csi/volume_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ballast::driver {
namespace {

using testing::HasSubstr;
using Attributes = std::map<std::string, std::string>;

std::string ErrorOf(const Attributes& attributes) {
  const auto context = ParseVolumeContext(attributes);
  EXPECT_EQ(context.status().code(), StatusCode::kInvalidArgument) << context.status();
  return context.status().message();
}

TEST(VolumeContextTest, ReadsEveryAttribute) {
  const std::string digest = "sha256:" + std::string(64, 'a');
  const auto context = ParseVolumeContext({{"clusterCache", "llama-3.1"},
                                           {"revision", "refs/pr/1"},
                                           {"manifest", digest},
                                           {"layout", "hf-repo"},
                                           {"publish", "Early"},
                                           {"csi.storage.k8s.io/pod.name", "web-0"},
                                           {"csi.storage.k8s.io/pod.namespace", "serving"},
                                           {"csi.storage.k8s.io/pod.uid", "0815"},
                                           {"csi.storage.k8s.io/ephemeral", "true"},
                                           {"storage.kubernetes.io/csiProvisionerIdentity", "x"}});
  ASSERT_TRUE(context.ok()) << context.status();
  EXPECT_EQ(*context, (VolumeContext{.order = {.kind = ModelOrder::Kind::kClusterCache,
                                               .name = "llama-3.1",
                                               .pod_namespace = "serving",
                                               .revision = "refs/pr/1",
                                               .manifest = digest,
                                               .layout = Layout::kHfRepo,
                                               .early = true},
                                     .pod = "serving/web-0",
                                     .pod_uid = "0815"}));
}

TEST(VolumeContextTest, DefaultsArePlainAndWhenReady) {
  const auto context = ParseVolumeContext({{"source", "hf://org/name@main"}});
  ASSERT_TRUE(context.ok()) << context.status();
  EXPECT_EQ(context->order.kind, ModelOrder::Kind::kSource);
  EXPECT_EQ(context->order.name, "hf://org/name@main");
  EXPECT_EQ(context->order.layout, Layout::kPlain);
  EXPECT_FALSE(context->order.early);
}

TEST(VolumeContextTest, NamesTheNearestKeyAndValue) {
  EXPECT_THAT(ErrorOf({{"clustercache", "x"}}), HasSubstr("did you mean \"clusterCache\"?"));
  EXPECT_THAT(ErrorOf({{"cache", "x"}, {"lay out", "hf"}}), HasSubstr("did you mean \"layout\"?"));
  EXPECT_THAT(ErrorOf({{"clusterCache", "x"}, {"zzzzz", "1"}}), HasSubstr("valid: clusterCache, cache, source"));
  EXPECT_THAT(ErrorOf({{"clusterCache", "x"}, {"layout", "hf_repo"}}), HasSubstr("did you mean \"hf-repo\"?"));
  EXPECT_THAT(ErrorOf({{"clusterCache", "x"}, {"publish", "early"}}), HasSubstr("did you mean \"Early\"?"));
}

TEST(VolumeContextTest, WantsExactlyOneModel) {
  EXPECT_THAT(ErrorOf({}), HasSubstr("set the volume attribute clusterCache"));
  EXPECT_THAT(ErrorOf({{"clusterCache", "a"}, {"source", "hf://o/n"}}), HasSubstr("clusterCache and source exclude"));
  EXPECT_THAT(ErrorOf({{"cache", "a"}}), HasSubstr("podInfoOnMount"));
  EXPECT_TRUE(ParseVolumeContext({{"cache", "a"}, {"csi.storage.k8s.io/pod.namespace", "n"}}).ok());
}

TEST(VolumeContextTest, RefusesBadValues) {
  for (const char* name : {"", "A", "a/b", "../a", "-a", "a.", "a b", "a\n"}) {
    EXPECT_THAT(ErrorOf({{"clusterCache", name}}), HasSubstr("clusterCache")) << name;
  }
  EXPECT_THAT(ErrorOf({{"clusterCache", std::string(254, 'a')}}), HasSubstr("at most 253"));
  EXPECT_THAT(ErrorOf({{"clusterCache", "a"}, {"revision", "../x"}}), HasSubstr("revision"));
  EXPECT_THAT(ErrorOf({{"clusterCache", "a"}, {"manifest", "sha256:12"}}), HasSubstr("manifest"));
  EXPECT_THAT(ErrorOf({{"source", "not a model"}}), HasSubstr("source"));
  EXPECT_THAT(ErrorOf({{"source", "hf://o/n@main"}, {"revision", "main"}}), HasSubstr("keep one of the two"));
}

TEST(VolumeContextTest, ForeignBytesComeQuoted) {
  EXPECT_THAT(ErrorOf({{"evil\x1b[31m", "x"}}), HasSubstr("\"evil\\x1b[31m\""));
}

}  // namespace
}  // namespace ballast::driver
