#include "daemon/model_resolver.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/logging.h"
#include "base/strings.h"
#include "fetch/fetcher.h"
#include "fetch/store_destination.h"

namespace ballast {
namespace {

constexpr Duration kFresh = std::chrono::seconds(5);
constexpr Duration kFreshFailure = std::chrono::seconds(1);  // of what a later try may cure
constexpr size_t kMaxQuestions = 256;
constexpr size_t kMaxKeptBytes = size_t{16} << 20;  // of answers, about
constexpr int kThreads = 4;
constexpr int kStreams = 8;

size_t BytesOf(const ModelAnswer& answer) { return (answer.manifest.files().size() + 1) * 400; }

int64_t Unix(const Clock& clock) {
  return std::chrono::duration_cast<std::chrono::seconds>(clock.Now().time_since_epoch()).count();
}

class LoggingSink final : public ProgressSink {
 public:
  explicit LoggingSink(std::string name) : name_(std::move(name)) {}
  void OnProgress(const FetchProgress&) override {}
  void OnProven(const RemoteFile&, const Digest&) override {}
  void OnMessage(const std::string& text) override { LOG(WARNING) << Message(text).With("model", name_); }

 private:
  const std::string name_;
};

}  // namespace

struct ModelResolver::Question {
  std::optional<Result<ModelAnswer>> answer;  // absent: being asked
  std::optional<Status> silence;              // the origin was looked at meanwhile, and is not there
  bool given_up = false;                      // for that reason; the answer comes as soon as a thread sees it
  bool heard = false;                         // the origin said what it had to say
  std::stop_source look;                      // stops with the question, too
  std::stop_source ask;
  std::optional<ModelAnswer> last_good;  // that the origin gave
  SteadyTime answered_at{};              // or given up

  bool IsFresh(SteadyTime now) const {
    if (!answer) return !given_up || now < answered_at + kFreshFailure;
    const bool may_be_cured = answer->ok() ? !(*answer)->warning.empty() : IsRetryable(answer->status());
    return now < answered_at + (may_be_cured ? kFreshFailure : kFresh);
  }
};

ModelResolver::ModelResolver(const Parts& parts)
    : parts_(parts), pool_("resolve", kThreads), looks_("resolve-look", kThreads) {}
ModelResolver::~ModelResolver() {
  looks_.Stop();
  pool_.Stop();
}

Result<Resolved> ModelResolver::Resolve(const ResolveQuery& query, std::stop_token stop) {
  ASSIGN_OR_RETURN(const ModelRequest request, RequestOf(query));
  ASSIGN_OR_RETURN(const ModelAnswer answer, Resolve(request, query.known_only, stop));
  return ToResolved(answer);
}

Result<ModelAnswer> ModelResolver::Resolve(const ModelRequest& request, bool known_only, const std::stop_token& stop) {
  if (known_only || IsPinned(request.ref)) {
    if (std::optional<ModelAnswer> known = Known(request)) return *std::move(known);
    if (known_only) return NotFound(StrCat(request.Name(), " is not known here"));
  }
  return Wait(request, Ask(request), stop);
}

std::shared_ptr<ModelResolver::Question> ModelResolver::Ask(const ModelRequest& request) {
  const std::string key = ResolveKey(request);
  MutexLock lock(mutex_);
  std::shared_ptr<Question>& question = questions_[key];
  if (question != nullptr && question->IsFresh(parts_.clock.Steady())) return question;
  auto next = std::make_shared<Question>();
  if (question != nullptr) next->last_good = question->last_good;
  question = next;
  const bool taken = pool_.Submit([this, request, next](const std::stop_token& stop) {
    Result<ModelAnswer> answer = AskOrigin(request, *next, stop);
    MutexLock again(mutex_);
    if (answer.ok() && answer->warning.empty()) next->last_good = *answer;
    next->answer = std::move(answer);
    if (!next->given_up) next->answered_at = parts_.clock.Steady();  // else it is as old as the giving up
    Forget();
    answered_.NotifyAll();
  });
  if (!taken) next->answer = Result<ModelAnswer>(Unavailable("ballastd is stopping"));
  if (taken) LookMeanwhile(request, next);
  return next;
}

void ModelResolver::LookMeanwhile(const ModelRequest& request, const std::shared_ptr<Question>& question) {
  looks_.Submit([this, request, question](const std::stop_token& stop) {
    const std::stop_callback stopping(stop, [&question] { question->look.request_stop(); });
    const Status seen = Look(request, question->look.get_token());
    if (IsSilence(seen)) OnSilence(request, *question, seen);
  });
}

// Where nothing is known here the question goes on: a connection may need longer than a look takes.
void ModelResolver::OnSilence(const ModelRequest& request, Question& question, const Status& silence) {
  const bool known = Known(request).has_value();
  {
    MutexLock lock(mutex_);
    if (question.heard) return;
    question.silence = silence;
    question.given_up = known;
    question.answered_at = parts_.clock.Steady();
    answered_.NotifyAll();
  }
  if (known) question.ask.request_stop();
}

Status ModelResolver::Look(const ModelRequest& request, const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] {
    MutexLock lock(mutex_);
    answered_.NotifyAll();
  });
  {
    const SteadyTime until = std::chrono::steady_clock::now() + parts_.look_after;  // the condition variable's clock
    MutexLock lock(mutex_);
    while (!stop.stop_requested() && answered_.WaitUntil(mutex_, until)) continue;
  }
  if (stop.stop_requested()) return Cancelled("stopped");
  ASSIGN_OR_RETURN(Origin* const origin, parts_.origins(request));
  return origin->Reach(request.ref, parts_.reach_within, stop);
}

// What was answered longest ago goes first.
void ModelResolver::Forget() {
  size_t bytes = 0;
  for (const auto& [key, question] : questions_) bytes += question->last_good ? BytesOf(*question->last_good) : 0;
  while (questions_.size() > kMaxQuestions || bytes > kMaxKeptBytes) {
    auto oldest = questions_.end();
    for (auto it = questions_.begin(); it != questions_.end(); ++it) {
      const bool older = oldest == questions_.end() || it->second->answered_at < oldest->second->answered_at;
      if (it->second->answer && older) oldest = it;
    }
    if (oldest == questions_.end()) return;
    bytes -= oldest->second->last_good ? BytesOf(*oldest->second->last_good) : 0;
    questions_.erase(oldest);
  }
}

Result<ModelAnswer> ModelResolver::Wait(const ModelRequest& request, const std::shared_ptr<Question>& question,
                                        const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] {
    MutexLock lock(mutex_);
    answered_.NotifyAll();
  });
  Status silence;
  {
    MutexLock lock(mutex_);
    while (!question->answer && !question->silence) {
      if (stop.stop_requested()) return Cancelled("stopped");
      answered_.Wait(mutex_);
    }
    if (question->answer) return *question->answer;
    silence = *question->silence;
  }
  return WithoutOrigin(request, silence);
}

Result<ModelAnswer> ModelResolver::AskOrigin(const ModelRequest& request, Question& question,
                                             const std::stop_token& stop) {
  ASSIGN_OR_RETURN(Origin* const origin, parts_.origins(request));
  const std::stop_callback stopping(stop, [&question] { question.ask.request_stop(); });
  Result<ResolvedModel> model = origin->Resolve(request.ref, request.filter, question.ask.get_token());
  const std::optional<Status> silence = Heard(question);
  if (silence && !model.ok()) return WithoutOrigin(request, *silence);
  Result<ModelAnswer> answer =
      model.ok() ? AnswerOf(request, *origin, *std::move(model), stop) : Result<ModelAnswer>(model.status());
  return IsSilence(answer.status()) ? WithoutOrigin(request, answer.status()) : answer;
}

// It needs not be looked at any more. Returns what was seen before.
std::optional<Status> ModelResolver::Heard(Question& question) {
  question.look.request_stop();
  MutexLock lock(mutex_);
  question.heard = true;
  return question.silence;
}

Result<ModelAnswer> ModelResolver::WithoutOrigin(const ModelRequest& request, const Status& failure) {
  if (std::optional<ModelAnswer> known = Known(request)) {
    if (!known->warning.empty()) known->warning = SilenceWarning(failure, known->warning);
    return *std::move(known);
  }
  return Status(StatusCode::kAborted, failure.message()).WithRetryAfter(failure.retry_after());
}

Result<ModelAnswer> ModelResolver::AnswerOf(const ModelRequest& request, Origin& origin, ResolvedModel model,
                                            const std::stop_token& stop) {
  RETURN_IF_ERROR(FindDigests(request.domain, origin, model, stop));
  ASSIGN_OR_RETURN(Manifest manifest, ManifestOf(model));
  return ModelAnswer{std::move(manifest), RecordOf(request, model, Unix(parts_.clock)), ""};
}

Status ModelResolver::FindDigests(const std::string& domain, Origin& origin, ResolvedModel& model,
                                  const std::stop_token& stop) {
  const ResolvedModel part = WithoutDigests(model);
  if (part.files.empty()) return OkStatus();
  TransferCounts counts;
  const std::function<bool()> demanded = [] { return true; };  // others wait for it
  MeteredSource source(origin, parts_.metrics, parts_.limits, counts, demanded);
  ASSIGN_OR_RETURN(const auto destination, StoreDestination::Open(part, parts_.store.blobs()));
  LoggingSink sink(model.ref.ToString());
  std::set<SafePath> was_here;
  for (const RemoteFile& file : part.files) {
    if (file.git_oid && parts_.store.blobs().FindByGitOid(*file.git_oid)) was_here.insert(file.path);
  }
  ASSIGN_OR_RETURN(const FetchedModel fetched,
                   FetchModel(part, source, *destination, {.max_streams = kStreams}, parts_.clock, sink, stop));
  std::map<SafePath, Digest> digests;
  for (const ManifestFile& file : fetched.manifest.files()) digests.emplace(file.path, file.digest);
  for (RemoteFile& file : model.files) {
    if (!file.sha256) file.sha256 = digests.at(file.path);
  }
  if (parts_.domains == nullptr) return OkStatus();
  std::set<Digest> delivered;
  for (const auto& [path, digest] : digests) {
    if (!was_here.contains(path) && !parts_.domains->IsContested(digest, domain)) delivered.insert(digest);
  }
  return parts_.domains->Prove(delivered, domain);
}

// With the age of what can have become another since.
std::optional<ModelAnswer> ModelResolver::Known(const ModelRequest& request) {
  std::optional<ModelAnswer> known;
  {
    MutexLock lock(mutex_);
    const auto found = questions_.find(ResolveKey(request));
    if (found != questions_.end()) known = found->second->last_good;
  }
  if (!known) known = Stored(request);
  if (known && !IsPinned(request.ref)) known->warning = AgeWarning(request, known->record, Unix(parts_.clock));
  return known;
}

std::optional<ModelAnswer> ModelResolver::Stored(const ModelRequest& request) const {
  ModelRequest kept = request;
  kept.keep_resolution = true;
  std::optional<Resolution> known = parts_.resolutions.Find(request);
  const std::optional<Resolution> as_kept = parts_.resolutions.Find(kept);
  if (!known || (as_kept && as_kept->resolved_unix > known->resolved_unix)) known = as_kept;
  if (!known) return std::nullopt;
  const std::optional<StoredModel> model = parts_.store.models().Find(known->manifest);
  if (!model) return std::nullopt;
  const auto record = std::find_if(model->origins.begin(), model->origins.end(), [&](const OriginRecord& one) {
    return one.uri == request.ref.Uri() && one.commit == known->commit;
  });
  if (record == model->origins.end()) return std::nullopt;
  return ModelAnswer{model->manifest, *record, ""};
}

}  // namespace ballast
