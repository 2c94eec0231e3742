#include "api/model_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/manifests.h"
#include "api/testing/example.h"
#include "base/strings.h"

namespace ballast {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kHead = "apiVersion: ballast.dev/v1alpha1\nkind: ClusterModelCache\nmetadata: {name: m}\n";

Result<std::vector<ModelCache>> Parse(std::string_view yaml) {
  ASSIGN_OR_RETURN(Manifests manifests, ParseManifests(yaml, "m.yaml"));
  return std::move(manifests.caches);
}

std::string ErrorOf(std::string_view yaml) { return Parse(yaml).status().message(); }

std::string With(std::string_view from, std::string_view to) {
  std::string text(kModelCacheExample);
  const size_t at = text.find(from);
  EXPECT_NE(at, text.npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(ModelCacheTest, ReadsTheExampleOfTheContract) {
  const Result<std::vector<ModelCache>> caches = Parse(kModelCacheExample);
  ASSERT_TRUE(caches.ok()) << caches.status();
  ModelCache expected;
  expected.metadata.name = "llama-3-1-8b";
  ModelCacheSpec& spec = expected.spec;
  spec.source.uri = ModelRef::Parse("hf://meta-llama/Llama-3.1-8B-Instruct").value();
  spec.source.revision = "main";
  spec.source.filter = {{"*.safetensors", "*.json", "tokenizer*"}, {"original/**"}};
  spec.source.origin = "hub";
  spec.source.token_secret_ref = SecretKeyRef{"hf-token", "HF_TOKEN", "models"};
  spec.nodes = {.selector = LabelSelector{{{"nvidia.com/gpu.product", "NVIDIA-H200"}}, {}},
                .max_parallel = IntOrPercent{25, true}};
  spec.seeds = {.count = 2, .selector = LabelSelector{{{"role", "storage"}}, {}}};
  spec.priority = 1000;
  spec.gc = {.unused_for = std::chrono::hours(720), .cluster_quota = uint64_t{20} << 40};
  spec.allowed_namespaces = AllowedNamespaces{LabelSelector{{{"tier", "serving"}}, {}}};
  EXPECT_THAT(*caches, ElementsAre(expected));
  EXPECT_EQ(spec.source.Ref().ToString(), "hf://meta-llama/Llama-3.1-8B-Instruct@main");
  EXPECT_EQ(NamespacesByName(expected), std::vector<std::string>());  // by a label that nobody knows here
}

TEST(ModelCacheTest, OnlyNameAndUriAreNeeded) {
  const auto caches = Parse(StrCat(kHead, "spec: {source: {uri: \"hf://gpt2\"}}\n"));
  ASSERT_TRUE(caches.ok()) << caches.status();
  EXPECT_EQ(caches->front().spec.nodes, std::nullopt);
  EXPECT_EQ(caches->front().spec.update_policy.type, UpdateType::kManual);
  EXPECT_EQ(caches->front().spec.source.Ref().ToString(), "hf://gpt2");
}

TEST(ModelCacheTest, AllowedNamespacesAreThoseThatTheSelectorNames) {
  const auto allowed = [](const std::string& namespaces) {
    const std::string spec = StrCat("spec: {source: {uri: \"hf://gpt2\"}, allowedNamespaces: {", namespaces, "}}\n");
    return NamespacesByName(Parse(StrCat(kHead, spec)).value().front());
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(allowed("from: All"), std::nullopt);
  EXPECT_EQ(allowed("from: Selector, selector: {}"), std::nullopt);  // as in Kubernetes
  EXPECT_EQ(allowed("from: Selector, selector: {matchLabels: {kubernetes.io/metadata.name: a}}"), Names{"a"});
  EXPECT_EQ(allowed("from: Selector, selector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, "
                    "values: [a, b]}]}"),
            (Names{"a", "b"}));
  for (const char* unknown :
       {"{matchLabels: {tier: serving}}", "{matchLabels: {kubernetes.io/metadata.name: a, tier: serving}}",
        "{matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [a]}]}",
        "{matchExpressions: [{key: tier, operator: DoesNotExist}]}"}) {
    EXPECT_EQ(allowed(StrCat("from: Selector, selector: ", unknown)), Names()) << unknown;
  }
}

TEST(ModelCacheTest, ReadsSeveralDocumentsAndWhatKubectlPrints) {
  const auto caches = Parse(R"(---
apiVersion: ballast.dev/v1alpha1
kind: ModelCache
metadata:
  name: a
  namespace: team
  uid: 7b6e
  generation: 3
  creationTimestamp: "2026-01-01T00:00:00Z"
  labels: {app: x}
  annotations: {note: "y"}
  managedFields: [{manager: kubectl}]
spec:
  source: {uri: "hf://org/a", tokenSecretRef: {name: t, key: k}}
  nodes: {}
  updatePolicy: {type: Automatic}
  suspend: true
status: {observedGeneration: 3}
---
apiVersion: ballast.dev/v1alpha1
kind: ClusterModelCache
metadata: {name: b}
spec: {source: {uri: "file:///srv/models/b"}}
)");
  ASSERT_TRUE(caches.ok()) << caches.status();
  ASSERT_EQ(caches->size(), 2U);
  EXPECT_FALSE((*caches)[0].cluster_scoped);
  EXPECT_EQ((*caches)[0].metadata.object_namespace, "team");
  EXPECT_EQ((*caches)[0].spec.update_policy.type, UpdateType::kAutomatic);
  EXPECT_TRUE((*caches)[0].spec.suspend);
  EXPECT_EQ((*caches)[0].spec.nodes, NodesSpec());
  EXPECT_EQ((*caches)[0].status, ModelCacheStatus());  // what an apiserver once said is not looked at
  EXPECT_EQ((*caches)[1].spec.source.uri.scheme, OriginScheme::kFile);
}

TEST(ModelCacheTest, AnEmptyFileHasNoCaches) { EXPECT_THAT(Parse("# later\n").value(), IsEmpty()); }

TEST(ModelCacheTest, EachMistakeIsAnsweredByLineKeyAndRemedy) {
  const std::pair<std::string, std::string_view> cases[] = {
      {With("revision:", "revison:"), "m.yaml:7: spec.source: unknown key \"revison\"; did you mean \"revision\"?"},
      {With("  nodes:", "  node:"), "m.yaml:12: spec: unknown key \"node\"; did you mean \"nodes\"?"},
      {With("matchLabels", "matchLabel"), "m.yaml:13: spec.nodes.selector: unknown key \"matchLabel\""},
      {With("spec:", "specs:"), "unknown key \"specs\"; did you mean \"spec\"?"},
      {With("kind: Cluster", "kind: Clutser"), "m.yaml:2: kind: unknown value \"ClutserModelCache\"; did you mean"},
      {With("v1alpha1", "v1"), "m.yaml:1: apiVersion: unknown value \"ballast.dev/v1\"; valid: ballast.dev/v1alpha1"},
      {With("kind: ClusterModelCache", ""), "kind: is missing"},
      {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {}\n", "apiVersion: unknown value \"v1\""},
      {With("{name: llama-3-1-8b}", "{}"), "m.yaml:3: metadata.name: is missing"},
      {With("llama-3-1-8b", "Llama"), "metadata.name: \"Llama\" is not a name"},
      {With("llama-3-1-8b", "../x"), "is not a name"},
      {With("llama-3-1-8b", "a..b"), "is not a name"},
      {With("llama-3-1-8b", "123"), "put it in quotes: \"123\""},
      {With("{name: llama-3-1-8b}", "{name: a, namespace: b}"), "metadata.namespace: is for ModelCache only"},
      {With("    uri: hf://meta-llama/Llama-3.1-8B-Instruct\n", ""), "m.yaml:6: spec.source.uri: is missing"},
      {With("8B-Instruct", "8B-Instruct@main"),
       "m.yaml:6: spec.source.uri: the uri names the model alone; put \"@main\" in"},
      {With("hf://meta", "s3://meta"), "not served yet"},
      {With("hf://meta-llama/", "meta-llama/"), "did you mean \"hf://meta-llama/Llama-3.1-8B-Instruct\"?"},
      {With("revision: main", "revision: ../x"), "m.yaml:7: spec.source.revision: revision \"../x\""},
      {With("revision: main", "revision: 1.0"), "put it in quotes: \"1.0\""},
      {With("revision: main", "revision: [main]"), "must be a string, not a list"},
      {With("[\"original/**\"]", "[\"/original\"]"), "m.yaml:9: spec.source.exclude: pattern \"/original\" begins"},
      {With("[\"original/**\"]", "original"), "must be a list of strings"},
      {With(", namespace: models}", "}"), "m.yaml:11: spec.source.tokenSecretRef.namespace: is missing"},
      {With("name: hf-token, ", ""), "spec.source.tokenSecretRef.name: is missing"},
      {With("key: HF_TOKEN, ", ""), "spec.source.tokenSecretRef.key: is missing"},
      {With("{name: hf-token, key: HF_TOKEN, namespace: models}", "hf-token"), "must be a mapping"},
      {With("Prefer", "Preferred"), "did you mean \"Prefer\"?"},
      {With("25%", "0%"), "maxParallel: must be a number of nodes, or a share"},
      {With("25%", "101%"), "maxParallel"},
      {With("25%", "some"), "maxParallel"},
      {With("25%", "0"), "maxParallel"},
      {With("count: 2", "count: -1"), "spec.seeds.count: must be a whole number"},
      {With("type: Manual", "type: Auto"), "spec.updatePolicy.type: unknown value \"Auto\""},
      {With("priority: 1000", "priority: high"), "spec.priority: must be a whole number"},
      {With("priority: 1000", "priority: 2147483648"), "spec.priority"},
      {With("720h", "30d"), "m.yaml:19: spec.gc.unusedFor: \"30d\" is not a duration; write it like 720h"},
      {With("keepRevisions: 2", "keepRevisions: 0"), "spec.gc.keepRevisions: must be a whole number from 1 to 10"},
      {With("20Ti", "20TB"), "spec.gc.clusterQuota: \"20TB\" is not a number of bytes"},
      {With("Release", "Delete"), "spec.gc.onDelete: unknown value \"Delete\""},
      {With("suspend: false", "suspend: \"false\""), "must be true or false"},
      {With("from: Selector", "from: All"), "spec.allowedNamespaces.selector: must be left out"},
      {With(", selector: {matchLabels: {tier: serving}}}", "}"), "spec.allowedNamespaces.selector: is missing"},
      {With("  allowedNamespaces: {from: Selector, selector: {matchLabels: {tier: serving}}}\n", ""),
       "spec.allowedNamespaces: is missing: with a token"},
      {With("{matchLabels: {role: storage}}", "{matchExpressions: [{key: a, operator: In}]}"),
       "values: is missing for operator In"},
      {With("{matchLabels: {role: storage}}", "{matchExpressions: [{key: a, operator: Exists, values: [b]}]}"),
       "must be left out"},
      {With("{matchLabels: {role: storage}}", "{matchExpressions: [{key: a, operator: Is}]}"), "unknown value \"Is\""},
      {std::string(kModelCacheExample) + "---\n" + std::string(kModelCacheExample),
       "m.yaml:23: ClusterModelCache llama-3-1-8b occurs twice"},
      {std::string(kModelCacheExample) + "---\n[]\n", "m.yaml:23: a mapping (key: value) is needed here, not a list"},
      {"apiVersion: ballast.dev/v1alpha1\nkind: ModelCache\nmetadata: {name: a}\nspec: {source: {uri: "
       "\"file:///x\"}}\n",
       "file:// and https:// are for ClusterModelCache only"},
      {"apiVersion: ballast.dev/v1alpha1\nkind: ModelCache\nmetadata: {name: a}\nspec: {source: {uri: \"hf://x\"}, "
       "allowedNamespaces: {from: All}}\n",
       "unknown key \"allowedNamespaces\""},
      {"apiVersion: ballast.dev/v1alpha1\nkind: ModelCache\nmetadata: {name: a}\nspec: {source: {uri: \"hf://x\", "
       "tokenSecretRef: {name: a, key: b, namespace: c}}}\n",
       "tokenSecretRef.namespace: is the cache's own"},
      {StrCat(kHead, "spec: {source: {uri: \"file:///x\", revision: main}}\n"), "has a meaning for hf:// only"},
  };
  for (const auto& [text, says] : cases) EXPECT_THAT(ErrorOf(text), HasSubstr(says)) << text;
}

}  // namespace
}  // namespace ballast
