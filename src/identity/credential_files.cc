#include "identity/credential_files.h"

#include <sys/stat.h>

#include <cerrno>

#include "base/errno_status.h"
#include "base/strings.h"
#include "identity/pem_file.h"

namespace ballast {
namespace {

std::string TimeText(const timespec& time) { return StrCat(time.tv_sec, ".", time.tv_nsec); }

Result<std::string> StampOf(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return ErrnoStatus(errno, "stat " + path);
  return StrCat(info.st_dev, " ", info.st_ino, " ", info.st_size, " ", TimeText(info.st_mtim), " ",
                TimeText(info.st_ctim), "\n");
}

Result<std::string> StampOf(const CredentialPaths& paths) {
  std::string all;
  for (const std::string& path : {paths.ca, paths.certificate, paths.key}) {
    ASSIGN_OR_RETURN(const std::string stamp, StampOf(path));
    all += stamp;
  }
  return all;
}

std::string NamesOf(const CredentialPaths& paths) {
  return StrCat("certificate ", paths.certificate, " with key ", paths.key, " and CA ", paths.ca);
}

}  // namespace

Result<Credentials> CredentialFiles::Read() const {
  Credentials read;
  ASSIGN_OR_RETURN(read.ca, ReadPemFile(paths_.ca, Secrecy::kPublic));
  ASSIGN_OR_RETURN(read.certificate, ReadPemFile(paths_.certificate, Secrecy::kPublic));
  ASSIGN_OR_RETURN(read.key, ReadPemFile(paths_.key, Secrecy::kPrivate));
  return read;
}

// The stamp is older than what is read: what changes in between is seen the next time.
Status CredentialFiles::Load() {
  ASSIGN_OR_RETURN(const std::string stamp, StampOf(paths_));
  if (stamp == stamp_) return Check(*current_, clock_.Now()).status().WithContext(NamesOf(paths_));
  ASSIGN_OR_RETURN(Credentials read, Read());
  RETURN_IF_ERROR(Check(read, clock_.Now()).status().WithContext(NamesOf(paths_)));
  if (current_ == nullptr || !(read == *current_)) current_ = std::make_shared<const Credentials>(std::move(read));
  stamp_ = stamp;
  return OkStatus();
}

CredentialFiles::Refreshed CredentialFiles::Refresh() {
  MutexLock lock(mutex_);
  Status problem = Load();
  if (!problem.ok() && current_ != nullptr) problem = problem.WithContext("the certificate loaded before stays in use");
  return {current_, std::move(problem)};
}

}  // namespace ballast
