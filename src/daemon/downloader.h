// One attempt to bring a model to this node: ask its origin, reserve room, fetch, record. Blocking; model_manager.h
// decides when.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "daemon/daemon_swarm.h"
#include "daemon/domain_book.h"
#include "daemon/metrics.h"
#include "daemon/model_answer.h"
#include "daemon/model_request.h"
#include "daemon/rate_limit.h"
#include "daemon/resolutions.h"
#include "daemon/transfer_counts.h"
#include "origin/origin.h"
#include "store/store.h"

namespace ballast {

class ModelResolver;
class StoreDestination;
class TransferLimits;
struct FetchedModel;

// A model that is here, whole and verified.
struct ReadyModel {
  std::string name;  // "hf://org/name@main"
  Digest manifest;
  std::string uri;
  std::string commit;
  uint64_t bytes = 0;
  uint32_t files = 0;
  uint64_t bytes_fetched = 0;     // from the origin, by this attempt
  uint64_t bytes_from_peers = 0;  // from other nodes, by this attempt
  std::string warning;            // served although the origin did not answer: why

  friend bool operator==(const ReadyModel&, const ReadyModel&) = default;
};

struct JobProgress {
  std::string step;  // "resolving", "downloading", "waiting"
  uint64_t bytes_done = 0;
  uint64_t bytes_total = 0;
  uint64_t bytes_per_second = 0;
  uint32_t files_done = 0;
  uint32_t files_total = 0;
  std::string waiting_for;  // why nothing moves, for people
  std::vector<TransferSource> sources;
  std::optional<Digest> manifest;                         // known from the start only in a swarm
  std::shared_ptr<const std::vector<std::string>> paths;  // of its files, in its order; null like it

  friend bool operator==(const JobProgress&, const JobProgress&) = default;
};

// Called from the attempt's threads, one at a time; `demanded` from any of them.
struct AttemptHooks {
  std::function<void(const OriginRecord&, const std::vector<RemoteFile>&)> resolved = [](const auto&, const auto&) {};
  std::function<void(const JobProgress&)> progress = [](const auto&) {};
  std::function<void(const SafePath&, const Digest&)> verified = [](const auto&, const auto&) {};
  std::function<bool()> demanded = [] { return true; };  // somebody waits for it: it goes before what is prewarmed
};

// The origin that serves a request, with the token of its domain; by name where one is given. InvalidArgument: there is
// none.
using OriginFinder = std::function<Result<Origin*>(const ModelRequest&)>;

// What an origin said, as the store keeps it.
OriginRecord RecordOf(const ModelRequest& request, const ResolvedModel& resolved, int64_t now_unix);

// Thread-safe: several attempts, of different requests, run at once. Everything given outlives it.
class Downloader {
 public:
  struct Options {
    int streams = 16;               // per model
    DomainBook* domains = nullptr;  // null: nobody asks by whose right a blob is here. Outlives it
    // Asked before each download for the bytes that it will bring. ResourceExhausted and FailedPrecondition end it.
    std::function<Status(const ModelRequest&, uint64_t bytes)> make_room = [](const auto&, uint64_t) {
      return OkStatus();
    };
  };
  // `resolver`: finds the manifest before anything is fetched, where a request says which it must be; null: such
  // requests are checked at their end. `swarm`: null where this node is in none.
  Downloader(Store& store, Resolutions& resolutions, OriginFinder origins, DaemonMetrics& metrics,
             TransferLimits& limits, ModelResolver* resolver, DaemonSwarm* swarm, const Clock& clock, Options options);
  ~Downloader();

  // What is here already and answers the request without asking anybody: the very manifest (also one that the request
  // itself names), a commit, or what a kept resolution says.
  std::optional<ReadyModel> FindHere(const ModelRequest& request, const std::optional<Digest>& manifest) const;

  // `ask_anew`: the origin is asked although the answer of before is here (a poll). When the origin does not answer,
  // what it said before is served, with a warning, if it is here. Otherwise the error of what failed: retryable errors
  // leave everything that came in the journal of the store, and the next attempt goes on from there.
  Result<ReadyModel> Run(const ModelRequest& request, bool ask_anew, const AttemptHooks& hooks, std::stop_token stop);

 private:
  std::optional<ReadyModel> Stored(const ModelRequest& request, const Digest& manifest) const;
  // What is to be fetched, and from where.
  struct Job {
    const ModelRequest& request;
    Origin& origin;
    ResolvedModel resolved;
    OriginRecord record;
    const Manifest* manifest = nullptr;  // set: fetched as a part of the swarm
    std::string warning;
  };

  Result<ReadyModel> RunAlone(const ModelRequest& request, const ModelRef& ref, const AttemptHooks& hooks,
                              const std::stop_token& stop);
  Result<ReadyModel> RunExpected(const ModelRequest& request, const ModelRef& ref, const AttemptHooks& hooks,
                                 const std::stop_token& stop);
  Result<ReadyModel> RunInSwarm(const ModelRequest& request, const ModelRef& ref, const AttemptHooks& hooks,
                                const std::stop_token& stop);
  Result<ReadyModel> Fetch(const Job& job, const AttemptHooks& hooks, const std::stop_token& stop);
  Result<std::unique_ptr<StoreDestination>> OpenDestination(const ModelRequest& request, const ResolvedModel& model);
  Result<FetchedModel> FetchFiles(const Job& job, TransferCounts& counts, const AttemptHooks& hooks,
                                  const std::stop_token& stop);
  // By whose right the model's blobs are here, before its files are fetched and after.
  Status ProveWhatIsHere(const Job& job, const std::stop_token& stop);
  Status ProveWhatCame(const Job& job, const Manifest& manifest, const std::stop_token& stop);
  Status ProveOne(const Job& job, const RemoteFile& file, const std::stop_token& stop);
  Result<ReadyModel> ServeStale(const ModelRequest& request, const Status& failure);

  Store& store_;
  Resolutions& resolutions_;
  const OriginFinder origins_;
  DaemonMetrics& metrics_;
  TransferLimits& limits_;
  ModelResolver* const resolver_;
  DaemonSwarm* const swarm_;
  const Clock& clock_;
  const Options options_;
};

}  // namespace ballast
