#include "swarm/piece_server.h"

#include <pthread.h>

#include <csignal>
#include <thread>
#include <vector>

#include "base/check.h"
#include "base/thread.h"
#include "swarm/piece_poller.h"
#include "swarm/piece_sender.h"
#include "swarm/poll_set.h"
#include "swarm/tcp.h"
#include "swarm/upload_desk.h"

namespace ballast {
namespace {

// sendfile() has no MSG_NOSIGNAL.
void BlockSigpipe() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

void BeginThread(const char* name) {
  pthread_setname_np(pthread_self(), name);
  BlockSigpipe();
}

}  // namespace

class PieceServer::Impl {
 public:
  Impl(const PieceServerOptions& options, PieceServerParts parts, PollSet polls, UniqueFd listening)
      : options_(options),
        parts_(std::move(parts)),
        polls_(std::move(polls)),
        listening_(std::move(listening)),
        desk_(options.uploads, [this] { polls_.Wake(); }),
        poller_(options_, parts_, desk_, polls_, listening_.get()) {}

  ~Impl() {
    polling_.request_stop();
    polls_.Wake();
    if (polling_.joinable()) polling_.join();
    for (std::jthread& sender : senders_) sender.request_stop();
    desk_.Stop();
  }

  Status Start() {
    RETURN_IF_ERROR(polls_.Add(listening_.get(), 0, PollSet::For::kRead));
    for (int i = 0; i < options_.threads; ++i) {
      senders_.push_back(StartThread([this](const std::stop_token& stop) { Send(stop); }));
    }
    polling_ = StartThread([this](const std::stop_token& stop) {
      BeginThread("piece-poll");
      poller_.Run(stop);
    });
    return OkStatus();
  }

  uint16_t port() const { return LocalPort(listening_.get()); }
  const UploadDesk& desk() const { return desk_; }

 private:
  void Send(const std::stop_token& stop) {
    BeginThread("piece-send");
    PieceSender sender(options_, parts_, desk_);
    while (auto job = desk_.Take()) {
      const bool more = sender.Answer(*job->connection, stop);
      desk_.Return(std::move(*job), more);
    }
  }

  const PieceServerOptions options_;
  const PieceServerParts parts_;
  PollSet polls_;
  const UniqueFd listening_;
  UploadDesk desk_;
  PiecePoller poller_;
  std::vector<std::jthread> senders_;
  std::jthread polling_;
};

Result<std::unique_ptr<PieceServer>> PieceServer::Start(const PieceServerOptions& options, PieceServerParts parts) {
  BALLAST_CHECK(options.plaintext || (parts.tls && parts.admit)) << "a server with TLS needs a certificate and members";
  ASSIGN_OR_RETURN(UniqueFd listening, ListenTcp(options.host, options.port));
  ASSIGN_OR_RETURN(PollSet polls, PollSet::Make());
  auto impl = std::make_unique<Impl>(options, std::move(parts), std::move(polls), std::move(listening));
  RETURN_IF_ERROR(impl->Start());
  return std::unique_ptr<PieceServer>(new PieceServer(std::move(impl)));
}

PieceServer::PieceServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PieceServer::~PieceServer() = default;

uint16_t PieceServer::port() const { return impl_->port(); }
uint32_t PieceServer::uploads() const { return impl_->desk().uploads(); }
PieceServerCounters PieceServer::Counters() const { return impl_->desk().Counters(); }

}  // namespace ballast
