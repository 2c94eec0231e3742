#include "daemon/swarm_node.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "base/logging.h"
#include "base/strings.h"
#include "base/thread.h"
#include "daemon/piece_hashes.h"
#include "daemon/quarantine_book.h"
#include "daemon/swarm_catalog.h"
#include "daemon/swarm_credentials.h"
#include "daemon/swarm_entry.h"
#include "daemon/swarm_members.h"
#include "daemon/swarm_resolver.h"
#include "fetch/store_blob_provider.h"
#include "swarm/admit_members.h"
#include "swarm/coordinator_host.h"
#include "swarm/holder_announcer.h"
#include "swarm/node_table.h"
#include "swarm/peer_swarm.h"
#include "swarm/piece_client.h"
#include "swarm/piece_server.h"

namespace ballast {
namespace {

const std::function<bool()> kDemanded = [] { return true; };
constexpr Duration kUpkeepOfNewcomer = std::chrono::milliseconds(100);  // it waits for its certificate

}  // namespace

std::string SwarmNameOf(const SwarmConfig& config, const std::string& node) {
  return config.dns.self.empty() ? node : NodeNameOfAddress(config.dns.self).value();
}

// In the order of their start; destroyed the other way round.
struct SwarmNode::State {
  explicit State(Parts given)
      : parts(std::move(given)),
        blobs(parts.store),
        catalog(parts.store, parts.domains),
        entry({.clock = parts.clock, .within = parts.enter_within, .missing = [this] { return Missing(); }}) {}
  ~State() {
    upkeep = {};
    Leave();
    swarm.reset();
    if (link) link->Stop();
  }

  Status OpenFiles();
  Status ServePieces();
  Status Control();
  void StartUpkeep();
  void Upkeep();
  void Leave();
  void SetHeld();
  int64_t CertificateExpiry() const {
    const auto until = credentials == nullptr ? std::nullopt : credentials->valid_until();
    return until ? std::chrono::system_clock::to_time_t(*until) : 0;
  }
  bool Active() const { return credentials == nullptr || credentials->context() != nullptr; }
  std::string Missing() const;
  TlsProvider Tls();
  Membership& Members() { return parts.membership != nullptr ? *parts.membership : members->membership(); }

  const Parts parts;
  StoreBlobProvider blobs;
  SwarmCatalog catalog;
  SwarmEntry entry;
  SystemNameLookup lookup;
  NodeTable nodes;
  QuarantineBook quarantine;
  std::unique_ptr<PieceHashBook> hashes;
  std::unique_ptr<SwarmMembers> members;          // null: others give them
  std::unique_ptr<SwarmCredentials> credentials;  // null: plaintext
  std::unique_ptr<PieceServer> pieces;
  std::unique_ptr<PieceClient> client;
  std::unique_ptr<ControlLink> link;
  std::unique_ptr<SwarmResolver> resolver;
  std::unique_ptr<CoordinatorHost> host;
  std::unique_ptr<PeerSwarm> swarm;
  mutable Mutex mutex;
  std::unique_ptr<HolderAnnouncer> announcer GUARDED_BY(mutex);
  Status members_problem GUARDED_BY(mutex);
  std::jthread upkeep;
};

std::string SwarmNode::State::Missing() const {
  if (!Active()) return "this node's certificate for the swarm";
  return parts.listed == nullptr || parts.listed() ? "" : "this node to be listed among the members of the swarm";
}

TlsProvider SwarmNode::State::Tls() {
  if (credentials == nullptr) return {};
  return [this] { return credentials->context(); };
}

Status SwarmNode::State::OpenFiles() {
  ASSIGN_OR_RETURN(hashes, PieceHashBook::Open(parts.store.root() + "/pieces", parts.store.blobs()));
  if (parts.membership == nullptr) {
    ASSIGN_OR_RETURN(members, SwarmMembers::Open(parts.config, parts.node, lookup));
  }
  if (parts.config.plaintext) {
    LOG(WARNING) << Message("swarm.plaintext: nothing is encrypted, and whoever reaches the swarm's ports is believed");
    return OkStatus();
  }
  credentials = std::make_unique<SwarmCredentials>(parts.config.tls, parts.node, parts.clock);
  credentials->Refresh();
  return OkStatus();
}

Status SwarmNode::State::ServePieces() {
  const PieceServerOptions options{
      .host = parts.config.listen.address, .port = parts.config.listen.data_port, .plaintext = parts.config.plaintext};
  const UploadGate gate = [this](uint64_t bytes, std::stop_token stop) {
    return parts.uploads.Wait(TransferFrom::kPeer, bytes, kDemanded, stop);
  };
  auto started = PieceServer::Start(
      options, {.blobs = blobs, .clock = parts.clock, .tls = Tls(), .admit = AdmitMembers(Members()), .gate = gate});
  if (!started.ok()) return started.status().WithContext("swarm.listen.dataPort");
  pieces = *std::move(started);
  client = std::make_unique<PieceClient>(PieceClientOptions{.plaintext = parts.config.plaintext}, parts.clock, Tls());
  return OkStatus();
}

Status SwarmNode::State::Control() {
  Membership& membership = Members();
  ASSIGN_OR_RETURN(link, parts.link({parts.config, membership, nodes, credentials.get(), parts.clock, parts.progress}));
  ControlTransport& transport = link->transport();
  resolver.reset(new SwarmResolver({membership, transport, parts.resolver}));
  host = std::make_unique<CoordinatorHost>(
      CoordinatorHost::Parts{
          .membership = membership,
          .nodes = nodes,
          .transport = transport,
          .hashes = *hashes,
          .resolver = parts.resolver,
          .manifests = [this](const Digest& model) { return catalog.Find(model); },
          .clock = parts.clock,
          .quarantined = [this](const Digest& model, const std::string& node) { quarantine.Add(model, node); }},
      CoordinatorHostOptions{.policy = {.max_origin_nodes = static_cast<uint32_t>(parts.config.origin_fetchers)}});
  const Status serving = link->Serve(*host);
  if (!serving.ok()) return serving.WithContext("swarm.listen.controlPort");
  swarm = std::make_unique<PeerSwarm>(PeerSwarm::Parts{
      .membership = membership,
      .nodes = nodes,
      .transport = transport,
      .host = *host,
      .read_piece = [this](const Member& peer, const Digest& blob, ByteRange range, std::span<std::byte> into,
                           std::stop_token stop) { return client->Read(peer, blob, range, into, std::move(stop)); },
      .clock = parts.clock});
  MutexLock lock(mutex);
  announcer.reset(new HolderAnnouncer({membership, transport, *host, parts.clock}));
  return OkStatus();
}

void SwarmNode::State::StartUpkeep() {
  upkeep = StartThread([this](const std::stop_token& stop) {
    std::mutex waiting;
    std::unique_lock lock(waiting);
    std::condition_variable_any wake;
    while (!stop.stop_requested()) {
      Upkeep();
      wake.wait_for(lock, stop, Active() ? parts.upkeep : std::min(parts.upkeep, kUpkeepOfNewcomer),
                    [] { return false; });
    }
  });
}

void SwarmNode::State::Upkeep() {
  if (credentials != nullptr) {
    credentials->Refresh();
    link->Refresh();
  }
  Status problem = members == nullptr ? OkStatus() : members->Refresh();
  MutexLock lock(mutex);
  if (!problem.ok() && !(problem == members_problem)) LOG(WARNING) << Message(problem.message());
  members_problem = std::move(problem);
}

void SwarmNode::State::SetHeld() {
  std::vector<Digest> held = catalog.Held();
  MutexLock lock(mutex);
  if (announcer != nullptr) announcer->SetHeld(std::move(held));
}

void SwarmNode::State::Leave() {
  std::unique_ptr<HolderAnnouncer> last;
  {
    MutexLock lock(mutex);
    last = std::move(announcer);
  }
  last.reset();  // says goodbye
}

Result<std::unique_ptr<SwarmNode>> SwarmNode::Start(Parts parts) {
  auto state = std::make_unique<State>(std::move(parts));
  RETURN_IF_ERROR(state->OpenFiles());
  RETURN_IF_ERROR(state->ServePieces());
  RETURN_IF_ERROR(state->Control());
  state->StartUpkeep();
  state->SetHeld();
  LOG(INFO) << Message("In the swarm")
                   .With("node", state->parts.node)
                   .With("members", state->Members().Current()->size())
                   .With("control_port", state->link->port())
                   .With("data_port", state->pieces->port())
                   .With("tls", state->credentials != nullptr);
  return std::unique_ptr<SwarmNode>(new SwarmNode(std::move(state)));
}

SwarmNode::SwarmNode(std::unique_ptr<State> state) : state_(std::move(state)) {}
SwarmNode::~SwarmNode() = default;

void SwarmNode::Leave() { state_->Leave(); }

Status SwarmNode::AwaitEntry(const std::function<void(const std::string&)>& tell, const std::stop_token& stop) {
  return state_->entry.Await(tell, stop);
}

bool SwarmNode::active() const { return state_->Active(); }

Result<ModelAnswer> SwarmNode::Resolve(const ModelRequest& request, const std::stop_token& stop) {
  return state_->resolver->Resolve(request, stop);
}

Swarm& SwarmNode::swarm() { return *state_->swarm; }
const Membership& SwarmNode::membership() const { return state_->Members(); }
uint32_t SwarmNode::uploads() const { return state_->pieces->uploads(); }

void SwarmNode::Proven(const Digest& blob, const std::vector<Digest>& pieces) { state_->hashes->Keep(blob, pieces); }
void SwarmNode::ModelsChanged() { state_->SetHeld(); }

std::vector<std::string> SwarmNode::Problems() const {
  std::vector<std::string> problems;
  if (state_->credentials != nullptr) {
    if (auto problem = state_->credentials->problem()) problems.push_back(*std::move(problem));
  }
  MutexLock lock(state_->mutex);
  if (!state_->members_problem.ok()) problems.push_back(state_->members_problem.message());
  return problems;
}

SwarmGauges SwarmNode::GaugesNow() const {
  SwarmGauges now{.active = active(),
                  .certificate_expiry_unix = state_->CertificateExpiry(),
                  .members = static_cast<uint32_t>(membership().Current()->size()),
                  .uploads = uploads(),
                  .quarantined_nodes = state_->quarantine.count()};
  const PieceServerCounters counters = state_->pieces->Counters();
  for (const auto& [node, bytes] : counters.sent_bytes) now.uploaded_bytes += bytes;
  now.failed_handshakes = counters.handshake_failures;
  now.dropped_connections = counters.dropped;
  return now;
}

ModelSwarmView SwarmNode::ViewOf(const Digest& model) const {
  ModelSwarmView view{.coordinator = state_->host->CoordinatorOf(model), .quarantined = state_->quarantine.Of(model)};
  const std::optional<StoredModel> stored = state_->parts.store.models().Find(model);
  for (const Coordinator::Transfer& transfer : state_->host->Transfers(model)) {
    SwarmTransfer shown{.receiver = state_->nodes.NameOf(transfer.receiver),
                        .source = transfer.source == kOrigin ? "" : state_->nodes.NameOf(transfer.source),
                        .file = transfer.first.file,
                        .first = transfer.first.piece,
                        .count = transfer.count};
    if (stored) shown.path = stored->manifest.files()[transfer.first.file].path.str();
    view.transfers.push_back(std::move(shown));
  }
  return view;
}

uint16_t SwarmNode::control_port() const { return state_->link->port(); }
uint16_t SwarmNode::data_port() const { return state_->pieces->port(); }

}  // namespace ballast
