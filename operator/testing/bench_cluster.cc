#include "operator/testing/bench_cluster.h"

#include <algorithm>
#include <ctime>

#include "base/strings.h"

namespace ballast::controller {
namespace {

constexpr size_t kKeptEvents = 200'000;

// Adds the CPU time of the calling thread to `sum` as long as it lives.
class CpuMeter {
 public:
  explicit CpuMeter(std::atomic<int64_t>& sum) : sum_(sum), begin_(Now()) {}
  ~CpuMeter() { sum_ += Now() - begin_; }
  CpuMeter(const CpuMeter&) = delete;
  CpuMeter& operator=(const CpuMeter&) = delete;

 private:
  static int64_t Now() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * int64_t{1'000'000'000} + now.tv_nsec;
  }
  std::atomic<int64_t>& sum_;
  const int64_t begin_;
};

}  // namespace

uint64_t BenchCluster::held_bytes() const {
  MutexLock lock(mutex_);
  uint64_t bytes = 0;
  for (const auto& [resource, objects] : objects_) {
    for (const auto& [name, text] : objects) bytes += sizeof(name) + sizeof(text) + text.capacity();
  }
  for (const auto& [resource, history] : history_) bytes += history.size() * sizeof(Event);
  return bytes;
}

Json BenchCluster::Write(const KubeResource& resource, Json object, WatchEvent::Kind kind) {
  Json& meta = object["metadata"];
  meta["resourceVersion"] = std::to_string(++revision_);
  if (!meta.contains("uid")) meta["uid"] = StrCat("uid-", revision_);
  if (!meta.contains("generation")) meta["generation"] = 1;
  const ObjectName name = NameOf(object);
  objects_[resource][name] = object.dump();
  auto& history = history_[resource];
  history.push_back({revision_, resource, name, kind});
  if (history.size() > kKeptEvents) history.pop_front();
  changed_.NotifyAll();
  return object;
}

Result<Json> BenchCluster::Get(const KubeResource& resource, const ObjectName& name, const CallLimits&) {
  const CpuMeter meter(cpu_nanoseconds_);
  MutexLock lock(mutex_);
  const auto found = objects_[resource].find(name);
  if (found == objects_[resource].end()) return NotFound(StrCat(resource.FullName(), " ", name));
  return Json::parse(found->second);
}

Result<ListPage> BenchCluster::List(const KubeResource& resource, const ListRequest& request, const CallLimits&) {
  const CpuMeter meter(cpu_nanoseconds_);
  MutexLock lock(mutex_);
  ListPage page{.resource_version = std::to_string(revision_)};
  const Objects& objects = objects_[resource];
  auto at = request.continue_from.empty() ? objects.begin() : objects.upper_bound({"", request.continue_from});
  for (; at != objects.end() && (request.limit == 0 || page.items.size() < request.limit); ++at) {
    page.items.push_back(Json::parse(at->second));
  }
  if (at != objects.end()) page.continue_from = std::prev(at)->first.name;
  return page;
}

bool BenchCluster::Next(const KubeResource& resource, uint64_t& revision, WatchEvent& event,
                        const std::stop_token& stop) {
  const CpuMeter meter(cpu_nanoseconds_);
  MutexLock lock(mutex_);
  for (;;) {
    const auto& history = history_[resource];
    const auto next = std::partition_point(history.begin(), history.end(),
                                           [&](const Event& one) { return one.revision <= revision; });
    if (stop.stop_requested()) return false;
    if (next == history.end()) {
      changed_.Wait(mutex_);
      continue;
    }
    revision = next->revision;
    const auto found = objects_[resource].find(next->name);
    if (found == objects_[resource].end()) continue;
    event = {next->kind, Json::parse(found->second)};
    event.object["metadata"]["resourceVersion"] = std::to_string(revision);
    return true;
  }
}

Status BenchCluster::Watch(const KubeResource& resource, const WatchRequest& request, const WatchSink& sink,
                           const std::stop_token& stop) {
  uint64_t revision = 0;
  ParseUint64(request.resource_version, revision);
  const std::stop_callback wake(stop, [this] {
    MutexLock lock(mutex_);
    changed_.NotifyAll();
  });
  WatchEvent event;
  while (Next(resource, revision, event, stop)) RETURN_IF_ERROR(sink(event));
  return Cancelled("stopped");
}

Result<Json> BenchCluster::Create(const KubeResource& resource, const Json& object, const CallLimits&) {
  const CpuMeter meter(cpu_nanoseconds_);
  MutexLock lock(mutex_);
  if (objects_[resource].contains(NameOf(object))) return AlreadyExists(NameOf(object).ToString());
  return Write(resource, object, WatchEvent::Kind::kAdded);
}

Result<Json> BenchCluster::Update(const KubeResource& resource, const Json& object, const CallLimits&) {
  const CpuMeter meter(cpu_nanoseconds_);
  MutexLock lock(mutex_);
  const auto found = objects_[resource].find(NameOf(object));
  if (found == objects_[resource].end()) return NotFound(NameOf(object).ToString());
  const Json live = Json::parse(found->second);
  if (ResourceVersionOf(live) != ResourceVersionOf(object)) return Aborted(NameOf(object).ToString());
  Json next = object;
  if (live.contains("status")) next["status"] = live["status"];
  return Write(resource, std::move(next), WatchEvent::Kind::kModified);
}

Result<Json> BenchCluster::Apply(const KubeResource&, const ApplyRequest&, const CallLimits&) {
  return Unimplemented("nobody applies");
}

Result<Json> BenchCluster::Patch(const KubeResource& resource, const ObjectName& name, const Json& patch, Subresource,
                                 const CallLimits&) {
  const CpuMeter meter(cpu_nanoseconds_);
  MutexLock lock(mutex_);
  const auto found = objects_[resource].find(name);
  if (found == objects_[resource].end()) return NotFound(name.ToString());
  Json next = Json::parse(found->second);
  const std::string wanted = ResourceVersionOf(patch);
  if (!wanted.empty() && wanted != ResourceVersionOf(next)) return Aborted(name.ToString());
  next.merge_patch(patch);
  if (patch.contains("spec")) next["metadata"]["generation"] = IntAt(next, "/metadata/generation") + 1;
  return Write(resource, std::move(next), WatchEvent::Kind::kModified);
}

Status BenchCluster::Delete(const KubeResource&, const ObjectName&, const Preconditions&, const CallLimits&) {
  return Unimplemented("nothing goes");
}

}  // namespace ballast::controller
