// Every route of every port of a whole daemon, asked by everybody who is nobody. And the other way round: a daemon that
// finds somebody else where a node should be.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <thread>

#include "base/strings.h"
#include "daemon/testing/cluster_swarm.h"
#include "daemon/testing/impostor.h"
#include "daemon/testing/raw_tls.h"
#include "daemon/testing/service_fixture.h"
#include "daemon/testing/swarm_fixture.h"
#include "kube/testing/token_reviews.h"
#include "peering/peer_server.h"
#include "proto/agent.pb.h"
#include "proto/peer.pb.h"
#include "swarm/testing/raw_socket.h"

namespace ballast {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAreArray;

// ---- who asks

struct Caller {
  std::string name;
  std::optional<Credentials> shows = std::nullopt;
  bool tls = true;
};

// What a member's certificate may have wrong, at either end of a connection.
std::vector<Caller> WrongCertificates(const TestCluster& cluster, const std::string& member, WallTime now,
                                      const char* other_role) {
  const auto changed = [&](auto change) { return cluster.Changed(member, change); };
  return {
      {"wrong CA", cluster.Foreign(member)},
      {"expired", changed([&](auto& spec) { spec.not_after = now - std::chrono::minutes(1); })},
      {"not yet valid", changed([&](auto& spec) { spec.not_before = now + std::chrono::minutes(10); })},
      {"of a node that is no member", cluster.CredentialsOf(PeerIdentity::Node("stranger").value())},
      {"the operator's", cluster.CredentialsOf(PeerIdentity::Operator())},
      {"for the other role only", changed([&](auto& spec) { spec.extended_key_usage = other_role; })},
      {"for mail", changed([](auto& spec) { spec.extended_key_usage = "emailProtection"; })},
      {"for no use", changed([](auto& spec) { spec.extended_key_usage = ""; })},
      {"with two names", changed([](auto& spec) { spec.uris.emplace_back("ballast://node/other"); })},
      {"with no name", changed([](auto& spec) { spec.uris.clear(); })},
      {"with another kind of name", changed([&](auto& spec) { spec.uris = {"spiffe://cluster/" + member}; })},
  };
}

std::vector<Caller> WrongCallers(const TestCluster& cluster, WallTime now) {
  std::vector<Caller> callers = WrongCertificates(cluster, "n2", now, "serverAuth");
  callers.push_back({"no certificate"});
  callers.push_back({.name = "plaintext", .tls = false});
  return callers;
}

// ---- gRPC: any method of any service, with one empty message, and all its answers passed over

std::shared_ptr<grpc::ChannelCredentials> ChannelOf(const Caller& caller, const std::string& ca) {
  namespace tls = grpc::experimental;
  if (!caller.tls) return grpc::InsecureChannelCredentials();
  tls::TlsChannelCredentialsOptions options;
  std::vector<tls::IdentityKeyCertPair> own;
  if (caller.shows) own.push_back({.private_key = caller.shows->key, .certificate_chain = caller.shows->certificate});
  options.set_certificate_provider(std::make_shared<tls::StaticDataCertificateProvider>(ca, own));
  options.watch_root_certs();
  if (caller.shows) options.watch_identity_key_cert_pairs();
  options.set_certificate_verifier(std::make_shared<tls::NoOpCertificateVerifier>());
  options.set_check_call_host(false);
  return tls::TlsCredentials(options);
}

grpc::Status Call(const std::string& target, const std::shared_ptr<grpc::ChannelCredentials>& how,
                  const std::string& method) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own for each call
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  grpc::GenericStub stub(grpc::CreateCustomChannel(target, how, arguments));
  grpc::ClientContext context;
  context.AddMetadata(kPlaintextNodeKey, "n2");                                      // only plaintext believes it
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(2));  // then the test is wrong
  grpc::CompletionQueue queue;
  const auto done = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    EXPECT_TRUE(queue.Next(&tag, &ok));
    return ok;
  };
  const auto call = stub.PrepareCall(&context, method, &queue);
  call->StartCall(nullptr);
  bool goes_on = done();
  if (goes_on) {
    const grpc::Slice nothing;
    call->WriteLast(grpc::ByteBuffer(&nothing, 1), grpc::WriteOptions(), nullptr);
    done();
  }
  while (goes_on) {
    grpc::ByteBuffer answer;
    call->Read(&answer, nullptr);
    goes_on = done();
  }
  grpc::Status status;
  call->Finish(&status, nullptr);
  done();
  return status;
}

// "/ballast.peer.v1.Peer/Hold", of all services of the file.
std::vector<std::string> MethodsOf(const google::protobuf::FileDescriptor& file) {
  std::vector<std::string> methods;
  for (int s = 0; s < file.service_count(); ++s) {
    const auto& service = *file.service(s);
    for (int m = 0; m < service.method_count(); ++m)
      methods.push_back(StrCat("/", service.full_name(), "/", service.method(m)->name()));
  }
  return methods;
}
std::vector<std::string> ControlMethods() { return MethodsOf(*peer::v1::FromNode::descriptor()->file()); }
std::vector<std::string> LocalMethods() { return MethodsOf(*cache::v1::Lease::descriptor()->file()); }
// Of services that gRPC could bring along.
const std::vector<std::string> kUnserved = {"/grpc.health.v1.Health/Check",
                                            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                                            "/grpc.channelz.v1.Channelz/GetServers", "/no.such/Method"};

class RouteWalkTest : public SwarmFixture {
 protected:
  // n1 is asked, and has a model; n2 is a member.
  void StartTwo() {
    Start(2);
    ExpectWhole(*nodes_[0], nodes_[0]->Pull("hf://org/a"));
    before_ = Uploaded();
  }
  const SwarmDaemon& Asked() const { return *nodes_[0]; }
  std::string Control() const { return StrCat("ipv4:127.0.0.1:", Asked().daemon->control_port()); }
  std::string Local() const { return "unix:" + Asked().config.socket.path; }
  grpc::Status CallControl(const Caller& caller, const std::string& method) const {
    return Call(Control(), ChannelOf(caller, cluster_.CaPem()), method);
  }
  Caller Member() const { return {"a member", cluster_.CredentialsOf(PeerIdentity::Node("n2").value())}; }

  std::string AskData(const Caller& caller, const std::string& request) const {
    const RawSocket socket = RawSocket::To(Asked().daemon->data_port());
    if (caller.tls) return AskOverTls(socket.fd(), caller.shows, request);
    socket.Send(request);
    return socket.ReceiveAll();
  }
  std::string Uploaded() const {
    const std::string metrics = Asked().Get("/metrics");
    const std::string name = "\nballast_swarm_uploaded_bytes_total ";
    const size_t at = metrics.find(name);
    EXPECT_NE(at, std::string::npos);
    return metrics.substr(at, metrics.find('\n', at + 1) - at);
  }
  std::string ReadFile(const std::string& path) const {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string before_;
};

// ---- the control port

TEST_F(RouteWalkTest, TheControlPortAnswersMembersAlone) {
  EXPECT_THAT(ControlMethods(),
              UnorderedElementsAreArray({"/ballast.peer.v1.Peer/Join", "/ballast.peer.v1.Peer/Hold",
                                         "/ballast.peer.v1.Peer/Coordinates", "/ballast.peer.v1.Peer/PieceHashes",
                                         "/ballast.peer.v1.Peer/Resolve"}))
      << "a route was added: look who may ask for it";
  StartTwo();
  for (const std::string& method : ControlMethods()) {
    for (const Caller& caller : WrongCallers(cluster_, clock_.Now())) {
      // Nobody came as far as to be answered: the connection was refused.
      const grpc::Status status = CallControl(caller, method);
      EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE)
          << method << ", " << caller.name << ": " << status.error_message();
    }
    const grpc::Status member = CallControl(Member(), method);
    EXPECT_TRUE(member.ok() || member.error_code() == grpc::StatusCode::INVALID_ARGUMENT)
        << method << ": " << member.error_code() << " " << member.error_message();
  }
}

TEST_F(RouteWalkTest, TheControlPortServesNothingElseNotEvenMembers) {
  StartTwo();
  for (const auto& methods : {LocalMethods(), kUnserved}) {
    for (const std::string& method : methods) {
      EXPECT_EQ(CallControl(Member(), method).error_code(), grpc::StatusCode::UNIMPLEMENTED) << method;
      EXPECT_EQ(CallControl({"no certificate"}, method).error_code(), grpc::StatusCode::UNAVAILABLE) << method;
    }
  }
}

// ---- the control port in a cluster: the operator has a say, and no more than its own

class ClusterRouteWalkTest : public ClusterSwarm {
 protected:
  void StartOne() {
    Add("n1");
    WriteSlices();
    WriteEntries("n1", {Entry()});
    AwaitCertificate("n1", ConditionStatus::kTrue);
    AwaitReady("n1");
  }
  grpc::Status CallControl(const Caller& caller, const std::string& method) const {
    return Call(StrCat("ipv4:127.0.0.1:", nodes_[0]->daemon->control_port()), ChannelOf(caller, cluster_.CaPem()),
                method);
  }
  Caller Operator() const { return {"the operator", cluster_.CredentialsOf(PeerIdentity::Operator())}; }
  Caller Member() const { return {"a member", cluster_.CredentialsOf(PeerIdentity::Node("n1").value())}; }
};

TEST_F(ClusterRouteWalkTest, TheAgentsServiceAnswersTheOperatorAlone) {
  const std::vector<std::string> methods = MethodsOf(*agent::v1::ProgressRequest::descriptor()->file());
  EXPECT_THAT(methods, UnorderedElementsAreArray({"/ballast.agent.v1.Agent/Progress"}))
      << "a route was added: look who may ask for it";
  StartOne();
  for (const std::string& method : methods) {
    EXPECT_TRUE(CallControl(Operator(), method).ok()) << method;
    EXPECT_EQ(CallControl(Member(), method).error_code(), grpc::StatusCode::PERMISSION_DENIED) << method;
    for (const Caller& caller : WrongCallers(cluster_, clock_.Now())) {
      if (caller.name == "the operator's") continue;
      EXPECT_EQ(CallControl(caller, method).error_code(), grpc::StatusCode::UNAVAILABLE) << method << caller.name;
    }
  }
}

TEST_F(ClusterRouteWalkTest, TheOperatorIsNoMemberOfTheSwarm) {
  StartOne();
  for (const std::string& method : ControlMethods())
    EXPECT_EQ(CallControl(Operator(), method).error_code(), grpc::StatusCode::PERMISSION_DENIED) << method;
  for (const auto& methods : {LocalMethods(), kUnserved}) {
    for (const std::string& method : methods)
      EXPECT_EQ(CallControl(Operator(), method).error_code(), grpc::StatusCode::UNIMPLEMENTED) << method;
  }
}

// ---- the data port: it has one route, and refuses before the first byte of a request

TEST_F(RouteWalkTest, TheDataPortAnswersMembersAlone) {
  StartTwo();
  const std::string blob = "/v1/blobs/" + Digest::Of(weights_).ToString();
  const std::string rest = " HTTP/1.1\r\nHost: n1\r\nRange: bytes=0-99\r\nConnection: close\r\n\r\n";
  const std::pair<std::string, std::string> routes[] = {
      {"GET " + blob, "HTTP/1.1 206 "},   {"GET /v1/blobs/sha256:0", "HTTP/1.1 400 "},
      {"GET /", "HTTP/1.1 404 "},         {"GET /metrics", "HTTP/1.1 404 "},
      {"GET /healthz", "HTTP/1.1 404 "},  {"POST " + blob, "HTTP/1.1 405 "},
      {"DELETE " + blob, "HTTP/1.1 405 "}};
  int refused = 0;
  for (const auto& [route, answer] : routes) {
    for (const Caller& caller : WrongCallers(cluster_, clock_.Now())) {
      ++refused;
      const std::string got = AskData(caller, route + rest);
      if (caller.tls || !route.starts_with("GET")) {
        EXPECT_EQ(got, "") << route << ", " << caller.name;
      } else {
        EXPECT_THAT(got, StartsWith("HTTP/1.1 400 ")) << route;
        EXPECT_THAT(got, HasSubstr("this port speaks TLS")) << route;
      }
    }
    EXPECT_EQ(Uploaded(), before_) << route;
    EXPECT_THAT(Asked().Get("/metrics"), HasSubstr(StrCat("ballast_swarm_failed_handshakes_total ", refused, "\n")));
    EXPECT_THAT(AskData(Member(), route + rest), StartsWith(answer)) << route;
    before_ = Uploaded();
  }
}

TEST_F(RouteWalkTest, TheDataPortSendsAMemberWhatItAskedFor) {
  StartTwo();
  const std::string answer =
      AskData(Member(), "GET /v1/blobs/" + Digest::Of(weights_).ToString() +
                            " HTTP/1.1\r\nHost: n1\r\nRange: bytes=0-99\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(answer.ends_with("\r\n\r\n" + weights_.substr(0, 100)));
  WaitUntil([this] { return Uploaded() != before_; });
}

// ---- the port for probes and metrics: open, so it may say nothing that is secret

TEST_F(RouteWalkTest, TheHttpPortIsOpenAndHoldsNoSecret) {
  StartTwo();
  const std::string unknown = Asked().Get("/");
  const std::string intro = "not found; there are ";
  ASSERT_THAT(unknown, HasSubstr(intro));
  const std::string listed = unknown.substr(unknown.find(intro) + intro.size());
  EXPECT_EQ(listed, "/healthz /metrics /readyz\n") << "a route was added: look what it says to everybody";
  const std::string key = ReadFile(Asked().config.swarm->tls.key);
  ASSERT_THAT(key, StartsWith("-----BEGIN"));
  const std::string of_key = key.substr(key.find('\n') + 1, 40);
  for (const std::string path : {"/healthz", "/metrics", "/readyz"}) {
    const std::string answer = Asked().Get(path);
    EXPECT_THAT(answer, HasSubstr("200 OK")) << path;
    for (const std::string& secret :
         {of_key, std::string("PRIVATE KEY"), std::string("CERTIFICATE"), root_.path(), weights_.substr(0, 16)})
      EXPECT_THAT(answer, Not(HasSubstr(secret))) << path;
    // It speaks no TLS to anybody.
    for (const Caller& caller : {Member(), Caller{"no certificate"}}) {
      const RawSocket socket = RawSocket::To(Asked().daemon->http_port());
      EXPECT_EQ(AskOverTls(socket.fd(), caller.shows, "GET " + path + " HTTP/1.0\r\n\r\n"), "") << path;
    }
  }
  for (const std::string& method : ControlMethods())
    EXPECT_FALSE(
        Call(StrCat("ipv4:127.0.0.1:", Asked().daemon->http_port()), grpc::InsecureChannelCredentials(), method).ok())
        << method;
}

// ---- the same port with metrics.auth: kubernetes

class GuardedRouteWalkTest : public ClusterSwarm {
 protected:
  GuardedRouteWalkTest() {
    guard_metrics_ = true;
    kube_.Serve(TokenReviewRules({{"scraper", {.username = "prometheus"}},
                                  {"stranger", {.username = "stranger"}},
                                  {"agent", {.username = "prometheus", .audience = "ballast"}}}));
    kube_.Serve(AccessReviewRules([](const Json& spec) { return StringAt(spec, "/user") == "prometheus"; }));
    Add("n1");
    WriteEntries("n1", {});
    AwaitCertificate("n1", ConditionStatus::kTrue);
  }
  std::string Ask(const Caller& caller, const std::string& path, const std::string& headers) const {
    const RawSocket socket = RawSocket::To(nodes_[0]->daemon->http_port());
    const std::string request = StrCat("GET ", path, " HTTP/1.0\r\n", headers, "\r\n");
    if (caller.tls) return AskOverTls(socket.fd(), caller.shows, request);
    socket.Send(request);
    return socket.ReceiveAll();
  }
};

TEST_F(GuardedRouteWalkTest, MetricsAreForTokensThatMayGetThemWhateverElseIsShown) {
  const struct {
    std::string headers;
    std::string code;
  } shown[] = {
      {"", "401"},
      {"Authorization: Basic c2NyYXBlcjpzY3JhcGVy\r\n", "401"},
      {"Authorization: Bearer nonsense\r\n", "401"},
      {"Authorization: Bearer agent\r\n", "401"},  // for another audience
      {"Authorization: Bearer stranger\r\n", "403"},
      {"Authorization: Bearer stranger\r\nAuthorization: Bearer scraper\r\n", "401"},
      {"X-Remote-User: prometheus\r\n", "401"},
      {"Authorization: Bearer scraper\r\n", "200"},
  };
  const Caller callers[] = {{"no certificate"},
                            {"a member's", cluster_.CredentialsOf(PeerIdentity::Node("n1").value())},
                            {"the operator's", cluster_.CredentialsOf(PeerIdentity::Operator())}};
  for (const auto& row : shown) {
    for (const Caller& caller : callers) {
      const std::string answer = Ask(caller, "/metrics", row.headers);
      EXPECT_THAT(answer, StartsWith("HTTP/1.0 " + row.code)) << row.headers << caller.name;
      EXPECT_EQ(answer.find("ballast_build_info") != std::string::npos, row.code == "200") << row.headers;
      EXPECT_THAT(Ask(caller, "/healthz", row.headers), StartsWith("HTTP/1.0 200")) << row.headers << caller.name;
    }
    const Caller plain{.name = "plaintext", .tls = false};
    EXPECT_THAT(Ask(plain, "/metrics", row.headers), StartsWith("HTTP/1.0 403")) << row.headers;
    EXPECT_THAT(Ask(plain, "/healthz", row.headers), StartsWith("HTTP/1.0 200")) << row.headers;
    EXPECT_THAT(Ask(plain, "/readyz", row.headers), StartsWith("HTTP/1.0 200")) << row.headers;
  }
}

// ---- the unix socket: whom its file lets in, and nobody else

// What connect() says to a user who is not in the socket's group; on a thread of its own, whose ids are the kernel's
// business alone.
int ConnectAsAnybody(const std::string& path) {
  int error = -1;
  std::thread([&] {
    constexpr uint32_t kNobody = 65534;
    ::syscall(SYS_setgroups, 0, nullptr);
    ::setfsgid(kNobody);
    ::setfsuid(kNobody);
    const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    error = ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
  }).join();
  return error;
}

TEST_F(RouteWalkTest, TheUnixSocketLetsInWhomItsFileDoes) {
  StartTwo();
  fs::permissions(root_.path(), fs::perms(0755));  // the socket alone decides
  struct stat socket {};
  ASSERT_EQ(::stat(Asked().config.socket.path.c_str(), &socket), 0);
  EXPECT_EQ(socket.st_mode & 07777, 0660U);
  if (::geteuid() != 0) GTEST_SKIP() << "to be another user, it must be root";
  EXPECT_EQ(ConnectAsAnybody(Asked().config.socket.path), EACCES);
  ASSERT_EQ(::chmod(Asked().config.socket.path.c_str(), 0666), 0);
  EXPECT_EQ(ConnectAsAnybody(Asked().config.socket.path), 0);
}

TEST_F(RouteWalkTest, TheUnixSocketServesItsOwnRoutesWithoutTls) {
  EXPECT_THAT(LocalMethods(),
              UnorderedElementsAreArray({"/ballast.cache.v1.Cache/Prepare", "/ballast.cache.v1.Cache/Release",
                                         "/ballast.cache.v1.Cache/ListLeases", "/ballast.cache.v1.Cache/List",
                                         "/ballast.cache.v1.Cache/Verify", "/ballast.cache.v1.Cache/Warm",
                                         "/ballast.cache.v1.Cache/Remove", "/ballast.cache.v1.Cache/CollectGarbage",
                                         "/ballast.cache.v1.Cache/Status", "/ballast.cache.v1.Cache/ModelStatus"}))
      << "a route was added: whoever reaches the socket may ask for it";
  StartTwo();
  for (const std::string& method : LocalMethods()) {
    const grpc::Status ours = Call(Local(), grpc::InsecureChannelCredentials(), method);
    EXPECT_NE(ours.error_code(), grpc::StatusCode::UNIMPLEMENTED) << method;
    EXPECT_NE(ours.error_code(), grpc::StatusCode::UNAVAILABLE) << method << ": " << ours.error_message();
    for (const Caller& caller : {Member(), Caller{"no certificate"}})
      EXPECT_EQ(Call(Local(), ChannelOf(caller, cluster_.CaPem()), method).error_code(), grpc::StatusCode::UNAVAILABLE)
          << method << ", " << caller.name;
  }
  for (const auto& methods : {ControlMethods(), kUnserved}) {
    for (const std::string& method : methods)
      EXPECT_EQ(Call(Local(), grpc::InsecureChannelCredentials(), method).error_code(), grpc::StatusCode::UNIMPLEMENTED)
          << method;
  }
}

// ---- somebody else where n2 should be

struct Callee {
  std::string name;
  bool itself = false;
};
void PrintTo(const Callee& callee, std::ostream* out) { *out << callee.name; }

class WrongCalleeTest : public SwarmFixture, public ::testing::WithParamInterface<Callee> {
 protected:
  std::optional<Credentials> Shows() const {
    if (GetParam().itself) return cluster_.CredentialsOf(PeerIdentity::Node("n2").value());
    if (GetParam().name == "plaintext") return std::nullopt;
    if (GetParam().name == "another member's") return cluster_.CredentialsOf(PeerIdentity::Node("n3").value());
    for (const Caller& one : WrongCertificates(cluster_, "n2", clock_.Now(), "clientAuth")) {
      if (one.name == GetParam().name) return one.shows;
    }
    ADD_FAILURE() << "no such case";
    return std::nullopt;
  }
  void ExpectAskedByWhoBelieves(const Impostor& impostor) const {
    WaitUntil([&] { return impostor.connections() > 0; });
    if (GetParam().itself) {
      WaitUntil([&] { return impostor.asked() > 0; });
    } else {
      EXPECT_EQ(impostor.asked(), 0);
    }
  }
};

TEST_P(WrongCalleeTest, ControlIsNotSpokenWithIt) {
  Impostor impostor(Shows());
  said_ports_["n2"].control = impostor.port();
  Start(3);
  ExpectWhole(*nodes_[0], nodes_[0]->Pull("hf://org/a"));
  ExpectAskedByWhoBelieves(impostor);
}

TEST_P(WrongCalleeTest, NoBytesAreAskedOfIt) {
  Impostor impostor(Shows());
  said_ports_["n2"].data = impostor.port();
  Start(3);
  ExpectWhole(*nodes_[1], nodes_[1]->Pull("hf://org/a"));
  ExpectWhole(*nodes_[0], nodes_[0]->Pull("hf://org/a"));
  ExpectAskedByWhoBelieves(impostor);
}

std::vector<Callee> Callees() {
  const WallTime now = RealClock().Now();
  std::vector<Callee> callees = {{"itself", true}, {"plaintext"}, {"another member's"}};
  for (const Caller& one : WrongCertificates(TestCluster(now), "n2", now, "clientAuth")) callees.push_back({one.name});
  return callees;
}

INSTANTIATE_TEST_SUITE_P(Callees, WrongCalleeTest, ::testing::ValuesIn(Callees()), [](const auto& tested) {
  std::string name = tested.param.name;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
  return name;
});

}  // namespace
}  // namespace ballast
