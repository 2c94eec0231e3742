// Bytes as the apiserver writes them: the values of a Secret, the certificates of a kubeconfig.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "kube/json.h"

namespace ballast {

std::string EncodeBase64(std::string_view bytes);
// InvalidArgument: "not base64".
Result<std::string> DecodeBase64(std::string_view text);

// What a Secret holds under `key`. NotFound: no such key; InvalidArgument. Texts name the key, never the value.
Result<std::string> SecretValue(const Json& secret, const std::string& key);

}  // namespace ballast
