// Events about objects, for people: which are written, and which are counted into one that is there already.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "kube/resource.h"

namespace ballast {

inline const KubeResource kEvents{"events.k8s.io", "v1", "events", true};

struct KubeEvent {  // NOLINT(bugprone-exception-escape): Json's move constructor can't throw, but asserts
  Json regarding;   // {apiVersion, kind, namespace, name, uid}: RegardingOf()
  bool warning = false;
  std::string reason;  // "ModelReady"
  std::string action;  // "Prewarm": what was being done
  std::string note;    // a sentence for people; at most 1 KiB of it are written

  // The same for events that are counted as one.
  std::string Key() const;
};

Json RegardingOf(const Json& object);

struct EventLimits {
  Duration same_within = std::chrono::minutes(6);   // an event like one that old is counted into it
  Duration count_every = std::chrono::seconds(30);  // how often a count is written
  int burst = 25;                                   // events of one object at once ..
  Duration refill = std::chrono::seconds(60);       // .. and one more for each of these
  size_t max_objects = 4096;                        // remembered; beyond, all is forgotten
};

struct EventWrite {
  ObjectName name;  // of the Event
  KubeEvent event;
  int64_t count = 1;
  WallTime first;  // when it happened
  WallTime last;

  bool is_first() const { return count == 1; }
};

// The brain of EventRecorder: a value, `now` is an input. Not thread-safe.
class EventSeries {
 public:
  explicit EventSeries(EventLimits limits = {}) : limits_(limits) {}

  struct Now {
    SteadyTime steady;
    WallTime wall;
  };
  // What is to be written because `event` happened; nothing: it was counted, or dropped.
  std::optional<EventWrite> See(const KubeEvent& event, Now now);
  // Counts that have waited long enough.
  std::vector<EventWrite> Due(SteadyTime now);
  // When to ask Due() next.
  std::optional<SteadyTime> NextDue() const;

  uint64_t dropped() const { return dropped_; }

 private:
  struct Series {
    EventWrite write;
    SteadyTime seen;
    SteadyTime written;
    bool pending = false;  // it counts more than was written
  };
  struct Bucket {
    double tokens = 0;
    SteadyTime at;
  };

  bool Spend(const std::string& object, SteadyTime now);
  void Forget(SteadyTime now);

  EventLimits limits_;
  std::map<std::string, Series> series_;   // by Key()
  std::map<std::string, Bucket> buckets_;  // by object
  uint64_t dropped_ = 0;
};

// The Event as it is created, by `controller` ("ballast.dev/operator") in `instance` (a pod's name).
Json MakeEvent(const EventWrite& write, const std::string& controller, const std::string& instance);
// The merge patch that writes the count of one that is there.
Json MakeSeriesPatch(const EventWrite& write);

}  // namespace ballast
