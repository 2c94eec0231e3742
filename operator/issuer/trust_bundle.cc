#include "operator/issuer/trust_bundle.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "api/timestamp.h"
#include "core/digest.h"
#include "identity/authority.h"
#include "identity/certificate_check.h"
#include "identity/pem.h"

namespace ballast::controller {
namespace {

constexpr size_t kMaxAuthorities = 8;

struct Former {
  Timestamp until;
  std::string print;
  std::string pem;
};

std::string PrintOf(const std::string& pem) { return Digest::Of(pem).Hex(); }

// Until when a former CA is trusted; nothing: it is over.
std::optional<Timestamp> UntilOf(const X509& certificate, const std::string& recorded, WallTime now) {
  const auto validity = ValidityOf(certificate);
  const auto known = ParseTimestamp(recorded);
  const Timestamp until = known.ok() ? *known : std::chrono::floor<std::chrono::seconds>(now) + kCertificateLifetime;
  if (!validity.ok() || validity->not_after <= now || until <= now) return std::nullopt;
  return until;
}

// Those of `stored` that are still trusted beside `current`, the longest first.
std::vector<Former> FormerOf(const TrustBundle& stored, const std::string& current, WallTime now) {
  std::vector<Former> all;
  const auto certificates = ParseCertificates(stored.pem);
  if (!certificates.ok()) return all;
  for (const CertificatePtr& certificate : *certificates) {
    const auto pem = PemOf(*certificate);
    if (!pem.ok() || *pem == current) continue;
    const auto recorded = stored.former.find(PrintOf(*pem));
    const auto until = UntilOf(*certificate, recorded == stored.former.end() ? "" : recorded->second, now);
    if (until) all.push_back({*until, PrintOf(*pem), *pem});
  }
  std::stable_sort(all.begin(), all.end(), [](const Former& a, const Former& b) { return a.until > b.until; });
  if (all.size() >= kMaxAuthorities) all.resize(kMaxAuthorities - 1);
  return all;
}

}  // namespace

TrustBundle ReadTrust(const Json& config_map) {
  TrustBundle bundle;
  const Json& data = ChildAt(config_map, "/data");
  if (const auto found = data.find(kTrustKey); found != data.end() && found->is_string()) bundle.pem = *found;
  const Json& annotations = ChildAt(config_map, "/metadata/annotations");
  const auto found = annotations.find(kFormerAnnotation);
  if (found == annotations.end() || !found->is_string()) return bundle;
  const auto former = ParseJson(found->get_ref<const std::string&>());
  if (!former.ok() || !former->is_object()) return bundle;
  for (const auto& [print, until] : former->items()) {
    if (until.is_string()) bundle.former[print] = until.get<std::string>();
  }
  return bundle;
}

Result<TrustBundle> PlanTrust(const TrustBundle& stored, const std::string& authority, WallTime now) {
  ASSIGN_OR_RETURN(const std::vector<CertificatePtr> certificates, ParseCertificates(authority));
  ASSIGN_OR_RETURN(const std::string current, PemOf(*certificates.front()));
  TrustBundle bundle{.pem = current, .former = {}};
  for (const Former& former : FormerOf(stored, current, now)) {
    bundle.pem += former.pem;
    bundle.former[former.print] = FormatTimestamp(former.until);
  }
  return bundle;
}

Json WithTrust(const Json& config_map, const ObjectName& name, const TrustBundle& bundle) {
  Json object = config_map;
  if (object.is_null()) {
    object = {{"apiVersion", "v1"},
              {"kind", "ConfigMap"},
              {"metadata",
               {{"namespace", name.ns}, {"name", name.name}, {"labels", {{"app.kubernetes.io/part-of", "ballast"}}}}}};
  }
  object["data"][kTrustKey] = bundle.pem;
  if (bundle.former.empty()) {
    if (!ChildAt(object, "/metadata/annotations").empty()) object["metadata"]["annotations"].erase(kFormerAnnotation);
  } else {
    object["metadata"]["annotations"][kFormerAnnotation] = DumpJson(Json(bundle.former));
  }
  return object;
}

}  // namespace ballast::controller
