#include "http/http_server.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <thread>
#include <utility>

#include "base/errno_status.h"
#include "base/strings.h"
#include "base/thread.h"
#include "http/http_connection.h"

namespace ballast {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using Tcp = asio::ip::tcp;

}  // namespace

struct HttpServer::Impl {
  Impl(const HttpServerOptions& options, Routes routes, HttpAccess access)
      : serving(options, std::move(routes), std::move(access)) {}

  Status Listen(const HostPort& address) {
    beast::error_code error;
    const Tcp::endpoint endpoint(asio::ip::make_address(address.host, error), address.port);
    if (!error) acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (!error) return OkStatus();
    return ErrnoStatus(error.value(), StrCat("listen for HTTP on ", serving.options.address))
        .WithContext("set http.address to an address and port that are free");
  }

  void Accept() {
    acceptor.async_accept([this](beast::error_code error, Tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error) return AcceptLater();
      if (serving.open < serving.options.max_connections)
        std::make_shared<HttpConnection>(std::move(socket), serving)->Start();
      Accept();
    });
  }

  // Out of descriptors, say: accepting again at once would spin.
  void AcceptLater() {
    retry.expires_after(std::chrono::milliseconds(100));
    retry.async_wait([this](beast::error_code error) {
      if (!error) Accept();
    });
  }

  HttpServing serving;
  Tcp::acceptor acceptor{serving.context};
  asio::steady_timer retry{serving.context};
  std::jthread thread;
};

Result<HostPort> ParseListenAddress(const std::string& text) {
  Status bad =
      InvalidArgument(StrCat(Quoted(text), " is no address to listen on; write it as 127.0.0.1:9420 or [::1]:9420"));
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return bad;
  std::string host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  uint64_t port = 0;
  if (!ParseUint64(text.substr(colon + 1), port) || port > 65535) return bad;
  beast::error_code error;
  const asio::ip::address address = asio::ip::make_address(host, error);
  if (error || address.is_v6() != bracketed) return bad;
  return HostPort{host, static_cast<uint16_t>(port)};
}

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpServerOptions& options, Routes routes,
                                                      HttpAccess access) {
  ASSIGN_OR_RETURN(const HostPort address, ParseListenAddress(options.address));
  auto impl = std::make_unique<Impl>(options, std::move(routes), std::move(access));
  RETURN_IF_ERROR(impl->Listen(address));
  impl->Accept();
  impl->thread = StartThread([&context = impl->serving.context] { context.run(); });
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() {
  impl_->serving.context.stop();
  impl_->thread.join();
}

uint16_t HttpServer::port() const { return impl_->acceptor.local_endpoint().port(); }

}  // namespace ballast
