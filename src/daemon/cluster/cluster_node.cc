#include "daemon/cluster/cluster_node.h"

#include <algorithm>
#include <utility>

#include "base/logging.h"
#include "base/strings.h"
#include "base/thread.h"
#include "daemon/cluster/merge_patch.h"
#include "daemon/cluster/node_admission.h"
#include "daemon/cluster/node_copy.h"
#include "daemon/cluster/node_entries.h"
#include "daemon/cluster/node_fence.h"

namespace ballast {
namespace {

constexpr Duration kCallLimit = std::chrono::seconds(15);
constexpr size_t kSuperseded = 8;

Timestamp NowOf(const Clock& clock) { return std::chrono::floor<std::chrono::seconds>(clock.Now()); }

InformerOptions OfOneNode(InformerOptions options, const std::string& node) {
  options.field_selector = "metadata.name=" + node;
  options.seed = static_cast<uint32_t>(std::hash<std::string>()(node) | 1);
  return options;
}

}  // namespace

ClusterNode::ClusterNode(Parts parts)
    : parts_(std::move(parts)),
      informer_(parts_.kube, kCacheNodes, OfOneNode(parts_.informer, parts_.node)),
      backoff_(parts_.backoff, static_cast<uint32_t>(std::hash<std::string>()(parts_.node) | 1)) {
  informer_.AddHandler([this](const ObjectChange& /*change*/) { Wake(); });
}

ClusterNode::~ClusterNode() { Stop(); }

void ClusterNode::Stop() {
  thread_.request_stop();
  Wake();
  if (thread_.joinable()) thread_.join();
  {
    MutexLock lock(mutex_);
    stopped_ = true;
  }
  TellWatchers();
}

void ClusterNode::Start() {
  if (std::optional<CacheNode> copy = LoadNodeCopy(parts_.copy_file, parts_.node)) {
    LOG(INFO) << Message("Working from the last CacheNode on disk").With("caches", copy->spec.caches.size());
    Follow(*copy);
  }
  informer_.Start();
  thread_ = StartThread([this](const std::stop_token& stop) { Run(stop); });
}

void ClusterNode::Wake() {
  MutexLock lock(mutex_);
  woken_ = true;
  changed_.NotifyAll();
}

std::shared_ptr<const CacheNode> ClusterNode::Current() const {
  MutexLock lock(mutex_);
  return current_;
}

Admittance ClusterNode::Admit(const cache::v1::PrepareRequest& asked) {
  {
    MutexLock lock(mutex_);
    if (stopped_) return {.admitted = Unavailable("ballastd is stopping"), .waiting_for = ""};
  }
  NodeVerdict verdict = AdmitOnNode(asked, Current().get());
  const Result<Admitted>& admitted = verdict.admittance.admitted;
  if (!asked.token().empty() && admitted.ok()) parts_.take_token(admitted->request.domain, asked.token());
  if (!verdict.question) return std::move(verdict.admittance);
  MutexLock lock(mutex_);
  questions_.Ask(*verdict.question, NowOf(parts_.clock));
  woken_ = true;
  changed_.NotifyAll();
  return std::move(verdict.admittance);
}

AdmissionWatch ClusterNode::Watch(std::function<void()> changed) {
  MutexLock lock(watch_mutex_);
  const uint64_t id = next_watcher_++;
  watchers_.push_back({id, std::move(changed)});
  return AdmissionWatch([this, id] {
    MutexLock again(watch_mutex_);
    std::erase_if(watchers_, [id](const Watcher& one) { return one.id == id; });
  });
}

std::vector<std::string> ClusterNode::Problems() const {
  MutexLock lock(mutex_);
  return problem_.empty() ? std::vector<std::string>() : std::vector{problem_};
}

void ClusterNode::TellWatchers() {
  MutexLock lock(watch_mutex_);
  for (const Watcher& one : watchers_) one.changed();
}

void ClusterNode::Run(const std::stop_token& stop) {
  std::jthread synced = StartThread([this](const std::stop_token& stopped) {  // an empty first list changes nothing
    if (informer_.AwaitSync(stopped)) Wake();
  });
  while (WaitForWork(stop)) {
    std::shared_ptr<const Json> object;
    if (Observe(object)) {
      Take(object);
      UpdateStatus(stop);
    }
    TellWatchers();
  }
}

// At most until somebody who waits has to hear something. False: stop.
bool ClusterNode::WaitForWork(const std::stop_token& stop) {
  bool waited_for = false;
  {
    MutexLock lock(watch_mutex_);
    waited_for = !watchers_.empty();
  }
  const SteadyTime now = std::chrono::steady_clock::now();  // the condition variable's
  const SteadyTime until = now + (waited_for ? parts_.remind_every : parts_.look_every);
  MutexLock lock(mutex_);
  while (!woken_ && !stop.stop_requested() && changed_.WaitUntil(mutex_, until)) continue;
  woken_ = false;
  return !stop.stop_requested();
}

bool ClusterNode::Observe(std::shared_ptr<const Json>& object) const {
  if (!informer_.HasSynced()) return false;
  object = informer_.store().Get({"", parts_.node});
  const bool late = object != nullptr && written_ != nullptr && UidOf(*object) == UidOf(*written_) &&
                    std::find(superseded_.begin(), superseded_.end(), ResourceVersionOf(*object)) != superseded_.end();
  if (late) object = written_;
  return true;
}

void ClusterNode::Take(const std::shared_ptr<const Json>& object) {
  if (object == taken_ && object != nullptr) return;
  taken_ = object;
  if (object == nullptr) return DropNode();
  Result<CacheNode> node = CacheNodeFromJson(*object);
  if (node.ok()) return TakeNode(*std::move(node));
  SetProblem(
      StrCat("this node's CacheNode makes no sense, what was known before stays in effect: ", node.status().message()));
}

void ClusterNode::TakeNode(CacheNode node) {
  const std::shared_ptr<const CacheNode> before = Current();
  const NodeVerdictKind verdict = JudgeObject(before.get(), node, parts_.node_uid());
  if (verdict == NodeVerdictKind::kIgnore)
    return SetProblem(StrCat("CacheNode ", parts_.node, " belongs to another Node of that name (uid ", NodeUidOf(node),
                             "): it is not followed; the operator makes a new one"));
  if (verdict == NodeVerdictKind::kTakeAnew) {
    LOG(WARNING) << Message("Another CacheNode: this node was made again").With("uid", node.metadata.uid);
    MutexLock lock(mutex_);
    questions_.Clear();
  }
  SetProblem("");
  const bool news = before == nullptr || verdict == NodeVerdictKind::kTakeAnew || before->spec != node.spec;
  if (news) {
    const Status saved = SaveNodeCopy(parts_.copy_file, node);
    if (!saved.ok()) LOG(ERROR) << Message("Cannot keep the CacheNode on disk").With("error", saved);
    Follow(node);
  }
  MutexLock lock(mutex_);
  current_ = std::make_shared<const CacheNode>(std::move(node));
  live_ = true;
}

void ClusterNode::DropNode() {
  {
    MutexLock lock(mutex_);
    live_ = false;
    if (current_ == nullptr) return;
    questions_.Clear();
  }
  LOG(WARNING) << Message("There is no CacheNode of this node: nothing is wanted here until the operator makes one");
  parts_.follow({});
  MutexLock lock(mutex_);
  current_ = nullptr;
}

void ClusterNode::Follow(const CacheNode& node) {
  LOG(INFO) << Message("CacheNode")
                   .With("caches", node.spec.caches.size())
                   .With("refused", node.spec.refused.size())
                   .With("policy", node.spec.policy.name)
                   .With("generation", node.metadata.generation.value_or(0));
  {
    MutexLock lock(mutex_);
    current_ = std::make_shared<const CacheNode>(node);
  }
  parts_.follow(node.spec);
}

std::vector<WantedCache> ClusterNode::OpenQuestions(const CacheNodeSpec& spec, Timestamp now) {
  MutexLock lock(mutex_);
  return questions_.Open(spec, now);
}

void ClusterNode::UpdateStatus(const std::stop_token& stop) {
  std::shared_ptr<const CacheNode> node;
  {
    MutexLock lock(mutex_);
    if (live_) node = current_;
  }
  if (node == nullptr || parts_.clock.Steady() < not_before_) return;
  const Timestamp now = NowOf(parts_.clock);
  const CacheNodeStatus wanted = StatusOf(*node, parts_.look(node->spec), OpenQuestions(node->spec, now), now);
  if (!IsDue(WorthOf(node->status, wanted))) return;
  const Status written = WriteStatus(*node, wanted, stop);
  if (written.ok()) return backoff_.Reset();
  if (stop.stop_requested()) return;
  not_before_ = parts_.clock.Steady() + std::max<Duration>(backoff_.Next(), written.retry_after());
  SetProblem(StrCat("the status of this node can't be written: ", written.message()));
}

// What can wait is written if it is still so when it has waited.
bool ClusterNode::IsDue(Worth worth) {
  if (worth != Worth::kLater) {
    later_since_.reset();
    return worth == Worth::kNow;
  }
  const SteadyTime now = parts_.clock.Steady();
  if (!later_since_) later_since_ = now;
  if (now < *later_since_ + parts_.settle) return false;
  later_since_.reset();
  return true;
}

// Aborted: somebody else wrote meanwhile. It is read again, and compared again.
Status ClusterNode::WriteStatus(const CacheNode& node, const CacheNodeStatus& wanted, const std::stop_token& stop) {
  CacheNode next = node;
  next.status = wanted;
  Json patch = {{"metadata", {{"resourceVersion", node.metadata.resource_version}}}};
  patch["status"] = MergePatchBetween(ChildAt(*taken_, "/status"), ChildAt(ToJson(next), "/status"));
  Result<Json> answer =
      parts_.kube.Patch(kCacheNodes, {"", parts_.node}, patch, Subresource::kStatus, {stop, kCallLimit});
  const bool conflict = answer.status().code() == StatusCode::kAborted;
  if (conflict) answer = parts_.kube.Get(kCacheNodes, {"", parts_.node}, {stop, kCallLimit});
  if (!answer.ok()) return answer.status();
  superseded_.push_back(node.metadata.resource_version);
  if (written_ != nullptr) superseded_.push_back(ResourceVersionOf(*written_));
  std::erase(superseded_, ResourceVersionOf(*answer));
  if (superseded_.size() > kSuperseded) superseded_.erase(superseded_.begin(), superseded_.end() - kSuperseded);
  written_ = std::make_shared<const Json>(*std::move(answer));
  Take(written_);
  if (conflict) Wake();
  return OkStatus();
}

void ClusterNode::SetProblem(std::string problem) {
  MutexLock lock(mutex_);
  if (problem == problem_) return;
  if (!problem.empty()) LOG(WARNING) << Message(problem);
  problem_ = std::move(problem);
}

}  // namespace ballast
