#include "daemon/cluster/node_fence.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "base/strings.h"
#include "kube/json.h"

namespace ballast {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// Base64url without padding; "" for anything else.
std::string Decoded(std::string_view text) {
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return "";
    bits = (bits << 6) | static_cast<uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<char>((bits >> count) & 0xff));
  }
  return bytes;
}

}  // namespace

std::string NodeUidOf(const CacheNode& node) {
  const auto& owners = node.metadata.owner_references;
  const auto owner =
      std::find_if(owners.begin(), owners.end(), [](const OwnerReference& one) { return one.kind == "Node"; });
  return owner == owners.end() ? "" : owner->uid;
}

NodeVerdictKind JudgeObject(const CacheNode* before, const CacheNode& now, std::string_view node_uid) {
  const std::string owner = NodeUidOf(now);
  if (!node_uid.empty() && !owner.empty() && owner != node_uid) return NodeVerdictKind::kIgnore;
  if (before == nullptr) return NodeVerdictKind::kTake;
  const bool same = before->metadata.uid == now.metadata.uid && NodeUidOf(*before) == owner;
  return same ? NodeVerdictKind::kTake : NodeVerdictKind::kTakeAnew;
}

std::string NodeUidOfToken(std::string_view token) {
  const std::vector<std::string_view> parts = Split(token, '.');
  if (parts.size() != 3) return "";
  const Result<Json> claims = ParseJson(Decoded(parts[1]));
  return claims.ok() ? StringAt(*claims, "/kubernetes.io/node/uid") : "";
}

}  // namespace ballast
