// The hub as a person's environment describes it, by the rules of the hub's own client (huggingface_hub constants.py,
// utils/_auth.py), so that whoever can `hf download` can `ballast pull`.
#pragma once

#include <functional>
#include <string>

#include "api/origin_config.h"

namespace ballast {

// A variable's value, "" where it is not set.
using Environment = std::function<std::string(const std::string& name)>;
Environment ProcessEnvironment();

// Origin "hub" for hf://. HF_ENDPOINT (then private addresses are allowed: the user named it); the token from HF_TOKEN
// or HUGGING_FACE_HUB_TOKEN, else from the file HF_TOKEN_PATH, else $HF_HOME/token, else ~/.cache/huggingface/token, if
// that is there; HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY in either case; a CA from SSL_CERT_FILE,
// REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE.
OriginConfig FromEnvironment(const Environment& environment);

}  // namespace ballast
