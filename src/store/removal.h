// Models that are removed together, and the file that says so until they are gone.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "core/digest.h"

namespace ballast {

// By model, the blobs that may go with it.
using Removal = std::map<Digest, std::set<Digest>>;

// FORMAT.md, "Removal of models".
std::string RemovalToText(const Removal& removal);
// Lines that are none are passed over.
Removal RemovalFromText(std::string_view text);

}  // namespace ballast
