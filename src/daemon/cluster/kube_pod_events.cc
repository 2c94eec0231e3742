#include "daemon/cluster/kube_pod_events.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/strings.h"

namespace ballast {
namespace {

constexpr std::chrono::seconds kEvery{30};
constexpr std::chrono::minutes kForget{10};

std::string TimeLeft(const cache::v1::Progress& progress) {
  if (progress.bytes_per_second() == 0 || progress.bytes_done() >= progress.bytes_total()) return "";
  const uint64_t left = (progress.bytes_total() - progress.bytes_done()) / progress.bytes_per_second();
  constexpr uint64_t kLongest = 1'000'000;
  return StrCat(", ", FormatRate(progress.bytes_per_second()), ", about ",
                FormatDuration(std::chrono::seconds(std::clamp<uint64_t>(left, 1, kLongest))));
}

std::string HowFar(const cache::v1::Progress& progress) {
  if (progress.bytes_total() == 0) return progress.phase().empty() ? "just begun" : progress.phase();
  const uint64_t done = std::min(progress.bytes_done(), progress.bytes_total());
  const auto percent = static_cast<int>(static_cast<double>(done) * 100 / static_cast<double>(progress.bytes_total()));
  return StrCat(percent, "% (", FormatBytes(done), " of ", FormatBytes(progress.bytes_total()), TimeLeft(progress),
                ")");
}

// {namespace, name} of "namespace/name".
std::pair<std::string, std::string> PodName(const std::string& pod) {
  const size_t slash = pod.find('/');
  if (slash == std::string::npos) return {"", pod};
  return {pod.substr(0, slash), pod.substr(slash + 1)};
}

}  // namespace

bool EventPace::IsDue(const std::string& volume, SteadyTime now) {
  std::erase_if(told_, [&](const auto& one) { return now >= one.second + kForget; });
  const auto [told, first] = told_.try_emplace(volume, now);
  if (!first && now < told->second + kEvery) return false;
  told->second = now;
  return true;
}

std::string WaitingNote(const cache::v1::Progress& progress) {
  std::string note = StrCat("model ", progress.model(), " is warming: ", HowFar(progress));
  if (!progress.waiting_for().empty()) note += "; waiting for " + progress.waiting_for();
  return note;
}

void KubePodEvents::Waiting(const cache::v1::Lease& volume, const cache::v1::Progress& progress) {
  {
    MutexLock lock(mutex_);
    if (!pace_.IsDue(StrCat(volume.pod_uid(), "\n", volume.volume_id()), clock_.Steady())) return;
  }
  Record(volume, "ModelWarming", WaitingNote(progress));
}

void KubePodEvents::Mounted(const cache::v1::Lease& volume, const cache::v1::Ready& ready, bool asked_to_write) {
  const std::string commit = ready.commit().empty() ? "" : " (commit " + ready.commit() + ")";
  Record(volume, "ModelMounted", StrCat("mounted ", ready.model(), commit));
  if (!asked_to_write) return;
  Record(volume, "MountedReadOnly",
         "models are always mounted read-only, although the volume does not say so; set readOnly: true on it");
}

void KubePodEvents::Damaged(const cache::v1::Lease& volume, const std::string& what) {
  Record(volume, "ModelDamaged", what, /*warning=*/true);
}

void KubePodEvents::Record(const cache::v1::Lease& volume, const char* reason, std::string note, bool warning) {
  const auto [ns, name] = PodName(volume.pod());
  if (ns.empty() || name.empty() || volume.pod_uid().empty()) return;  // nobody to tell
  recorder_.Record(
      {.regarding =
           {{"apiVersion", "v1"}, {"kind", "Pod"}, {"namespace", ns}, {"name", name}, {"uid", volume.pod_uid()}},
       .warning = warning,
       .reason = reason,
       .action = "Mount",
       .note = std::move(note)});
}

}  // namespace ballast
