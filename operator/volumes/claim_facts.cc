#include "operator/volumes/claim_facts.h"

namespace ballast::controller {
namespace {

constexpr char kOldProvisionerAnnotation[] = "volume.beta.kubernetes.io/storage-provisioner";
constexpr char kOldClassAnnotation[] = "volume.beta.kubernetes.io/storage-class";

std::string MemberOf(const Json& object, const std::string& key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string AnnotationOf(const Json& object, const char* key) {
  return MemberOf(ChildAt(object, "/metadata/annotations"), key);
}

std::vector<std::string> StringsAt(const Json& object, const char* pointer) {
  std::vector<std::string> all;
  for (const Json& item : ChildAt(object, pointer)) {
    if (item.is_string()) all.push_back(item.get<std::string>());
  }
  return all;
}

std::string FirstOf(const std::string& a, const std::string& b) { return a.empty() ? b : a; }

// dataSource is what dataSourceRef was before it took objects of all kinds; the apiserver copies each to the other
// where it can.
std::optional<DataSource> SourceOf(const Json& claim) {
  for (const char* pointer : {"/spec/dataSourceRef", "/spec/dataSource"}) {
    const Json& source = ChildAt(claim, pointer);
    if (source.empty()) continue;
    return DataSource{MemberOf(source, "apiGroup"), MemberOf(source, "kind"), MemberOf(source, "namespace"),
                      MemberOf(source, "name")};
  }
  return std::nullopt;
}

}  // namespace

ClaimFacts ClaimFromJson(const Json& object) {
  return {
      .name = NameOf(object),
      .uid = UidOf(object),
      .resource_version = ResourceVersionOf(object),
      .ending = IsBeingDeleted(object),
      .storage_class = FirstOf(AnnotationOf(object, kOldClassAnnotation), StringAt(object, "/spec/storageClassName")),
      .provisioner =
          FirstOf(AnnotationOf(object, kProvisionerAnnotation), AnnotationOf(object, kOldProvisionerAnnotation)),
      .selected_node = AnnotationOf(object, kSelectedNodeAnnotation),
      .volume = StringAt(object, "/spec/volumeName"),
      .volume_mode = FirstOf(StringAt(object, "/spec/volumeMode"), "Filesystem"),
      .access_modes = StringsAt(object, "/spec/accessModes"),
      .request = StringAt(object, "/spec/resources/requests/storage"),
      .has_selector = !ChildAt(object, "/spec/selector").empty(),
      .source = SourceOf(object),
      .revision = AnnotationOf(object, kRevisionAnnotation)};
}

StorageClassFacts StorageClassFromJson(const Json& object) {
  StorageClassFacts facts{.name = NameOf(object).name,
                          .provisioner = StringAt(object, "/provisioner"),
                          .mount_options = StringsAt(object, "/mountOptions"),
                          .reclaim_policy = FirstOf(StringAt(object, "/reclaimPolicy"), "Delete"),
                          .waits_for_consumer = StringAt(object, "/volumeBindingMode") == "WaitForFirstConsumer"};
  for (const auto& [key, value] : ChildAt(object, "/parameters").items()) {
    if (value.is_string()) facts.parameters[key] = value.get<std::string>();
  }
  return facts;
}

}  // namespace ballast::controller
