// JSON as the tree that YamlReader reads, so that objects from an apiserver and from a file are read by the same code.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "api/yaml_value.h"
#include "base/status.h"

namespace ballast {

// Every line is 0. InvalidArgument: nested more than 64 deep.
Result<YamlValue> YamlFromJson(const nlohmann::json& json);

}  // namespace ballast
