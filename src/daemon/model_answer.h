// What a model reference was found to mean, between nodes: a manifest, and what the origin said of it. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "core/manifest.h"
#include "daemon/model_request.h"
#include "origin/origin.h"
#include "swarm/control.h"

namespace ballast {

struct ModelAnswer {
  Manifest manifest;
  OriginRecord record;
  std::string warning;  // served although something is wrong, for people; "" = the origin said so just now

  friend bool operator==(const ModelAnswer&, const ModelAnswer&) = default;
};

ResolveQuery QueryOf(const ModelRequest& request, bool known_only);
// InvalidArgument: what no node of ours asks.
Result<ModelRequest> RequestOf(const ResolveQuery& query);
// Equal on every node that asks for the same: who answers it first is computed from it.
std::string ResolveKey(const ModelRequest& request);

// DataLoss: `manifest` is another than the one that the request names.
Status CheckExpected(const ModelRequest& request, const Digest& manifest);

Resolved ToResolved(const ModelAnswer& answer);
// DataLoss: it can't be an answer to `request`.
Result<ModelAnswer> FromResolved(const ModelRequest& request, const Resolved& resolved);

// The origin is not there, rather than against it.
bool IsSilence(const Status& origin_error);

// "this is what hf://org/name@main was 3 h ago", and "the origin does not answer (..); " before it where that is why.
std::string AgeWarning(const ModelRequest& request, const OriginRecord& record, int64_t now_unix);
std::string SilenceWarning(const Status& origin_error, const std::string& age_warning);

// As an origin would have said it, but with every file's digest.
ResolvedModel ToModel(const ModelRequest& request, const ModelAnswer& answer);

}  // namespace ballast
