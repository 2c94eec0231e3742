#include "kube/base64.h"

#include <openssl/evp.h>

#include <algorithm>

#include "base/strings.h"
#include "kube/resource.h"

namespace ballast {

std::string EncodeBase64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<size_t>(size));
  return out;
}

Result<std::string> DecodeBase64(std::string_view text) {
  std::string out(text.size() / 4 * 3 + 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return InvalidArgument("not base64");
  const size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  out.resize(static_cast<size_t>(size) - std::min<size_t>(padding, static_cast<size_t>(size)));
  return out;
}

Result<std::string> SecretValue(const Json& secret, const std::string& key) {
  const Json& data = ChildAt(secret, "/data");
  const auto found = data.find(key);
  if (found == data.end() || !found->is_string())
    return NotFound(StrCat("the Secret ", NameOf(secret), " has no key ", Quoted(key)));
  const auto value = DecodeBase64(found->get_ref<const std::string&>());
  return value.ok() ? value : value.status().WithContext(StrCat("key ", Quoted(key), " of Secret ", NameOf(secret)));
}

}  // namespace ballast
