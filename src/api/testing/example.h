// The contract's example of a cache, with every key.
#pragma once

#include <string_view>

namespace ballast {

inline constexpr std::string_view kModelCacheExample = R"(apiVersion: ballast.dev/v1alpha1
kind: ClusterModelCache
metadata: {name: llama-3-1-8b}
spec:
  source:
    uri: hf://meta-llama/Llama-3.1-8B-Instruct
    revision: main
    include: ["*.safetensors", "*.json", "tokenizer*"]
    exclude: ["original/**"]
    origin: hub
    tokenSecretRef: {name: hf-token, key: HF_TOKEN, namespace: models}
  nodes:
    selector: {matchLabels: {nvidia.com/gpu.product: NVIDIA-H200}}
    placement: Prefer
    maxParallel: 25%
  seeds: {count: 2, selector: {matchLabels: {role: storage}}}
  updatePolicy: {type: Manual}
  priority: 1000
  gc: {unusedFor: 720h, keepRevisions: 2, clusterQuota: 20Ti, onDelete: Release}
  suspend: false
  allowedNamespaces: {from: Selector, selector: {matchLabels: {tier: serving}}}
)";

}  // namespace ballast
