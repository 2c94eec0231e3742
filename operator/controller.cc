#include "operator/controller.h"

#include <thread>
#include <vector>

#include "base/logging.h"
#include "base/thread.h"

namespace ballast::controller {

void Controller::Run(int workers, const std::stop_token& stop) {
  std::vector<std::jthread> threads;
  threads.reserve(static_cast<size_t>(workers));
  for (int i = 0; i < workers; ++i) threads.push_back(StartThread([this, stop] { Work(stop); }));
}

void Controller::Work(const std::stop_token& stop) {
  while (const auto key = queue_.Get(stop)) Handle(*key, stop);
}

int Controller::Drain() {
  int count = 0;
  while (const auto key = queue_.TryGet()) {
    Handle(*key, {});
    ++count;
  }
  return count;
}

// 409 is how racing writers learn of each other: no news.
void Controller::Handle(const std::string& key, const std::stop_token& stop) {
  const Result<RequeueAfter> result = reconcile_(key, stop);
  ++counts_.reconciled;
  observer_(result.status());
  if (result.ok()) {
    queue_.Forget(key);
    if (*result) queue_.AddAfter(key, **result);
  } else if (!stop.stop_requested()) {
    ++counts_.failed;
    const Status error = result.status();
    if (error.code() != StatusCode::kAborted) {
      LOG(WARNING) << Message("Reconciliation failed").With("controller", name_).With("key", key).With("error", error);
    }
    queue_.AddRateLimited(key, error.retry_after());
  }
  queue_.Done(key);
}

}  // namespace ballast::controller
