#include "operator/manager.h"

#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <utility>

#include "base/strings.h"
#include "base/thread.h"
#include "review/metrics_access.h"
#include "review/scraper_review.h"

namespace ballast::controller {
namespace {

constexpr char kLeaseName[] = "ballast-operator";
constexpr int kUnavailable = 503;

}  // namespace

std::string StartingText(const std::vector<UnlistedKind>& unlisted) {
  std::string text = "starting\n";
  for (const auto& [resource, problem] : unlisted) {
    text += StrCat(resource, problem.ok() ? " is being listed" : " can't be listed: ");
    if (!problem.ok()) text += StatusCodeName(problem.code());
    text += "\n";
  }
  return text;
}

Manager::Manager(const Parts& parts, ManagerOptions options, std::vector<MakeLeaderTask> tasks)
    : parts_(parts),
      options_(std::move(options)),
      tasks_(std::move(tasks)),
      events_(parts.client, parts.clock, {.controller = "ballast.dev/operator", .instance = options_.pod}),
      view_(parts.client, {.ns = options_.ns, .pause = options_.pause}),
      elector_(parts.client, parts.clock,
               {.lease = {options_.ns, kLeaseName},
                .identity = options_.identity,
                .times = options_.election,
                .pause = options_.pause}) {}

Manager::~Manager() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

Result<std::unique_ptr<Manager>> Manager::Start(const Parts& parts, ManagerOptions options,
                                                std::vector<MakeLeaderTask> tasks) {
  std::unique_ptr<Manager> manager(new Manager(parts, std::move(options), std::move(tasks)));
  RETURN_IF_ERROR(manager->Serve());
  manager->view_.Start();
  manager->thread_ = StartThread([&self = *manager](const std::stop_token& stop) { self.Compete(stop); });
  return manager;
}

HttpAccess Manager::AccessToMetrics() const {
  if (!options_.config.guard_metrics) return {};
  return GuardMetrics({.client = parts_.client, .clock = parts_.clock, .credentials = options_.credentials});
}

Status Manager::Serve() {
  if (options_.config.http.address.empty()) return OkStatus();
  const auto healthz = [] { return HttpReply{.body = "ok\n"}; };
  const auto readyz = [this] {
    if (IsReady()) return HttpReply{.body = "ok\n"};
    return HttpReply{.code = kUnavailable, .body = StartingText(view_.Unlisted())};
  };
  const auto metrics = [this] {
    return HttpReply{.content_type = "text/plain; version=0.0.4; charset=utf-8",
                     .body = prometheus::TextSerializer().Serialize(parts_.registry.Collect())};
  };
  ASSIGN_OR_RETURN(http_, HttpServer::Start({.address = options_.config.http.address},
                                            {{"/healthz", healthz}, {"/readyz", readyz}, {kMetricsPath, metrics}},
                                            AccessToMetrics()));
  return OkStatus();
}

void Manager::Compete(const std::stop_token& stop) {
  if (!view_.AwaitSync(stop)) return;
  elector_.Run(stop, [this](const std::stop_token& lost) { Lead(lost); });
}

void Manager::Lead(const std::stop_token& lost) {
  const LeaderContext context{parts_.client,   view_,           parts_.clock, events_,
                              parts_.registry, options_.config, options_.ns};
  std::vector<std::unique_ptr<LeaderTask>> tasks;
  for (const MakeLeaderTask& make : tasks_) tasks.push_back(make(context));
  std::vector<std::jthread> threads;
  threads.reserve(tasks.size());
  for (const auto& task : tasks) threads.push_back(StartThread([&task, &lost] { task->Run(lost); }));
}

}  // namespace ballast::controller
