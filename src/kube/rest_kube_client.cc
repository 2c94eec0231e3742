#include "kube/rest_kube_client.h"

#include <utility>

#include "base/strings.h"
#include "kube/rest_query.h"
#include "kube/rest_session.h"

namespace ballast {
namespace {

constexpr char kMergePatch[] = "application/merge-patch+json";
constexpr char kApplyPatch[] = "application/apply-patch+yaml";  // JSON is YAML

// The items of a list of a built-in type do not say what they are.
void NameKind(const Json& list, Json& item) {
  if (!item.is_object() || item.contains("kind")) return;
  std::string kind = StringAt(list, "/kind");
  if (kind.ends_with("List")) kind.resize(kind.size() - 4);
  item["kind"] = kind;
  item["apiVersion"] = StringAt(list, "/apiVersion");
}

ListPage PageOf(Json list) {
  ListPage page{.resource_version = ResourceVersionOf(list), .continue_from = StringAt(list, "/metadata/continue")};
  if (!list.contains("items") || !list["items"].is_array()) return page;
  Json items = std::exchange(list["items"], nullptr);
  for (Json& item : items) {
    NameKind(list, item);
    page.items.push_back(std::move(item));
  }
  return page;
}

Json DeleteOptions(const Preconditions& preconditions) {
  Json options = {{"apiVersion", "v1"}, {"kind", "DeleteOptions"}, {"propagationPolicy", "Background"}};
  if (!preconditions.uid.empty()) options["preconditions"]["uid"] = preconditions.uid;
  if (!preconditions.resource_version.empty()) {
    options["preconditions"]["resourceVersion"] = preconditions.resource_version;
  }
  return options;
}

RestQuery SelectionOf(const std::string& label_selector, const std::string& field_selector) {
  return RestQuery().Add("labelSelector", label_selector).Add("fieldSelector", field_selector);
}

}  // namespace

Result<std::unique_ptr<RestKubeClient>> RestKubeClient::Create(const KubeAccess& access, RestKubeOptions options) {
  if (access.exec) {
    return InvalidArgument(StrCat("the kubeconfig's exec program ", Quoted(access.exec->command),
                                  " is not run here; name a client certificate, a token or a tokenFile"));
  }
  ASSIGN_OR_RETURN(auto connections, RestConnections::Create(access, options.watch_silence));
  auto session = std::make_unique<RestSession>(access, std::move(connections), std::move(options));
  return std::unique_ptr<RestKubeClient>(new RestKubeClient(std::move(session)));
}

RestKubeClient::RestKubeClient(std::unique_ptr<RestSession> session) : session_(std::move(session)) {}
RestKubeClient::~RestKubeClient() = default;

Result<Json> RestKubeClient::Get(const KubeResource& resource, const ObjectName& name, const CallLimits& limits) {
  ASSIGN_OR_RETURN(const std::string path, ObjectPath(resource, name));
  return session_->Ask({.verb = "get", .resource = resource, .name = name, .method = "GET", .target = path}, limits);
}

Result<ListPage> RestKubeClient::List(const KubeResource& resource, const ListRequest& request,
                                      const CallLimits& limits) {
  RestQuery query = SelectionOf(request.label_selector, request.field_selector);
  if (request.limit > 0) query.Add("limit", std::to_string(request.limit));
  query.Add("continue", request.continue_from);
  const std::string target = CollectionPath(resource, request.ns) + query.text();
  ASSIGN_OR_RETURN(
      Json list,
      session_->Ask({.verb = "list", .resource = resource, .name = {request.ns, ""}, .method = "GET", .target = target},
                    limits));
  ListPage page = PageOf(std::move(list));
  if (page.resource_version.empty()) return Unavailable(StrCat("the list of ", resource.FullName(), " is no list"));
  return page;
}

Status RestKubeClient::Watch(const KubeResource& resource, const WatchRequest& request, const WatchSink& sink,
                             const std::stop_token& stop) {
  if (request.resource_version.empty()) {
    return InvalidArgument(StrCat("watch ", resource.FullName(), ": list first: a watch needs a resourceVersion"));
  }
  RestQuery query = SelectionOf(request.label_selector, request.field_selector);
  query.Add("watch", "1").Add("allowWatchBookmarks", "true").Add("resourceVersion", request.resource_version);
  query.Add("timeoutSeconds", std::to_string(request.timeout.count()));
  return session_->Watch({.verb = "watch",
                          .resource = resource,
                          .name = {request.ns, ""},
                          .method = "GET",
                          .target = CollectionPath(resource, request.ns) + query.text()},
                         sink, stop);
}

Result<Json> RestKubeClient::Create(const KubeResource& resource, const Json& object, const CallLimits& limits) {
  const ObjectName name = NameOf(object);
  // The name may be one that the apiserver is to make.
  RETURN_IF_ERROR(ObjectPath(resource, {name.ns, name.name.empty() ? "new" : name.name}).status());
  const RestQuery query = RestQuery().Add("fieldManager", session_->options().field_manager);
  return session_->Ask({.verb = "create",
                        .resource = resource,
                        .name = name,
                        .method = "POST",
                        .target = CollectionPath(resource, name.ns) + query.text(),
                        .body = DumpJson(object)},
                       limits);
}

Result<Json> RestKubeClient::Update(const KubeResource& resource, const Json& object, const CallLimits& limits) {
  RETURN_IF_ERROR(CheckUpdatable(object));
  const ObjectName name = NameOf(object);
  ASSIGN_OR_RETURN(const std::string path, ObjectPath(resource, name));
  const RestQuery query = RestQuery().Add("fieldManager", session_->options().field_manager);
  return session_->Ask({.verb = "update",
                        .resource = resource,
                        .name = name,
                        .method = "PUT",
                        .target = path + query.text(),
                        .body = DumpJson(object)},
                       limits);
}

Result<Json> RestKubeClient::Apply(const KubeResource& resource, const ApplyRequest& request,
                                   const CallLimits& limits) {
  const ObjectName name = NameOf(request.object);
  ASSIGN_OR_RETURN(const std::string path, ObjectPath(resource, name));
  const RestQuery query = RestQuery().Add("fieldManager", request.field_manager).Add("force", "false");
  return session_->Ask({.verb = "apply",
                        .resource = resource,
                        .name = name,
                        .method = "PATCH",
                        .target = path + query.text(),
                        .content_type = kApplyPatch,
                        .body = DumpJson(request.object)},
                       limits);
}

Result<Json> RestKubeClient::Patch(const KubeResource& resource, const ObjectName& name, const Json& patch,
                                   Subresource subresource, const CallLimits& limits) {
  ASSIGN_OR_RETURN(std::string path, ObjectPath(resource, name));
  if (subresource == Subresource::kStatus) path += "/status";
  const RestQuery query = RestQuery().Add("fieldManager", session_->options().field_manager);
  return session_->Ask({.verb = "patch",
                        .resource = resource,
                        .name = name,
                        .method = "PATCH",
                        .target = path + query.text(),
                        .content_type = kMergePatch,
                        .body = DumpJson(patch)},
                       limits);
}

Status RestKubeClient::Delete(const KubeResource& resource, const ObjectName& name, const Preconditions& preconditions,
                              const CallLimits& limits) {
  ASSIGN_OR_RETURN(const std::string path, ObjectPath(resource, name));
  return session_
      ->Ask({.verb = "delete",
             .resource = resource,
             .name = name,
             .method = "DELETE",
             .target = path,
             .body = DumpJson(DeleteOptions(preconditions))},
            limits)
      .status();
}

}  // namespace ballast
