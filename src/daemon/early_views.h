// The views of one download that are mounted before it is complete: each only gains files, as they are verified.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "core/manifest.h"
#include "origin/origin.h"
#include "store/store.h"

namespace ballast {

// Thread-safe. The store outlives it.
class EarlyViews {
 public:
  EarlyViews(ViewStore& views, LeaseStore& leases) : views_(views), leases_(leases) {}

  // The listing is known: from now on views can be opened. A further attempt may say it again.
  void Resolved(const OriginRecord& record, const std::vector<RemoteFile>& files);

  // The view `name` is mounted already, from an earlier life of the daemon: it is found once the listing is known.
  void Want(const std::string& name, Layout layout);

  // Opens (or finds) the view `name` and puts into it what is verified already. FailedPrecondition before Resolved().
  Result<std::string> Open(const std::string& name, Layout layout);

  // This file is here: into every open view. A view that can't take it is left as it is, with a warning: its pod goes
  // on waiting, and the next publish finds the complete view.
  void Verified(const SafePath& path, const Digest& blob);
  // The model is whole: so are its views, and their leases name it.
  void Complete(const Digest& model);

 private:
  Result<std::string> OpenLocked(const std::string& name, Layout layout) REQUIRES(mutex_);

  Mutex mutex_;
  ViewStore& views_;
  LeaseStore& leases_;
  std::optional<OriginRecord> record_ GUARDED_BY(mutex_);
  std::vector<std::pair<SafePath, uint64_t>> expected_ GUARDED_BY(mutex_);
  std::map<std::string, Digest> verified_ GUARDED_BY(mutex_);
  std::map<std::string, Layout> wanted_ GUARDED_BY(mutex_);
  std::map<std::string, std::string> open_ GUARDED_BY(mutex_);  // name -> view
};

}  // namespace ballast
