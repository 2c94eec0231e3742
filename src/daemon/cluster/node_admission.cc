#include "daemon/cluster/node_admission.h"

#include <algorithm>
#include <vector>

#include "api/policy_rules.h"
#include "base/strings.h"
#include "daemon/cluster/node_entries.h"

namespace ballast {
namespace {

using cache::v1::PrepareRequest;

NodeVerdict Refused(Status status) { return {.admittance = {.admitted = std::move(status), .waiting_for = ""}}; }

NodeVerdict Waiting(std::string who, std::optional<WantedCache> question) {
  Status status = Unavailable("waiting for " + who);
  return {.admittance = {.admitted = std::move(status), .waiting_for = std::move(who)},
          .question = std::move(question)};
}

bool Admits(const std::vector<std::string>& namespaces, const std::string& name) {
  return std::any_of(namespaces.begin(), namespaces.end(),
                     [&](const std::string& one) { return one == "*" || one == name; });
}

std::string CommitOf(const CacheEntry& entry) {
  const Result<ModelRef> ref = ModelRef::Parse(entry.source);
  return ref.ok() ? ref->revision : "";
}

// What the volume names goes before what is current.
bool Fits(const CacheEntry& entry, const std::string& manifest, const std::string& revision) {
  if (!manifest.empty()) return entry.manifest == manifest;
  if (!revision.empty()) return CommitOf(entry) == revision;
  return entry.current;
}

// An entry for nobody, as of a suspended cache, does not say why a pod gets nothing, and a full one not whom else the
// cache admits: the operator does.
bool Decides(const CacheEntry& entry, const std::string& pod_namespace) {
  const size_t names = entry.namespaces.size();
  return (names > 0 && names < kMaxNamespaces) || Admits(entry.namespaces, pod_namespace);
}

std::string NameOfCache(const PrepareRequest& asked) {
  return asked.model_case() == PrepareRequest::kClusterCache ? asked.cluster_cache()
                                                             : StrCat(asked.namespace_(), "/", asked.cache());
}

Status CheckNamespace(const PrepareRequest& asked) {
  const bool needed = asked.volume() || asked.model_case() == PrepareRequest::kCache;
  if (!needed || !asked.namespace_().empty()) return OkStatus();
  return PermissionDenied(
      "the pod's namespace is not known, and without it nobody is admitted; set podInfoOnMount: true in the CSIDriver "
      "csi.ballast.dev");
}

// A branch may stand for another commit by now than the one that the operator has found for all nodes.
Status CheckVersion(const PrepareRequest& asked) {
  if (!asked.manifest().empty()) {
    const Status manifest = Digest::Parse(asked.manifest()).status();
    if (!manifest.ok()) return manifest.WithContext("manifest");
  }
  if (asked.revision().empty() || IsCommit(asked.revision())) return OkStatus();
  return InvalidArgument(
      StrCat("revision ", Quoted(asked.revision()),
             " is no commit: a volume of a cache names one of its commits (40 hex digits), or leaves "
             "revision out to get the current one"));
}

Status NotForNamespace(const PrepareRequest& asked, const std::string& name) {
  return PermissionDenied(StrCat("NotAllowed: cache ", Quoted(name), " is not for pods of namespace ",
                                 Quoted(asked.namespace_()), "; its allowedNamespaces say for whom it is"));
}

NodeVerdict AdmitEntries(const PrepareRequest& asked, const std::string& name,
                         const std::vector<const CacheEntry*>& entries) {
  const auto admits = [&](const CacheEntry* entry) {
    return !asked.volume() || Admits(entry->namespaces, asked.namespace_());
  };
  const auto entry = std::find_if(entries.begin(), entries.end(), admits);
  if (entry == entries.end()) return Refused(NotForNamespace(asked, name));
  Result<ModelRequest> request = RequestOf(**entry);
  if (!request.ok())
    return Refused(
        Unavailable(StrCat("the CacheNode's entry for ", name, " makes no sense: ", request.status().message())));
  return {.admittance = {.admitted = Admitted{.request = *std::move(request), .manifest = {}, .cache = name},
                         .waiting_for = ""}};
}

std::optional<WantedCache> QuestionOf(const PrepareRequest& asked, const std::string& name) {
  if (asked.namespace_().empty()) return std::nullopt;  // a person at the socket: it is no pod's question
  return WantedCache{.cache = name,
                     .pod_namespace = asked.namespace_(),
                     .revision = asked.revision().empty() ? asked.manifest() : asked.revision()};
}

// A refusal may be the answer to pods of another namespace, until this question is there to be answered.
bool WasPut(const CacheNodeStatus& status, const WantedCache& question) {
  return std::any_of(status.wanted.begin(), status.wanted.end(), [&](const WantedCache& one) {
    return one.cache == question.cache && one.pod_namespace == question.pod_namespace;
  });
}

// Nothing listed decides it: refused, or not decided yet.
NodeVerdict AdmitUnlisted(const PrepareRequest& asked, const std::string& name, const CacheNode& node) {
  std::optional<WantedCache> question = QuestionOf(asked, name);
  if (!question) return Refused(NotFound(StrCat("cache ", Quoted(name), " is none of this node's; `ballast ls`")));
  const auto refusal = std::find_if(node.spec.refused.begin(), node.spec.refused.end(),
                                    [&](const CacheRefusal& one) { return one.cache == name; });
  if (refusal == node.spec.refused.end() || !WasPut(node.status, *question))
    return Waiting(StrCat("the operator to admit cache ", name, " on this node"), std::move(question));
  if (refusal->reason == NameOf(Reason::kResolving)) return Waiting(refusal->message, std::move(question));
  NodeVerdict verdict = Refused(StatusOf(*refusal));
  verdict.question = std::move(question);
  return verdict;
}

NodeVerdict AdmitCache(const PrepareRequest& asked, const CacheNode* node) {
  if (const Status version = CheckVersion(asked); !version.ok()) return Refused(version);
  const std::string name = NameOfCache(asked);
  if (node == nullptr)
    return Waiting("the operator, which has not listed this node's models yet", QuestionOf(asked, name));
  std::vector<const CacheEntry*> fitting;
  for (const CacheEntry& entry : node->spec.caches) {
    if (entry.cache != name || !Fits(entry, asked.manifest(), asked.revision())) continue;
    if (!asked.volume() || Decides(entry, asked.namespace_())) fitting.push_back(&entry);
  }
  return fitting.empty() ? AdmitUnlisted(asked, name, *node) : AdmitEntries(asked, name, fitting);
}

bool AdmitsSource(const NodePolicy& policy, const std::string& pod_namespace, const std::string& uri) {
  const NodeTenant* tenant = TenantOf(policy.tenants, pod_namespace);
  return tenant != nullptr && std::any_of(tenant->sources.begin(), tenant->sources.end(),
                                          [&](const std::string& pattern) { return GlobMatch(pattern, uri); });
}

Result<Admitted> AdmitSource(const PrepareRequest& asked, const CacheNode* node) {
  ASSIGN_OR_RETURN(ModelRef ref, ModelRef::Parse(asked.source()));
  if (asked.volume() && ref.scheme != OriginScheme::kHuggingFace) {
    return PermissionDenied(StrCat("a volume may not name the source ", Quoted(ref.Uri()),
                                   ": file:// and https:// are for ClusterModelCaches; name one as clusterCache"));
  }
  if (asked.volume() && (node == nullptr || !AdmitsSource(node->spec.policy, asked.namespace_(), ref.Uri()))) {
    return PermissionDenied(StrCat("a volume of namespace ", Quoted(asked.namespace_()), " may not name the source ",
                                   Quoted(ref.Uri()),
                                   " on this node; name a cache instead, or add the source to tenants[].sources of the "
                                   "CachePolicy"));
  }
  if (!asked.revision().empty()) {
    RETURN_IF_ERROR(CheckRevision(asked.revision()));
    if (!ref.revision.empty() && ref.revision != asked.revision())
      return InvalidArgument(StrCat("source names revision ", Quoted(ref.revision), " and revision says ",
                                    Quoted(asked.revision()), "; leave one of them out"));
    ref.revision = asked.revision();
  }
  Admitted admitted{
      .request = {.ref = std::move(ref), .pod_namespace = asked.namespace_()}, .manifest = {}, .cache = ""};
  if (!asked.token().empty()) admitted.request.domain = DomainOfToken(asked.namespace_(), asked.token());
  if (!asked.manifest().empty()) {
    ASSIGN_OR_RETURN(admitted.request.manifest, Digest::Parse(asked.manifest()));
  }
  return admitted;
}

}  // namespace

// Nobody learns the token from it; nodes that are given the same one in the same namespace share what they have by it.
std::string DomainOfToken(const std::string& pod_namespace, const std::string& token) {
  constexpr size_t kEnough = 32;
  return StrCat("volume:",
                Digest::Of(StrCat(pod_namespace, std::string_view("\0", 1), token)).Hex().substr(0, kEnough));
}

Status StatusOf(const CacheRefusal& refusal) {
  const std::string text = StrCat(refusal.reason, refusal.reason.empty() ? "" : ": ", refusal.message);
  if (refusal.reason == NameOf(Reason::kNotAllowed)) return PermissionDenied(text);
  if (refusal.reason == NameOf(Reason::kUnknownCache)) return NotFound(text);
  if (refusal.reason == NameOf(Reason::kNodeTooSmall)) return FailedPrecondition(text);
  if (refusal.reason == NameOf(Reason::kNotAdmitted)) return ResourceExhausted(text);
  return Unavailable(text);
}

bool IsListed(const CacheNodeSpec& spec, const WantedCache& question) {
  const bool by_manifest = question.revision.starts_with("sha256:");
  return std::any_of(spec.caches.begin(), spec.caches.end(), [&](const CacheEntry& entry) {
    return entry.cache == question.cache && Decides(entry, question.pod_namespace) &&
           Fits(entry, by_manifest ? question.revision : "", by_manifest ? "" : question.revision);
  });
}

NodeVerdict AdmitOnNode(const PrepareRequest& asked, const CacheNode* node) {
  Status wrong = CheckNamespace(asked);
  if (wrong.ok() && asked.has_lease()) wrong = CheckLease(asked.lease());
  if (!wrong.ok()) return Refused(std::move(wrong));
  switch (asked.model_case()) {
    case PrepareRequest::kClusterCache:
    case PrepareRequest::kCache:
      return AdmitCache(asked, node);
    case PrepareRequest::kSource:
      return {.admittance = {.admitted = AdmitSource(asked, node), .waiting_for = ""}};
    default:
      return Refused(InvalidArgument("name a model: one of clusterCache, cache or source"));
  }
}

}  // namespace ballast
