#include "daemon/early_mounts.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/small_file.h"
#include "base/strings.h"

namespace ballast {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;
constexpr size_t kMaxFile = 64 << 20;

json ToJson(const EarlyMount& mount) {
  json value = {{"volume", mount.volume_id},
                {"target", mount.target_path},
                {"layout", static_cast<int>(mount.layout)},
                {"model", mount.request.ref.ToString()},
                {"include", mount.request.filter.include},
                {"exclude", mount.request.filter.exclude},
                {"origin", mount.request.origin},
                {"kept", mount.request.keep_resolution}};
  if (mount.request.manifest) value["manifest"] = mount.request.manifest->Hex();
  if (!mount.request.domain.empty()) value["domain"] = mount.request.domain;
  if (!mount.request.pod_namespace.empty()) value["namespace"] = mount.request.pod_namespace;
  return value;
}

// Throws json::exception on a missing or mistyped member.
Result<EarlyMount> FromJson(const json& value) {
  ASSIGN_OR_RETURN(ModelRef ref, ModelRef::Parse(value.at("model").get_ref<const std::string&>()));
  const int layout = value.at("layout");
  if (layout < 0 || layout > static_cast<int>(Layout::kHfRepo))
    return InvalidArgument("a layout that this program does not know");
  std::optional<Digest> manifest;
  if (value.contains("manifest")) {
    ASSIGN_OR_RETURN(manifest, Digest::FromHex(value.at("manifest").get_ref<const std::string&>()));
  }
  return EarlyMount{.volume_id = value.at("volume"),
                    .target_path = value.at("target"),
                    .layout = static_cast<Layout>(layout),
                    .request = {.ref = std::move(ref),
                                .filter = {.include = value.at("include"), .exclude = value.at("exclude")},
                                .origin = value.at("origin"),
                                .keep_resolution = value.at("kept"),
                                .manifest = manifest,
                                .domain = value.value("domain", ""),
                                .pod_namespace = value.value("namespace", "")}};
}

}  // namespace

std::string EarlyMount::ViewName() const { return Digest::Of(StrCat(volume_id, "\n", target_path)).Hex(); }

std::string EarlyMountsToJson(const std::vector<EarlyMount>& all) {
  json list = json::array();
  for (const EarlyMount& mount : all) list.push_back(ToJson(mount));
  return json{{"version", kVersion}, {"mounts", std::move(list)}}.dump(1, ' ', false, json::error_handler_t::replace) +
         "\n";
}

Result<std::vector<EarlyMount>> EarlyMountsFromJson(std::string_view text) try {
  const json document = json::parse(text);
  if (document.at("version") != kVersion) return InvalidArgument("a version that this program does not know");
  std::vector<EarlyMount> all;
  for (const json& value : document.at("mounts")) {
    ASSIGN_OR_RETURN(EarlyMount one, FromJson(value));
    all.push_back(std::move(one));
  }
  return all;
} catch (const json::exception& error) {
  return InvalidArgument(Quoted(error.what()));
}

std::vector<EarlyMount> StillWaiting(const std::vector<EarlyMount>& all, const std::vector<Lease>& leases) {
  std::vector<EarlyMount> waiting;
  for (const EarlyMount& mount : all) {
    const bool waits = std::any_of(leases.begin(), leases.end(), [&](const Lease& lease) {
      return lease.volume_id == mount.volume_id && lease.target_path == mount.target_path && !lease.manifest;
    });
    if (waits) waiting.push_back(mount);
  }
  return waiting;
}

Result<std::unique_ptr<EarlyMounts>> EarlyMounts::Open(std::string file) {
  const Result<std::string> text = ReadSmallFile(file, kMaxFile);
  if (text.status().code() == StatusCode::kNotFound)
    return std::unique_ptr<EarlyMounts>(new EarlyMounts(std::move(file), {}));
  if (!text.ok()) return text.status();
  Result<std::vector<EarlyMount>> all = EarlyMountsFromJson(*text);
  if (!all.ok())
    return all.status().WithContext(
        StrCat(file, " is damaged; remove it and restart the pods that wait for a volume with publish: Early"));
  return std::unique_ptr<EarlyMounts>(new EarlyMounts(std::move(file), *std::move(all)));
}

Status EarlyMounts::Add(const EarlyMount& mount) {
  MutexLock lock(mutex_);
  std::vector<EarlyMount> all = all_;
  std::erase_if(all, [&](const EarlyMount& known) { return known.ViewName() == mount.ViewName(); });
  all.push_back(mount);
  return Replace(std::move(all));
}

Result<std::vector<EarlyMount>> EarlyMounts::Sync(const std::vector<Lease>& leases) {
  MutexLock lock(mutex_);
  std::vector<EarlyMount> waiting = StillWaiting(all_, leases);
  if (waiting != all_) RETURN_IF_ERROR(Replace(std::move(waiting)));
  return all_;
}

Status EarlyMounts::Replace(std::vector<EarlyMount> all) {
  RETURN_IF_ERROR(ReplaceSmallFile(file_, EarlyMountsToJson(all)));
  all_ = std::move(all);
  return OkStatus();
}

}  // namespace ballast
