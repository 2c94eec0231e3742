#include "origin/testing/hub_sender.h"

#include <fcntl.h>

#include <algorithm>
#include <string>

#include "base/unique_fd.h"
#include "origin/testing/hub_pread.h"

namespace ballast::hub {
namespace {

constexpr uint64_t kBulk = uint64_t{4} << 20;
constexpr uint64_t kHandled = uint64_t{256} << 10;
using Progress = std::function<void(uint64_t)>;

// Lets `rate` bytes per second pass, in about 20 steps a second.
class Pace {
 public:
  Pace(uint64_t rate, Valve& valve) : rate_(rate), valve_(valve), begin_(std::chrono::steady_clock::now()) {}
  uint64_t step(uint64_t otherwise) const { return rate_ == 0 ? otherwise : std::max<uint64_t>(1, rate_ / 20); }
  bool Spend(uint64_t bytes) {
    if (rate_ == 0) return true;
    spent_ += bytes;
    std::chrono::duration<double> due(static_cast<double>(spent_) / static_cast<double>(rate_));
    return valve_.WaitUntil(begin_ + std::chrono::duration_cast<Duration>(due));
  }

 private:
  const uint64_t rate_;
  Valve& valve_;
  const SteadyTime begin_;
  uint64_t spent_ = 0;
};

bool SendHead(Connection& connection, const Wire& wire, Valve& valve) {
  if (wire.head_rate == 0) return connection.Write(wire.head, wire.length > 0);
  Pace pace(wire.head_rate, valve);
  uint64_t step = pace.step(wire.head.size());
  for (size_t at = 0; at < wire.head.size(); at += step) {
    std::string_view part = std::string_view(wire.head).substr(at, step);
    if (!connection.Write(part, false) || !pace.Spend(part.size())) return false;
  }
  return true;
}

bool SendMemory(Connection& connection, const Wire& wire, const Progress& progress) {
  std::string_view body = std::string_view(*wire.content.bytes).substr(wire.first, wire.length);
  for (size_t at = 0; at < body.size(); at += kBulk) {
    std::string_view part = body.substr(at, kBulk);
    if (!connection.Write(part, false)) return false;
    progress(part.size());
  }
  return true;
}

bool SendFile(Connection& connection, const Wire& wire, const Progress& progress) {
  UniqueFd file(::open(wire.content.source.c_str(), O_RDONLY | O_CLOEXEC));
  for (uint64_t at = 0; file.valid() && at < wire.length; at += kBulk) {
    uint64_t want = std::min(kBulk, wire.length - at);
    uint64_t sent = connection.WriteFile(file.get(), wire.first + at, want);
    progress(sent);
    if (sent < want) return false;
  }
  return file.valid();
}

void Corrupt(std::string& part, uint64_t at, const Wire& wire) {
  for (uint64_t offset : wire.corrupt_at) {
    if (offset >= at && offset - at < part.size()) part[offset - at] = static_cast<char>(part[offset - at] ^ 1);
  }
}

// Byte ranges that are damaged, held back or slowed down: read, changed, sent.
bool SendHandled(Connection& connection, const Wire& wire, Valve& valve, const Progress& progress) {
  Pace pace(wire.rate, valve);
  const uint64_t end = wire.first + wire.length;
  for (uint64_t at = wire.first; at < end;) {
    if (wire.stall_at == at && !valve.WaitReleased()) return false;
    uint64_t stop = wire.stall_at && at < *wire.stall_at ? std::min(end, *wire.stall_at) : end;
    std::string part = ReadContent(wire.content, at, std::min(pace.step(kHandled), stop - at));
    if (part.empty()) return false;
    Corrupt(part, at, wire);
    if (!connection.Write(part, false)) return false;
    progress(part.size());
    at += part.size();
    if (!pace.Spend(part.size())) return false;
  }
  return true;
}

bool SendBody(Connection& connection, const Wire& wire, Valve& valve, const Progress& progress) {
  if (wire.length == 0) return true;
  if (wire.rate != 0 || wire.stall_at || !wire.corrupt_at.empty()) {
    return SendHandled(connection, wire, valve, progress);
  }
  return wire.content.bytes ? SendMemory(connection, wire, progress) : SendFile(connection, wire, progress);
}

}  // namespace

void Valve::Release() {
  MutexLock lock(mutex_);
  ++releases_;
  changed_.NotifyAll();
}

void Valve::Stop() {
  MutexLock lock(mutex_);
  stopped_ = true;
  changed_.NotifyAll();
}

bool Valve::WaitReleased() {
  MutexLock lock(mutex_);
  const uint64_t before = releases_;
  ++waiting_;
  changed_.NotifyAll();
  while (!stopped_ && releases_ == before) changed_.Wait(mutex_);
  --waiting_;
  return !stopped_;
}

bool Valve::WaitUntil(SteadyTime deadline) {
  MutexLock lock(mutex_);
  while (!stopped_ && changed_.WaitUntil(mutex_, deadline)) continue;
  return !stopped_;
}

void Valve::WaitForWaiters(int count) const {
  MutexLock lock(mutex_);
  while (!stopped_ && waiting_ < count) changed_.Wait(mutex_);
}

bool Send(Connection& connection, const Wire& wire, Valve& valve, const Progress& progress) {
  bool whole = SendHead(connection, wire, valve) && SendBody(connection, wire, valve, progress) &&
               connection.Write(wire.tail, false);
  if (wire.reset) connection.ResetOnClose();
  return whole && !wire.close;
}

}  // namespace ballast::hub
