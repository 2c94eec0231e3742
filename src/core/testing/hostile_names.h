// Names and listings that a hostile or careless origin may send, each with the rule that refuses it: for every parser
// that takes names from outside, and for the proof that nothing is created for them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ballast {

struct HostileName {
  std::string name;
  std::string_view rule;  // part of the error's text that says which rule it breaks
};

// About 200; SafePath::Parse refuses each.
std::vector<HostileName> HostileNames();

// Unusual names that are harmless and must be accepted.
std::vector<std::string> OddButFineNames();

struct HostileListing {
  std::vector<std::string> names;  // each one a SafePath
  std::string_view rule;
};

// CheckPathSet refuses each.
std::vector<HostileListing> HostileListings();

}  // namespace ballast
