#include "swarm/upload_desk.h"

namespace ballast {

bool UploadDesk::Submit(Connection& connection) {
  MutexLock lock(mutex_);
  if (stopping_ || !queue_.Add({connection->id, connection->party()})) return false;
  waiting_.emplace(connection->id, std::move(connection));
  changed_.NotifyOne();
  return true;
}

std::vector<UploadDesk::Answered> UploadDesk::TakeAnswered() {
  MutexLock lock(mutex_);
  return std::exchange(answered_, {});
}

std::optional<UploadDesk::Job> UploadDesk::Take() {
  MutexLock lock(mutex_);
  for (;;) {
    if (stopping_) return std::nullopt;
    if (auto upload = queue_.Take()) {
      Connection connection = std::move(waiting_.extract(upload->id).mapped());
      active_.emplace(connection->id, &connection->wire);
      return Job{std::move(connection), std::move(*upload)};
    }
    changed_.Wait(mutex_);
  }
}

void UploadDesk::Return(Job job, bool more) {
  {
    MutexLock lock(mutex_);
    queue_.Done(job.upload);
    active_.erase(job.upload.id);
    answered_.push_back({std::move(job.connection), more});
    if (queue_.waiting() > 0) changed_.NotifyOne();  // it may have waited for this node's share
  }
  wake_();
}

void UploadDesk::Stop() {
  MutexLock lock(mutex_);
  stopping_ = true;
  for (const auto& [id, wire] : active_) wire->Shutdown();
  changed_.NotifyAll();
}

uint32_t UploadDesk::uploads() const {
  MutexLock lock(mutex_);
  return static_cast<uint32_t>(queue_.active() + queue_.waiting());
}

void UploadDesk::CountSent(const std::string& node, uint64_t bytes) {
  MutexLock lock(mutex_);
  counters_.sent_bytes[node] += bytes;
}

void UploadDesk::CountRefused(int code) {
  MutexLock lock(mutex_);
  ++counters_.refused[code];
}

void UploadDesk::CountCut() {
  MutexLock lock(mutex_);
  ++counters_.cut;
}

void UploadDesk::CountDropped() {
  MutexLock lock(mutex_);
  ++counters_.dropped;
}

void UploadDesk::CountHandshakeFailure() {
  MutexLock lock(mutex_);
  ++counters_.handshake_failures;
}

void UploadDesk::CountConnections(size_t all, size_t strangers) {
  MutexLock lock(mutex_);
  counters_.connections = all;
  counters_.strangers = strangers;
}

PieceServerCounters UploadDesk::Counters() const {
  MutexLock lock(mutex_);
  PieceServerCounters counters = counters_;
  counters.active = queue_.active();
  counters.waiting = queue_.waiting();
  return counters;
}

}  // namespace ballast
