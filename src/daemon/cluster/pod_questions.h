// What pods ask for and the CacheNode does not list: status.wanted. A value; `now` is an input.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "api/cache_node.h"

namespace ballast {

// Not thread-safe.
class PodQuestions {
 public:
  // One question per cache and namespace; a further revision of the same waits until the first is answered.
  void Ask(const WantedCache& question, Timestamp now);
  // Those that `spec` does not list and that somebody asked a while ago at most: longer than the kubelet waits between
  // two tries.
  std::vector<WantedCache> Open(const CacheNodeSpec& spec, Timestamp now);
  void Clear() { asked_.clear(); }

 private:
  struct Asked {
    WantedCache question;
    Timestamp last;
  };

  std::map<std::pair<std::string, std::string>, Asked> asked_;
};

}  // namespace ballast
