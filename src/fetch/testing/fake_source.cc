#include "fetch/testing/fake_source.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace ballast {
namespace {

void HangUntil(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait(lock, stop, [] { return false; });
}

SafePath PathOf(const std::string& text) { return SafePath::Parse(text).value(); }

}  // namespace

void FakeSource::SetScript(Script script) {
  const MutexLock lock(mutex_);
  script_ = std::move(script);
}

std::vector<FakeSource::Request> FakeSource::requests() const {
  const MutexLock lock(mutex_);
  return requests_;
}

FakeRead FakeSource::Begin(const Request& request) {
  const int now = ++at_once_;
  for (int most = most_at_once_; now > most && !most_at_once_.compare_exchange_weak(most, now);) continue;
  const MutexLock lock(mutex_);
  requests_.push_back(request);
  requested_.NotifyAll();
  return script_ ? script_(request, static_cast<int>(requests_.size()) - 1) : FakeRead{};
}

Status FakeSource::Read(const ResolvedModel&, const RemoteFile& file, ByteRange range, const ByteSink& sink,
                        std::stop_token stop) {
  const FakeRead how = Begin({file.path.str(), range});
  Status status = Deliver(files_.at(file.path.str()), range, how, sink, stop);
  --at_once_;
  return status;
}

Status FakeSource::Deliver(const std::string& content, ByteRange range, const FakeRead& how, const ByteSink& sink,
                           const std::stop_token& stop) const {
  std::string bytes = content.substr(range.begin, std::min(range.size(), how.deliver)) + std::string(how.extra, 'x');
  if (how.corrupt && !bytes.empty()) bytes[0] = static_cast<char>(bytes[0] ^ 1);
  for (size_t at = 0; at < bytes.size(); at += chunk_) {
    if (stop.stop_requested()) return Cancelled("stopped");
    const std::string_view chunk = std::string_view(bytes).substr(at, chunk_);
    RETURN_IF_ERROR(sink(std::as_bytes(std::span(chunk))));
    HoldUntil(how.hold_until);
  }
  if (how.hang) HangUntil(stop);
  return how.hang ? Cancelled("stopped") : how.status;
}

void FakeSource::HoldUntil(size_t requests) const {
  const MutexLock lock(mutex_);
  while (requests_.size() < requests) requested_.Wait(mutex_);
}

ResolvedModel FakeSource::Model() const {
  ResolvedModel model;
  model.ref = ModelRef::Parse("hf://org/model@main").value();
  model.commit = std::string(40, 'c');
  for (const auto& [path, content] : files_) {
    RemoteFile file{PathOf(path), content.size(), std::nullopt, std::nullopt, std::nullopt};
    if (path.ends_with(".json")) {
      file.git_oid = GitOid::OfBlob(content);
    } else {
      file.sha256 = Digest::Of(content);
    }
    model.files.push_back(file);
  }
  return model;
}

}  // namespace ballast
