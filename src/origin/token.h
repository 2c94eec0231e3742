// The bearer token of an origin: from memory (the command line's environment) or from a file that somebody else renews.
#pragma once

#include <string>

#include "base/status.h"

namespace ballast {

struct TokenSource {
  std::string value;  // wins
  std::string file;   // read for each request of Load()

  // "" where neither is set or the file is empty of all but white space. InvalidArgument and errno's codes name the
  // file and never the token: unreadable, no regular file, larger than 16 KiB, with bytes that are not printable ASCII.
  Result<std::string> Load() const;
  bool configured() const { return !value.empty() || !file.empty(); }
  // For errors: "the token in /run/token", "the token given in HF_TOKEN".
  std::string Describe() const;
};

}  // namespace ballast
