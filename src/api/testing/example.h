// The contract's examples: a cache with every key of its spec; the JSON of each kind.
#pragma once

#include <array>
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

inline constexpr std::string_view kModelCacheJson = R"({
  "apiVersion": "ballast.dev/v1alpha1", "kind": "ModelCache",
  "metadata": {"name": "llama", "namespace": "serving", "uid": "7b6e", "resourceVersion": "12", "generation": 3,
    "creationTimestamp": "2026-01-01T00:00:00Z", "labels": {"a": "b"}, "finalizers": ["ballast.dev/cache"],
    "ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "1", "controller": true}]},
  "spec": {"source": {"uri": "hf://org/name", "tokenSecretRef": {"name": "t", "key": "k"}},
    "nodes": {"selector": {"matchExpressions": [{"key": "gpu", "operator": "In", "values": ["a", "b"]}]}, "maxParallel": 3},
    "gc": {"unusedFor": "1h30m", "clusterQuota": "1.5Ti"}},
  "status": {"observedGeneration": 3, "revision": {"current": "0e9e", "bytes": 16060522496},
    "nodes": {"desired": 40, "ready": 38}, "failures": [{"node": "n1", "reason": "DiskFull", "message": "full"}],
    "conditions": [{"type": "Ready", "status": "True", "reason": "NodesWarm", "message": "",
      "lastTransitionTime": "2026-01-01T00:00:00Z"}]}
})";

inline constexpr std::string_view kCachePolicyJson = R"({
  "apiVersion": "ballast.dev/v1alpha1", "kind": "CachePolicy", "metadata": {"name": "default"},
  "spec": {"priority": 100, "disk": {"quota": "6Ti", "highThresholdPercent": 90, "minAvailable": 107374182400},
    "eviction": {"interval": "15m"}, "limits": {"uploadBytesPerSecond": "2Gi"},
    "tenants": [{"namespaceSelector": {"matchLabels": {"team": "a"}}, "quotaPerNode": "1Ti", "sources": ["hf://*"]}]},
  "status": {"nodes": 3, "pendingEvictions": {"generation": 2, "nodes": [{"node": "n1", "percent": 60, "caches": ["a/b"]}]}}
})";

inline constexpr std::string_view kCacheNodeJson = R"({
  "apiVersion": "ballast.dev/v1alpha1", "kind": "CacheNode", "metadata": {"name": "n1"},
  "spec": {"caches": [{"cache": "serving/llama", "source": "hf://org/name@0e9e", "include": ["*.json"], "namespaces": ["serving"], "pinned": true,
      "manifest": "sha256:0000000000000000000000000000000000000000000000000000000000000000"}],
    "refused": [{"cache": "a/b", "reason": "NotAdmitted", "message": "needs 131 GiB"}],
    "policy": {"name": "default", "quotaBytes": 1000, "tenants": [{"namespaces": ["*"], "sources": ["hf://*"]}]}},
  "status": {"caches": [{"cache": "serving/llama", "manifest": "sha256:0000000000000000000000000000000000000000000000000000000000000000", "phase": "Ready"}],
    "wanted": [{"cache": "x", "namespace": "y"}]}
})";

inline constexpr std::array<std::string_view, 3> kObjectExamples = {kModelCacheJson, kCachePolicyJson, kCacheNodeJson};

}  // namespace ballast
