#include "kube/testing/fake_store.h"

#include <algorithm>
#include <utility>

#include "api/timestamp.h"
#include "base/check.h"
#include "base/strings.h"
#include "kube/testing/fake_selector.h"

namespace ballast {
namespace {

bool IsName(const std::string& name) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'; };
  return !name.empty() && name.size() <= 253 && std::all_of(name.begin(), name.end(), fits);
}

// What an object is besides what its generation does not count.
Json Counted(const FakeResource& rules, Json object) {
  object.erase("metadata");
  if (rules.status_subresource) object.erase("status");
  return object;
}

void CopyMember(const Json& from, const char* key, Json& to) {
  if (from.contains(key)) {
    to[key] = from.at(key);
  } else {
    to.erase(key);
  }
}

// What only the apiserver writes stays as it is.
void KeepSystemFields(const Json& old, Json& object) {
  for (const char* key : {"name", "namespace", "uid", "creationTimestamp", "generation", "deletionTimestamp",
                          "deletionGracePeriodSeconds", "resourceVersion"}) {
    CopyMember(old.at("metadata"), key, object["metadata"]);
  }
  object["metadata"].erase("managedFields");
}

Status Stale(const ObjectName& name) {
  return Aborted(StrCat("operation cannot be fulfilled on ", name,
                        ": the object has been modified; please apply your changes to the latest version"));
}

Status CheckStillTheSame(const Json& live, const std::string& uid, const std::string& resource_version) {
  const bool same =
      (uid.empty() || uid == UidOf(live)) && (resource_version.empty() || resource_version == ResourceVersionOf(live));
  return same ? OkStatus() : Stale(NameOf(live));
}

Status CheckFinalizers(const Json& old, const Json& object) {
  if (!IsBeingDeleted(old)) return OkStatus();
  const Json& before = ChildAt(old, "/metadata/finalizers");
  for (const Json& finalizer : ChildAt(object, "/metadata/finalizers")) {
    if (std::find(before.begin(), before.end(), finalizer) == before.end()) {
      return InvalidArgument("no new finalizers can be added if the object is being deleted");
    }
  }
  return OkStatus();
}

bool IsGone(const Json& object) { return IsBeingDeleted(object) && ChildAt(object, "/metadata/finalizers").empty(); }

}  // namespace

void FakeStore::Serve(FakeResource resource) {
  const KubeResource key = resource.resource;
  types_[key].rules = std::move(resource);
}

Result<const FakeStore::Type*> FakeStore::Find(const KubeResource& resource) const {
  const auto found = types_.find(resource);
  if (found == types_.end()) return NotFound("the server could not find the requested resource");
  return &found->second;
}

Result<FakeStore::Type*> FakeStore::Find(const KubeResource& resource) {
  ASSIGN_OR_RETURN(const Type* type, std::as_const(*this).Find(resource));
  return const_cast<Type*>(type);
}

Result<FakeStore::Stored*> FakeStore::FindObject(Type& type, const ObjectName& name) {
  RETURN_IF_ERROR(ObjectPath(type.rules.resource, name).status());
  const auto found = type.objects.find(name);
  if (found == type.objects.end()) {
    return NotFound(StrCat(type.rules.resource.FullName(), " \"", name.name, "\" not found"));
  }
  return &found->second;
}

Result<Json> FakeStore::Get(const KubeResource& resource, const ObjectName& name) const {
  ASSIGN_OR_RETURN(Type * type, const_cast<FakeStore*>(this)->Find(resource));
  ASSIGN_OR_RETURN(const Stored* stored, FindObject(*type, name));
  return stored->object;
}

Result<std::vector<Json>> FakeStore::Select(const KubeResource& resource, const ListRequest& request) const {
  ASSIGN_OR_RETURN(const Type* type, Find(resource));
  std::vector<Json> selected;
  for (const auto& [name, stored] : type->objects) {
    if (!request.ns.empty() && name.ns != request.ns) continue;
    if (!LabelsMatch(stored.object, request.label_selector)) continue;
    if (FieldsMatch(stored.object, request.field_selector)) selected.push_back(stored.object);
  }
  return selected;
}

Status FakeStore::CheckType(const Type& type, const Json& object) const {
  if (StringAt(object, "/apiVersion") != type.rules.resource.ApiVersion() ||
      StringAt(object, "/kind") != type.rules.kind) {
    return InvalidArgument(StrCat("the object is no ", type.rules.kind, " of ", type.rules.resource.ApiVersion()));
  }
  return OkStatus();
}

Result<Json> FakeStore::Create(const KubeResource& resource, Json object) {
  ASSIGN_OR_RETURN(Type * type, Find(resource));
  RETURN_IF_ERROR(CheckType(*type, object));
  if (type->rules.answer) return type->rules.answer(object);
  if (!ResourceVersionOf(object).empty()) return InvalidArgument("resourceVersion can not be set for Create requests");
  const std::string prefix = StringAt(object, "/metadata/generateName");
  if (NameOf(object).name.empty() && !prefix.empty()) {
    object["metadata"]["name"] = StrCat(prefix, "x", HexEncode(std::string(1, static_cast<char>(++names_))));
  }
  FieldOwners owners;
  owners.Wrote(Json::object(), object);
  return Insert(*type, std::move(object), std::move(owners));
}

Result<Json> FakeStore::Insert(Type& type, Json object, FieldOwners owners) {
  const ObjectName name = NameOf(object);
  if (!IsName(name.name)) return InvalidArgument(StrCat("metadata.name: Invalid value: ", Quoted(name.name)));
  RETURN_IF_ERROR(ObjectPath(type.rules.resource, name).status());
  if (type.objects.contains(name)) {
    return AlreadyExists(StrCat(type.rules.resource.FullName(), " \"", name.name, "\" already exists"));
  }
  if (type.rules.status_subresource) object.erase("status");
  if (type.rules.validate) RETURN_IF_ERROR(type.rules.validate(object, nullptr));
  Json& metadata = object["metadata"];
  for (const char* key : {"deletionTimestamp", "deletionGracePeriodSeconds", "managedFields"}) metadata.erase(key);
  metadata["uid"] = StrCat("uid-", revision_ + 1);
  metadata["creationTimestamp"] = FormatTimestamp(std::chrono::floor<std::chrono::seconds>(clock_.Now()));
  if (type.rules.has_generation) metadata["generation"] = 1;
  Record(type, WatchEvent::Kind::kAdded, object, nullptr);
  type.objects[name] = {object, std::move(owners)};
  return object;
}

Result<Json> FakeStore::Update(const KubeResource& resource, const Json& object) {
  ASSIGN_OR_RETURN(Type * type, Find(resource));
  RETURN_IF_ERROR(CheckType(*type, object));
  RETURN_IF_ERROR(CheckUpdatable(object));
  ASSIGN_OR_RETURN(const Stored* stored, FindObject(*type, NameOf(object)));
  RETURN_IF_ERROR(CheckStillTheSame(stored->object, UidOf(object), ResourceVersionOf(object)));
  return Write(*type, NameOf(object), object, Subresource::kNone);
}

Result<Json> FakeStore::Patch(const KubeResource& resource, const ObjectName& name, const Json& patch,
                              Subresource subresource) {
  ASSIGN_OR_RETURN(Type * type, Find(resource));
  if (subresource == Subresource::kStatus && !type->rules.status_subresource) {
    return NotFound("the server could not find the requested resource");
  }
  ASSIGN_OR_RETURN(const Stored* stored, FindObject(*type, name));
  RETURN_IF_ERROR(CheckStillTheSame(stored->object, UidOf(patch), ResourceVersionOf(patch)));
  Json wanted = stored->object;
  wanted.merge_patch(patch);
  return Write(*type, name, std::move(wanted), subresource);
}

Result<Json> FakeStore::Write(Type& type, const ObjectName& name, Json wanted, Subresource subresource) {
  const Stored& stored = type.objects.at(name);
  if (subresource == Subresource::kStatus) {
    Json status_only = stored.object;
    CopyMember(wanted, "status", status_only);
    wanted = std::move(status_only);
  } else if (type.rules.status_subresource) {
    CopyMember(stored.object, "status", wanted);
  }
  FieldOwners owners = stored.owners;
  owners.Wrote(stored.object, wanted);
  return Replace(type, name, std::move(wanted), owners);
}

Result<Json> FakeStore::Apply(const KubeResource& resource, const ApplyRequest& request) {
  ASSIGN_OR_RETURN(Type * type, Find(resource));
  RETURN_IF_ERROR(CheckType(*type, request.object));
  Json applied = request.object;
  if (type->rules.status_subresource) applied.erase("status");
  const ObjectName name = NameOf(applied);
  RETURN_IF_ERROR(ObjectPath(resource, name).status());
  const auto found = type->objects.find(name);
  if (found == type->objects.end()) {
    FieldOwners owners;
    if (!UidOf(applied).empty() || !ResourceVersionOf(applied).empty()) return Stale(name);
    RETURN_IF_ERROR(owners.Apply(applied, applied, request.field_manager).status());
    return Insert(*type, applied, std::move(owners));
  }
  const Json live = found->second.object;
  RETURN_IF_ERROR(CheckStillTheSame(live, UidOf(applied), ResourceVersionOf(applied)));
  FieldOwners owners = found->second.owners;
  ASSIGN_OR_RETURN(Json merged, owners.Apply(live, applied, request.field_manager));
  return Replace(*type, name, std::move(merged), owners);
}

Result<Json> FakeStore::Replace(Type& type, const ObjectName& name, Json wanted, const FieldOwners& owners) {
  Stored& stored = type.objects.at(name);
  const Json old = stored.object;
  KeepSystemFields(old, wanted);
  RETURN_IF_ERROR(CheckFinalizers(old, wanted));
  if (type.rules.validate) RETURN_IF_ERROR(type.rules.validate(wanted, &old));
  stored.owners = owners;
  if (wanted == old) return old;  // nothing changes, nobody hears of it
  if (type.rules.has_generation && Counted(type.rules, wanted) != Counted(type.rules, old)) {
    wanted["metadata"]["generation"] = GenerationOf(old) + 1;
  }
  const bool gone = IsGone(wanted);
  Record(type, gone ? WatchEvent::Kind::kDeleted : WatchEvent::Kind::kModified, wanted, old);
  if (gone) {
    type.objects.erase(name);
  } else {
    stored.object = wanted;
  }
  return wanted;
}

Status FakeStore::Delete(const KubeResource& resource, const ObjectName& name, const Preconditions& preconditions) {
  ASSIGN_OR_RETURN(Type * type, Find(resource));
  ASSIGN_OR_RETURN(Stored * stored, FindObject(*type, name));
  RETURN_IF_ERROR(CheckStillTheSame(stored->object, preconditions.uid, preconditions.resource_version));
  if (IsBeingDeleted(stored->object)) return OkStatus();
  const Json old = stored->object;
  Json object = old;
  if (ChildAt(old, "/metadata/finalizers").empty()) {
    type->objects.erase(name);
    Record(*type, WatchEvent::Kind::kDeleted, object, old);
    return OkStatus();
  }
  object["metadata"]["deletionTimestamp"] = FormatTimestamp(std::chrono::floor<std::chrono::seconds>(clock_.Now()));
  object["metadata"]["deletionGracePeriodSeconds"] = 0;
  if (type->rules.has_generation) object["metadata"]["generation"] = GenerationOf(old) + 1;
  Record(*type, WatchEvent::Kind::kModified, object, old);
  stored->object = object;
  return OkStatus();
}

void FakeStore::Record(const Type& type, WatchEvent::Kind kind, Json& object, const Json& before) {
  object["metadata"]["resourceVersion"] = std::to_string(++revision_);
  history_.push_back({revision_, type.rules.resource, kind, object, before});
}

Status FakeStore::CheckNotCompacted(uint64_t revision) const {
  if (revision >= compacted_) return OkStatus();
  return OutOfRange(StrCat("too old resource version: ", revision, " (", compacted_, ")"));
}

Result<std::vector<FakeEvent>> FakeStore::EventsAfter(const KubeResource& resource, uint64_t revision) const {
  RETURN_IF_ERROR(Find(resource).status());
  std::vector<FakeEvent> events;
  for (const FakeEvent& event : history_) {
    if (event.revision > revision && event.resource == resource) events.push_back(event);
  }
  return events;
}

}  // namespace ballast
