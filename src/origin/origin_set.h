// The configured origins, and which of them serves a model.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/origin_config.h"
#include "base/clock.h"
#include "origin/origin.h"
#include "origin/token.h"

namespace prometheus {
class Registry;
}

namespace ballast {

// Thread-safe once made; the origins live as long as the set.
class OriginSet {
 public:
  // Adds to `configs` what a machine without a configuration needs: "hub" for hf:// at the public endpoint and "https"
  // for https://, each where no origin of that scheme is configured. InvalidArgument: two of a name, a match or
  // endpoint that is none, a token that would go to any host. `clock`, and `registry` if there is one, must outlive the
  // set. `load`: where tokens come from instead, for all origins at which a token can go to one host alone.
  static Result<std::unique_ptr<OriginSet>> Make(std::vector<OriginConfig> configs, const Clock& clock,
                                                 prometheus::Registry* registry = nullptr, LoadToken load = {});

  // The origin `name`, or with "" the one whose `match` is the longest that `ref` begins with (at the end of a
  // component). NotFound names the known ones.
  Result<Origin*> Select(const ModelRef& ref, std::string_view name = "") const;

 private:
  struct Member {
    std::string name;
    std::string match;
    std::unique_ptr<Origin> origin;
  };

  explicit OriginSet(std::vector<Member> members) : members_(std::move(members)) {}
  std::string Known() const;

  const std::vector<Member> members_;
};

// True if `match` is `uri` or one that `uri` lies below: "hf://org" matches "hf://org/name", not "hf://organic/name".
bool MatchesUri(std::string_view match, std::string_view uri);

}  // namespace ballast
