#include "identity/pem_file.h"

#include "base/small_file.h"
#include "base/strings.h"
#include "identity/pem.h"

namespace ballast {
namespace {

constexpr mode_t kTooOpen = S_IRWXO | S_IWGRP;

mode_t ModeOf(Secrecy secrecy) { return secrecy == Secrecy::kPrivate ? 0600 : 0644; }

}  // namespace

Result<std::string> ReadPemFile(const std::string& path, Secrecy secrecy) {
  return ReadSmallFile(path, kMaxPemBytes, [&](const struct stat& info) {
    if (secrecy == Secrecy::kPublic || (info.st_mode & kTooOpen) == 0) return OkStatus();
    return PermissionDenied(StrCat("private key ", path, " is open to others; run: chmod go-w,o= ", path));
  });
}

Status ReplacePemFile(const std::string& path, std::string_view content, Secrecy secrecy) {
  return ReplaceSmallFile(path, content, ModeOf(secrecy));
}

Status CreatePemFile(const std::string& path, std::string_view content, Secrecy secrecy) {
  return CreateSmallFile(path, content, ModeOf(secrecy));
}

}  // namespace ballast
