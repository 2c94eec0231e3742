#include "kube/kube_client.h"

#include <iterator>
#include <utility>

namespace ballast {
namespace {

Result<ListPage> AllPages(KubeClient& client, const KubeResource& resource, ListRequest request,
                          const CallLimits& limits) {
  ListPage all;
  do {
    ASSIGN_OR_RETURN(ListPage page, client.List(resource, request, limits));
    all.items.insert(all.items.end(), std::make_move_iterator(page.items.begin()),
                     std::make_move_iterator(page.items.end()));
    all.resource_version = page.resource_version;
    request.continue_from = page.continue_from;
  } while (!request.continue_from.empty());
  return all;
}

}  // namespace

std::string_view WatchEventName(WatchEvent::Kind kind) {
  switch (kind) {
    case WatchEvent::Kind::kAdded:
      return "ADDED";
    case WatchEvent::Kind::kModified:
      return "MODIFIED";
    case WatchEvent::Kind::kDeleted:
      return "DELETED";
    case WatchEvent::Kind::kBookmark:
      return "BOOKMARK";
  }
  return "UNKNOWN";
}

Result<ListPage> ListAll(KubeClient& client, const KubeResource& resource, const ListRequest& request,
                         const CallLimits& limits) {
  constexpr int kAttempts = 3;
  for (int attempt = 1;; ++attempt) {
    auto all = AllPages(client, resource, request, limits);
    if (all.ok() || all.status().code() != StatusCode::kOutOfRange || attempt == kAttempts) return all;
  }
}

}  // namespace ballast
