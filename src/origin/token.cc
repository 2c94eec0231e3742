#include "origin/token.h"

#include <algorithm>

#include "base/small_file.h"
#include "base/strings.h"

namespace ballast {
namespace {

constexpr size_t kMaxTokenBytes = size_t{16} * 1024;

// Not NotFound: that would say of the model that there is none.
Result<std::string> ReadTokenFile(const std::string& path) {
  Result<std::string> text = ReadSmallFile(path, kMaxTokenBytes);
  if (text.ok()) return text;
  if (text.status().code() == StatusCode::kInvalidArgument)
    return InvalidArgument(StrCat("tokenFile ", text.status().message(), ": that is no token"));
  return FailedPrecondition(StrCat("tokenFile: ", text.status().message(),
                                   "; put the token there, readable for this program's user, or name no tokenFile "
                                   "where all models are public"));
}

bool IsPrintable(std::string_view token) {
  return std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace

Result<std::string> TokenSource::Load() const {
  std::string text = value;
  if (load) {
    ASSIGN_OR_RETURN(text, load());
  } else if (text.empty() && !file.empty()) {
    ASSIGN_OR_RETURN(text, ReadTokenFile(file));
  }
  std::string token(Trim(text));
  if (IsPrintable(token)) return token;
  return InvalidArgument(
      StrCat(Describe(), " has a space, a control byte or a non-ASCII byte inside: it must be the token alone"));
}

std::string TokenSource::Describe() const {
  if (load) return "the token of the cache's Secret";
  if (!value.empty()) return "the token given in HF_TOKEN";
  return file.empty() ? "no token" : StrCat("the token in ", Quoted(file));
}

}  // namespace ballast
