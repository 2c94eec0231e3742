// "?a=1&b=x%20y" of what is set.
#pragma once

#include <string>
#include <string_view>

#include "kube/resource.h"

namespace ballast {

class RestQuery {
 public:
  RestQuery& Add(std::string_view key, std::string_view value) {
    if (value.empty()) return *this;
    text_.append(text_.empty() ? "?" : "&").append(key).append("=").append(PercentEncode(value));
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace ballast
