#include "origin/http_session.h"

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>

#include "base/strings.h"
#include "origin/address_check.h"
#include "origin/curl_status.h"

namespace ballast {
namespace {

constexpr long kReceiveBuffer = 512L * 1024;  // libcurl's largest
constexpr long kConnectionsKept = 4;

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderLines = std::unique_ptr<curl_slist, FreeList>;

void InitCurlOnce() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  BALLAST_CHECK(code == CURLE_OK) << "libcurl: " << curl_easy_strerror(code);
}

template <typename Value>
void Set(CURL* easy, CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(easy, option, value);
  BALLAST_CHECK(code == CURLE_OK) << "libcurl option " << option << ": " << curl_easy_strerror(code);
}

HeaderLines MakeHeaderLines(const HttpHop& hop) {
  curl_slist* list = curl_slist_append(nullptr, "Accept-Encoding: identity");
  if (!hop.token.empty()) list = curl_slist_append(list, ("Authorization: Bearer " + hop.token).c_str());
  return HeaderLines(list);
}

}  // namespace

struct HttpSession::Handles {
  Handles() : easy(curl_easy_init()), multi(curl_multi_init()) {
    BALLAST_CHECK(easy != nullptr && multi != nullptr) << "out of memory";
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, kConnectionsKept);
  }
  ~Handles() {
    curl_easy_cleanup(easy);
    curl_multi_cleanup(multi);
  }
  Handles(const Handles&) = delete;
  Handles& operator=(const Handles&) = delete;

  // True if a connection that waits to be used again has been closed, or holds bytes that nobody asked for:
  // libcurl 7.88 would take those for the answer to the next request.
  bool HaveStrayBytes() const {
    char byte = 0;
    return std::any_of(sockets.begin(), sockets.end(), [&](curl_socket_t socket) {
      return recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || (errno != EAGAIN && errno != EINTR);
    });
  }

  static int OnCloseSocket(void* self, curl_socket_t socket) {
    static_cast<Handles*>(self)->sockets.erase(socket);
    return close(socket);
  }

  TrustStore roots;                 // that the connections were made with
  std::set<curl_socket_t> sockets;  // of all connections; the last to be destroyed
  CURL* easy;
  CURLM* multi;
};

// One request while it runs: what libcurl calls back into.
class HttpSession::Transfer {
 public:
  Transfer(Handles& handles, const HttpOptions& options, const HttpHop& hop, const HttpHopSinks& sinks,
           const std::stop_token& stop)
      : handles_(handles),
        options_(options),
        hop_(hop),
        sinks_(sinks),
        stop_(stop),
        watch_(options.stall),
        lines_(MakeHeaderLines(hop)) {}

  Status Run() {
    Configure(handles_.easy);
    const CURLMcode added = curl_multi_add_handle(handles_.multi, handles_.easy);
    BALLAST_CHECK(added == CURLM_OK) << curl_multi_strerror(added);
    const CURLcode code = Drive(handles_.multi);
    Status status = Outcome(handles_.easy, code);
    curl_multi_remove_handle(handles_.multi, handles_.easy);
    if (options_.on_answer) options_.on_answer(status_, body_bytes_);
    return status;
  }

  bool answered() const { return head_done_; }

 private:
  void Configure(CURL* easy) {
    curl_easy_reset(easy);
    Set(easy, CURLOPT_URL, hop_.url.ToString().c_str());
    Set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    Set(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    Set(easy, CURLOPT_HTTPHEADER, lines_.get());
    Set(easy, CURLOPT_USERAGENT, "ballast/0.1");
    Set(easy, CURLOPT_NOBODY, hop_.head ? 1L : 0L);
    Set(easy, CURLOPT_CONNECT_ONLY, hop_.connect_only ? 1L : 0L);
    if (hop_.range) Set(easy, CURLOPT_RANGE, StrCat(hop_.range->begin, "-", hop_.range->end - 1).c_str());
    Set(easy, CURLOPT_NOSIGNAL, 1L);
    Set(easy, CURLOPT_QUICK_EXIT, 1L);  // a stop does not wait for a resolver that hangs
    Set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    Set(easy, CURLOPT_BUFFERSIZE, kReceiveBuffer);
    Set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
    Set(easy, CURLOPT_ERRORBUFFER, error_text_.data());
    ConfigureTrust(easy);
    ConfigureCallbacks(easy);
  }

  void ConfigureTrust(CURL* easy) {
    Set(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    Set(easy, CURLOPT_PROXY, hop_.proxy.c_str());  // "" also keeps the environment's proxies out
    Set(easy, CURLOPT_NOPROXY, "");
    Set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    Set(easy, CURLOPT_CAINFO, static_cast<const char*>(nullptr));
    Set(easy, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    Set(easy, CURLOPT_SSL_CTX_FUNCTION, &Transfer::OnTlsContext);
    Set(easy, CURLOPT_SSL_CTX_DATA, this);
  }

  void ConfigureCallbacks(CURL* easy) {
    Set(easy, CURLOPT_HEADERFUNCTION, &Transfer::OnHeader);
    Set(easy, CURLOPT_HEADERDATA, this);
    Set(easy, CURLOPT_WRITEFUNCTION, &Transfer::OnBody);
    Set(easy, CURLOPT_WRITEDATA, this);
    Set(easy, CURLOPT_OPENSOCKETFUNCTION, &Transfer::OnOpenSocket);
    Set(easy, CURLOPT_OPENSOCKETDATA, this);
    Set(easy, CURLOPT_CLOSESOCKETFUNCTION, &Handles::OnCloseSocket);
    Set(easy, CURLOPT_CLOSESOCKETDATA, &handles_);
  }

  CURLcode Drive(CURLM* multi) {
    const std::stop_callback wake(stop_, [multi] { curl_multi_wakeup(multi); });
    for (int running = 1; true;) {
      curl_multi_perform(multi, &running);
      if (running == 0) break;
      if (!Stopped() && !WaitForMore(multi)) return CURLE_ABORTED_BY_CALLBACK;
      if (Stopped()) return CURLE_ABORTED_BY_CALLBACK;
    }
    int left = 0;
    const CURLMsg* message = curl_multi_info_read(multi, &left);
    return message == nullptr ? CURLE_FAILED_INIT : message->data.result;
  }

  bool Stopped() {
    if (error_.ok() && stop_.stop_requested()) error_ = Cancelled("stop was requested while reading from the origin");
    return !error_.ok();
  }

  // False: it has waited too long, and error_ says so.
  bool WaitForMore(CURLM* multi) {
    constexpr int kLongestMs = 1000;
    const auto before = std::chrono::steady_clock::now();
    int ready = 0;
    const auto tick = std::chrono::duration_cast<std::chrono::milliseconds>(options_.stall.silence);
    curl_multi_poll(multi, nullptr, 0, std::min<int>(kLongestMs, static_cast<int>(tick.count()) + 1), &ready);
    const auto verdict = watch_.Waited(std::chrono::steady_clock::now() - before, body_bytes_);
    if (verdict == StallWatch::Verdict::kFine) return true;
    const auto shown = [](Duration d) {
      return FormatDuration(std::chrono::duration_cast<std::chrono::milliseconds>(d));
    };
    error_ =
        verdict == StallWatch::Verdict::kSilent
            ? Unavailable(StrCat(hop_.url.Root(), " sent nothing for ", shown(options_.stall.silence), " after ",
                                 FormatBytes(body_bytes_), " of the body"))
            : Unavailable(StrCat(hop_.url.Root(), " sends less than ", FormatRate(options_.stall.min_bytes_per_second),
                                 " for ", shown(options_.stall.window)));
    return false;
  }

  Status Outcome(CURL* easy, CURLcode code) {
    if (!error_.ok()) return error_;
    if (code == CURLE_OUT_OF_MEMORY && !head_done_) return TooMuchHeader();  // libcurl's own limit of a line
    if (code == CURLE_OK && hop_.connect_only) return OkStatus();
    if (code == CURLE_OK && !head_done_) return Unavailable(StrCat(hop_.url.Root(), " closed without an answer"));
    if (code == CURLE_OK) return OkStatus();
    CurlFailure failure{.code = code,
                        .url = hop_.url,
                        .proxy = hop_.proxy,
                        .detail = error_text_[0] == '\0' ? curl_easy_strerror(code) : error_text_.data(),
                        .refused_address = refused_address_,
                        .body_bytes = body_bytes_};
    curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &failure.proxy_status);
    curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &failure.verify_result);
    return StatusOf(failure);
  }

  // The callbacks: what they can't say by their return value, error_ says.

  static size_t OnHeader(char* data, size_t size, size_t count, void* self) {
    return static_cast<Transfer*>(self)->TakeHeaderLine({data, size * count}) ? size * count : 0;
  }

  static size_t OnBody(char* data, size_t size, size_t count, void* self) {
    const auto bytes = std::as_bytes(std::span(data, size * count));
    return static_cast<Transfer*>(self)->TakeBody(bytes) ? bytes.size() : 0;
  }

  // The roots are parsed once, not for each connection: that takes longer than the rest of it.
  static CURLcode OnTlsContext(CURL*, void* context, void* self) {
    SSL_CTX_set1_cert_store(static_cast<SSL_CTX*>(context), static_cast<Transfer*>(self)->hop_.roots.get());
    return CURLE_OK;
  }

  static curl_socket_t OnOpenSocket(void* self, curlsocktype, curl_sockaddr* address) {
    return static_cast<Transfer*>(self)->OpenSocket(*address);
  }

  bool TakeHeaderLine(std::string_view line) {
    header_bytes_ += line.size();
    if (header_bytes_ > options_.max_header_bytes) {
      error_ = TooMuchHeader();
      return false;
    }
    if (const auto status = ParseStatusLine(line); status && (!head_done_ || status_ < 200)) {
      status_ = *status;
      headers_.Clear();
      head_done_ = false;
      return true;
    }
    if (head_done_) return true;  // trailers
    if (line != "\r\n" && line != "\n") {
      headers_.AddLine(line);
      return true;
    }
    head_done_ = true;
    return status_ < 200 || FinishHead();
  }

  Status TooMuchHeader() const {
    return Unavailable(StrCat(hop_.url.Root(), " sent more than ", FormatBytes(options_.max_header_bytes),
                              " of headers; that is no model origin"));
  }

  bool FinishHead() {
    const std::string encoding = ToLower(headers_.Get("content-encoding"));
    const bool has_body = status_ < 300 && !hop_.head;
    error_ = has_body && !encoding.empty() && encoding != "identity"
                 ? DataLoss(StrCat(hop_.url.Root(), " answered with Content-Encoding ", Quoted(encoding, 40),
                                   " although identity was asked for; check for a proxy that rewrites bodies"))
                 : sinks_.on_head(status_, headers_);
    return error_.ok();
  }

  bool TakeBody(std::span<const std::byte> bytes) {
    if (Stopped()) return false;
    body_bytes_ += bytes.size();
    error_ = sinks_.on_body(bytes);
    return error_.ok();
  }

  // The address is the very one that is connected to, so that no second DNS answer can slip in between.
  curl_socket_t OpenSocket(const curl_sockaddr& address) {
    const bool direct = hop_.proxy.empty();  // a proxy was named by an administrator
    if (const std::string_view range = RefusedRange(&address.addr, options_.allow_private_addresses);
        direct && !range.empty()) {
      refused_address_ =
          StrCat(AddressText(&address.addr), " (", range, "), which is refused; ", RemedyForRange(range));
      return CURL_SOCKET_BAD;
    }
    const curl_socket_t fd = socket(address.family, address.socktype | SOCK_CLOEXEC, address.protocol);
    if (fd != CURL_SOCKET_BAD) handles_.sockets.insert(fd);
    return fd;
  }

  Handles& handles_;
  const HttpOptions& options_;
  const HttpHop& hop_;
  const HttpHopSinks& sinks_;
  const std::stop_token& stop_;
  StallWatch watch_;
  HeaderLines lines_;
  std::array<char, CURL_ERROR_SIZE> error_text_{};
  HttpHeaders headers_;
  int status_ = 0;
  bool head_done_ = false;
  size_t header_bytes_ = 0;
  uint64_t body_bytes_ = 0;
  std::string refused_address_;
  Status error_;
};

HttpSession::HttpSession(const HttpOptions& options) : options_(options) {
  InitCurlOnce();
  handles_ = std::make_unique<Handles>();
}

HttpSession::~HttpSession() = default;

Status HttpSession::Run(const HttpHop& hop, const HttpHopSinks& sinks, const std::stop_token& stop) {
  const bool trust_changed = handles_->roots != hop.roots;
  if (trust_changed || handles_->HaveStrayBytes()) handles_ = std::make_unique<Handles>();
  handles_->roots = hop.roots;
  Transfer transfer(*handles_, options_, hop, sinks, stop);
  Status status = transfer.Run();
  // libcurl 7.88 keeps the buffers of a request that never got as far as a connection, and can't be configured then.
  if (!status.ok() && !transfer.answered()) handles_ = std::make_unique<Handles>();
  return status;
}

}  // namespace ballast
