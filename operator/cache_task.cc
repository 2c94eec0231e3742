#include "operator/cache_task.h"

#include <thread>
#include <utility>
#include <vector>

#include "base/thread.h"
#include "operator/agents/progress_poller.h"
#include "operator/caches/cache_name.h"

namespace ballast::controller {
namespace {

constexpr int kCacheWorkers = 2;
constexpr int kNodeWorkers = 8;  // each waits for the apiserver most of its time

}  // namespace

CacheTask::CacheTask(const LeaderContext& context, RevisionSource source, AgentProgress* agents)
    : view_(context.view),
      agents_(agents),
      policies_(context.client, context.view, context.clock, board_),
      cache_nodes_(context.client, context.view, context.clock, board_),
      caches_({.client = context.client,
               .view = context.view,
               .clock = context.clock,
               .board = board_,
               .events = context.events,
               .source = std::move(source),
               .progress = progress_,
               .operator_ns = context.ns,
               .poll = context.config.poll}),
      metrics_(context.registry),
      placement_(context.view, context.clock, board_,
                 {.cache = [this](const std::string& cache) { caches_.Add(cache); },
                  .node = [this](const std::string& node) { cache_nodes_.Add(node); },
                  .policy = [this](const std::string& policy) { policies_.Add(policy); },
                  .plan = [this](const BoardState& board) { metrics_.Show(board.caches); }}),
      subscription_(view_.Subscribe([this](const ObjectSeen& seen) { Wake(seen); })) {
  for (Controller* controller :
       {&policies_.controller(), &cache_nodes_.controller(), &caches_.controller(), &placement_.controller()}) {
    controller->Observe(CountReconciles(context.registry, controller->name()));
  }
}

CacheTask::~CacheTask() = default;

void CacheTask::Wake(const ObjectSeen& seen) {
  if (seen.kind == Kind::kClaim || seen.kind == Kind::kStorageClass) return;
  if (seen.kind == Kind::kCache) caches_.Add(seen.name.ToString());
  if (seen.kind == Kind::kPolicy) policies_.Add(seen.name.ToString());
  if (seen.kind == Kind::kVolume) {
    for (const auto& cache : view_.caches().List()) caches_.Add(CacheNameOf(*cache));
  }
  placement_.Trigger();
}

void CacheTask::Begin() {
  for (const auto& cache : view_.caches().List()) caches_.Add(CacheNameOf(*cache));
  for (const auto& policy : view_.policies().List()) policies_.Add(policy->metadata.name);
  placement_.Trigger();
}

int CacheTask::Drain() { return caches_.Drain() + placement_.Drain() + cache_nodes_.Drain() + policies_.Drain(); }

void CacheTask::PollAgents(const std::stop_token& lost) {
  ProgressPoller poller(
      {.view = view_, .agents = *agents_, .book = progress_, .on_change = [this](const std::string& cache) {
         caches_.Add(cache);
       }});
  poller.Run(lost);
}

void CacheTask::Run(const std::stop_token& lost) {
  Begin();
  std::vector<std::jthread> threads;
  threads.push_back(StartThread([&] { caches_.Run(kCacheWorkers, lost); }));
  threads.push_back(StartThread([&] { cache_nodes_.Run(kNodeWorkers, lost); }));
  threads.push_back(StartThread([&] { policies_.Run(lost); }));
  if (agents_ != nullptr) threads.push_back(StartThread([&] { PollAgents(lost); }));
  placement_.Run(lost);
}

}  // namespace ballast::controller
