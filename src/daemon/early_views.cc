#include "daemon/early_views.h"

#include "base/logging.h"

namespace ballast {
namespace {

void Warn(const std::string& view, const Status& status) {
  if (!status.ok())
    LOG(WARNING) << Message("A view that is mounted early lacks a file; its pod waits until it is mounted anew")
                        .With("view", view)
                        .With("error", status);
}

}  // namespace

void EarlyViews::Resolved(const OriginRecord& record, const std::vector<RemoteFile>& files) {
  MutexLock lock(mutex_);
  record_ = record;
  expected_.clear();
  for (const RemoteFile& file : files) expected_.emplace_back(file.path, file.size);
  for (const auto& [name, layout] : wanted_) Warn(name, OpenLocked(name, layout).status());
  wanted_.clear();
}

void EarlyViews::Want(const std::string& name, Layout layout) {
  MutexLock lock(mutex_);
  if (open_.contains(name)) return;
  if (!record_) {
    wanted_[name] = layout;
    return;
  }
  Warn(name, OpenLocked(name, layout).status());
}

Result<std::string> EarlyViews::Open(const std::string& name, Layout layout) {
  MutexLock lock(mutex_);
  if (!record_) return FailedPrecondition("the model is not resolved yet");
  return OpenLocked(name, layout);
}

Result<std::string> EarlyViews::OpenLocked(const std::string& name, Layout layout) {
  ASSIGN_OR_RETURN(std::string view, views_.OpenEarly(name, layout, *record_, expected_));
  for (const auto& [path, blob] : verified_) {
    ASSIGN_OR_RETURN(const SafePath safe, SafePath::Parse(path));
    RETURN_IF_ERROR(views_.AddToEarly(view, safe, blob));
  }
  open_[name] = view;
  return view;
}

void EarlyViews::Verified(const SafePath& path, const Digest& blob) {
  MutexLock lock(mutex_);
  verified_[path.str()] = blob;
  for (const auto& [name, view] : open_) Warn(view, views_.AddToEarly(view, path, blob));
}

void EarlyViews::Complete(const Digest& model) {
  MutexLock lock(mutex_);
  for (const auto& [name, view] : open_) {
    Warn(view, views_.CompleteEarly(view, model));
    Warn(view, leases_.NameModel(view, model));
  }
  open_.clear();
}

}  // namespace ballast
