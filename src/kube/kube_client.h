// The apiserver. The world begins behind this interface: RestKubeClient talks to a real one, FakeKubeClient behaves
// like one, and testing/kube_conformance.h holds both to the same rules.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "kube/json.h"
#include "kube/resource.h"

namespace ballast {

// How long a call may take: until `stop` is requested (Cancelled) or `timeout` has passed (DeadlineExceeded).
struct CallLimits {
  CallLimits(std::stop_token token = {}, Duration limit = std::chrono::seconds(30))  // NOLINT(google-explicit-*)
      : stop(std::move(token)), timeout(limit) {}

  std::stop_token stop;
  Duration timeout;
};

struct ListRequest {
  std::string ns;              // "": all namespaces, or the cluster
  std::string label_selector;  // "app=x,tier!=y", as the apiserver reads it
  std::string field_selector;  // "metadata.name=x"
  uint32_t limit = 500;        // objects of a page; 0: all at once
  std::string continue_from;   // of the page before; the other fields must be the same
};

struct ListPage {
  std::vector<Json> items;       // each with apiVersion and kind
  std::string resource_version;  // of the whole list: where a watch goes on
  std::string continue_from;     // "": this was the last page
};

struct WatchRequest {
  std::string ns;
  std::string label_selector;
  std::string field_selector;
  std::string resource_version;  // events after it; of a list or of an earlier event
  std::chrono::seconds timeout{300};
};

struct WatchEvent {
  enum class Kind { kAdded, kModified, kDeleted, kBookmark };

  Kind kind = Kind::kAdded;
  // kDeleted: as it was last, with the resourceVersion of its deletion. kBookmark: metadata.resourceVersion only; every
  // event up to it was delivered.
  Json object;
};
std::string_view WatchEventName(WatchEvent::Kind kind);  // "ADDED"

// Receives the events in order. An error ends the watch with that error.
using WatchSink = std::function<Status(const WatchEvent&)>;

struct ApplyRequest {
  Json object;                // with apiVersion, kind and name; only the fields that the manager wants to own
  std::string field_manager;  // 1 to 128 bytes
};

// The object is touched only if it is still the one with these; "": any.
struct Preconditions {
  std::string uid;
  std::string resource_version;
};

enum class Subresource { kNone, kStatus };

// Thread-safe. Each call runs on its caller's thread.
//
// Errors, each with a text that names the call, the object and what the apiserver said (kube_status.h): NotFound
// (object or resource), AlreadyExists, Aborted (it changed meanwhile: read again), FailedPrecondition (apply: another
// manager owns a field), InvalidArgument (refused by schema or admission), PermissionDenied, Unauthenticated,
// OutOfRange (a resourceVersion or continue token is too old: list again), ResourceExhausted (429, with retry_after()),
// Unavailable (down, 5xx, cut, no HTTP), DataLoss (more bytes than the client takes: list fewer objects at once),
// DeadlineExceeded, Cancelled.
class KubeClient {
 public:
  virtual ~KubeClient() = default;

  virtual Result<Json> Get(const KubeResource& resource, const ObjectName& name, const CallLimits& limits) = 0;

  virtual Result<ListPage> List(const KubeResource& resource, const ListRequest& request, const CallLimits& limits) = 0;

  // Delivers what happens after request.resource_version until the apiserver ends it (OK: watch again from the last
  // event), at request.timeout or earlier. Bookmarks come about once a minute and before the end, not always.
  // Cancelled at once when `stop` is requested. OutOfRange: list again.
  virtual Status Watch(const KubeResource& resource, const WatchRequest& request, const WatchSink& sink,
                       const std::stop_token& stop) = 0;

  // The object as it was stored, like the other writes. metadata.generateName makes a name.
  virtual Result<Json> Create(const KubeResource& resource, const Json& object, const CallLimits& limits) = 0;

  // Replaces everything but the status (where the resource has that as a subresource). The object must carry the
  // resourceVersion that it was read with, so that no other write is lost; InvalidArgument without.
  virtual Result<Json> Update(const KubeResource& resource, const Json& object, const CallLimits& limits) = 0;

  // Server-side apply, never by force: creates the object, or sets these fields and removes what this manager applied
  // before and no longer does. With metadata.uid or resourceVersion: Aborted when they are others by now.
  virtual Result<Json> Apply(const KubeResource& resource, const ApplyRequest& request, const CallLimits& limits) = 0;

  // A JSON merge patch (RFC 7386) of the object without its status, or of its status alone. With
  // metadata.resourceVersion in it: Aborted when it is another by now.
  virtual Result<Json> Patch(const KubeResource& resource, const ObjectName& name, const Json& patch,
                             Subresource subresource, const CallLimits& limits) = 0;

  // OK also means: deletion has begun, finalizers hold it up. Aborted: it is not the one of the preconditions.
  // Dependents are deleted in the background.
  virtual Status Delete(const KubeResource& resource, const ObjectName& name, const Preconditions& preconditions,
                        const CallLimits& limits) = 0;
};

// All pages. A list that became too old on the way is begun again, twice at most. The result's continue_from is "".
Result<ListPage> ListAll(KubeClient& client, const KubeResource& resource, const ListRequest& request,
                         const CallLimits& limits);

}  // namespace ballast
