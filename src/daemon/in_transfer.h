// What downloads need, so that nothing may take it away.
#pragma once

#include <set>

#include "core/digest.h"

namespace ballast {

struct InTransfer {
  std::set<Digest> blobs;   // of downloads that go on, whether they have come yet or not
  std::set<Digest> models;  // here, and about to be given to whoever waits for them
};

}  // namespace ballast
