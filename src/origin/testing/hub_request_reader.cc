#include "origin/testing/hub_request_reader.h"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <string>

#include "base/strings.h"

namespace ballast::hub {
namespace {

namespace http = boost::beast::http;
using Parser = http::request_parser<http::string_body>;

Request FromMessage(Parser::value_type message) {
  Request request;
  request.keep_alive = message.keep_alive();
  request.method = std::string(message.method_string());
  std::string target(message.target());
  size_t question = target.find('?');
  request.path = target.substr(0, question);
  if (question != std::string::npos) request.query = target.substr(question + 1);
  for (const auto& field : message.base()) {
    request.headers[ToLower({field.name_string().data(), field.name_string().size()})] = std::string(field.value());
  }
  request.body = std::move(message.body());
  return request;
}

}  // namespace

class RequestReader::Impl {
 public:
  explicit Impl(Connection& connection) : connection_(connection) {}

  std::optional<Request> Next() {
    Parser parser;
    parser.eager(true);
    parser.header_limit(uint32_t{64} << 10);
    parser.body_limit(uint64_t{64} << 20);
    bool told = false;
    while (!parser.is_done()) {
      if (!told && parser.is_header_done() && parser.get()[http::field::expect] == "100-continue") {
        told = connection_.Write("HTTP/1.1 100 Continue\r\n\r\n", false);
      }
      if (!Feed(parser)) return std::nullopt;
    }
    return FromMessage(parser.release());
  }

 private:
  bool Feed(Parser& parser) {
    if (buffer_.size() == 0 && !Fill()) return false;
    boost::beast::error_code error;
    buffer_.consume(parser.put(buffer_.data(), error));
    if (error == http::error::need_more) return Fill();
    return !error;
  }

  bool Fill() {
    auto space = buffer_.prepare(size_t{16} << 10);
    int64_t n = connection_.Read(static_cast<char*>(space.data()), space.size());
    if (n <= 0) return false;
    buffer_.commit(static_cast<size_t>(n));
    return true;
  }

  Connection& connection_;
  boost::beast::flat_buffer buffer_;
};

RequestReader::RequestReader(Connection& connection) : impl_(std::make_unique<Impl>(connection)) {}
RequestReader::~RequestReader() = default;
std::optional<Request> RequestReader::Next() { return impl_->Next(); }

}  // namespace ballast::hub
