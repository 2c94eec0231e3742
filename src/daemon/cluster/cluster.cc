#include "daemon/cluster/cluster.h"

#include <utility>

#include "base/small_file.h"
#include "base/strings.h"
#include "daemon/cluster/node_fence.h"

namespace ballast {
namespace {

// Of this node's service account; "" where there is none (yet).
std::string TokenIn(const std::string& file) {
  const Result<std::string> token = ReadSmallFile(file, 64 << 10);
  return token.ok() ? std::string(Trim(*token)) : "";
}

// Where nobody listens, the ports are those of everybody else: a member needs some.
Member SelfOf(const DaemonConfig& config) {
  Member self{
      .name = config.node, .host = config.address, .control_port = kDefaultControlPort, .data_port = kDefaultDataPort};
  if (config.swarm && config.swarm->listen.control_port != 0) self.control_port = config.swarm->listen.control_port;
  if (config.swarm && config.swarm->listen.data_port != 0) self.data_port = config.swarm->listen.data_port;
  return self;
}

}  // namespace

Result<std::unique_ptr<Cluster>> Cluster::Make(Parts parts) {
  const DaemonConfig& config = parts.config;
  if (config.node.empty())
    return InvalidArgument("this node's name in Kubernetes is not known: pass --node, or set NODE_NAME");
  std::unique_ptr<Cluster> made(new Cluster(std::move(parts)));
  made->recorder_ = std::make_unique<EventRecorder>(
      made->parts_.kube, made->parts_.clock,
      EventRecorderOptions{.controller = "ballast.dev/agent", .instance = "ballast-agent-" + config.node});
  made->events_ = std::make_unique<KubePodEvents>(*made->recorder_, made->parts_.clock);
  ASSIGN_OR_RETURN(made->members_, SliceMembership::Start({.kube = made->parts_.kube,
                                                           .ns = config.kubernetes->ns,
                                                           .self = SelfOf(config),
                                                           .file = config.cache.dir + "/members.json"}));
  made->operator_ =
      made->parts_.operator_client([raw = made.get()] { return raw->members_->Operators(); }, made->parts_.clock);
  made->tokens_.reset(new DomainTokens({.issuer = *made->operator_,
                                        .clock = made->parts_.clock,
                                        .credentials = [raw = made.get()] { return raw->OwnCertificate(); }}));
  made->origins_ =
      std::make_unique<DomainOrigins>(config.origins, made->parts_.clock, made->parts_.registry, *made->tokens_);
  made->MakeNode();
  if (config.swarm) made->KeepCertificate();
  return made;
}

void Cluster::MakeNode() {
  const DaemonConfig& config = parts_.config;
  const std::string token_file = config.kubernetes->token;
  node_.reset(new ClusterNode(
      {.kube = parts_.kube,
       .clock = parts_.clock,
       .node = config.node,
       .copy_file = config.cache.dir + "/cachenode.json",
       .node_uid = [token_file] { return NodeUidOfToken(TokenIn(token_file)); },
       .follow = [this](const CacheNodeSpec& spec) { Follow(spec); },
       .look = [this](const CacheNodeSpec& spec) { return Look(spec); },
       .take_token = [this](const std::string& domain, const std::string& token) { tokens_->Give(domain, token); }}));
}

void Cluster::KeepCertificate() {
  const DaemonConfig& config = parts_.config;
  certificate_.reset(new CertificateKeeper({.issuer = *operator_,
                                            .clock = parts_.clock,
                                            .node = config.node,
                                            .ca_file = config.kubernetes->ca,
                                            .token_file = config.kubernetes->token,
                                            .paths = config.swarm->tls,
                                            .look_every = parts_.upkeep,
                                            .changed = [this] { node_->Wake(); },
                                            .tick = [this] { members_->Save(); }}));
}

void Cluster::Follow(const CacheNodeSpec& spec) const {
  std::map<std::string, std::string> caches;
  for (const CacheEntry& entry : spec.caches) {
    if (!entry.domain.empty()) caches.emplace(entry.domain, entry.cache);
  }
  tokens_->SetCaches(std::move(caches));
  parts_.follow(spec);
}

void Cluster::Evicted(const std::string& what) {
  const std::shared_ptr<const CacheNode> node = node_->Current();
  if (node == nullptr) return;
  recorder_->Record({.regarding = {{"apiVersion", "ballast.dev/v1alpha1"},
                                   {"kind", "CacheNode"},
                                   {"name", node->metadata.name},
                                   {"uid", node->metadata.uid}},
                     .reason = "ModelsEvicted",
                     .action = "Evict",
                     .note = what});
}

void Cluster::Start() { node_->Start(); }
void Cluster::Stop() { node_->Stop(); }

NodeFindings Cluster::Look(const CacheNodeSpec& spec) const {
  NodeFindings found = parts_.look(spec);
  if (certificate_ != nullptr) found.certificate = certificate_->facts();
  return found;
}

}  // namespace ballast
