// What an apiserver keeps and by which rules it changes it: resourceVersions, generations, finalizers, a history that
// watches read and that can be compacted. FakeKubeClient gives it threads and faults.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "kube/kube_client.h"
#include "kube/testing/fake_ownership.h"

namespace ballast {

// A resource type that the fake serves.
struct FakeResource {
  KubeResource resource;
  std::string kind;
  bool status_subresource = false;  // a write of the object leaves .status alone, and the other way round
  bool has_generation = false;      // of custom resources, and of most built-in types with a spec
  // Schema and CEL: InvalidArgument for what admission would refuse. `old` is null at creation.
  std::function<Status(const Json& object, const Json* old)> validate;
  // Of a review, which is asked by a creation and never kept: the answer to it.
  std::function<Result<Json>(const Json& review)> answer;
};

struct FakeEvent {
  uint64_t revision = 0;
  KubeResource resource;
  WatchEvent::Kind kind = WatchEvent::Kind::kAdded;
  Json object;
  Json before;  // null at creation
};

// Not thread-safe.
class FakeStore {
 public:
  explicit FakeStore(const Clock& clock) : clock_(clock) {}

  void Serve(FakeResource resource);

  Result<Json> Get(const KubeResource& resource, const ObjectName& name) const;
  Result<std::vector<Json>> Select(const KubeResource& resource, const ListRequest& request) const;
  Result<Json> Create(const KubeResource& resource, Json object);
  Result<Json> Update(const KubeResource& resource, const Json& object);
  Result<Json> Apply(const KubeResource& resource, const ApplyRequest& request);
  Result<Json> Patch(const KubeResource& resource, const ObjectName& name, const Json& patch, Subresource subresource);
  Status Delete(const KubeResource& resource, const ObjectName& name, const Preconditions& preconditions);

  uint64_t revision() const { return revision_; }
  // What happened up to now can't be asked for any more.
  void Compact() { compacted_ = revision_; }
  // OutOfRange: what follows `revision` was compacted.
  Status CheckNotCompacted(uint64_t revision) const;
  // Whether it was or not.
  Result<std::vector<FakeEvent>> EventsAfter(const KubeResource& resource, uint64_t revision) const;

 private:
  struct Stored {  // NOLINT(bugprone-exception-escape): Json's move constructor can't throw, but asserts
    Json object;
    FieldOwners owners;
  };
  struct Type {
    FakeResource rules;
    std::map<ObjectName, Stored> objects;
  };

  Result<const Type*> Find(const KubeResource& resource) const;
  Result<Type*> Find(const KubeResource& resource);
  static Result<Stored*> FindObject(Type& type, const ObjectName& name);
  Status CheckType(const Type& type, const Json& object) const;
  Result<Json> Insert(Type& type, Json object, FieldOwners owners);
  // `wanted` takes the place of what is stored, but for what the apiserver alone sets.
  Result<Json> Replace(Type& type, const ObjectName& name, Json wanted, const FieldOwners& owners);
  Result<Json> Write(Type& type, const ObjectName& name, Json wanted, Subresource subresource);
  void Record(const Type& type, WatchEvent::Kind kind, Json& object, const Json& before);

  const Clock& clock_;
  std::map<KubeResource, Type> types_;
  std::vector<FakeEvent> history_;
  uint64_t revision_ = 100;  // so that "1" is too old
  uint64_t compacted_ = 100;
  uint64_t names_ = 0;
};

}  // namespace ballast
