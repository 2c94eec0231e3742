#include "operator/placement/node_budget.h"

#include "base/strings.h"

namespace ballast::controller {
namespace {

constexpr size_t kMaxNamed = 5;

}  // namespace

std::optional<Problem> NodeBudget::Refuse(const Copy& copy) const {
  if (limit_ && copy.bytes > *limit_) {
    return Problem{Reason::kNodeTooSmall,
                   StrCat("needs ", FormatBytes(copy.bytes), ", this node's quota is ", FormatBytes(*limit_),
                          "; add a nodeSelector or use placement: Require")};
  }
  if (limit_ && used_ + CostOf(copy) > *limit_) {
    const uint64_t left = *limit_ - std::min(*limit_, used_);
    return Problem{Reason::kNotAdmitted, StrCat("needs ", FormatBytes(copy.bytes), ", ", FormatBytes(left), " left",
                                                Holders(), "; raise the priority or the quota")};
  }
  return RefuseTenant(copy);
}

std::optional<Problem> NodeBudget::RefuseTenant(const Copy& copy) const {
  if (copy.tenant < 0 || copy.tenant_quota == 0) return std::nullopt;
  const auto found = tenants_.find(copy.tenant);
  const uint64_t used = found == tenants_.end() ? 0 : found->second;
  if (used + copy.bytes <= copy.tenant_quota) return std::nullopt;
  return Problem{Reason::kTenantQuotaExceeded,
                 StrCat("needs ", FormatBytes(copy.bytes), ", its namespace has ", FormatBytes(used), " of ",
                        FormatBytes(copy.tenant_quota), " on this node; raise tenants[].quotaPerNode")};
}

void NodeBudget::Take(const Copy& copy) {
  used_ += CostOf(copy);
  if (copy.tenant >= 0) tenants_[copy.tenant] += copy.bytes;
  taken_.insert(copy.manifest);
  if (holders_.empty() || holders_.back().first != copy.cache) holders_.emplace_back(copy.cache, copy.priority);
}

std::string NodeBudget::Holders() const {
  if (holders_.empty()) return "";
  std::vector<std::string> named;
  for (const auto& [cache, priority] : holders_) {
    if (named.size() == kMaxNamed) break;
    named.push_back(StrCat(cache, "(", priority, ")"));
  }
  const std::string more = holders_.size() > kMaxNamed ? StrCat(" and ", holders_.size() - kMaxNamed, " more") : "";
  return StrCat(" after ", Join(named, ", "), more);
}

}  // namespace ballast::controller
