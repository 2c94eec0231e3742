// PodEvents as Events of Kubernetes.
#pragma once

#include <map>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "daemon/pod_events.h"
#include "kube/event_recorder.h"

namespace ballast {

// Of one volume of one pod: at once, then not for a while. A value.
class EventPace {
 public:
  bool IsDue(const std::string& volume, SteadyTime now);

 private:
  std::map<std::string, SteadyTime> told_;
};

// "hf://org/name@main: 43% (12.3 GiB of 28.6 GiB, 1.1 GiB/s, about 15 s)"; with what it waits for, if it does. Pure.
std::string WaitingNote(const cache::v1::Progress& progress);

class KubePodEvents final : public PodEvents {
 public:
  // Both outlive it.
  KubePodEvents(EventRecorder& recorder, const Clock& clock) : recorder_(recorder), clock_(clock) {}

  void Waiting(const cache::v1::Lease& volume, const cache::v1::Progress& progress) override;
  void Mounted(const cache::v1::Lease& volume, const cache::v1::Ready& ready, bool asked_to_write) override;
  void Damaged(const cache::v1::Lease& volume, const std::string& what) override;

 private:
  void Record(const cache::v1::Lease& volume, const char* reason, std::string note, bool warning = false);

  EventRecorder& recorder_;
  const Clock& clock_;
  Mutex mutex_;
  EventPace pace_ GUARDED_BY(mutex_);
};

}  // namespace ballast
