// One connection of an HttpServer, for http_server.cc: it reads a request, has it decided where its path is guarded,
// answers, and reads the next one.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <map>
#include <memory>
#include <optional>

#include "http/http_server.h"

namespace ballast {

class HttpConnection;

// What all connections of a server share. Of its thread alone, but for the guard's decisions, which are posted to it.
struct HttpServing {
  HttpServing(const HttpServerOptions& the_options, HttpServer::Routes the_routes, HttpAccess the_access)
      : options(the_options), routes(std::move(the_routes)), access(std::move(the_access)) {}

  // Destroyed from below: first the guard, which may be posting to the context, and last what connections refer to.
  const HttpServerOptions options;
  const HttpServer::Routes routes;
  int open = 0;  // connections
  uint64_t last_asked = 0;
  boost::asio::io_context context{1};
  std::map<uint64_t, std::shared_ptr<HttpConnection>> asked;  // those for which the guard decides
  HttpAccess access;
};

// It owns itself through the shared_ptr that each pending operation holds (Asio's form of ownership).
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  // `serving` outlives it.
  HttpConnection(boost::asio::ip::tcp::socket socket, HttpServing& serving);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  void Start();

 private:
  void BeginTls();
  void Read();
  void Respond();
  void AskGuard();
  void Decided(const Status& verdict);
  void Send(HttpReply answer);
  void End();
  void Hurry();
  template <typename Use>
  void WithStream(const Use& use);

  HttpServing& serving_;
  boost::beast::tcp_stream stream_;
  std::optional<boost::asio::ssl::stream<boost::beast::tcp_stream&>> tls_;  // over `stream_`
  boost::beast::flat_buffer buffer_;
  std::optional<boost::beast::http::request_parser<boost::beast::http::empty_body>> parser_;
  const HttpServer::Route* wanted_ = nullptr;  // by the request that is being answered
  boost::beast::http::response<boost::beast::http::string_body> response_;
};

}  // namespace ballast
