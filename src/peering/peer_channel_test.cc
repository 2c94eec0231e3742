// The control channel over gRPC and TLS on loopback: who is let in, and whole swarms over it.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <map>

#include "identity/authority.h"
#include "identity/certificate_builder.h"
#include "identity/pem.h"
#include "peering/peer_server.h"
#include "peering/peer_transport.h"
#include "proto/peer.grpc.pb.h"
#include "swarm/peer_swarm.h"
#include "swarm/rendezvous.h"
#include "swarm/tcp.h"
#include "swarm/testing/fake_download.h"
#include "swarm/testing/fake_membership.h"
#include "swarm/testing/members.h"

namespace ballast {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

const RealClock kClock;

const CertificateAuthority& Ca() {
  static const auto* const kCa = new CertificateAuthority(CertificateAuthority::Create(kClock.Now()).value());
  return *kCa;
}

Credentials Issued(const CertificateAuthority& by, const PeerIdentity& subject) {
  IssuedCertificate made = by.Issue(subject, kClock.Now()).value();
  return {.ca = Ca().CertificatePem().value(), .certificate = made.certificate, .key = made.key};
}
Credentials Of(const std::string& node) { return Issued(Ca(), PeerIdentity::Node(node).value()); }

// A certificate for node-2 that is wrong in one way.
template <typename Change>
Credentials Wrong(Change change) {
  CertificateSpec spec{.common_name = "node-2",
                       .uris = {"ballast://node/node-2"},
                       .extended_key_usage = "serverAuth,clientAuth",
                       .not_before = kClock.Now() - hours(1),
                       .not_after = kClock.Now() + hours(1)};
  change(spec);
  const KeyPtr ca_key = ParseKey(Ca().KeyPem().value()).value();
  const Issuer issuer{Ca().certificate(), *ca_key};
  const KeyPtr key = MakeKey().value();
  const CertificatePtr made = MakeCertificate(spec, *key, &issuer).value();
  return {.ca = Ca().CertificatePem().value(), .certificate = PemOf(*made).value(), .key = PemOf(*key).value()};
}

CredentialsProvider Fixed(Credentials credentials) {
  return [shared = std::make_shared<const Credentials>(std::move(credentials))] { return shared; };
}

// Answers everything, at once.
class YesService final : public PeerService {
 public:
  class Seat final : public JoinedNode {
   public:
    explicit Seat(std::shared_ptr<JoinOutlet> outlet) : outlet_(std::move(outlet)) {}
    std::shared_ptr<const ModelShape> shape() const override { return nullptr; }
    Status On(FromNode message) override {
      outlet_->Queue({.seen = message.seq, .message = Reply{}});
      outlet_->Flush();
      return OkStatus();
    }

   private:
    const std::shared_ptr<JoinOutlet> outlet_;
  };

  std::unique_ptr<JoinedNode> Join(const std::string& /*from*/, std::shared_ptr<JoinOutlet> outlet) override {
    ++calls;
    return std::make_unique<Seat>(std::move(outlet));
  }
  Result<HoldAnswer> Hold(const std::string& /*from*/, const HoldNotice& notice) override {
    ++calls;
    HoldAnswer answer;
    for (const Digest& model : notice.held) answer.elsewhere.push_back({model, "node-7"});
    return answer;
  }
  Result<CoordinatesAnswer> Coordinates(const std::string& from, const CoordinatesQuery& /*query*/) override {
    ++calls;
    return CoordinatesAnswer{.coordinator = from, .holders = {"node-3"}};
  }
  Result<std::vector<Digest>> PieceHashes(const Digest& blob, std::stop_token /*stop*/) override {
    ++calls;
    return std::vector<Digest>{blob, blob};
  }
  Result<Resolved> Resolve(const ResolveQuery& query, std::stop_token /*stop*/) override {
    ++calls;
    if (query.known_only) return NotFound("nothing is known of it");
    return Resolved{.manifest = std::string(5 * kManifestPartBytes / 2, 'm'),
                    .record = std::string(kManifestPartBytes + 1, 'r'),
                    .commit = query.revision,
                    .warning = "w"};
  }

  std::atomic<int> calls = 0;
};

class FirstEvent final : public ControlEvents {
 public:
  void OnMessage(FromCoordinator /*message*/) override { Set(OkStatus()); }
  void OnWritten() override {}
  void OnEnd(const Status& why) override { Set(why); }
  Status Wait() { return first_.get_future().get(); }

 private:
  void Set(Status status) {
    if (!set_.exchange(true)) first_.set_value(std::move(status));
  }
  std::atomic<bool> set_ = false;
  std::promise<Status> first_;
};

const CallLimit kLimit{.timeout = seconds(20), .stop = {}};
const Digest kModel = Digest::Of("model");

// Every call of the port, by its name.
std::map<std::string, Status> CallAll(ControlTransport& transport, const Member& to) {
  std::map<std::string, Status> results;
  FirstEvent first;
  auto stream = transport.Join(to, std::make_shared<const ModelShape>(), first);
  stream->Send({.seq = 1, .message = Hello{.model = kModel}});
  results["Join"] = first.Wait();
  stream.reset();
  results["Hold"] = transport.Hold(to, {.held = {kModel}}, kLimit).status();
  results["Coordinates"] = transport.Coordinates(to, {.model = kModel}, kLimit).status();
  results["PieceHashes"] = transport.PieceHashes(to, kModel, kLimit).status();
  results["Resolve"] = transport.Resolve(to, {.uri = "hf://a/b"}, kLimit).status();
  return results;
}

// A server of node-1, and members node-1 to node-3.
struct OneServer {
  explicit OneServer(Credentials own = Of("node-1"), bool plaintext = false) {
    auto started =
        PeerServer::Start({.host = "127.0.0.1", .plaintext = plaintext}, {.service = service,
                                                                          .nodes = nodes,
                                                                          .membership = membership,
                                                                          .credentials = Fixed(std::move(own)),
                                                                          .clock = kClock});
    EXPECT_TRUE(started.ok()) << started.status();
    server = *std::move(started);
    member = {.name = "node-1", .host = "127.0.0.1", .control_port = server->port(), .data_port = 1};
  }

  NodeTable nodes;
  YesService service;
  FakeMembership membership{"node-1", TestMembers(3)};
  std::unique_ptr<PeerServer> server;
  Member member;
};

struct Client {
  explicit Client(CredentialsProvider credentials, std::string self = "node-2")
      : transport({.self = std::move(self), .nodes = nodes, .credentials = std::move(credentials), .clock = kClock}) {}
  NodeTable nodes;
  PeerTransport transport;
};

TEST(PeerChannelTest, AMemberIsLetInAndAnsweredEverywhere) {
  OneServer one;
  Client client(Fixed(Of("node-2")));
  for (const auto& [call, status] : CallAll(client.transport, one.member)) EXPECT_TRUE(status.ok()) << call << status;
  const auto answer = client.transport.Coordinates(one.member, {.model = kModel}, kLimit);
  EXPECT_EQ(answer->coordinator, "node-2");
  EXPECT_EQ(answer->holders, std::vector<std::string>{"node-3"});
  EXPECT_EQ(client.transport.PieceHashes(one.member, kModel, kLimit).value(), (std::vector<Digest>{kModel, kModel}));
  const HoldAnswer held = client.transport.Hold(one.member, {.held = {kModel}}, kLimit).value();
  ASSERT_EQ(held.elsewhere.size(), 1U);
  EXPECT_EQ(held.elsewhere[0].coordinator, "node-7");
}

TEST(PeerChannelTest, AManifestComesInPartsAndAnErrorAsItself) {
  OneServer one;
  Client client(Fixed(Of("node-2")));
  const auto resolved = client.transport.Resolve(one.member, {.uri = "hf://a/b", .revision = "main"}, kLimit);
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_EQ(resolved->manifest, std::string(5 * kManifestPartBytes / 2, 'm'));
  EXPECT_EQ(resolved->record, std::string(kManifestPartBytes + 1, 'r'));
  EXPECT_EQ(resolved->commit, "main");
  const auto unknown = client.transport.Resolve(one.member, {.uri = "hf://a/b", .known_only = true}, kLimit);
  EXPECT_EQ(unknown.status().code(), StatusCode::kNotFound);
  EXPECT_THAT(unknown.status().message(), HasSubstr("nothing is known of it"));
}

std::vector<std::pair<std::string, Credentials>> WrongClients() {
  const CertificateAuthority other = CertificateAuthority::Create(kClock.Now()).value();
  return {
      {"wrong CA", Issued(other, PeerIdentity::Node("node-2").value())},
      {"expired", Wrong([](auto& spec) { spec.not_after = kClock.Now() - seconds(1); })},
      {"not yet valid", Wrong([](auto& spec) { spec.not_before = kClock.Now() + seconds(600); })},
      {"no member", Of("node-9")},
      {"another node's name beside its own", Wrong([](auto& spec) { spec.uris.push_back("ballast://node/node-3"); })},
      {"no name", Wrong([](auto& spec) { spec.uris.clear(); })},
      {"foreign name", Wrong([](auto& spec) { spec.uris = {"spiffe://cluster/node-2"}; })},
      {"for servers only", Wrong([](auto& spec) { spec.extended_key_usage = "serverAuth"; })},
      {"for mail", Wrong([](auto& spec) { spec.extended_key_usage = "emailProtection"; })},
      {"for nothing", Wrong([](auto& spec) { spec.extended_key_usage = ""; })},
      {"the operator", Issued(Ca(), PeerIdentity::Operator())},
  };
}

TEST(PeerChannelTest, EveryCallRefusesEveryWrongClient) {
  OneServer one;
  for (const auto& [name, credentials] : WrongClients()) {
    Client client(Fixed(credentials));
    for (const auto& [call, status] : CallAll(client.transport, one.member)) EXPECT_FALSE(status.ok()) << name << call;
  }
  EXPECT_EQ(one.service.calls, 0);
}

// Calls over a channel of any kind.
std::vector<grpc::Status> RawCalls(const std::shared_ptr<grpc::ChannelCredentials>& how, const Member& to) {
  const auto channel = grpc::CreateChannel(StrCat("ipv4:127.0.0.1:", to.control_port), how);
  const auto stub = peer::v1::Peer::NewStub(channel);
  std::vector<grpc::Status> results;
  const auto call = [&results](auto make) {
    grpc::ClientContext context;
    context.AddMetadata(kPlaintextNodeKey, "node-2");
    context.set_deadline(std::chrono::system_clock::now() + seconds(20));
    results.push_back(make(context));
  };
  call([&](auto& context) { return stub->Join(&context)->Finish(); });
  call([&](auto& context) {
    peer::v1::HoldResponse response;
    return stub->Hold(&context, {}, &response);
  });
  call([&](auto& context) {
    peer::v1::CoordinatesResponse response;
    return stub->Coordinates(&context, {}, &response);
  });
  call([&](auto& context) {
    peer::v1::PieceHashesResponse response;
    return stub->PieceHashes(&context, {}, &response);
  });
  call([&](auto& context) { return stub->Resolve(&context, {})->Finish(); });
  return results;
}

TEST(PeerChannelTest, EveryCallRefusesAClientWithoutCertificateAndWithoutTls) {
  OneServer one;
  const auto no_certificate = grpc::SslCredentials({.pem_root_certs = Ca().CertificatePem().value()});
  for (const auto& how : {no_certificate, grpc::InsecureChannelCredentials()}) {
    for (const grpc::Status& status : RawCalls(how, one.member)) EXPECT_FALSE(status.ok());
  }
  EXPECT_EQ(one.service.calls, 0);
}

TEST(PeerChannelTest, AServerThatIsNotWhoItShouldBeIsNotSpokenWith) {
  const CertificateAuthority other = CertificateAuthority::Create(kClock.Now()).value();
  const auto as_server = [](auto change) {
    return Wrong([&change](CertificateSpec& spec) {
      spec.uris = {"ballast://node/node-1"};
      change(spec);
    });
  };
  const std::pair<std::string, Credentials> servers[] = {
      {"another node", Of("node-3")},
      {"the operator", Issued(Ca(), PeerIdentity::Operator())},
      {"wrong CA", Issued(other, PeerIdentity::Node("node-1").value())},
      {"expired", as_server([](auto& spec) { spec.not_after = kClock.Now() - seconds(1); })},
      {"not yet valid", as_server([](auto& spec) { spec.not_before = kClock.Now() + seconds(600); })},
      {"for clients only", as_server([](auto& spec) { spec.extended_key_usage = "clientAuth"; })},
  };
  for (const auto& [name, credentials] : servers) {
    OneServer one(credentials);
    Client client(Fixed(Of("node-2")));
    for (const auto& [call, status] : CallAll(client.transport, one.member)) EXPECT_FALSE(status.ok()) << name << call;
    EXPECT_EQ(one.service.calls, 0);
  }
}

TEST(PeerChannelTest, ANodeThatIsNoMemberAnyMoreIsRefusedOnItsOldConnection) {
  OneServer one;
  Client client(Fixed(Of("node-2")));
  EXPECT_TRUE(client.transport.Coordinates(one.member, {.model = kModel}, kLimit).ok());
  one.membership.Become({TestMember(1), TestMember(3)});
  EXPECT_EQ(client.transport.Coordinates(one.member, {.model = kModel}, kLimit).status().code(),
            StatusCode::kPermissionDenied);
}

TEST(PeerChannelTest, TlsBelow13IsRefused) {
  OneServer one;
  const Credentials own = Of("node-2");
  const SslContextPtr context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_use_certificate(context.get(), ParseCertificates(own.certificate).value().front().get());
  SSL_CTX_use_PrivateKey(context.get(), ParseKey(own.key).value().get());
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    SSL_CTX_set_max_proto_version(context.get(), version);
    BIO* const socket = BIO_new_connect(StrCat("127.0.0.1:", one.member.control_port).c_str());
    ASSERT_EQ(BIO_do_connect(socket), 1);
    const SslPtr ssl(SSL_new(context.get()));
    SSL_set_bio(ssl.get(), socket, socket);
    EXPECT_EQ(SSL_connect(ssl.get()) == 1, version == TLS1_3_VERSION);
  }
}

TEST(PeerChannelTest, PlaintextOnlyWhereBothSaySoAndForMembers) {
  OneServer one(Of("node-1"), /*plaintext=*/true);
  Client client(nullptr);
  for (const auto& [call, status] : CallAll(client.transport, one.member)) EXPECT_TRUE(status.ok()) << call << status;
  Client stranger(nullptr, "node-9");
  for (const auto& [call, status] : CallAll(stranger.transport, one.member))
    EXPECT_EQ(status.code(), StatusCode::kPermissionDenied) << call;
  Client with_tls(Fixed(Of("node-2")));
  EXPECT_FALSE(with_tls.transport.Coordinates(one.member, {.model = kModel}, kLimit).ok());
}

TEST(PeerChannelTest, WithoutACertificateYetNobodyIsSpokenWith) {
  OneServer one;
  Client client([] { return std::shared_ptr<const Credentials>(); });
  for (const auto& [call, status] : CallAll(client.transport, one.member))
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << call;
}

// ---- swarms

class NoResolver final : public Resolver {
 public:
  Result<Resolved> Resolve(const ResolveQuery& /*query*/, std::stop_token /*stop*/) override {
    return Unimplemented("nobody resolves here");
  }
};
class NoHashes final : public PieceHashSource {
 public:
  Result<std::vector<Digest>> PieceHashes(const Digest& /*blob*/, std::stop_token /*stop*/) override {
    return NotFound("nobody asks");
  }
};

struct World {
  const Manifest manifest = TestManifest("m", 3, 60);
  FakeBytes bytes;
  NoResolver resolver;
  NoHashes hashes;
};

// Credentials that can be replaced.
class Wallet {
 public:
  explicit Wallet(const std::string& node) : node_(node) { Renew(); }
  void Renew() {
    MutexLock lock(mutex_);
    current_ = std::make_shared<const Credentials>(Of(node_));
  }
  CredentialsProvider provider() {
    return [this] {
      MutexLock lock(mutex_);
      return current_;
    };
  }

 private:
  const std::string node_;
  Mutex mutex_;
  std::shared_ptr<const Credentials> current_ GUARDED_BY(mutex_);
};

struct Node {
  Node(World& the_world, unsigned number)
      : world(the_world),
        name(TestMember(number).name),
        wallet(name),
        membership(name, {TestMember(number)}),
        transport(std::make_unique<PeerTransport>(
            PeerTransport::Parts{.self = name, .nodes = nodes, .credentials = wallet.provider(), .clock = kClock})),
        host(std::make_unique<CoordinatorHost>(
            CoordinatorHost::Parts{.membership = membership,
                                   .nodes = nodes,
                                   .transport = *transport,
                                   .hashes = world.hashes,
                                   .resolver = world.resolver,
                                   .manifests = [](const Digest&) { return std::nullopt; },
                                   .clock = kClock},
            CoordinatorHostOptions())),
        swarm({.membership = membership,
               .nodes = nodes,
               .transport = *transport,
               .host = *host,
               .read_piece = nullptr,
               .clock = kClock,
               .policy = {.call_timeout = milliseconds(1500)}}),
        server(PeerServer::Start({.host = "127.0.0.1", .drain = milliseconds(500)}, {.service = *host,
                                                                                     .nodes = nodes,
                                                                                     .membership = membership,
                                                                                     .credentials = wallet.provider(),
                                                                                     .clock = kClock})
                   .value()) {}
  ~Node() { Die(); }

  Member member() const { return {.name = name, .host = "127.0.0.1", .control_port = server->port(), .data_port = 1}; }
  void Download(uint32_t allowed = UINT32_MAX) {
    download = std::make_unique<FakeDownload>(name, swarm, world.manifest, world.bytes, allowed);
  }
  void Die() {
    world.bytes.Dies(name);
    server.reset();
    download.reset();
  }

  World& world;
  const std::string name;
  NodeTable nodes;
  Wallet wallet;
  FakeMembership membership;
  std::unique_ptr<PeerTransport> transport;
  std::unique_ptr<CoordinatorHost> host;
  PeerSwarm swarm;
  std::unique_ptr<PeerServer> server;
  std::unique_ptr<FakeDownload> download;
};

struct Cluster {
  explicit Cluster(unsigned count) {
    std::vector<Member> members;
    for (unsigned i = 1; i <= count; ++i) {
      nodes.push_back(std::make_unique<Node>(world, i));
      members.push_back(nodes.back()->member());
      members.back().data_port = static_cast<uint16_t>(i);
    }
    for (const auto& node : nodes) node->membership.Become(members);
    for (const size_t i : RendezvousOrder(world.manifest.Id().ToString(), members)) order.push_back(nodes[i].get());
  }
  void ExpectAboutOneCopy() const {
    EXPECT_GE(world.bytes.from_origin(), 180U);
    EXPECT_LE(world.bytes.from_origin(), 270U);
  }

  World world;
  std::vector<std::unique_ptr<Node>> nodes;
  std::vector<Node*> order;  // as the model's rendezvous has it
};

TEST(PeerChannelTest, ASwarmOverTlsGetsEveryPieceOnce) {
  Cluster cluster(4);
  for (Node* const node : cluster.order) node->Download();
  for (Node* const node : cluster.order) node->download->WaitForAll();
  cluster.ExpectAboutOneCopy();
  for (Node* const node : cluster.order) EXPECT_EQ(node->download->wrong(), 0);
}

TEST(PeerChannelTest, AKilledCoordinatorIsFollowedByTheNext) {
  Cluster cluster(4);
  for (Node* const node : cluster.order) node->Download(5);
  for (Node* const node : cluster.order) node->download->WaitFor(5);
  cluster.order[0]->Die();
  for (size_t i = 1; i < 4; ++i) cluster.order[i]->download->Allow();
  for (size_t i = 1; i < 4; ++i) cluster.order[i]->download->WaitForAll();
  cluster.ExpectAboutOneCopy();
}

// A socket that the kernel accepts on, and nobody answers: what a stopped process looks like.
TEST(PeerChannelTest, ACoordinatorThatDoesNotAnswerIsPassedOver) {
  Cluster cluster(3);
  const UniqueFd silent = ListenTcp("127.0.0.1", 0).value();
  std::vector<Member> members;
  for (Node* const node : cluster.order) members.push_back(node->member());
  for (uint16_t i = 0; i < 3; ++i) members[i].data_port = i + 1;
  members[0].control_port = LocalPort(silent.get());
  for (size_t i = 1; i < 3; ++i) cluster.order[i]->membership.Become(members);
  for (size_t i = 1; i < 3; ++i) cluster.order[i]->Download();
  for (size_t i = 1; i < 3; ++i) cluster.order[i]->download->WaitForAll();
  cluster.ExpectAboutOneCopy();
}

TEST(PeerChannelTest, NewCertificatesAreTakenUpWhileASwarmRuns) {
  Cluster cluster(3);
  for (Node* const node : cluster.order) node->Download(10);
  for (Node* const node : cluster.order) node->download->WaitFor(10);
  for (Node* const node : cluster.order) node->wallet.Renew();
  for (size_t i = 0; i < 2; ++i) cluster.order[i]->transport->Refresh();  // the third hears it from its coordinator
  for (size_t i = 1; i < 3; ++i) cluster.order[i]->download->WaitForAsked(1);
  for (Node* const node : cluster.order) node->download->Allow();
  for (Node* const node : cluster.order) node->download->WaitForAll();
  for (Node* const node : cluster.order)
    EXPECT_EQ(node->host->CoordinatorOf(cluster.world.manifest.Id()), cluster.order[0]->name);
  cluster.ExpectAboutOneCopy();
}

}  // namespace
}  // namespace ballast
