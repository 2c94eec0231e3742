// Where the bytes of each file are: the signed link that the hub redirected to, kept until it expires, so that the hub
// is asked once per file and not once per range.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "base/mutex.h"
#include "base/status.h"
#include "origin/url.h"

namespace ballast {

struct FileLink {
  std::optional<Url> url;  // absent: the hub serves the file itself
  std::string etag;        // as the answer had it; "" for none

  friend bool operator==(const FileLink&, const FileLink&) = default;
};

// Thread-safe. The first to ask for a file finds it out; those who ask meanwhile wait for what it found.
class LinkCache {
 public:
  static constexpr size_t kMaxLinks = 1024;

  // Held by whoever finds out. Gone without Put(): the next one in line finds out.
  class Ticket {
   public:
    Ticket(LinkCache& cache, std::string key) : cache_(&cache), key_(std::move(key)) {}
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;
    ~Ticket() {
      if (cache_ != nullptr) cache_->Settle(key_, nullptr);
    }
    void Put(const FileLink& link) {
      if (cache_ != nullptr) std::exchange(cache_, nullptr)->Settle(key_, &link);
    }

   private:
    LinkCache* cache_;
    std::string key_;
  };

  // Either what is known, or a ticket to find it out.
  struct Found {
    std::optional<FileLink> link;
    std::unique_ptr<Ticket> ticket;
  };
  // Cancelled: stop was requested while waiting.
  Result<Found> Find(const std::string& key, const std::stop_token& stop) EXCLUDES(mutex_);
  // `link` does not work any more. Keeps a newer one that somebody else has found meanwhile.
  void Forget(const std::string& key, const FileLink& link) EXCLUDES(mutex_);

 private:
  // Null: not found out after all.
  void Settle(const std::string& key, const FileLink* link) EXCLUDES(mutex_);

  Mutex mutex_;
  CondVar changed_;
  std::map<std::string, std::optional<FileLink>> links_ GUARDED_BY(mutex_);  // nullopt: being found out
  std::deque<std::string> order_ GUARDED_BY(mutex_);                         // oldest first
};

}  // namespace ballast
