// Answers one request on one connection.
#pragma once

#include <stop_token>
#include <vector>

#include "swarm/piece_connection.h"
#include "swarm/piece_server.h"
#include "swarm/upload_desk.h"
#include "swarm/wire_wait.h"

namespace ballast {

// Of one thread, which blocks SIGPIPE.
class PieceSender {
 public:
  // All must outlive it.
  PieceSender(const PieceServerOptions& options, const PieceServerParts& parts, UploadDesk& desk)
      : options_(options), parts_(parts), desk_(desk) {}

  // True: the connection can go on. False: it is to be cut.
  bool Answer(PieceConnection& connection, const std::stop_token& stop);

 private:
  struct Body;

  Status AnswerWith(PieceConnection& connection, const std::stop_token& stop);
  Status Refuse(PieceConnection& connection, int code, const std::string& text, const std::stop_token& stop);
  Status SendBody(Body& body);
  Status SendRange(Body& body, uint64_t end);
  Status SendFromFile(Body& body, size_t bytes);
  Status SendFromBuffer(Body& body, size_t bytes);

  const PieceServerOptions& options_;
  const PieceServerParts& parts_;
  UploadDesk& desk_;
  std::vector<std::byte> buffer_;  // a head and a chunk; made when it is needed first
};

}  // namespace ballast
