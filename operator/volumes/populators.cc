#include "operator/volumes/populators.h"

namespace ballast::controller {
namespace {

Json PopulatorOf(const char* name, const char* kind) {
  return {{"apiVersion", kPopulators.ApiVersion()},
          {"kind", "VolumePopulator"},
          {"metadata", {{"name", name}, {"labels", {{"app.kubernetes.io/part-of", "ballast"}}}}},
          {"sourceKind", {{"group", "ballast.dev"}, {"kind", kind}}}};
}

}  // namespace

std::vector<Json> Populators() {
  return {PopulatorOf("ballast-modelcache", "ModelCache"),
          PopulatorOf("ballast-clustermodelcache", "ClusterModelCache")};
}

}  // namespace ballast::controller
