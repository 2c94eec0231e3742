// `kubectl ballast why`: what a pod or a claim waits for, since when, and what to do. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/cluster/look.h"

namespace ballast::cli {

// What is said of one volume of a pod, or of a claim.
struct Finding {
  std::string subject;  // "volume model (ClusterModelCache llama)"
  bool waits = true;
  std::string reason;  // one word of api/condition.h where there is one; for programs
  std::string text;    // what it waits for
  std::optional<Timestamp> since;
  std::string remedy;  // "" = none is needed

  friend bool operator==(const Finding&, const Finding&) = default;
};

struct Explanation {
  std::string object;  // "pod default/reader"
  std::string node;    // "" = none yet
  std::vector<Finding> findings;
};

Explanation ExplainPod(const PodLook& pod);
Explanation ExplainClaim(const ClaimLook& claim);

std::string Text(const Explanation& explanation, WallTime now);
std::string JsonText(const Explanation& explanation);

}  // namespace ballast::cli
