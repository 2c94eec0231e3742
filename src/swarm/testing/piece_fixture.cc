#include "swarm/testing/piece_fixture.h"

#include <sys/mman.h>
#include <unistd.h>

#include <random>

#include "base/strings.h"

namespace ballast {

std::string SomeBytes(size_t size) {
  std::minstd_rand random(7);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random() >> 8);
  return bytes;
}

TempFile::TempFile(const std::string& content) : fd_(::memfd_create("test", MFD_CLOEXEC)) {
  BALLAST_CHECK(::pwrite(fd_.get(), content.data(), content.size(), 0) == static_cast<ssize_t>(content.size()));
}

PieceFixture::PieceFixture(bool plaintext)
    : parts_{blobs_, clock_, cluster_.ProviderOf("server"),
             [](const PeerIdentity& peer) {
               return peer.node() == "client" ? OkStatus() : PermissionDenied(StrCat(peer, " is no member"));
             },
             nullptr} {
  server_options_.host = "127.0.0.1";
  server_options_.plaintext = plaintext;
  server_options_.threads = 4;
  client_options_.plaintext = plaintext;
}

void PieceFixture::StartServer(uint16_t port) {
  server_options_.port = port;
  auto server = PieceServer::Start(server_options_, parts_);
  BALLAST_CHECK(server.ok()) << server.status();
  server_ = std::move(*server);
  if (!client_) client_ = std::make_unique<PieceClient>(client_options_, clock_, cluster_.ProviderOf("client"));
}

Member PieceFixture::ServerNode() const {
  return {.name = "server", .zone = "", .host = "127.0.0.1", .control_port = 1, .data_port = server_->port()};
}

Result<std::string> PieceFixture::Read(const Digest& digest, ByteRange range, std::stop_token stop) {
  std::string bytes(range.size(), '\0');
  RETURN_IF_ERROR(
      client_->Read(ServerNode(), digest, range, std::as_writable_bytes(std::span(bytes)), std::move(stop)));
  return bytes;
}

}  // namespace ballast
