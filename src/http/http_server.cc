#include "http/http_server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/errno_status.h"
#include "base/logging.h"
#include "base/strings.h"

namespace ballast {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Tcp = asio::ip::tcp;
using Routes = std::map<std::string, HttpServer::Route>;

constexpr uint32_t kMaxHeader = 8 * 1024;

HttpAnswer NotFoundAmong(const Routes& routes) {
  std::vector<std::string> paths;
  for (const auto& [path, route] : routes) paths.push_back(path);
  return {.code = 404, .body = StrCat("not found; there are ", Join(paths, " "), "\n")};
}

HttpAnswer Answer(const Routes& routes, http::verb method, std::string_view target) {
  const auto route = routes.find(std::string(target.substr(0, target.find('?'))));
  if (route == routes.end()) return NotFoundAmong(routes);
  if (method != http::verb::get && method != http::verb::head) return {.code = 405, .body = "only GET and HEAD\n"};
  return route->second();
}

// One connection. It owns itself through the shared_ptr that each pending operation holds (Asio's form of ownership).
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Tcp::socket socket, const Routes& routes, int timeout_seconds, int& open)
      : stream_(std::move(socket)), routes_(routes), timeout_(timeout_seconds), open_(open) {
    ++open_;
  }
  ~Connection() { --open_; }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Read() {
    parser_.emplace();
    parser_->header_limit(kMaxHeader);
    parser_->body_limit(0);
    stream_.expires_after(timeout_);
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](beast::error_code error, size_t) {
      if (!error) self->Write();
    });
  }

 private:
  void Write() {
    const http::request<http::empty_body>& request = parser_->get();
    HttpAnswer answer = Answer(routes_, request.method(), {request.target().data(), request.target().size()});
    response_ = {};
    response_.version(request.version());
    response_.result(static_cast<unsigned>(answer.code));
    response_.set(http::field::content_type, answer.content_type);
    response_.set(http::field::cache_control, "no-store");
    response_.keep_alive(request.keep_alive());
    response_.content_length(answer.body.size());
    if (request.method() != http::verb::head) response_.body() = std::move(answer.body);
    stream_.expires_after(timeout_);
    http::async_write(stream_, response_, [self = shared_from_this()](beast::error_code error, size_t) {
      if (!error && self->response_.keep_alive()) self->Read();
    });
  }

  beast::tcp_stream stream_;
  const Routes& routes_;
  const std::chrono::seconds timeout_;
  int& open_;
  beast::flat_buffer buffer_{kMaxHeader};
  std::optional<http::request_parser<http::empty_body>> parser_;
  http::response<http::string_body> response_;
};

}  // namespace

struct HttpServer::Impl {
  Impl(const HttpServerOptions& http_options, Routes http_routes)
      : options(http_options), routes(std::move(http_routes)) {}

  Status Listen(const HostPort& address) {
    beast::error_code error;
    const Tcp::endpoint endpoint(asio::ip::make_address(address.host, error), address.port);
    if (!error) acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (!error) return OkStatus();
    return ErrnoStatus(error.value(), StrCat("listen for HTTP on ", options.address))
        .WithContext("set http.address to an address and port that are free");
  }

  void Accept() {
    acceptor.async_accept([this](beast::error_code error, Tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error) return AcceptLater();
      if (open < options.max_connections) {
        std::make_shared<Connection>(std::move(socket), routes, options.timeout_seconds, open)->Read();
      }
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

  const HttpServerOptions options;
  const Routes routes;
  int open = 0;  // connections; touched by the one thread only
  asio::io_context context{1};
  Tcp::acceptor acceptor{context};
  asio::steady_timer retry{context};
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

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpServerOptions& options,
                                                      std::map<std::string, Route> routes) {
  ASSIGN_OR_RETURN(const HostPort address, ParseListenAddress(options.address));
  auto impl = std::make_unique<Impl>(options, std::move(routes));
  RETURN_IF_ERROR(impl->Listen(address));
  impl->Accept();
  impl->thread = std::jthread([&context = impl->context] { context.run(); });
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() {
  impl_->context.stop();
  impl_->thread.join();
}

uint16_t HttpServer::port() const { return impl_->acceptor.local_endpoint().port(); }

}  // namespace ballast
