// A piece server and a client on loopback, each a node of one cluster.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>

#include "base/testing/fake_clock.h"
#include "base/testing/temp_dir.h"
#include "base/unique_fd.h"
#include "swarm/piece_client.h"
#include "swarm/piece_server.h"
#include "swarm/testing/fake_blobs.h"
#include "swarm/testing/test_cluster.h"

namespace ballast {

// Bytes that are no two times the same in a row.
std::string SomeBytes(size_t size);

class TempFile {
 public:
  explicit TempFile(const std::string& content);
  int fd() const { return fd_.get(); }

 private:
  UniqueFd fd_;
};

class PieceFixture : public testing::Test {
 protected:
  explicit PieceFixture(bool plaintext);

  // On `port`; 0: a free one.
  void StartServer(uint16_t port = 0);
  Member ServerNode() const;
  Result<std::string> Read(const Digest& digest, ByteRange range, std::stop_token stop = {});

  // Until the server, on threads of its own, has come so far.
  template <typename Condition>
  static void Await(Condition condition) {
    while (!condition()) std::this_thread::yield();
  }

  FakeClock clock_;
  FakeBlobs blobs_;
  const TestCluster cluster_{clock_.Now()};
  PieceServerOptions server_options_;
  PieceServerParts parts_;
  PieceClientOptions client_options_;
  std::unique_ptr<PieceServer> server_;
  std::unique_ptr<PieceClient> client_;
};

}  // namespace ballast
