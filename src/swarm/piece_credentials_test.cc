// Who may fetch pieces, and from whom: the data port's one route with every kind of credential.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/file_limit.h"
#include "base/strings.h"
#include "swarm/admit_members.h"
#include "swarm/piece_request.h"
#include "swarm/testing/fake_membership.h"
#include "swarm/testing/members.h"
#include "swarm/testing/piece_fixture.h"
#include "swarm/testing/raw_socket.h"

namespace ballast {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr auto kUnauthenticated = StatusCode::kUnauthenticated;

Member Node(const char* name, unsigned number) {
  Member member = TestMember(number);
  member.name = name;
  return member;
}

class PieceCredentialsTest : public PieceFixture {
 protected:
  PieceCredentialsTest() : PieceFixture(/*plaintext=*/false) {
    parts_.admit = AdmitMembers(membership_);
    digest_ = blobs_.Add("0123456789");
  }

  Status ReadAs(const Credentials& credentials) {
    PieceClient client(client_options_, clock_, [context = cluster_.ContextOf(credentials)] { return context; });
    char byte = 0;
    return client.Read(ServerNode(), digest_, {0, 1}, std::as_writable_bytes(std::span(&byte, 1)), {});
  }
  Credentials Good(const char* node) const { return cluster_.CredentialsOf(PeerIdentity::Node(node).value()); }

  FakeMembership membership_{"server", {Node("server", 1), Node("client", 2)}};
  Digest digest_;
};

TEST_F(PieceCredentialsTest, OnlyMembersWithAGoodCertificateAreServed) {
  StartServer();
  const auto changed = [this](auto change) { return cluster_.Changed("client", change); };
  const std::pair<std::string, Credentials> cases[] = {
      {"wrong CA", cluster_.Foreign("client")},
      {"expired", changed([&](auto& s) { s.not_after = clock_.Now() - hours(1); })},
      {"not yet valid", changed([&](auto& s) { s.not_before = clock_.Now() + hours(1); })},
      {"no member", Good("stranger")},
      {"the operator", cluster_.CredentialsOf(PeerIdentity::Operator())},
      {"for servers only", changed([](auto& s) { s.extended_key_usage = "serverAuth"; })},
      {"for mail", changed([](auto& s) { s.extended_key_usage = "emailProtection"; })},
      {"for no use", changed([](auto& s) { s.extended_key_usage = ""; })},
      {"two names", changed([](auto& s) { s.uris.emplace_back("ballast://node/client2"); })},
      {"no name", changed([](auto& s) { s.uris.clear(); })},
      {"bad name", changed([](auto& s) { s.uris = {"ballast://node/Client"}; })},
  };
  uint64_t failures = 0;
  for (const auto& [name, credentials] : cases) {
    SCOPED_TRACE(name);
    const Status status = ReadAs(credentials);
    EXPECT_EQ(status.code(), kUnauthenticated) << status;
    EXPECT_THAT(status.message(), HasSubstr("node server: receive: the peer refuses us"));
    ++failures;
    Await([&] { return server_->Counters().handshake_failures == failures; });
  }
  EXPECT_EQ(server_->Counters().sent_bytes.size(), 0U);
  EXPECT_EQ(ReadAs(Good("client")), OkStatus());
  Await([&] { return server_->Counters().sent_bytes == std::map<std::string, uint64_t>{{"client", 1}}; });
}

TEST_F(PieceCredentialsTest, AServerThatIsNotTheOneThatWasAskedGetsNoRequest) {
  const auto changed = [this](auto change) { return cluster_.Changed("server", change); };
  const std::tuple<std::string, Credentials, std::string> cases[] = {
      {"another node", Good("client"), "this is node client, not node server"},
      {"the operator", cluster_.CredentialsOf(PeerIdentity::Operator()), "this is the operator"},
      {"wrong CA", cluster_.Foreign("server"), "another CA"},
      {"expired", changed([&](auto& s) { s.not_after = clock_.Now() - hours(1); }), "has expired"},
      {"not yet valid", changed([&](auto& s) { s.not_before = clock_.Now() + hours(1); }), "not valid yet"},
      {"for clients only", changed([](auto& s) { s.extended_key_usage = "clientAuth"; }), "is not for this use"},
  };
  for (const auto& [name, credentials, reason] : cases) {
    SCOPED_TRACE(name);
    parts_.tls = [context = cluster_.ContextOf(credentials)] { return context; };
    StartServer();
    const Status status = Read(digest_, {0, 1}).status();
    EXPECT_EQ(status.code(), kUnauthenticated) << status;
    EXPECT_THAT(status.message(), HasSubstr("node server: TLS handshake: "));
    EXPECT_THAT(status.message(), HasSubstr(reason));
    EXPECT_EQ(server_->Counters().sent_bytes.size(), 0U);
  }
}

// A client of TLS 1.3 that shows nothing.
Status HandshakeWithoutCertificate(uint16_t port, int version) {
  const RawSocket socket = RawSocket::To(port);
  const SslContextPtr context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_max_proto_version(context.get(), version);
  const SslPtr ssl(SSL_new(context.get()));
  SSL_set_fd(ssl.get(), socket.fd());
  char byte = 0;
  if (SSL_connect(ssl.get()) != 1 || SSL_read(ssl.get(), &byte, 1) != 1) return Unauthenticated("refused");
  return OkStatus();
}

TEST_F(PieceCredentialsTest, WhoShowsNoCertificateOrSpeaksOldTlsIsRefused) {
  StartServer();
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION})
    EXPECT_EQ(HandshakeWithoutCertificate(server_->port(), version).code(), kUnauthenticated);
  Await([&] { return server_->Counters().handshake_failures == 2; });
}

TEST_F(PieceCredentialsTest, APlaintextClientGetsNothingFromATlsPort) {
  client_options_.plaintext = true;
  StartServer();
  const Status status = Read(digest_, {0, 1}).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("it answers 400: \"this port speaks TLS"));
  Await([&] { return server_->Counters().handshake_failures == 1; });
}

TEST_F(PieceCredentialsTest, ATlsClientGetsNothingFromAPlaintextPort) {
  server_options_.plaintext = true;
  StartServer();
  const Status status = Read(digest_, {0, 1}).status();
  EXPECT_EQ(status.code(), kUnauthenticated);
  EXPECT_THAT(status.message(), HasSubstr("the peer does not speak TLS"));
}

TEST_F(PieceCredentialsTest, WhoLeavesTheSwarmIsServedNoMore) {
  StartServer();
  EXPECT_TRUE(Read(digest_, {0, 1}).ok());
  membership_.Become({Node("server", 1)});
  const Status connected = Read(digest_, {0, 1}).status();
  EXPECT_EQ(connected.code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(connected.message(), HasSubstr("403: \"node client is no member of this swarm\""));
  EXPECT_EQ(Read(digest_, {0, 1}).status().code(), kUnauthenticated);
  membership_.Become({Node("server", 1), Node("client", 2)});
  EXPECT_TRUE(Read(digest_, {0, 1}).ok());
}

TEST_F(PieceCredentialsTest, WithoutACertificateNobodyIsServed) {
  parts_.tls = [] { return nullptr; };
  StartServer();
  EXPECT_EQ(Read(digest_, {0, 1}).status().code(), StatusCode::kUnavailable);
  Await([&] { return server_->Counters().handshake_failures == 1; });
  PieceClient client(client_options_, clock_, [] { return nullptr; });
  char byte = 0;
  const Status status = client.Read(ServerNode(), digest_, {0, 1}, std::as_writable_bytes(std::span(&byte, 1)), {});
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
}

TEST_F(PieceCredentialsTest, ConnectionsEndWithTheCertificateTheyBeganWith) {
  Mutex mutex;
  auto context = cluster_.ContextOf("server");
  parts_.tls = [&] {
    MutexLock lock(mutex);
    return context;
  };
  StartServer();
  EXPECT_TRUE(Read(digest_, {0, 1}).ok());
  EXPECT_EQ(client_->idle_connections(), 1U);
  {
    MutexLock lock(mutex);
    context = cluster_.ContextOf("server");
  }
  EXPECT_TRUE(Read(digest_, {0, 1}).ok());
  EXPECT_EQ(client_->idle_connections(), 0U) << "the server ends it with this answer";
  EXPECT_TRUE(Read(digest_, {0, 1}).ok());
  EXPECT_EQ(client_->idle_connections(), 1U);
}

TEST_F(PieceCredentialsTest, AClientWithANewCertificateConnectsAnew) {
  StartServer();
  Mutex mutex;
  auto context = cluster_.ContextOf("client");
  PieceClient client(client_options_, clock_, [&] {
    MutexLock lock(mutex);
    return context;
  });
  const auto read = [&] {
    char byte = 0;
    return client.Read(ServerNode(), digest_, {0, 1}, std::as_writable_bytes(std::span(&byte, 1)), {});
  };
  EXPECT_EQ(read(), OkStatus());
  MutexLock lock(mutex);
  context = cluster_.ContextOf(Good("stranger"));
  mutex.Unlock();
  EXPECT_EQ(read().code(), kUnauthenticated);
  mutex.Lock();
}

// Connections that say nothing, as many as there can be.
class Flood {
 public:
  explicit Flood(uint16_t port) : port_(port) {}
  void Add(int count) {
    for (int i = 0; i < count; ++i) sockets_.push_back(RawSocket::To(port_));
  }

 private:
  const uint16_t port_;
  std::vector<RawSocket> sockets_;
};

TEST_F(PieceCredentialsTest, AFloodNeitherGrowsTheServerNorKeepsMembersOut) {
  RaiseFileLimit();
  StartServer();
  Flood flood(server_->port());
  const Credentials member = Good("client");
  for (int i = 0; i < 20; ++i) {
    flood.Add(500);
    EXPECT_EQ(ReadAs(member), OkStatus());
    const PieceServerCounters counters = server_->Counters();
    EXPECT_LE(counters.connections, server_options_.connections.all);
    EXPECT_LE(counters.strangers, server_options_.connections.strangers);
  }
  Await([&] { return server_->Counters().dropped >= 10'000 - server_options_.connections.strangers; });
}

TEST_F(PieceCredentialsTest, MembersComeInWhileAFloodGoesOn) {
  RaiseFileLimit();
  StartServer();
  const Credentials member = Good("client");
  std::atomic<bool> over = false;
  std::jthread flooding([&] {
    Flood flood(server_->port());
    flood.Add(8000);
    over = true;
  });
  int came_in = 0, tries = 0;
  while (!over || came_in == 0) {
    ++tries;
    if (ReadAs(member).ok()) ++came_in;
  }
  EXPECT_GE(came_in * 2, tries);
}

TEST_F(PieceCredentialsTest, ManyConnectionsOfOneNodeTakeNoPlaceOfOthers) {
  server_options_.connections = {.all = 8, .strangers = 4, .per_node = 2};
  StartServer();
  std::vector<std::unique_ptr<PieceClient>> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(std::make_unique<PieceClient>(client_options_, clock_, cluster_.ProviderOf("client")));
    char byte = 0;
    EXPECT_EQ(clients.back()->Read(ServerNode(), digest_, {0, 1}, std::as_writable_bytes(std::span(&byte, 1)), {}),
              OkStatus());
  }
  Await([&] { return server_->Counters().connections == 2; });
}

TEST_F(PieceCredentialsTest, HalfAHandshakeEndsInTime) {
  StartServer();
  const RawSocket half = RawSocket::To(server_->port());
  half.Send(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11));
  while (!half.HasInput()) clock_.Advance(seconds(1));
  EXPECT_EQ(half.ReceiveAll(), "");
  Await([&] { return server_->Counters().dropped == 1; });
}

}  // namespace
}  // namespace ballast
