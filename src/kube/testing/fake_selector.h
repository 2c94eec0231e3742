// Label and field selectors as the apiserver reads them, as far as a fake needs them.
#pragma once

#include <string>

#include "kube/json.h"

namespace ballast {

// "a=b,c!=d,e,!f" of labels.
bool LabelsMatch(const Json& object, const std::string& selector);
// "metadata.name=x,spec.nodeName!=y": any path to a string.
bool FieldsMatch(const Json& object, const std::string& selector);

}  // namespace ballast
