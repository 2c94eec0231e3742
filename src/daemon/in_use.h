// Keeps a model that is being published from being removed at the same time, and the other way round.
#pragma once

#include <map>
#include <set>

#include "base/mutex.h"
#include "base/status.h"
#include "core/digest.h"

namespace ballast {

// Thread-safe. Outlives its holds.
class InUse {
 public:
  // Given back by the destructor.
  class [[nodiscard]] Hold {
   public:
    Hold(InUse& owner, const Digest& model, bool removing) : owner_(&owner), model_(model), removing_(removing) {}
    Hold(Hold&& other) noexcept : owner_(other.owner_), model_(other.model_), removing_(other.removing_) {
      other.owner_ = nullptr;
    }
    Hold& operator=(Hold&&) = delete;
    ~Hold() {
      if (owner_ != nullptr) owner_->Release(model_, removing_);
    }

   private:
    InUse* owner_;
    Digest model_;
    bool removing_;
  };

  // Aborted while it is being removed.
  Result<Hold> ToPublish(const Digest& model);
  // Aborted while it is being published or removed.
  Result<Hold> ToRemove(const Digest& model);

 private:
  void Release(const Digest& model, bool removing);

  Mutex mutex_;
  std::map<Digest, int> publishing_ GUARDED_BY(mutex_);
  std::set<Digest> removing_ GUARDED_BY(mutex_);
};

}  // namespace ballast
