// The bearer token of an origin: from memory (the command line's environment), from a file that somebody else renews,
// or from whoever keeps it.
#pragma once

#include <functional>
#include <string>

#include "base/status.h"

namespace ballast {

// Asked before each request; may block. "": none. Thread-safe.
using LoadToken = std::function<Result<std::string>()>;

struct TokenSource {
  std::string value;  // wins
  std::string file;   // read for each request of Load()
  LoadToken load;     // goes before both

  // "" where none is set or the file is empty of all but white space. InvalidArgument and errno's codes name the
  // file and never the token: unreadable, no regular file, larger than 16 KiB, with bytes that are not printable ASCII.
  Result<std::string> Load() const;
  bool configured() const { return load || !value.empty() || !file.empty(); }
  // For errors: "the token in /run/token", "the token given in HF_TOKEN".
  std::string Describe() const;
};

}  // namespace ballast
