// Whether a node that says Hello is coordinated here. Pure. What it is for: all nodes of one model end at one
// coordinator, also while they see different members, and a node that comes first in order takes no running swarm over.
#pragma once

#include <span>
#include <string>
#include <variant>
#include <vector>

namespace ballast {

// So many others, next in order, are asked before a node begins to coordinate a model, and told while it does.
inline constexpr size_t kAskedAboutCoordinator = 3;

struct JoinQuestion {
  std::string self;
  std::string from;
  bool active = false;                       // this node coordinates the model already
  bool asked = false;                        // the others of AskedOf() have answered, or don't
  std::string known;                         // who coordinates it, as far as this node knows; "": nobody
  std::span<const std::string> order;        // the members by rendezvous order, as this node sees them
  std::span<const std::string> unreachable;  // for `from`
  uint32_t redirects = 0;                    // of `from`
  uint32_t max_redirects = 3;
};

struct TakeIn {};
struct SendTo {
  std::string node;
};
struct AskFirst {
  std::vector<std::string> nodes;  // may be empty: then there is nobody to ask
};
using JoinVerdict = std::variant<TakeIn, SendTo, AskFirst>;

JoinVerdict Judge(const JoinQuestion& question);

// The first of the order other than self and those that `from` can't reach. Where those are all the others, they: to a
// node that they did not know yet they said as little as if they were dead.
std::vector<std::string> AskedOf(const JoinQuestion& question);

}  // namespace ballast
