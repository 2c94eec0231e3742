// One download: the brain's state, and the threads that carry out what it says. fetcher.h is what others see.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "base/mutex.h"
#include "fetch/fetcher.h"
#include "fetch/piece_reader.h"
#include "fetch/rate_meter.h"
#include "fetch/step.h"

namespace ballast {

// Its parts: fetcher.cc (the calling thread), fetcher_effects.cc (the brain's), fetcher_jobs.cc (the workers').
class Fetcher final : private SwarmListener {
 public:
  // `part` is null where there is no swarm.
  Fetcher(const ResolvedModel& model, Source& source, const SwarmPart* part, Destination& destination,
          const FetchOptions& options, const Clock& clock, ProgressSink& sink);

  Result<FetchedModel> Run(const std::stop_token& stop);

 private:
  using Job = std::variant<fetch::Open, fetch::Read, fetch::Commit, fetch::ReadPiece, fetch::Drop>;
  struct Transfer {
    std::stop_source stop;
    uint64_t end = 0;                    // guarded by mutex_; a Shorten moves it
    std::atomic<uint64_t> received = 0;  // since its begin
  };
  struct ProvenFile {
    fetch::FileIndex file;
    Digest digest;
    std::vector<Digest> pieces;
  };

  // ---- the calling thread
  std::vector<std::jthread> StartWorkers(size_t threads);
  size_t Threads();
  void Join();
  void Leave();
  void OnReply(const Reply& reply) override;
  Status Supervise();
  bool WaitForNews();
  void PostTick();
  std::optional<double> LocalShare() REQUIRES(mutex_);
  void Report();
  FetchProgress Progress(const RateMeter& rate);
  uint64_t BytesDone() const REQUIRES(mutex_);
  Result<FetchedModel> Collect();

  // ---- the brain and its effects
  template <typename What>
  void Handle(What what) REQUIRES(mutex_) {
    const fetch::Effects effects = fetch::Step(state_, fetch::Event{clock_.Steady(), std::move(what)});
    for (const fetch::Effect& effect : effects) {
      // The analysis takes a lambda for another function, which holds nothing.
      std::visit([this](const auto& e) NO_THREAD_SAFETY_ANALYSIS { this->Apply(e); }, effect);
    }
    if (part_ != nullptr) WakeForTick();
  }
  void WakeForTick() REQUIRES(mutex_);
  void Apply(const fetch::Open& open) REQUIRES(mutex_);
  void Apply(const fetch::Commit& commit) REQUIRES(mutex_);
  void Apply(const fetch::Read& read) REQUIRES(mutex_);
  void Apply(const fetch::ReadPiece& read) REQUIRES(mutex_);
  void Apply(const fetch::Drop& drop) REQUIRES(mutex_);
  void Apply(const fetch::Tell& tell) REQUIRES(mutex_);
  void Apply(const fetch::Distrust& distrust) REQUIRES(mutex_);
  void Apply(const fetch::Shorten& shorten) REQUIRES(mutex_);
  void Apply(const fetch::Cancel& cancel) REQUIRES(mutex_);
  void Apply(const fetch::Proven& proven) REQUIRES(mutex_);
  void Apply(const fetch::Say& say) REQUIRES(mutex_);
  void Apply(const fetch::Finish& finish) REQUIRES(mutex_);
  void Push(Job job) REQUIRES(mutex_);

  // ---- the workers
  void Work();
  std::optional<Job> TakeJob();
  void Execute(const fetch::Open& open);
  void Execute(const fetch::Commit& commit);
  Status ProofInSwarm(fetch::FileIndex file);
  void PostUnproven(fetch::FileIndex index, const Status& proof);
  void Execute(const fetch::ReadPiece& read);
  void Execute(const fetch::Drop& drop);
  std::unique_ptr<Ingest> TakeIngest(fetch::FileIndex file);
  void Execute(const fetch::Read& read);
  std::pair<std::shared_ptr<Transfer>, Ingest*> Joined(fetch::StreamId stream, fetch::FileIndex file);
  uint64_t Advance(const fetch::Advanced& advanced, const Transfer& transfer);
  template <typename What>
  void Post(What what) {
    const MutexLock lock(mutex_);
    Handle(std::move(what));
  }
  void PostFound(const fetch::Found& found);

  const ResolvedModel& model_;
  Source& source_;
  const SwarmPart* const part_;  // null: no swarm
  Destination& destination_;
  const FetchOptions options_;
  const Clock& clock_;
  ProgressSink& sink_;
  const std::vector<fetch::FileToFetch> inputs_;

  Mutex mutex_;
  CondVar work_;        // a job or the end
  CondVar main_wakes_;  // the end, a stop, something to cancel
  fetch::State state_ GUARDED_BY(mutex_);
  std::unique_ptr<SwarmSession> session_ GUARDED_BY(mutex_);  // null: not joined
  std::deque<Job> jobs_ GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<Ingest>> ingests_ GUARDED_BY(mutex_);
  std::map<fetch::StreamId, std::shared_ptr<Transfer>> transfers_ GUARDED_BY(mutex_);
  std::vector<std::stop_source> to_cancel_ GUARDED_BY(mutex_);
  std::vector<ProvenFile> proven_ GUARDED_BY(mutex_);
  std::vector<std::string> said_ GUARDED_BY(mutex_);
  std::optional<Status> result_ GUARDED_BY(mutex_);
  bool stop_requested_ GUARDED_BY(mutex_) = false;
  SteadyTime next_tick_ GUARDED_BY(mutex_){};  // what the supervisor waits for
  bool tick_is_sooner_ GUARDED_BY(mutex_) = false;
  uint64_t bytes_proven_ GUARDED_BY(mutex_) = 0;
  uint64_t bytes_committing_ GUARDED_BY(mutex_) = 0;
  std::vector<bool> here_before_ GUARDED_BY(mutex_);
  const uint64_t bytes_total_;
  SteadyTime measured_at_ GUARDED_BY(mutex_);
  int64_t local_time_before_ GUARDED_BY(mutex_) = 0;
  std::atomic<uint64_t> received_ = 0;
  std::atomic<uint64_t> received_from_nodes_ = 0;
  std::atomic<int64_t> local_time_ = 0;  // of all streams, in ticks of Duration
};

}  // namespace ballast
