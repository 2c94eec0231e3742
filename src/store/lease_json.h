// The content of a lease file. Pure.
#pragma once

#include <string>
#include <string_view>

#include "store/store.h"

namespace ballast {

// InvalidArgument: a text in it is not UTF-8.
Result<std::string> LeaseToJson(const Lease& lease);
// InvalidArgument for anything that LeaseToJson() does not write; more keys are allowed.
Result<Lease> LeaseFromJson(std::string_view json);
// What the lease's file is called: SHA-256 of volume id, NUL, target path.
Digest LeaseName(const std::string& volume_id, const std::string& target_path);

}  // namespace ballast
