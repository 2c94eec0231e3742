#include "swarm/join_verdict.h"

#include <algorithm>

namespace ballast {
namespace {

bool IsReachable(const JoinQuestion& question, const std::string& node) {
  return std::find(question.unreachable.begin(), question.unreachable.end(), node) == question.unreachable.end();
}

// Self where nobody else is reachable, or self is no member.
std::string FirstReachable(const JoinQuestion& question) {
  const auto first = std::find_if(question.order.begin(), question.order.end(),
                                  [&](const std::string& node) { return IsReachable(question, node); });
  return first == question.order.end() ? question.self : *first;
}

}  // namespace

std::vector<std::string> AskedOf(const JoinQuestion& question) {
  std::vector<std::string> asked;
  std::vector<std::string> others;
  for (const std::string& node : question.order) {
    if (node == question.self) continue;
    if (others.size() < kAskedAboutCoordinator) others.push_back(node);
    if (asked.size() < kAskedAboutCoordinator && IsReachable(question, node)) asked.push_back(node);
  }
  return asked.empty() ? others : asked;
}

JoinVerdict Judge(const JoinQuestion& question) {
  if (question.active || question.redirects >= question.max_redirects) return TakeIn{};
  if (!question.known.empty() && question.known != question.self && IsReachable(question, question.known))
    return SendTo{question.known};
  const std::string first = FirstReachable(question);
  if (first != question.self && IsReachable(question, question.self)) return SendTo{first};
  if (!question.asked) return AskFirst{AskedOf(question)};
  return TakeIn{};
}

}  // namespace ballast
