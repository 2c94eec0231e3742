#include "kube/informer.h"

#include <algorithm>
#include <utility>

#include "base/logging.h"
#include "base/thread.h"

namespace ballast {

Informer::Informer(KubeClient& client, KubeResource resource, InformerOptions options)
    : client_(client),
      resource_(std::move(resource)),
      options_(std::move(options)),
      store_(options_.keep),
      page_(options_.page),
      backoff_(options_.backoff, options_.seed),
      random_(options_.seed) {}

Informer::~Informer() = default;

void Informer::AddHandler(ObjectHandler handler) { handlers_.push_back(std::move(handler)); }

void Informer::Start() {
  thread_ = StartThread([this](const std::stop_token& stop) { Run(stop); });
}

void Informer::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const Status status = Step(stop);
    if (status.code() == StatusCode::kCancelled) continue;
    SetProblem(status);
    if (status.ok()) continue;
    ++counts_.errors;
    options_.pause(std::max<Duration>(backoff_.Next(), status.retry_after()), stop);
  }
}

Status Informer::Step(const std::stop_token& stop) {
  if (version_.empty()) {
    Status listed = List(stop);
    // A page of more bytes than the client takes: half of it may do.
    if (listed.code() == StatusCode::kDataLoss) page_ = std::max<uint32_t>(1, page_ / 2);
    return listed;
  }
  Status status = Watch(stop);
  // Other errors go on from the last event; after this one nothing but a list does.
  if (status.code() == StatusCode::kOutOfRange || status.code() == StatusCode::kInvalidArgument) version_.clear();
  return status;
}

Status Informer::List(const std::stop_token& stop) {
  ++counts_.lists;
  std::set<ObjectName> listed;
  ListPage page;
  do {
    ASSIGN_OR_RETURN(page, ListPageAfter(page.continue_from, listed, stop));
  } while (!page.continue_from.empty());
  version_ = page.resource_version;
  Tell(store_.Retain(listed));
  SetSynced();
  return OkStatus();
}

Result<ListPage> Informer::ListPageAfter(const std::string& token, std::set<ObjectName>& listed,
                                         const std::stop_token& stop) {
  const ListRequest request{.ns = options_.ns,
                            .label_selector = options_.label_selector,
                            .field_selector = options_.field_selector,
                            .limit = page_,
                            .continue_from = token};
  ASSIGN_OR_RETURN(ListPage page, client_.List(resource_, request, {stop, options_.list_timeout}));
  for (const Json& object : page.items) listed.insert(NameOf(object));
  Tell(store_.Put(std::exchange(page.items, {})));
  return page;
}

Status Informer::Watch(const std::stop_token& stop) {
  ++counts_.watches;
  std::uniform_int_distribution<int64_t> length(options_.watch_timeout.count(), 2 * options_.watch_timeout.count());
  const WatchRequest request{.ns = options_.ns,
                             .label_selector = options_.label_selector,
                             .field_selector = options_.field_selector,
                             .resource_version = version_,
                             .timeout = std::chrono::seconds(length(random_))};
  const auto sink = [&](const WatchEvent& event) {
    ++counts_.events;
    backoff_.Reset();
    SetProblem(OkStatus());
    version_ = ResourceVersionOf(event.object);
    Tell(store_.Take(event));
    return OkStatus();
  };
  const uint64_t before = counts_.events;
  Status status = client_.Watch(resource_, request, sink, stop);
  // A server that ends each watch at once would else be asked without a pause.
  if (status.ok() && counts_.events == before) options_.pause(backoff_.Next(), stop);
  return status;
}

void Informer::Tell(const std::vector<ObjectChange>& changes) {
  for (const ObjectChange& change : changes) {
    for (const ObjectHandler& handler : handlers_) handler(change);
  }
}

void Informer::SetSynced() {
  MutexLock lock(mutex_);
  synced_ = true;
  changed_.NotifyAll();
}

void Informer::SetProblem(const Status& problem) {
  {
    MutexLock lock(mutex_);
    if (problem_ == problem) return;
    problem_ = problem;
  }
  if (problem.ok()) {
    LOG(INFO) << Message("Informer has its apiserver again").With("resource", resource_.FullName());
  } else {
    LOG(WARNING)
        << Message("Informer lost its apiserver").With("resource", resource_.FullName()).With("error", problem);
  }
}

Status Informer::problem() const {
  MutexLock lock(mutex_);
  return problem_;
}

bool Informer::HasSynced() const {
  MutexLock lock(mutex_);
  return synced_;
}

bool Informer::AwaitSync(const std::stop_token& stop) const {
  const std::stop_callback wake(stop, [this] {
    MutexLock lock(mutex_);
    changed_.NotifyAll();
  });
  MutexLock lock(mutex_);
  while (!synced_ && !stop.stop_requested()) changed_.Wait(mutex_);
  return synced_;
}

}  // namespace ballast
