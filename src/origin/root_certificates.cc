#include "origin/root_certificates.h"

#include <curl/curl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "base/strings.h"

namespace ballast {
namespace {

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// What libcurl was built to trust; "" where this machine has none, for a container may hold the private CA alone.
std::string SystemRoots() {
  const char* path = curl_version_info(CURLVERSION_NOW)->cainfo;
  return path == nullptr ? "" : ReadAll(path);
}

}  // namespace

Result<std::shared_ptr<const std::string>> RootCertificates::Load() {
  if (bundle_.empty()) return std::shared_ptr<const std::string>();
  struct stat info {};
  if (stat(bundle_.c_str(), &info) != 0) {
    return InvalidArgument(StrCat("caBundle ", Quoted(bundle_), ": ", std::strerror(errno)));
  }
  const std::string stamp = StrCat(info.st_ino, ".", info.st_size, ".", info.st_mtim.tv_sec, ".", info.st_mtim.tv_nsec);
  MutexLock lock(mutex_);
  if (stamp == stamp_) return pem_;
  const std::string own = ReadAll(bundle_);
  if (own.find("-----BEGIN CERTIFICATE-----") == std::string::npos) {
    return InvalidArgument(StrCat("caBundle ", Quoted(bundle_), " holds no PEM certificate (or may not be read)"));
  }
  pem_ = std::make_shared<const std::string>(SystemRoots() + "\n" + own);
  stamp_ = stamp;
  return pem_;
}

}  // namespace ballast
