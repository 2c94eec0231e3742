// Says what a model reference means, for this node and for others: the origin is asked once, however many ask.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/worker_pool.h"
#include "daemon/downloader.h"
#include "daemon/metered_source.h"
#include "daemon/model_answer.h"
#include "daemon/resolutions.h"
#include "store/store.h"

namespace ballast {

// Thread-safe. Equal questions that come while one is being answered, or shortly after, get its answer. Files whose
// digest the origin does not say are fetched into the store to be hashed.
//
// Where the origin does not answer: what it said before, if that is known here, with a warning. A commit that is known
// is not asked for. Errors are those of Origin::Resolve and of the store, but Aborted: the origin does not answer, and
// nothing is known here. (Whoever asks over the network can tell it from a node that cannot be reached.)
//
// An origin that has not answered after a moment is looked at: where it takes no new connection, it is silent, and
// those who ask are told so without waiting for the time that a question to it has. Where it does take one, it works,
// however long it needs: then nobody is told what it said before.
class ModelResolver final : public Resolver {
 public:
  // All of it outlives this.
  struct Parts {
    Store& store;
    Resolutions& resolutions;
    const OriginFinder& origins;
    DaemonMetrics& metrics;
    TransferLimits& limits;
    const Clock& clock;
    Duration look_after = std::chrono::milliseconds(500);  // without an answer
    Duration reach_within = std::chrono::milliseconds(1500);
    DomainBook* domains = nullptr;  // null: nobody asks by whose right a blob is here
  };

  explicit ModelResolver(const Parts& parts);
  ~ModelResolver() override;

  Result<Resolved> Resolve(const ResolveQuery& query, std::stop_token stop) override;
  Result<ModelAnswer> Resolve(const ModelRequest& request, bool known_only, const std::stop_token& stop);

  // Waits for the moment that an origin has to answer, then looks whether it is there. Unavailable: it is not.
  Status Look(const ModelRequest& request, const std::stop_token& stop);

 private:
  struct Question;

  std::shared_ptr<Question> Ask(const ModelRequest& request);
  void LookMeanwhile(const ModelRequest& request, const std::shared_ptr<Question>& question);
  void OnSilence(const ModelRequest& request, Question& question, const Status& silence);
  std::optional<Status> Heard(Question& question);
  Result<ModelAnswer> Wait(const ModelRequest& request, const std::shared_ptr<Question>& question,
                           const std::stop_token& stop);
  Result<ModelAnswer> AskOrigin(const ModelRequest& request, Question& question, const std::stop_token& stop);
  Result<ModelAnswer> WithoutOrigin(const ModelRequest& request, const Status& failure);
  Result<ModelAnswer> AnswerOf(const ModelRequest& request, Origin& origin, ResolvedModel model,
                               const std::stop_token& stop);
  Status FindDigests(const std::string& domain, Origin& origin, ResolvedModel& model, const std::stop_token& stop);
  std::optional<ModelAnswer> Known(const ModelRequest& request);
  std::optional<ModelAnswer> Stored(const ModelRequest& request) const;
  void Forget() REQUIRES(mutex_);

  const Parts parts_;
  Mutex mutex_;
  CondVar answered_;
  std::map<std::string, std::shared_ptr<Question>> questions_ GUARDED_BY(mutex_);  // by ResolveKey()
  WorkerPool pool_;
  WorkerPool looks_;
};

}  // namespace ballast
