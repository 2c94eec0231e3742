#include "peering/grpc_listener.h"

#include <grpcpp/server.h>
#include <poll.h>
#include <sys/socket.h>

#include <optional>
#include <thread>
#include <utility>

#include "base/logging.h"
#include "base/strings.h"
#include "base/thread.h"
#include "swarm/tcp.h"

namespace ballast {
namespace {

constexpr int kPollMilliseconds = 1000;  // how often credentials are looked at while nobody comes
constexpr std::chrono::milliseconds kPause{100};
constexpr std::chrono::milliseconds kGoAway{200};  // until the others have heard it
constexpr int kHandshakeMilliseconds = 5000;

using Acceptor = grpc::experimental::ExternalConnectionAcceptor;

// One grpc::Server: the certificates it was made with are those of its connections for ever.
struct Generation {
  std::shared_ptr<const Credentials> credentials;
  GrpcServices serves;
  std::unique_ptr<Acceptor> acceptor;
  std::unique_ptr<grpc::Server> server;
};

}  // namespace

struct GrpcListener::State {
  State(const GrpcListenerOptions& the_options, Parts the_parts, UniqueFd socket)
      : options(the_options), parts(std::move(the_parts)), listening(std::move(socket)) {}

  std::unique_ptr<Generation> Make(std::shared_ptr<const Credentials> credentials) const;
  void Renew();
  void End(Generation& old) const;
  void Run(const std::stop_token& stop);
  bool AcceptOne();

  const GrpcListenerOptions options;
  const Parts parts;
  const UniqueFd listening;
  std::unique_ptr<Generation> current;  // of the accepting thread
  bool short_of = false;
  std::vector<std::jthread> ending;
  std::jthread thread;
};

std::unique_ptr<Generation> GrpcListener::State::Make(std::shared_ptr<const Credentials> credentials) const {
  auto made = std::make_unique<Generation>();
  made->credentials = std::move(credentials);
  grpc::ServerBuilder builder;
  made->serves = parts.serve(builder);
  for (const auto& service : made->serves.services) builder.RegisterService(service.get());
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeMilliseconds);
  using Type = grpc::ServerBuilder::experimental_type::ExternalConnectionType;
  made->acceptor =
      builder.experimental().AddExternalConnectionAcceptor(Type::FROM_FD, parts.security(made->credentials.get()));
  made->server = builder.BuildAndStart();
  if (made->server == nullptr) {
    LOG(ERROR) << Message("gRPC does not start with these certificates");
    return nullptr;
  }
  return made;
}

void GrpcListener::State::Renew() {
  if (!parts.credentials) {
    if (!current) current = Make(nullptr);
    return;
  }
  std::shared_ptr<const Credentials> now = parts.credentials();
  if (now == (current ? current->credentials : nullptr)) return;
  std::unique_ptr<Generation> next = now ? Make(std::move(now)) : nullptr;
  if (!next) return;  // what there is stays
  std::swap(current, next);
  if (!next) return;
  LOG(INFO) << Message(StrCat("New certificates for ", options.name, ": older connections begin anew"));
  ending.push_back(StartThread([this, old = std::shared_ptr<Generation>(std::move(next))] { End(*old); }));
}

// New streams of those that are connected already need a new connection from now on (GOAWAY). Then the streams that run
// are asked to begin anew; what is left after a while ends.
void GrpcListener::State::End(Generation& old) const {
  std::jthread tell;
  if (old.serves.begin_anew) {
    tell = StartThread([&old] {
      std::this_thread::sleep_for(kGoAway);
      old.serves.begin_anew();
    });
  }
  old.server->Shutdown(std::chrono::system_clock::now() + options.drain);
}

bool GrpcListener::State::AcceptOne() {
  Result<std::optional<AcceptedTcp>> accepted = AcceptTcp(listening.get());
  if (!accepted.ok()) {
    if (!std::exchange(short_of, true))
      LOG(ERROR) << Message(StrCat("Connections to ", options.name, " wait: raise the limit of open files"))
                        .With("error", accepted.status());
    std::this_thread::sleep_for(kPause);
    return false;
  }
  short_of = false;
  if (!*accepted) return false;
  if (!current) return true;  // no certificate yet: it closes
  Acceptor::NewConnectionParameters connection;
  connection.listener_fd = listening.get();
  connection.fd = (*accepted)->socket.Release();
  current->acceptor->HandleNewConnection(&connection);
  return true;
}

void GrpcListener::State::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pollfd ready{.fd = listening.get(), .events = POLLIN, .revents = 0};
    ::poll(&ready, 1, kPollMilliseconds);
    if (stop.stop_requested()) return;
    Renew();
    while (!stop.stop_requested() && AcceptOne()) {
    }
  }
}

GrpcListener::GrpcListener(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<GrpcListener>> GrpcListener::Start(const GrpcListenerOptions& options, Parts parts) {
  ASSIGN_OR_RETURN(UniqueFd listening, ListenTcp(options.host, options.port));
  auto state = std::make_unique<State>(options, std::move(parts), std::move(listening));
  state->Renew();
  state->thread = StartThread([&state = *state](const std::stop_token& stop) { state.Run(stop); });
  return std::unique_ptr<GrpcListener>(new GrpcListener(std::move(state)));
}

void GrpcListener::StopAccepting() {
  state_->thread.request_stop();
  ::shutdown(state_->listening.get(), SHUT_RDWR);  // wakes poll()
  state_->thread = {};
}

GrpcListener::~GrpcListener() {
  StopAccepting();
  if (state_->current) state_->current->server->Shutdown(std::chrono::system_clock::now());
  state_->ending.clear();
}

uint16_t GrpcListener::port() const { return LocalPort(state_->listening.get()); }

}  // namespace ballast
