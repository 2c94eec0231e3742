// Requests of a connection, one after the other (Beast's parser).
#pragma once

#include <memory>
#include <optional>

#include "origin/testing/hub_connection.h"
#include "origin/testing/hub_request.h"

namespace ballast::hub {

class RequestReader {
 public:
  explicit RequestReader(Connection& connection);
  ~RequestReader();
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  // nullopt: the peer is gone, or sent what is no HTTP/1 (headers to 64 KiB, a body to 64 MiB).
  std::optional<Request> Next();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ballast::hub
