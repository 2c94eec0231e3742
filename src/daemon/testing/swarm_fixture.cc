#include "daemon/testing/swarm_fixture.h"

#include <arpa/inet.h>
#include <grpcpp/grpcpp.h>
#include <sys/socket.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "base/small_file.h"
#include "base/strings.h"
#include "base/unique_fd.h"
#include "daemon/testing/service_fixture.h"
#include "identity/pem_file.h"

namespace ballast {

namespace fs = std::filesystem;
namespace v1 = cache::v1;

SwarmDaemon::Pulled SwarmDaemon::Pull(const std::string& source) const {
  v1::PrepareRequest request;
  request.set_source(source);
  grpc::ClientContext context;
  Pulled pulled;
  const auto reader = stub->Prepare(&context, request);
  for (v1::PrepareUpdate update; reader->Read(&update);) {
    if (update.has_ready()) pulled.ready = update.ready();
  }
  pulled.status = reader->Finish();
  return pulled;
}

v1::StatusResponse SwarmDaemon::GetStatus() const {
  grpc::ClientContext context;
  v1::StatusResponse response;
  EXPECT_TRUE(stub->Status(&context, {}, &response).ok());
  return response;
}

v1::ModelTransfers SwarmDaemon::Transfers(const std::string& model) const {
  grpc::ClientContext context;
  v1::ModelStatusRequest request;
  request.set_model(model);
  v1::ModelStatusResponse response;
  if (!stub->ModelStatus(&context, request, &response).ok() || response.models().empty()) return {};
  return response.models(0);
}

std::string SwarmDaemon::Content(const std::string& view, const std::string& path) const {
  std::ifstream file(fs::path(config.cache.dir) / view / path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string SwarmDaemon::Get(const std::string& target) const {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{
      .sin_family = AF_INET, .sin_port = htons(daemon->http_port()), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const std::string request = "GET " + target + " HTTP/1.0\r\n\r\n";
  EXPECT_EQ(::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
  std::string answer;
  std::array<char, 4096> buffer{};
  for (ssize_t n; (n = ::recv(fd.get(), buffer.data(), buffer.size(), 0)) > 0;)
    answer.append(buffer.data(), static_cast<size_t>(n));
  return answer;
}

void SwarmDaemon::Kill() {
  stub.reset();
  daemon.reset();
}

SwarmFixture::SwarmFixture() : weights_(Weights(12 * kMiB)) {
  fs::create_directory(root_.path() + "/pki");
  BALLAST_CHECK(ReplacePemFile(root_.path() + "/pki/ca.pem", cluster_.CaPem(), Secrecy::kPublic).ok());
  origin_.real().Put("hf://org/a", {{.path = "config.json", .content = "{}", .kind = FakeFileKind::kPlain},
                                    {.path = "model.safetensors", .content = weights_}});
}

void SwarmFixture::IssueCertificate(const std::string& node) const {
  const Credentials issued = cluster_.CredentialsOf(PeerIdentity::Node(node).value());
  const std::string base = root_.path() + "/pki/" + node;
  BALLAST_CHECK(ReplacePemFile(base + ".key", issued.key, Secrecy::kPrivate).ok());
  BALLAST_CHECK(ReplacePemFile(base + ".pem", issued.certificate, Secrecy::kPublic).ok());
}

// Knows nobody but itself until TellMembers(): its ports are not known before.
void SwarmFixture::StartDaemon(SwarmDaemon& node) {
  const DaemonConfig& config = node.config;
  BALLAST_CHECK(
      ReplaceSmallFile(config.swarm->members_file, StrCat("members: [{name: ", node.name, ", host: 127.0.0.1}]")).ok());
  ModelManager::Options jobs;
  jobs.backoff = {.initial = std::chrono::milliseconds(1), .max = std::chrono::milliseconds(50)};
  auto daemon = Daemon::Start({.config = config,
                               .version = "1.2.3",
                               .origins = [this](const ModelRequest&) -> Result<Origin*> { return &origin_; },
                               .jobs = jobs,
                               .upkeep = std::chrono::milliseconds(20),
                               .pace = node.pace},
                              clock_);
  BALLAST_CHECK(daemon.ok()) << daemon.status();
  node.daemon = *std::move(daemon);
  node.stub = v1::Cache::NewStub(grpc::CreateChannel("unix:" + config.socket.path, grpc::InsecureChannelCredentials()));
}

void SwarmFixture::Restart(SwarmDaemon& node) {
  StartDaemon(node);
  TellMembers();
}

SwarmDaemon& SwarmFixture::StartOne() {
  auto node = std::make_unique<SwarmDaemon>();
  node->name = StrCat("n", nodes_.size() + 1);
  const std::string base = root_.path() + "/" + node->name;
  DaemonConfig& config = node->config;
  config.node = node->name;
  config.cache.dir = base;
  config.cache.min_available = 0;
  config.socket.path = base + ".sock";
  config.http.address = "127.0.0.1:0";
  config.fetch.streams = 4;
  SwarmConfig& swarm = config.swarm.emplace();
  swarm.listen = {.address = "127.0.0.1", .control_port = 0, .data_port = 0};
  swarm.members_file = base + ".members.yaml";
  swarm.tls = {.ca = root_.path() + "/pki/ca.pem",
               .certificate = root_.path() + "/pki/" + node->name + ".pem",
               .key = root_.path() + "/pki/" + node->name + ".key"};
  configure_(*node);
  StartDaemon(*node);
  nodes_.push_back(std::move(node));
  return *nodes_.back();
}

void SwarmFixture::TellMembers() const {
  std::string list = "members:\n";
  size_t members = 0;
  for (const auto& node : nodes_) {
    if (!node->daemon) continue;
    ++members;
    const auto said = said_ports_.find(node->name);
    const Ports ports = said == said_ports_.end() ? Ports() : said->second;
    list += StrCat("- {name: ", node->name, ", zone: ", members % 2 == 0 ? "b" : "a",
                   ", host: 127.0.0.1, controlPort: ", ports.control > 0 ? ports.control : node->daemon->control_port(),
                   ", dataPort: ", ports.data > 0 ? ports.data : node->daemon->data_port(), "}\n");
  }
  for (const auto& node : nodes_) {
    if (node->daemon) BALLAST_CHECK(ReplaceSmallFile(node->config.swarm->members_file, list).ok());
  }
  for (const auto& node : nodes_) {
    if (!node->daemon) continue;
    const std::string line = StrCat("\nballast_swarm_members ", members, "\n");
    WaitUntil([&] { return node->Get("/metrics").find(line) != std::string::npos; });
  }
}

void SwarmFixture::Start(int count) {
  for (int i = 1; i <= count; ++i) {
    IssueCertificate(StrCat("n", i));
    StartOne();
  }
  TellMembers();
}

SwarmDaemon& SwarmFixture::Add() {
  IssueCertificate(StrCat("n", nodes_.size() + 1));
  return AddWithoutCertificate();
}

SwarmDaemon& SwarmFixture::AddWithoutCertificate() {
  SwarmDaemon& node = StartOne();
  TellMembers();
  return node;
}

void SwarmFixture::ExpectWhole(const SwarmDaemon& node, const SwarmDaemon::Pulled& pulled) const {
  ASSERT_TRUE(pulled.status.ok()) << node.name << ": " << pulled.status.error_message();
  EXPECT_EQ(node.Content(pulled.ready.view(), "config.json"), "{}") << node.name;
  EXPECT_TRUE(node.Content(pulled.ready.view(), "model.safetensors") == weights_) << node.name;
}

void SwarmFixture::AllPull(const std::function<void()>& meanwhile) {
  std::vector<std::jthread> pulls;
  for (const auto& node : nodes_) {
    if (node->daemon) pulls.emplace_back([this, &node] { ExpectWhole(*node, node->Pull("hf://org/a")); });
  }
  meanwhile();
}

void SwarmFixture::WaitUntil(const std::function<bool()>& condition) {
  while (!condition()) std::this_thread::yield();
}

}  // namespace ballast
