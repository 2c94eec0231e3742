#include "operator/agents/progress_poller.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "base/mutex.h"
#include "base/thread.h"
#include "operator/caches/cache_name.h"

namespace ballast::controller {
namespace {

constexpr std::chrono::seconds kEvery{5};
constexpr int kRoundsPerFull = 12;  // once a minute
constexpr size_t kAtOnce = 32;

}  // namespace

void ProgressPoller::Run(const std::stop_token& stop) {
  for (int round = 0; !stop.stop_requested(); ++round) {
    Poll(round % kRoundsPerFull == 0, stop);
    parts_.pause(kEvery, stop);
  }
}

void ProgressPoller::Poll(bool all, const std::stop_token& stop) {
  const auto nodes = parts_.view.cache_nodes().List();
  const AgentChoice choice = ChooseAgents(nodes, parts_.view.Agents(), all);
  if (choice.agents.empty()) parts_.agents.Rest();
  const Answers answers = Ask(choice.agents, stop);
  if (stop.stop_requested()) return;
  std::map<std::string, CacheProgress> heard = SumProgress(answers, choice.weight);
  if (all) {
    AddUnlisted(Caches(), nodes, heard);
    mounts_ = heard;
  }
  Write(JoinProgress(std::move(heard), mounts_));
}

std::vector<std::string> ProgressPoller::Caches() const {
  std::vector<std::string> names;
  for (const auto& cache : parts_.view.caches().List()) names.push_back(CacheNameOf(*cache));
  return names;
}

// An agent that does not answer adds nothing; its CacheNode and its pod say what is wrong.
ProgressPoller::Answers ProgressPoller::Ask(const std::vector<AgentEndpoint>& agents,
                                            const std::stop_token& stop) const {
  Answers answers(agents.size());
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i = next++; i < agents.size() && !stop.stop_requested(); i = next++) {
      Result<std::vector<EntryProgress>> answer = parts_.agents.Ask(agents[i], stop);
      if (answer.ok()) answers[i] = *std::move(answer);
    }
  };
  std::vector<std::jthread> threads;
  for (size_t i = 0; i < std::min(kAtOnce, agents.size()); ++i) threads.push_back(StartThread(work));
  threads.clear();
  return answers;
}

void ProgressPoller::Write(std::map<std::string, CacheProgress> progress) {
  std::vector<std::string> changed;
  for (const auto& [cache, now] : progress) {
    const auto before = written_.find(cache);
    if (before == written_.end() || before->second != now) changed.push_back(cache);
  }
  for (const auto& [cache, before] : written_) {
    if (!progress.contains(cache)) changed.push_back(cache);
  }
  written_ = progress;
  parts_.book.Write(std::move(progress));
  for (const std::string& cache : changed) parts_.on_change(cache);
}

}  // namespace ballast::controller
