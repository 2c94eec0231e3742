#include "origin/root_certificates.h"

#include <curl/curl.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "base/strings.h"

namespace ballast {
namespace {

// False: there is no certificate in it.
bool AddFile(X509_STORE* store, const std::string& path) {
  const bool added = X509_STORE_load_file(store, path.c_str()) == 1;
  ERR_clear_error();  // libcurl would blame the connection for it
  return added;
}

// What libcurl was built to trust. Nothing, where this machine has none: a container may hold the private CA alone.
void AddSystemRoots(X509_STORE* store) {
  const char* path = curl_version_info(CURLVERSION_NOW)->cainfo;
  if (path != nullptr) AddFile(store, path);
}

Result<TrustStore> MakeStore(const std::string& bundle) {
  TrustStore store(X509_STORE_new(), &X509_STORE_free);
  X509_STORE_set_flags(store.get(),
                       X509_V_FLAG_PARTIAL_CHAIN);  // a bundle may hold an intermediate alone, as with curl
  AddSystemRoots(store.get());
  if (bundle.empty() || AddFile(store.get(), bundle)) return store;
  return InvalidArgument(StrCat("caBundle ", Quoted(bundle), " holds no PEM certificate (or may not be read)"));
}

Result<std::string> StampOf(const std::string& bundle) {
  if (bundle.empty()) return std::string("system");
  struct stat info {};
  if (stat(bundle.c_str(), &info) != 0) {
    return InvalidArgument(StrCat("caBundle ", Quoted(bundle), ": ", std::strerror(errno)));
  }
  return StrCat(info.st_ino, ".", info.st_size, ".", info.st_mtim.tv_sec, ".", info.st_mtim.tv_nsec);
}

}  // namespace

Result<TrustStore> RootCertificates::Load() {
  ASSIGN_OR_RETURN(const std::string stamp, StampOf(bundle_));
  MutexLock lock(mutex_);
  if (stamp == stamp_) return store_;
  ASSIGN_OR_RETURN(store_, MakeStore(bundle_));
  stamp_ = stamp;
  return store_;
}

}  // namespace ballast
