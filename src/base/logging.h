// Log lines in Kubernetes' message style: a sentence, then key="value" pairs.
//
//   LOG(INFO) << Message("Model is ready").With("model", ref).With("bytes", FormatBytes(n));
//   I1123 16:25:01.123456  4711 prepare.cc:88] "Model is ready" model="hf://org/name" bytes="12.3 GiB"
#pragma once

#include <glog/logging.h>

#include <ostream>
#include <string>
#include <string_view>

#include "base/strings.h"

namespace ballast {

class Message {
 public:
  explicit Message(std::string_view sentence) : text_(Quoted(sentence, 2000)) {}

  template <typename Value>
  Message& With(std::string_view key, const Value& value) {
    text_.append(" ").append(key).append("=").append(Quoted(StrCat(value), 2000));
    return *this;
  }

  friend std::ostream& operator<<(std::ostream& out, const Message& message) { return out << message.text_; }

 private:
  std::string text_;
};

// For main(): logs go to stderr, lines above INFO are never held back. `verbosity` is glog's -v.
void InitLogging(const char* program, int verbosity = 0);

}  // namespace ballast
