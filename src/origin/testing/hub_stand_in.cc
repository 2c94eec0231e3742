#include "origin/testing/hub_stand_in.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/mutex.h"
#include "base/strings.h"
#include "origin/testing/hub_api.h"
#include "origin/testing/hub_cdn.h"
#include "origin/testing/hub_listener.h"
#include "origin/testing/hub_log.h"
#include "origin/testing/hub_request_reader.h"
#include "origin/testing/hub_root.h"
#include "origin/testing/hub_sender.h"
#include "origin/testing/hub_wire.h"

namespace ballast::hub {
namespace {

std::string Bracketed(const std::string& address) {
  return address.find(':') == std::string::npos ? address : "[" + address + "]";
}

std::string Origin(const Options& options, const std::string& name, const std::string& address, uint16_t port) {
  return StrCat(options.certificate.empty() ? "http://" : "https://", name.empty() ? Bracketed(address) : name, ":",
                port);
}

}  // namespace

class StandIn::Impl {
 public:
  explicit Impl(Options options) : options_(std::move(options)) {
    urls_.SetLifetime(options_.url_lifetime, options_.url_uses);
    SetLimits(options_.api_limit, options_.resolve_limit);
  }

  // Repositories.
  Result<std::string> Publish(const std::string& name, const std::vector<File>& files, const std::string& branch,
                              const LfsRule& rule, bool forget);
  Status Change(const std::string& name, const std::function<Status(Repository&)>& change);
  std::shared_ptr<const Repository> Find(const std::string& type, const std::string& id) const;
  void Remove(const Repository& repository) {
    MutexLock lock(mutex_);
    repositories_.erase({repository.type, repository.id});
  }

  // The two ports.
  Status Listen();
  void Stop();
  std::string endpoint() const { return site_.origin + site_.prefix; }
  std::string cdn_endpoint() const { return cdn_origin_; }
  uint16_t port() const { return hub_->port(); }
  uint16_t cdn_port() const { return cdn_->port(); }

  void SetLimits(const RateLimit& api, const RateLimit& resolve) {
    MutexLock lock(mutex_);
    api_window_.Set(api);
    resolve_window_.Set(resolve);
  }
  void AddFault(Fault fault) {
    MutexLock lock(mutex_);
    faults_.push_back({.fault = std::move(fault)});
  }
  void ClearFaults() {
    MutexLock lock(mutex_);
    faults_.clear();
  }

  RequestLog& log() { return log_; }
  SignedUrls& urls() { return urls_; }
  Valve& valve() { return valve_; }
  const Options& options() const { return options_; }

 private:
  using Key = std::pair<std::string, std::string>;  // type, id

  Site MakeSite();
  bool KnownToken(const std::string& token) const;
  void Serve(Port port, Connection& connection);
  bool Answer(Connection& connection, const Request& request);
  Reply Answer(const Request& request);
  Reply AnswerWithinLimits(const Request& request);
  std::vector<Fault> Faults(const Request& request, const Reply& reply) {
    MutexLock lock(mutex_);
    return TakeFaults(faults_, request, reply);
  }

  const Options options_;
  const RealClock real_clock_;
  const Clock& clock_ = options_.clock == nullptr ? real_clock_ : *options_.clock;
  Site site_;
  std::string cdn_origin_;
  mutable Mutex mutex_;
  std::map<Key, std::shared_ptr<const Repository>> repositories_ GUARDED_BY(mutex_);
  std::vector<ArmedFault> faults_ GUARDED_BY(mutex_);
  RateWindow api_window_ GUARDED_BY(mutex_){"api"};
  RateWindow resolve_window_ GUARDED_BY(mutex_){"resolvers"};
  SignedUrls urls_;
  RequestLog log_;
  Valve valve_;
  std::unique_ptr<Listener> hub_;
  std::unique_ptr<Listener> cdn_;
};

std::shared_ptr<const Repository> StandIn::Impl::Find(const std::string& type, const std::string& id) const {
  MutexLock lock(mutex_);
  auto at = repositories_.find({type, id});
  return at == repositories_.end() ? nullptr : at->second;
}

Status StandIn::Impl::Change(const std::string& name, const std::function<Status(Repository&)>& change) {
  Repository named = RepositoryNamed(name);
  MutexLock lock(mutex_);
  auto at = repositories_.find({named.type, named.id});
  if (at == repositories_.end()) return NotFound(StrCat("the hub stand-in has no repository ", Quoted(name)));
  Repository copy = *at->second;
  RETURN_IF_ERROR(change(copy));
  at->second = std::make_shared<const Repository>(std::move(copy));
  return OkStatus();
}

Result<std::string> StandIn::Impl::Publish(const std::string& name, const std::vector<File>& files,
                                           const std::string& branch, const LfsRule& rule, bool forget) {
  Repository named = RepositoryNamed(name);
  ASSIGN_OR_RETURN(Revision built, BuildRevision(named.name(), files, rule));
  auto revision = std::make_shared<const Revision>(std::move(built));
  {
    MutexLock lock(mutex_);
    auto& slot = repositories_[{named.type, named.id}];
    if (slot == nullptr) slot = std::make_shared<const Repository>(named);
  }
  RETURN_IF_ERROR(Change(name, [&](Repository& repository) {
    if (forget) repository.commits.erase(repository.branches[branch]);
    repository.commits[revision->commit] = revision;
    repository.branches[branch] = revision->commit;
    return OkStatus();
  }));
  return revision->commit;
}

bool StandIn::Impl::KnownToken(const std::string& token) const {
  if (std::find(options_.tokens.begin(), options_.tokens.end(), token) != options_.tokens.end()) return true;
  MutexLock lock(mutex_);
  return std::any_of(repositories_.begin(), repositories_.end(),
                     [&](const auto& repository) { return repository.second->access.Grants(token); });
}

Site StandIn::Impl::MakeSite() {
  return {.origin = Origin(options_, options_.public_host, options_.address, hub_->port()),
          .prefix = options_.prefix,
          .page_size = options_.page_size,
          .resolve_cache = options_.resolve_cache,
          .find = [this](const std::string& type, const std::string& id) { return Find(type, id); },
          .known_token = [this](const std::string& token) { return KnownToken(token); },
          .sign = [this](const Entry& entry,
                         const std::string& file) { return cdn_origin_ + urls_.Sign(entry, file, clock_.Now()); }};
}

Status StandIn::Impl::Listen() {
  std::shared_ptr<const TlsContext> tls;
  if (!options_.certificate.empty()) {
    ASSIGN_OR_RETURN(tls,
                     TlsContext::Load(options_.certificate.string(), options_.key.string(), options_.only_tls_1_0));
  }
  auto serve = [this](Port port) { return [this, port](Connection& connection) { Serve(port, connection); }; };
  ASSIGN_OR_RETURN(cdn_, Listener::Start(options_.cdn_address, options_.cdn_port, tls, serve(Port::kCdn)));
  cdn_origin_ = Origin(options_, options_.cdn_public_host, options_.cdn_address, cdn_->port());
  ASSIGN_OR_RETURN(hub_, Listener::Start(options_.address, options_.port, tls, serve(Port::kHub)));
  site_ = MakeSite();
  return OkStatus();
}

void StandIn::Impl::Stop() {
  valve_.Stop();
  if (hub_ != nullptr) hub_->Stop();
  if (cdn_ != nullptr) cdn_->Stop();
}

void StandIn::Impl::Serve(Port port, Connection& connection) {
  RequestReader reader(connection);
  while (std::optional<Request> request = reader.Next()) {
    request->port = port;
    if (!Answer(connection, *request)) return;
  }
}

bool StandIn::Impl::Answer(Connection& connection, const Request& request) {
  uint64_t number = log_.Begin(request);
  Reply reply = Answer(request);
  reply.Set("X-Request-Id", StrCat("stand-in-", number));
  std::vector<Fault> faults = Faults(request, reply);
  Wire wire = PlanWire(request, reply, faults, clock_.Now());
  log_.Update(number, [&](LoggedRequest& entry) {
    entry.status = wire.status;
    entry.file = reply.file;
    entry.first = wire.first;
    entry.length = wire.promised;
  });
  bool next = Send(connection, wire, valve_, [&](uint64_t bytes) {
    log_.Update(number, [&](LoggedRequest& entry) { entry.bytes_sent += bytes; });
  });
  log_.Update(number, [](LoggedRequest& entry) { entry.done = true; });
  return next;
}

Reply StandIn::Impl::Answer(const Request& request) {
  return request.port == Port::kCdn ? urls_.Answer(request, clock_.Now()) : AnswerWithinLimits(request);
}

Reply StandIn::Impl::AnswerWithinLimits(const Request& request) {
  bool api = request.path.starts_with(site_.prefix + "/api/");
  bool within = false;
  {
    MutexLock lock(mutex_);
    within = (api ? api_window_ : resolve_window_).Take(clock_.Steady());
  }
  Reply reply = within ? AnswerHub(site_, request)
                       : ErrorReply(429, "", "We had to rate limit you. Please wait, or log in for a higher limit.");
  MutexLock lock(mutex_);
  (api ? api_window_ : resolve_window_).Announce(reply);
  return reply;
}

Result<std::unique_ptr<StandIn>> StandIn::Start(Options options) {
  std::unique_ptr<StandIn> hub(new StandIn(std::make_unique<Impl>(std::move(options))));
  RETURN_IF_ERROR(LoadRoot(*hub, hub->impl_->options().root));
  RETURN_IF_ERROR(hub->impl_->Listen());
  return hub;
}

StandIn::StandIn(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StandIn::~StandIn() { Stop(); }

std::string StandIn::endpoint() const { return impl_->endpoint(); }
std::string StandIn::cdn_endpoint() const { return impl_->cdn_endpoint(); }
uint16_t StandIn::port() const { return impl_->port(); }
uint16_t StandIn::cdn_port() const { return impl_->cdn_port(); }

Result<std::string> StandIn::Publish(const std::string& repository, const std::vector<File>& files,
                                     const std::string& branch, const LfsRule& rule) {
  return impl_->Publish(repository, files, branch, rule, false);
}

Result<std::string> StandIn::ForcePush(const std::string& repository, const std::vector<File>& files,
                                       const std::string& branch, const LfsRule& rule) {
  return impl_->Publish(repository, files, branch, rule, true);
}

Status StandIn::Tag(const std::string& repository, const std::string& tag, const std::string& commit) {
  return impl_->Change(repository, [&](Repository& changed) {
    if (!changed.commits.contains(commit)) return NotFound(StrCat(repository, " has no commit ", Quoted(commit)));
    changed.tags[tag] = commit;
    return OkStatus();
  });
}

Status StandIn::SetAccess(const std::string& repository, const Access& access) {
  return impl_->Change(repository, [&](Repository& changed) {
    changed.access = access;
    return OkStatus();
  });
}

void StandIn::Remove(const std::string& repository) { impl_->Remove(RepositoryNamed(repository)); }

std::string StandIn::Commit(const std::string& repository, const std::string& revision) const {
  Repository named = RepositoryNamed(repository);
  std::shared_ptr<const Repository> found = impl_->Find(named.type, named.id);
  std::shared_ptr<const Revision> resolved = found == nullptr ? nullptr : found->Resolve(revision);
  return resolved == nullptr ? "" : resolved->commit;
}

void StandIn::SetUrlLifetime(std::chrono::seconds lifetime, int uses) { impl_->urls().SetLifetime(lifetime, uses); }
void StandIn::ExpireUrls() { impl_->urls().ExpireAll(); }
void StandIn::SetLimits(const RateLimit& api, const RateLimit& resolve) { impl_->SetLimits(api, resolve); }
void StandIn::AddFault(Fault fault) { impl_->AddFault(std::move(fault)); }
void StandIn::Release() { impl_->valve().Release(); }
void StandIn::Stop() { impl_->Stop(); }

void StandIn::ClearFaults() {
  impl_->ClearFaults();
  Release();
}

std::vector<LoggedRequest> StandIn::requests() const { return impl_->log().All(); }
void StandIn::ClearRequests() { impl_->log().Clear(); }
void StandIn::WaitFor(const std::function<bool(const std::vector<LoggedRequest>&)>& condition) const {
  impl_->log().WaitFor(condition);
}
void StandIn::WaitForStalled(int count) const { impl_->valve().WaitForWaiters(count); }

}  // namespace ballast::hub
