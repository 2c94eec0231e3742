#include "kube/testing/fake_kube_client.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "base/strings.h"
#include "kube/testing/fake_selector.h"

namespace ballast {
namespace {

bool Selects(const WatchRequest& request, const Json& object) {
  if (object.is_null()) return false;
  if (!request.ns.empty() && NameOf(object).ns != request.ns) return false;
  return LabelsMatch(object, request.label_selector) && FieldsMatch(object, request.field_selector);
}

// An object that a change takes out of the selection, or into it, goes or comes for this watch.
std::optional<WatchEvent> Seen(const WatchRequest& request, const FakeEvent& event) {
  const bool before = Selects(request, event.before);
  const bool after = event.kind != WatchEvent::Kind::kDeleted && Selects(request, event.object);
  if (!before && !after) return std::nullopt;
  const auto kind = !before  ? WatchEvent::Kind::kAdded
                    : !after ? WatchEvent::Kind::kDeleted
                             : WatchEvent::Kind::kModified;
  return WatchEvent{kind, event.object};
}

const char* RbacVerb(KubeVerb verb) {
  switch (verb) {
    case KubeVerb::kGet:
      return "get";
    case KubeVerb::kList:
      return "list";
    case KubeVerb::kWatch:
      return "watch";
    case KubeVerb::kCreate:
      return "create";
    case KubeVerb::kUpdate:
      return "update";
    case KubeVerb::kApply:
    case KubeVerb::kPatch:
      return "patch";
    case KubeVerb::kDelete:
      return "delete";
  }
  return "";
}

Status Forbidden(const FakeCall& call) {
  return PermissionDenied(StrCat(call.resource.FullName(), " is forbidden: User \"fake\" cannot ", RbacVerb(call.verb),
                                 " resource \"", call.resource.plural, "\" in API group \"", call.resource.group,
                                 "\""));
}

WatchEvent BookmarkAt(uint64_t revision) {
  return {WatchEvent::Kind::kBookmark, {{"metadata", {{"resourceVersion", std::to_string(revision)}}}}};
}

}  // namespace

void FakeKubeClient::Serve(FakeResource resource) {
  MutexLock lock(mutex_);
  store_.Serve(std::move(resource));
}

void FakeKubeClient::FailNext(KubeVerb verb, const Status& error, int times) {
  MutexLock lock(mutex_);
  for (int i = 0; i < times; ++i) faults_[verb].push_back({error, false});
}

void FakeKubeClient::LoseAnswer(KubeVerb verb, Status error) {
  MutexLock lock(mutex_);
  faults_[verb].push_back({std::move(error), true});
}

void FakeKubeClient::Forbid(KubeVerb verb, const KubeResource& resource) {
  MutexLock lock(mutex_);
  forbidden_.insert({verb, resource});
}

void FakeKubeClient::Allow(KubeVerb verb, const KubeResource& resource) {
  MutexLock lock(mutex_);
  forbidden_.erase({verb, resource});
}

void FakeKubeClient::OnCall(std::function<void(const FakeCall&)> hook) {
  MutexLock lock(mutex_);
  hook_ = std::move(hook);
}

void FakeKubeClient::SendBookmarks() {
  MutexLock lock(mutex_);
  ++bookmarks_;
  changed_.NotifyAll();
}

void FakeKubeClient::EndWatches(Status how) {
  MutexLock lock(mutex_);
  ++ends_;
  end_ = std::move(how);
  changed_.NotifyAll();
}

void FakeKubeClient::Compact() {
  MutexLock lock(mutex_);
  store_.Compact();
  tokens_.clear();
}

void FakeKubeClient::AwaitWatches(int count) {
  MutexLock lock(mutex_);
  while (CountIdle() != count) changed_.Wait(mutex_);
}

std::vector<FakeCall> FakeKubeClient::calls() const {
  MutexLock lock(mutex_);
  return calls_;
}

int FakeKubeClient::CountCalls(KubeVerb verb) const {
  MutexLock lock(mutex_);
  return static_cast<int>(std::count_if(calls_.begin(), calls_.end(), [&](const auto& c) { return c.verb == verb; }));
}

FakeKubeClient::Fault FakeKubeClient::Begin(const FakeCall& call, const std::stop_token& stop) {
  std::function<void(const FakeCall&)> hook;
  {
    MutexLock lock(mutex_);
    calls_.push_back(call);
    hook = hook_;
  }
  if (hook) hook(call);
  if (stop.stop_requested()) return {Cancelled("the call was stopped")};
  MutexLock lock(mutex_);
  if (forbidden_.contains({call.verb, call.resource})) return {Forbidden(call)};
  auto& due = faults_[call.verb];
  if (due.empty()) return {};
  Fault fault = due.front();
  due.erase(due.begin());
  return fault;
}

template <typename T, typename Act>
T FakeKubeClient::Call(const FakeCall& call, const CallLimits& limits, const Act& act) {
  const Fault fault = Begin(call, limits.stop);
  if (!fault.error.ok() && !fault.after) return fault.error;
  MutexLock lock(mutex_);
  T answer = act();
  changed_.NotifyAll();
  if (!fault.error.ok()) return fault.error;
  return answer;
}

// Clang's analysis does not look through the lambdas' caller, which holds the lock.
Result<Json> FakeKubeClient::Get(const KubeResource& resource, const ObjectName& name, const CallLimits& limits) {
  return Call<Result<Json>>({KubeVerb::kGet, resource, name}, limits,
                            [&]() NO_THREAD_SAFETY_ANALYSIS { return store_.Get(resource, name); });
}

Result<Json> FakeKubeClient::Create(const KubeResource& resource, const Json& object, const CallLimits& limits) {
  return Call<Result<Json>>({KubeVerb::kCreate, resource, NameOf(object)}, limits,
                            [&]() NO_THREAD_SAFETY_ANALYSIS { return store_.Create(resource, object); });
}

Result<Json> FakeKubeClient::Update(const KubeResource& resource, const Json& object, const CallLimits& limits) {
  return Call<Result<Json>>({KubeVerb::kUpdate, resource, NameOf(object)}, limits,
                            [&]() NO_THREAD_SAFETY_ANALYSIS { return store_.Update(resource, object); });
}

Result<Json> FakeKubeClient::Apply(const KubeResource& resource, const ApplyRequest& request,
                                   const CallLimits& limits) {
  return Call<Result<Json>>({KubeVerb::kApply, resource, NameOf(request.object)}, limits,
                            [&]() NO_THREAD_SAFETY_ANALYSIS { return store_.Apply(resource, request); });
}

Result<Json> FakeKubeClient::Patch(const KubeResource& resource, const ObjectName& name, const Json& patch,
                                   Subresource subresource, const CallLimits& limits) {
  return Call<Result<Json>>({KubeVerb::kPatch, resource, name}, limits, [&]() NO_THREAD_SAFETY_ANALYSIS {
    return store_.Patch(resource, name, patch, subresource);
  });
}

Status FakeKubeClient::Delete(const KubeResource& resource, const ObjectName& name, const Preconditions& preconditions,
                              const CallLimits& limits) {
  return Call<Status>({KubeVerb::kDelete, resource, name}, limits,
                      [&]() NO_THREAD_SAFETY_ANALYSIS { return store_.Delete(resource, name, preconditions); });
}

Result<ListPage> FakeKubeClient::List(const KubeResource& resource, const ListRequest& request,
                                      const CallLimits& limits) {
  return Call<Result<ListPage>>({KubeVerb::kList, resource, {request.ns, ""}}, limits,
                                [&]() NO_THREAD_SAFETY_ANALYSIS { return ListLocked(resource, request); });
}

Result<ListPage> FakeKubeClient::ListLocked(const KubeResource& resource, const ListRequest& request) {
  if (!request.continue_from.empty()) {
    const auto found = tokens_.find(request.continue_from);
    if (found == tokens_.end()) return OutOfRange("The provided continue parameter is too old");
    return CutPage(found->second, request.limit);
  }
  ASSIGN_OR_RETURN(std::vector<Json> items, store_.Select(resource, request));
  return CutPage({std::move(items), std::to_string(store_.revision())}, request.limit);
}

ListPage FakeKubeClient::CutPage(Rest rest, uint32_t limit) {
  ListPage page{.items = std::move(rest.items), .resource_version = rest.resource_version};
  if (limit == 0 || page.items.size() <= limit) return page;
  const auto cut = page.items.begin() + limit;
  rest.items.assign(std::make_move_iterator(cut), std::make_move_iterator(page.items.end()));
  page.items.erase(cut, page.items.end());
  page.continue_from = StrCat("token-", next_token_++);
  tokens_[page.continue_from] = std::move(rest);
  return page;
}

Result<FakeKubeClient::WatchState> FakeKubeClient::StartWatch(const KubeResource& resource,
                                                              const WatchRequest& request) {
  WatchState state;
  if (!ParseUint64(request.resource_version, state.revision)) {
    return InvalidArgument(StrCat("invalid resource version ", Quoted(request.resource_version)));
  }
  MutexLock lock(mutex_);
  RETURN_IF_ERROR(store_.EventsAfter(resource, state.revision).status());
  RETURN_IF_ERROR(store_.CheckNotCompacted(state.revision));
  state.bookmarks = bookmarks_;
  state.ends = ends_;
  return state;
}

Status FakeKubeClient::Watch(const KubeResource& resource, const WatchRequest& request, const WatchSink& sink,
                             const std::stop_token& stop) {
  RETURN_IF_ERROR(Begin({KubeVerb::kWatch, resource, {request.ns, ""}}, stop).error);
  ASSIGN_OR_RETURN(WatchState state, StartWatch(resource, request));
  const std::stop_callback wake(stop, [this] {
    MutexLock lock(mutex_);
    changed_.NotifyAll();
  });
  for (;;) {
    Status how;
    const auto events = NextEvents(resource, request, state, stop, how);
    if (events.empty()) return how;
    for (const WatchEvent& event : events) {
      RETURN_IF_ERROR(sink(event));
      if (stop.stop_requested()) return Cancelled("the watch was stopped");
    }
  }
}

int FakeKubeClient::CountIdle() const {
  int count = 0;
  for (const WatchState* state : idle_) {
    if (state->revision == store_.revision() && state->bookmarks == bookmarks_ && state->ends == ends_) ++count;
  }
  return count;
}

std::vector<WatchEvent> FakeKubeClient::Collect(const KubeResource& resource, const WatchRequest& request,
                                                WatchState& state) {
  std::vector<WatchEvent> events;
  const auto happened = store_.EventsAfter(resource, state.revision);
  for (const FakeEvent& event : *happened) {
    if (auto seen = Seen(request, event)) events.push_back(std::move(*seen));
  }
  state.revision = std::max(state.revision, store_.revision());
  if (std::exchange(state.bookmarks, bookmarks_) != bookmarks_) events.push_back(BookmarkAt(state.revision));
  return events;
}

std::vector<WatchEvent> FakeKubeClient::NextEvents(const KubeResource& resource, const WatchRequest& request,
                                                   WatchState& state, const std::stop_token& stop, Status& how) {
  MutexLock lock(mutex_);
  while (!stop.stop_requested()) {
    auto events = Collect(resource, request, state);
    how = end_;
    if (!events.empty() || state.ends != ends_) return events;
    idle_.insert(&state);
    changed_.NotifyAll();
    changed_.Wait(mutex_);
    idle_.erase(&state);
  }
  how = Cancelled("the watch was stopped");
  return {};
}

}  // namespace ballast
