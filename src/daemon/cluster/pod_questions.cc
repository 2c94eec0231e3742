#include "daemon/cluster/pod_questions.h"

#include "daemon/cluster/node_admission.h"

namespace ballast {
namespace {

constexpr std::chrono::minutes kForget{5};  // the kubelet tries again after two minutes at most
constexpr size_t kMost = 256;               // crds/cachenodes.yaml

}  // namespace

void PodQuestions::Ask(const WantedCache& question, Timestamp now) {
  const std::pair key(question.cache, question.pod_namespace);
  const auto found = asked_.find(key);
  if (found == asked_.end()) {
    if (asked_.size() < kMost) asked_.emplace(key, Asked{question, now}).first->second.question.since = now;
  } else if (found->second.question.revision == question.revision) {
    found->second.last = now;
  }
}

std::vector<WantedCache> PodQuestions::Open(const CacheNodeSpec& spec, Timestamp now) {
  std::erase_if(
      asked_, [&](const auto& one) { return now > one.second.last + kForget || IsListed(spec, one.second.question); });
  std::vector<WantedCache> open;
  for (const auto& [key, one] : asked_) open.push_back(one.question);
  return open;
}

}  // namespace ballast
