#include "http/http_connection.h"

#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <utility>
#include <vector>

#include "base/strings.h"

namespace ballast {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

constexpr uint32_t kMaxHeader = 8 * 1024;
constexpr int kUnauthorized = 401;
constexpr int kForbidden = 403;
constexpr int kNotFound = 404;
constexpr int kWrongMethod = 405;
constexpr int kUnavailable = 503;

HttpReply NotFoundAmong(const HttpServer::Routes& routes) {
  std::vector<std::string> paths;
  for (const auto& [path, route] : routes) paths.push_back(path);
  return {.code = kNotFound, .body = StrCat("not found; there are ", Join(paths, " "), "\n")};
}

int CodeOf(const Status& refusal) {
  switch (refusal.code()) {
    case StatusCode::kUnauthenticated:
      return kUnauthorized;
    case StatusCode::kPermissionDenied:
      return kForbidden;
    default:
      return kUnavailable;
  }
}

std::vector<std::string> AuthorizationOf(const http::request<http::empty_body>& request) {
  std::vector<std::string> values;
  const auto [first, last] = request.equal_range(http::field::authorization);
  for (auto at = first; at != last; ++at) values.emplace_back(at->value().data(), at->value().size());
  return values;
}

}  // namespace

HttpConnection::HttpConnection(asio::ip::tcp::socket socket, HttpServing& serving)
    : serving_(serving), stream_(std::move(socket)), buffer_(kMaxHeader) {
  ++serving_.open;
}

HttpConnection::~HttpConnection() { --serving_.open; }

void HttpConnection::Hurry() { stream_.expires_after(std::chrono::seconds(serving_.options.timeout_seconds)); }

template <typename Use>
void HttpConnection::WithStream(const Use& use) {
  if (tls_) {
    use(*tls_);
  } else {
    use(stream_);
  }
}

void HttpConnection::Start() {
  if (!serving_.access.tls) return Read();
  Hurry();
  beast::async_detect_ssl(stream_, buffer_, [self = shared_from_this()](beast::error_code error, bool tls) {
    if (error) return;
    if (tls) return self->BeginTls();
    self->Read();
  });
}

void HttpConnection::BeginTls() {
  const std::shared_ptr<SSL_CTX> shown = serving_.access.tls();
  if (shown == nullptr) return;
  SSL_CTX_up_ref(shown.get());
  asio::ssl::context context(shown.get());  // which gives that reference back
  tls_.emplace(stream_, context);
  Hurry();
  tls_->async_handshake(asio::ssl::stream_base::server, buffer_.data(),
                        [self = shared_from_this()](beast::error_code error, size_t used) {
                          if (error) return;
                          self->buffer_.consume(used);
                          self->Read();
                        });
}

void HttpConnection::Read() {
  parser_.emplace();
  parser_->header_limit(kMaxHeader);
  parser_->body_limit(0);
  Hurry();
  WithStream([this](auto& stream) {
    http::async_read(stream, buffer_, *parser_, [self = shared_from_this()](beast::error_code error, size_t) {
      if (!error) self->Respond();
    });
  });
}

void HttpConnection::Respond() {
  const http::request<http::empty_body>& request = parser_->get();
  const std::string_view target(request.target().data(), request.target().size());
  const std::string path(target.substr(0, target.find('?')));
  const auto route = serving_.routes.find(path);
  if (route == serving_.routes.end()) return Send(NotFoundAmong(serving_.routes));
  if (request.method() != http::verb::get && request.method() != http::verb::head)
    return Send({.code = kWrongMethod, .body = "only GET and HEAD\n"});
  if (!serving_.access.guarded.contains(path)) return Send(route->second());
  // The token has travelled in the open by now; looking at it would make that a habit.
  if (serving_.access.tls && !tls_)
    return Send({.code = kForbidden, .body = StrCat(path, " is answered over TLS only: ask https://\n")});
  wanted_ = &route->second;
  AskGuard();
}

// The guard gets a number, not the connection: that is of the server's thread, and goes with the server.
void HttpConnection::AskGuard() {
  const uint64_t id = ++serving_.last_asked;
  serving_.asked.emplace(id, shared_from_this());
  serving_.access.guard->Ask(AuthorizationOf(parser_->get()), [&serving = serving_, id](const Status& verdict) {
    asio::post(serving.context, [&serving, id, verdict] {
      auto found = serving.asked.extract(id);
      if (!found.empty()) found.mapped()->Decided(verdict);
    });
  });
}

void HttpConnection::Decided(const Status& verdict) {
  if (verdict.ok()) return Send((*wanted_)());
  Send({.code = CodeOf(verdict), .body = verdict.message() + "\n"});
}

void HttpConnection::Send(HttpReply answer) {
  const http::request<http::empty_body>& request = parser_->get();
  response_ = {};
  response_.version(request.version());
  response_.result(static_cast<unsigned>(answer.code));
  response_.set(http::field::content_type, answer.content_type);
  response_.set(http::field::cache_control, "no-store");
  if (answer.code == kUnauthorized) response_.set(http::field::www_authenticate, "Bearer");
  response_.keep_alive(request.keep_alive());
  response_.content_length(answer.body.size());
  if (request.method() != http::verb::head) response_.body() = std::move(answer.body);
  Hurry();
  WithStream([this](auto& stream) {
    http::async_write(stream, response_, [self = shared_from_this()](beast::error_code error, size_t) {
      if (error) return;
      if (self->response_.keep_alive()) return self->Read();
      self->End();
    });
  });
}

// TLS says that this was all, so that nobody can cut an answer short unseen.
void HttpConnection::End() {
  if (!tls_) return;
  Hurry();
  tls_->async_shutdown([self = shared_from_this()](beast::error_code) {});
}

}  // namespace ballast
