#include "kube/event_series.h"

#include <algorithm>

#include "base/strings.h"
#include "kube/kube_time.h"

namespace ballast {
namespace {

constexpr size_t kMaxNote = 1024;  // k8s.io/kubernetes pkg/apis/core/validation/events.go

// "pod-a.17f3c2d4e5a6b7c8": unlike that of any other process with some luck, and a second try has another.
ObjectName NameOfEvent(const KubeEvent& event, WallTime now, uint64_t salt) {
  const std::string hex = StrCat(std::hex, static_cast<uint64_t>(now.time_since_epoch().count()) + salt);
  const std::string ns = StringAt(event.regarding, "/namespace");
  // Events about cluster-scoped objects are kept where kubectl looks for them.
  return {ns.empty() ? "default" : ns, StringAt(event.regarding, "/name").substr(0, 200) + "." + hex};
}

// Cut between characters.
std::string Cut(std::string text, size_t most) {
  if (text.size() <= most) return text;
  size_t end = most - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

}  // namespace

Json RegardingOf(const Json& object) {
  Json regarding = {{"apiVersion", StringAt(object, "/apiVersion")},
                    {"kind", StringAt(object, "/kind")},
                    {"name", NameOf(object).name},
                    {"uid", UidOf(object)}};
  if (!NameOf(object).ns.empty()) regarding["namespace"] = NameOf(object).ns;
  return regarding;
}

std::string KubeEvent::Key() const { return DumpJson({regarding, warning, reason, action, note}); }

std::optional<EventWrite> EventSeries::See(const KubeEvent& event, Now now) {
  Forget(now.steady);
  const std::string key = event.Key();
  const auto found = series_.find(key);
  if (found != series_.end()) {
    Series& series = found->second;
    ++series.write.count;
    series.write.last = now.wall;
    series.seen = now.steady;
    series.pending = true;
    return std::nullopt;
  }
  if (!Spend(DumpJson(event.regarding), now.steady)) {
    ++dropped_;
    return std::nullopt;
  }
  Series series{.write = {NameOfEvent(event, now.wall, series_.size()), event, 1, now.wall, now.wall},
                .seen = now.steady,
                .written = now.steady};
  return series_.emplace(key, series).first->second.write;
}

std::vector<EventWrite> EventSeries::Due(SteadyTime now) {
  std::vector<EventWrite> due;
  for (auto& [key, series] : series_) {
    if (!series.pending || now - series.written < limits_.count_every) continue;
    series.pending = false;
    series.written = now;
    due.push_back(series.write);
  }
  return due;
}

std::optional<SteadyTime> EventSeries::NextDue() const {
  std::optional<SteadyTime> next;
  for (const auto& [key, series] : series_) {
    const SteadyTime at = series.written + limits_.count_every;
    if (series.pending && (!next || at < *next)) next = at;
  }
  return next;
}

bool EventSeries::Spend(const std::string& object, SteadyTime now) {
  const double burst = limits_.burst;
  Bucket& bucket = buckets_.try_emplace(object, Bucket{burst, now}).first->second;
  const double refilled = std::chrono::duration<double>(now - bucket.at) / limits_.refill;
  bucket = {std::min(burst, bucket.tokens + refilled), now};
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

void EventSeries::Forget(SteadyTime now) {
  std::erase_if(series_, [&](const auto& entry) {
    return !entry.second.pending && now - entry.second.seen >= limits_.same_within;
  });
  if (series_.size() > limits_.max_objects) series_.clear();
  if (buckets_.size() > limits_.max_objects) buckets_.clear();
}

Json MakeEvent(const EventWrite& write, const std::string& controller, const std::string& instance) {
  const KubeEvent& event = write.event;
  Json made = {{"apiVersion", kEvents.ApiVersion()},
               {"kind", "Event"},
               {"metadata", {{"namespace", write.name.ns}, {"name", write.name.name}}},
               {"eventTime", FormatKubeMicroTime(write.first)},
               {"reportingController", controller},
               {"reportingInstance", Cut(instance, 128)},
               {"regarding", event.regarding},
               {"type", event.warning ? "Warning" : "Normal"},
               {"reason", event.reason},
               {"action", event.action},
               {"note", Cut(event.note, kMaxNote)}};
  if (!write.is_first()) made.merge_patch(MakeSeriesPatch(write));
  return made;
}

Json MakeSeriesPatch(const EventWrite& write) {
  return {{"series", {{"count", write.count}, {"lastObservedTime", FormatKubeMicroTime(write.last)}}}};
}

}  // namespace ballast
