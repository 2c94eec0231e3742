// The bytes that a node may hold, and who has them so far. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "operator/placement/placement.h"

namespace ballast::controller {

// What a revision of a cache costs a node.
struct Copy {
  std::string_view cache;
  std::string_view manifest;
  uint64_t bytes = 0;
  int32_t priority = 0;
  int tenant = -1;            // of the node's policy; -1: none
  uint64_t tenant_quota = 0;  // 0: none
};

// Copies are taken in the order of their claim to the disk.
class NodeBudget {
 public:
  explicit NodeBudget(std::optional<uint64_t> limit = std::nullopt) : limit_(limit) {}

  std::optional<uint64_t> limit() const { return limit_; }
  uint64_t used() const { return used_; }

  // Why it gets no room; nothing: it does. NodeTooSmall: it never could.
  std::optional<Problem> Refuse(const Copy& copy) const;
  // Takes the room, even where there is none. The same bytes for another cache cost nothing, but its tenant pays in
  // full.
  void Take(const Copy& copy);

 private:
  std::optional<Problem> RefuseTenant(const Copy& copy) const;
  uint64_t CostOf(const Copy& copy) const { return taken_.contains(copy.manifest) ? 0 : copy.bytes; }
  std::string Holders() const;

  std::optional<uint64_t> limit_;
  uint64_t used_ = 0;
  std::set<std::string_view> taken_;
  std::map<int, uint64_t> tenants_;
  std::vector<std::pair<std::string_view, int32_t>> holders_;
};

}  // namespace ballast::controller
