// What a GB costs, in seconds of CPU: served and received, plain and over TLS, beside nginx that serves the same ranges
// of the same file to the same client.
//
//   ballast-piece-bench [--mib 1024] [--piece-mib 16] [--streams 4] [--runs 3] [--nginx /usr/sbin/nginx] [--raw FILE]
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <thread>

#include "base/logging.h"
#include "base/testing/temp_dir.h"
#include "base/unique_fd.h"
#include "core/hasher.h"
#include "identity/authority.h"
#include "swarm/piece_client.h"
#include "swarm/piece_server.h"
#include "swarm/tcp.h"

namespace ballast {
namespace {

struct BenchOptions {
  uint64_t mib = 1024;
  uint64_t piece_mib = 16;
  uint64_t streams = 4;
  uint64_t runs = 3;
  std::string nginx = "/usr/sbin/nginx";
  std::string raw;  // file for a line per measurement: server, mode, CPU-s/GB to serve, to receive, GB/s
};

// CPU-s per GB at both ends, and GB per second.
struct Cost {
  double serve = 0;
  double receive = 0;
  double speed = 0;
};

class FileBlob final : public ServedBlob {
 public:
  FileBlob(UniqueFd file, uint64_t size) : file_(std::move(file)), size_(size) {}
  uint64_t size() const override { return size_; }
  Result<uint64_t> AvailableFrom(uint64_t, Duration, std::stop_token) override { return size_; }
  Status Read(uint64_t offset, std::span<std::byte> into) override {
    const ssize_t got = ::pread(file_.get(), into.data(), into.size(), static_cast<off_t>(offset));
    return got == static_cast<ssize_t>(into.size()) ? OkStatus() : DataLoss("short read");
  }
  int fd() const override { return file_.get(); }

 private:
  const UniqueFd file_;
  const uint64_t size_;
};

class OneBlob final : public BlobProvider {
 public:
  explicit OneBlob(std::shared_ptr<ServedBlob> blob) : blob_(std::move(blob)) {}
  Result<std::shared_ptr<ServedBlob>> Open(const Digest&) override { return blob_; }

 private:
  const std::shared_ptr<ServedBlob> blob_;
};

template <typename T>
T Checked(Result<T> result) {
  BALLAST_CHECK(result.ok()) << result.status();
  return std::move(result).value();
}

// The file, and who its servers and their client are.
class Stage {
 public:
  explicit Stage(const BenchOptions& options) : options_(options), ca_(Checked(CertificateAuthority::Create(Now()))) {
    server_ = Issue("server");
    client_ = Issue("client");
    Write("ca.pem", server_.ca);
    Write("server.pem", server_.certificate);
    Write("server.key", server_.key);
    WriteBlob();
  }

  const BenchOptions& options() const { return options_; }
  const std::string& folder() const { return folder_.path(); }
  const Digest& digest() const { return digest_; }
  const Credentials& server() const { return server_; }
  const Credentials& client() const { return client_; }
  uint64_t bytes() const { return options_.mib << 20; }
  std::string blob() const { return StrCat(folder(), "/v1/blobs/", digest_); }

 private:
  static WallTime Now() { return std::chrono::system_clock::now(); }

  Credentials Issue(const char* node) {
    const IssuedCertificate issued = Checked(ca_.Issue(Checked(PeerIdentity::Node(node)), Now()));
    return {Checked(ca_.CertificatePem()), issued.certificate, issued.key};
  }

  void Write(const std::string& name, const std::string& content) {
    std::ofstream(StrCat(folder(), "/", name)) << content;
  }

  void WriteBlob() {
    std::mt19937_64 random(1);
    std::string block(1 << 20, '\0');
    Sha256Hasher hasher;
    const std::string part = folder() + "/part";
    std::ofstream file(part);
    for (uint64_t i = 0; i < options_.mib; ++i) {
      for (size_t at = 0; at < block.size(); at += 8) {
        const uint64_t word = random();
        std::copy_n(reinterpret_cast<const char*>(&word), 8, block.data() + at);
      }
      hasher.Update(std::as_bytes(std::span(block)));
      file << block;
    }
    file.close();
    digest_ = hasher.Finish();
    std::filesystem::create_directories(folder() + "/v1/blobs");
    std::filesystem::rename(part, blob());
    std::filesystem::permissions(folder(), std::filesystem::perms(0755));
  }

  const BenchOptions options_;
  const TempDir folder_;
  const CertificateAuthority ca_;
  Credentials server_;
  Credentials client_;
  Digest digest_;
};

TlsProvider Provider(const Credentials& credentials) {
  return [context = Checked(TlsContext::Create(credentials))] { return context; };
}

uint16_t FreePort() { return LocalPort(Checked(ListenTcp("127.0.0.1", 0)).get()); }

// ---- servers, each in a process of its own

[[noreturn]] void ServeOurs(const Stage& stage, bool plaintext, uint16_t port) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  const RealClock clock;
  OneBlob blobs(std::make_shared<FileBlob>(UniqueFd(::open(stage.blob().c_str(), O_RDONLY)), stage.bytes()));
  {
    const auto server = Checked(PieceServer::Start(
        {.host = "127.0.0.1", .port = port, .plaintext = plaintext},
        {blobs, clock, Provider(stage.server()), [](const PeerIdentity&) { return OkStatus(); }, nullptr}));
    int ignored = 0;
    sigwait(&set, &ignored);
  }
  ::_exit(0);
}

[[noreturn]] void ServeNginx(const Stage& stage, bool plaintext, uint16_t port) {
  const std::string path = StrCat(stage.folder(), "/nginx-", port, ".conf");
  const std::string tls = StrCat(
      "ssl_certificate server.pem; ssl_certificate_key server.key; ssl_protocols TLSv1.3;",
      "ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256; ssl_client_certificate ca.pem; ssl_verify_client on;");
  std::ofstream(path)
      << "daemon off; master_process off; error_log stderr error; pid nginx.pid; worker_processes 1;"
      << "events { worker_connections 256; } http { access_log off; sendfile on; tcp_nopush on;"
      << "keepalive_requests 1000000; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3;"
      << "uwsgi_temp_path t4; scgi_temp_path t5; server { listen 127.0.0.1:" << port
      << (plaintext ? "; " : " ssl; " + tls) << "root " << stage.folder() << "; } }";
  ::execl(stage.options().nginx.c_str(), "nginx", "-p", stage.folder().c_str(), "-c", path.c_str(), nullptr);
  LOG(ERROR) << "no nginx at " << stage.options().nginx;
  ::_exit(1);
}

using Serve = void (*)(const Stage&, bool, uint16_t);

double CpuSeconds(const rusage& usage) {
  const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + time.tv_usec * 1e-6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double OwnCpu() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return CpuSeconds(usage);
}

// ---- the client

Member ServerAt(uint16_t port) {
  return {.name = "server", .zone = "", .host = "127.0.0.1", .control_port = 1, .data_port = port};
}

void AwaitServer(PieceClient& client, const Stage& stage, uint16_t port) {
  std::byte byte;
  for (int i = 0; !client.Read(ServerAt(port), stage.digest(), {0, 1}, {&byte, 1}, {}).ok(); ++i) {
    BALLAST_CHECK(i < 100) << "the server does not come up";
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

void ReceiveAll(PieceClient& client, const Stage& stage, uint16_t port) {
  std::atomic<uint64_t> next{0};
  std::vector<std::jthread> threads;
  for (uint64_t i = 0; i < stage.options().streams; ++i) {
    threads.emplace_back([&] {
      std::vector<std::byte> piece(stage.options().piece_mib << 20);
      for (uint64_t at; (at = next.fetch_add(piece.size())) < stage.bytes();) {
        const uint64_t end = std::min(stage.bytes(), at + piece.size());
        const Status status =
            client.Read(ServerAt(port), stage.digest(), {at, end}, std::span(piece).first(end - at), {});
        BALLAST_CHECK(status.ok()) << status;
      }
    });
  }
}

Cost Measure(const Stage& stage, Serve serve, bool plaintext) {
  const uint16_t port = FreePort();
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    serve(stage, plaintext, port);
  }
  const RealClock clock;
  Cost cost;
  {
    PieceClient client({.plaintext = plaintext}, clock, Provider(stage.client()));
    AwaitServer(client, stage, port);
    const double cpu = OwnCpu();
    const SteadyTime began = clock.Steady();
    ReceiveAll(client, stage, port);
    const double gb = static_cast<double>(stage.bytes()) * 1e-9;
    cost.speed = gb / std::chrono::duration<double>(clock.Steady() - began).count();
    cost.receive = (OwnCpu() - cpu) / gb;
  }
  ::kill(child, SIGTERM);
  rusage usage{};
  int state = 0;
  ::wait4(child, &state, 0, &usage);
  cost.serve = CpuSeconds(usage) / (static_cast<double>(stage.bytes()) * 1e-9);
  return cost;
}

// ---- the report

std::string Summary(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  std::ostringstream out;
  out.precision(3);
  out << std::fixed << values[values.size() / 2] << " (" << values.front() << "-" << values.back() << ")";
  return out.str();
}

void Print(const std::string& name, const std::vector<Cost>& costs) {
  std::vector<double> serve, receive, speed;
  for (const Cost& cost : costs) {
    serve.push_back(cost.serve);
    receive.push_back(cost.receive);
    speed.push_back(cost.speed);
  }
  std::cout << name << "  serve " << Summary(serve) << "  receive " << Summary(receive) << " CPU-s/GB  "
            << Summary(speed) << " GB/s\n";
}

bool ReadOptions(int argc, char** argv, BenchOptions& options) {
  const std::map<std::string, uint64_t*> numbers = {{"--mib", &options.mib},
                                                    {"--piece-mib", &options.piece_mib},
                                                    {"--streams", &options.streams},
                                                    {"--runs", &options.runs}};
  for (int i = 1; i + 1 < argc; i += 2) {
    if (argv[i] == std::string("--nginx")) {
      options.nginx = argv[i + 1];
    } else if (argv[i] == std::string("--raw")) {
      options.raw = argv[i + 1];
    } else if (const auto found = numbers.find(argv[i]);
               found == numbers.end() || !ParseUint64(argv[i + 1], *found->second) || *found->second == 0) {
      return false;
    }
  }
  return argc % 2 == 1;
}

int Main(int argc, char** argv) {
  BenchOptions options;
  if (!ReadOptions(argc, argv, options)) {
    std::cerr << "usage: ballast-piece-bench [--mib N] [--piece-mib N] [--streams N] [--runs N] [--nginx PATH] [--raw "
                 "FILE]\n";
    return 2;
  }
  const Stage stage(options);
  const std::tuple<std::string, Serve, bool> cases[] = {{"ballast plain", ServeOurs, true},
                                                        {"nginx   plain", ServeNginx, true},
                                                        {"ballast tls  ", ServeOurs, false},
                                                        {"nginx   tls  ", ServeNginx, false}};
  std::map<std::string, std::vector<Cost>> costs;
  for (uint64_t run = 0; run < options.runs; ++run) {
    for (const auto& [name, serve, plaintext] : cases) costs[name].push_back(Measure(stage, serve, plaintext));
  }
  std::ofstream raw(options.raw);
  for (const auto& [name, serve, plaintext] : cases) {
    Print(name, costs[name]);
    for (const Cost& cost : costs[name])
      raw << name << " " << cost.serve << " " << cost.receive << " " << cost.speed << "\n";
  }
  return 0;
}

}  // namespace
}  // namespace ballast

int main(int argc, char** argv) {
  ballast::InitLogging(argv[0]);
  return ballast::Main(argc, argv);
}
