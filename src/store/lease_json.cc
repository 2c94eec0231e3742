#include "store/lease_json.h"

#include <nlohmann/json.hpp>

#include "base/strings.h"

namespace ballast {

using Json = nlohmann::json;

Result<std::string> LeaseToJson(const Lease& lease) {
  Json json = {
      {"pod", lease.pod}, {"target_path", lease.target_path}, {"view", lease.view}, {"volume_id", lease.volume_id}};
  if (lease.manifest) json["manifest"] = lease.manifest->ToString();
  if (!lease.pod_uid.empty()) json["pod_uid"] = lease.pod_uid;
  try {
    return json.dump() + "\n";
  } catch (const Json::exception&) {
    return InvalidArgument(StrCat("the lease of volume ", Quoted(lease.volume_id), " is not UTF-8"));
  }
}

Result<Lease> LeaseFromJson(std::string_view json) {
  const Json parsed = Json::parse(json, nullptr, false);
  if (!parsed.is_object()) return InvalidArgument("no JSON object");
  Status wrong;
  const auto text = [&](const char* key) -> std::string {
    const auto value = parsed.find(key);
    if (value != parsed.end() && value->is_string()) return value->get<std::string>();
    wrong = InvalidArgument(StrCat("no string \"", key, "\""));
    return "";
  };
  Lease lease{text("volume_id"), text("target_path"), text("pod"), std::nullopt, text("view"), ""};
  if (parsed.contains("manifest")) {
    ASSIGN_OR_RETURN(lease.manifest, Digest::Parse(text("manifest")));
  }
  if (parsed.contains("pod_uid")) lease.pod_uid = text("pod_uid");
  RETURN_IF_ERROR(wrong);
  return lease;
}

Digest LeaseName(const std::string& volume_id, const std::string& target_path) {
  return Digest::Of(volume_id + '\0' + target_path);
}

}  // namespace ballast
