// Who may have which model on a node that follows its CacheNode. Pure.
//
// Every answer comes from the object: what it does not list is not served, whatever lies on the disk. What is listed
// under the name that a pod gives is served to the namespaces of the entry alone. What nobody has decided yet is a
// question for the operator.
#pragma once

#include <optional>
#include <string>

#include "api/cache_node.h"
#include "daemon/admissions.h"

namespace ballast {

struct NodeVerdict {
  Admittance admittance;
  std::optional<WantedCache> question;  // for status.wanted; `since` is not set
};

// `node`: null where there is none (yet).
NodeVerdict AdmitOnNode(const cache::v1::PrepareRequest& asked, const CacheNode* node);

// The access domain of a token that came with a volume of this namespace.
std::string DomainOfToken(const std::string& pod_namespace, const std::string& token);

// Whether an entry of `spec` is what the question asks for. (A refusal answers it, too, but stays only while it is
// asked.)
bool IsListed(const CacheNodeSpec& spec, const WantedCache& question);

// As gRPC says it, with the refusal's own text.
Status StatusOf(const CacheRefusal& refusal);

}  // namespace ballast
