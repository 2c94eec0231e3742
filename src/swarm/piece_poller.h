// The piece server's one thread for all that takes no time: accepting, handshakes, heads of requests, idle connections.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <unordered_map>

#include "swarm/connection_book.h"
#include "swarm/piece_connection.h"
#include "swarm/piece_server.h"
#include "swarm/poll_set.h"
#include "swarm/upload_desk.h"

namespace ballast {

// Of one thread.
class PiecePoller {
 public:
  // All must outlive it. `listening` is in `polls` from here on.
  PiecePoller(const PieceServerOptions& options, const PieceServerParts& parts, UploadDesk& desk, PollSet& polls,
              int listening);

  // Until `stop`; wake `polls` then.
  void Run(const std::stop_token& stop);

 private:
  using Connection = std::unique_ptr<PieceConnection>;
  enum class Next : uint8_t { kGoOn, kWait, kDrop, kGiven };  // kGiven: it is another's now

  void Accept();
  bool AcceptOne();
  void Admit(UniqueFd socket, std::string address);
  void TakeBack();
  void Rest(const PieceConnection& connection);
  void Sweep();
  void Drop(uint64_t id);
  bool DropVictim(ConnectionBook::Victim victim);
  std::chrono::milliseconds Timeout() const;

  // As far as the connection goes without waiting.
  void Advance(PieceConnection& connection);
  Next Step(PieceConnection& connection);
  Next Handshake(PieceConnection& connection);
  Status BeginTls(PieceConnection& connection);
  Next ReadOn(PieceConnection& connection);
  Next DrainOn(PieceConnection& connection);
  Next Ask(PieceConnection& connection, const ReadRequest& read);
  Next Hand(PieceConnection& connection);
  Next Busy(PieceConnection& connection);
  Next Refuse(PieceConnection& connection, int code, const std::string& text);
  bool Say(PieceConnection& connection, const std::string& answer);
  Next WaitFor(PieceConnection& connection, Wire::Want want);
  Next End(PieceConnection& connection);
  Status Readmit(const PieceConnection& connection) const;
  bool BecomeKnown(PieceConnection& connection);

  SteadyTime In(Duration duration) const { return parts_.clock.Steady() + duration; }

  const PieceServerOptions& options_;
  const PieceServerParts& parts_;
  UploadDesk& desk_;
  PollSet& polls_;
  const int listening_;
  ConnectionBook book_;
  std::unordered_map<uint64_t, Connection> connections_;  // but those that are being answered
  uint64_t next_id_ = 1;                                  // 0 is the listening socket
  SteadyTime swept_{};
  bool accepting_ = true;  // false: no descriptor was left; the next sweep tries again
};

}  // namespace ballast
