#include "daemon/swarm_resolver.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <thread>
#include <utility>

#include "base/logging.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "swarm/rendezvous.h"

namespace ballast {
namespace {

constexpr size_t kAsked = 3;        // before this node asks by itself
constexpr size_t kAskedToKnow = 8;  // for what the origin said before
constexpr int kSilences = 2;        // of the origin, to different nodes: then it is down
constexpr std::chrono::seconds kPatience{20};
constexpr std::chrono::seconds kPatienceToKnow{3};
constexpr std::chrono::hours kPatienceForFiles{1};  // somebody reads and hashes all of them before the answer

std::vector<Member> InOrder(const ModelRequest& request, std::span<const Member> members, size_t most) {
  std::vector<Member> ordered;
  for (const size_t index : RendezvousOrder(ResolveKey(request), members)) {
    if (ordered.size() < most) ordered.push_back(members[index]);
  }
  return ordered;
}

// That another node would say, too. What it says of credentials may be of those between nodes.
bool IsFinal(const ModelRequest& request, const Status& error) {
  if (request.ref.scheme == OriginScheme::kFile) return false;
  return error.code() == StatusCode::kNotFound || error.code() == StatusCode::kInvalidArgument ||
         error.code() == StatusCode::kFailedPrecondition || error.code() == StatusCode::kUnimplemented;
}

// Whether this node itself finds the origin, while it asks others.
class OwnLook {
 public:
  OwnLook(ModelResolver& self, const ModelRequest& request)
      : thread_(StartThread(
            [this, &self, request](const std::stop_token& stop) { silent_ = IsSilence(self.Look(request, stop)); })) {}

  // True once, where it does not: one silence.
  bool FindsNobody() {
    if (thread_.joinable()) thread_.join();
    return std::exchange(silent_, false);
  }

 private:
  bool silent_ = false;
  std::jthread thread_;
};

// The first answer of several threads.
class FirstAnswer {
 public:
  FirstAnswer(const ModelRequest& request, const std::stop_token& stop)
      : request_(request), stopping_(stop, [this] { enough_.request_stop(); }) {}

  std::stop_token enough() const { return enough_.get_token(); }
  void Offer(Result<ModelAnswer> answer) {
    if (!answer.ok() || !CheckExpected(request_, answer->manifest.Id()).ok()) return;
    MutexLock lock(mutex_);
    if (!answer_) answer_ = *std::move(answer);
    enough_.request_stop();
  }
  std::optional<ModelAnswer> Take() {
    MutexLock lock(mutex_);
    return std::move(answer_);
  }

 private:
  const ModelRequest& request_;
  std::stop_source enough_;
  std::stop_callback<std::function<void()>> stopping_;
  Mutex mutex_;
  std::optional<ModelAnswer> answer_ GUARDED_BY(mutex_);
};

}  // namespace

std::vector<Member> NodesToAsk(const ModelRequest& request, std::span<const Member> members, const std::string& self) {
  std::vector<Member> nodes = InOrder(request, members, kAsked);
  const auto is_self = [&](const Member& member) { return member.name == self; };
  if (const auto found = std::find_if(nodes.begin(), nodes.end(), is_self); found != nodes.end()) {
    nodes.erase(found + 1, nodes.end());  // asking itself is asking the origin: what comes after would do the same
  } else if (const auto own = std::find_if(members.begin(), members.end(), is_self); own != members.end()) {
    nodes.push_back(*own);
  }
  return nodes;
}

Result<ModelAnswer> SwarmResolver::AskOne(const Member& node, const ModelRequest& request, bool known_only,
                                          const std::stop_token& stop) {
  if (node.name == parts_.membership.self()) return parts_.self.Resolve(request, known_only, stop);
  const Duration patience = known_only                                  ? Duration(kPatienceToKnow)
                            : request.ref.scheme == OriginScheme::kFile ? Duration(kPatienceForFiles)
                                                                        : Duration(kPatience);
  ASSIGN_OR_RETURN(const Resolved resolved,
                   parts_.transport.Resolve(node, QueryOf(request, known_only), {.timeout = patience, .stop = stop}));
  return FromResolved(request, resolved);
}

Result<ModelAnswer> SwarmResolver::Resolve(const ModelRequest& request, const std::stop_token& stop) {
  if (request.manifest) {  // its digest proves an answer, so that no origin has to be asked
    if (std::optional<ModelAnswer> known = AskWhoKnows(request, stop)) {
      known->warning.clear();
      return *std::move(known);
    }
  }
  const MemberListPtr members = parts_.membership.Current();
  std::optional<ModelAnswer> stale;
  Status failure = Unavailable("no node of the swarm was asked");
  int silences = 0;
  const std::vector<Member> nodes = NodesToAsk(request, members->members(), parts_.membership.self());
  std::optional<OwnLook> own;
  if (nodes.size() > 1) own.emplace(parts_.self, request);
  for (const Member& node : nodes) {
    if (silences >= kSilences) break;
    // By a right that the other may not have: it says what it knows, and the origin is asked with this node's token.
    const bool known_only = !request.domain.empty() && node.name != parts_.membership.self();
    Result<ModelAnswer> answer = AskOne(node, request, known_only, stop);
    if (stop.stop_requested()) return Cancelled("stopped");
    if (answer.ok() && answer->warning.empty()) return answer;
    const bool silence = answer.ok() || answer.status().code() == StatusCode::kAborted;
    silences += silence ? 1 : 0;
    if (silence && own && own->FindsNobody()) ++silences;
    if (answer.ok()) {
      if (!stale) stale = *std::move(answer);
      continue;
    }
    if (!known_only && IsFinal(request, answer.status())) return answer;
    LOG(INFO) << Message("A node did not say what a model is")
                     .With("model", request.Name())
                     .With("node", node.name)
                     .With("error", answer.status());
    failure = silence ? Status(StatusCode::kUnavailable, answer.status().message()) : answer.status();
  }
  if (stale) return *std::move(stale);
  return IsSilence(failure) || silences > 0 ? WithoutOrigin(request, failure, stop) : Result<ModelAnswer>(failure);
}

// All at once: one that is gone costs nobody anything.
std::optional<ModelAnswer> SwarmResolver::AskWhoKnows(const ModelRequest& request, const std::stop_token& stop) {
  FirstAnswer first(request, stop);
  first.Offer(parts_.self.Resolve(request, /*known_only=*/true, stop));
  {
    const MemberListPtr members = parts_.membership.Current();
    std::vector<std::jthread> asking;
    for (const Member& node : InOrder(request, members->members(), kAskedToKnow)) {
      if (first.enough().stop_requested()) break;
      RunBeside(asking, [&, node] { first.Offer(AskOne(node, request, /*known_only=*/true, first.enough())); });
    }
  }
  return first.Take();
}

Result<ModelAnswer> SwarmResolver::WithoutOrigin(const ModelRequest& request, const Status& failure,
                                                 const std::stop_token& stop) {
  std::optional<ModelAnswer> known = AskWhoKnows(request, stop);
  if (stop.stop_requested()) return Cancelled("stopped");
  if (!known) return failure;
  if (!known->warning.empty()) known->warning = SilenceWarning(failure, known->warning);
  return *std::move(known);
}

}  // namespace ballast
