#include "origin/token.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/errno_status.h"
#include "base/strings.h"
#include "base/unique_fd.h"

namespace ballast {
namespace {

constexpr size_t kMaxTokenBytes = size_t{16} * 1024;

// Not NotFound: that would say of the model that there is none.
Status Unreadable(const std::string& path, int error) {
  return FailedPrecondition(
      StrCat(ErrnoStatus(error, StrCat("tokenFile ", Quoted(path))).message(),
             "; put the token there, readable for this program's user, or name no tokenFile where "
             "all models are public"));
}

Result<std::string> ReadSmallFile(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return Unreadable(path, errno);
  std::array<char, kMaxTokenBytes + 1> buffer;
  std::string text;
  while (text.size() <= kMaxTokenBytes) {
    const ssize_t got = read(fd.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Unreadable(path, errno);
    if (got == 0) return text;
    text.append(buffer.data(), static_cast<size_t>(got));
  }
  return InvalidArgument(StrCat("tokenFile ", Quoted(path), " is larger than 16 KiB: that is no token"));
}

bool IsPrintable(std::string_view token) {
  return std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace

Result<std::string> TokenSource::Load() const {
  std::string text = value;
  if (text.empty() && !file.empty()) {
    ASSIGN_OR_RETURN(text, ReadSmallFile(file));
  }
  std::string token(Trim(text));
  if (IsPrintable(token)) return token;
  return InvalidArgument(
      StrCat(Describe(), " has a space, a control byte or a non-ASCII byte inside: it must be the token alone"));
}

std::string TokenSource::Describe() const {
  if (!value.empty()) return "the token given in HF_TOKEN";
  return file.empty() ? "no token" : StrCat("the token in ", Quoted(file));
}

}  // namespace ballast
