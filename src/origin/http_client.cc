#include "origin/http_client.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/strings.h"
#include "origin/address_check.h"
#include "origin/curl_status.h"
#include "origin/http_session.h"
#include "origin/proxy_choice.h"
#include "origin/root_certificates.h"

namespace ballast {
namespace {

constexpr size_t kMaxRedirectBody = size_t{64} * 1024;
constexpr size_t kMaxErrorBody = size_t{64} * 1024;

bool IsRedirect(int status, const HttpHeaders& headers) {
  const bool code = status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  return code && headers.Has("location");
}

// Where `answer` of `from` leads, unless a rule of ours forbids to go there.
Result<Url> NextHop(const Url& from, const HttpHeaders& headers) {
  auto next = from.Join(headers.Get("location"));
  if (!next.ok()) {
    return PermissionDenied(StrCat("redirect of ", from.Shown(), " refused: ", next.status().message()));
  }
  if (from.scheme == "https" && next->scheme != "https") {
    return PermissionDenied(StrCat("redirect of ", from.Shown(), " to ", next->Shown(),
                                   " refused: it leaves https. Ask the origin's operator to redirect to https"));
  }
  return next;
}

// Waits for one of a fixed number of places.
class Places {
 public:
  explicit Places(int count) : free_(count) {}

  Status Enter(const std::stop_token& stop) EXCLUDES(mutex_) {
    std::stop_callback wake(stop, [this] {
      MutexLock lock(mutex_);
      changed_.NotifyAll();
    });
    MutexLock lock(mutex_);
    while (free_ == 0 && !stop.stop_requested()) changed_.Wait(mutex_);
    if (stop.stop_requested()) return Cancelled("stop was requested before the origin was asked");
    --free_;
    return OkStatus();
  }

  void Leave() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    ++free_;
    changed_.NotifyOne();
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  int free_ GUARDED_BY(mutex_);
};

}  // namespace

class HttpClient::Impl {
 public:
  explicit Impl(HttpOptions options)
      : options_(std::move(options)), roots_(options_.ca_bundle), places_(std::max(1, options_.max_connections)) {}

  Status StreamInPlace(const HttpRequest& request, const HttpHeadSink& on_head, const ByteSink& on_body,
                       const std::stop_token& stop) {
    RETURN_IF_ERROR(places_.Enter(stop));
    Status status = Follow(request, on_head, on_body, stop);
    places_.Leave();
    return status;
  }

  // Connections that wait to be used again prove nothing: the other end may have gone meanwhile.
  Status Reach(const Url& url, std::chrono::milliseconds patience, const std::stop_token& stop) {
    HttpOptions quick = options_;
    quick.connect_timeout = patience;
    quick.on_answer = nullptr;
    HttpHop hop{.url = url, .connect_only = true};
    RETURN_IF_ERROR(Prepare(hop));
    return HttpSession(quick).Run(hop, {}, stop);
  }

  // The request and its redirects.
  Status Follow(const HttpRequest& request, const HttpHeadSink& on_head, const ByteSink& on_body,
                const std::stop_token& stop) {
    if (stop.stop_requested()) return Cancelled("stop was requested before the origin was asked");
    auto session = TakeSession();
    HttpHop hop{.url = request.url, .head = request.head, .token = request.token, .range = request.range};
    HttpAnswer answer;
    std::set<std::string> seen;
    Status status;
    while (true) {
      seen.insert(hop.url.ToString());
      std::optional<HttpHeaders> redirect;
      status = RunHop(*session, hop, answer, redirect, on_head, on_body, stop);
      if (!redirect || status.code() == StatusCode::kCancelled) break;
      status = Advance(request.url, *redirect, hop, answer, seen);
      if (!status.ok()) break;
    }
    ReturnSession(std::move(session));
    return status;
  }

 private:
  Status RunHop(HttpSession& session, HttpHop& hop, HttpAnswer& answer, std::optional<HttpHeaders>& redirect,
                const HttpHeadSink& on_head, const ByteSink& on_body, const std::stop_token& stop) {
    RETURN_IF_ERROR(Prepare(hop));
    size_t redirect_bytes = 0;
    const HttpHopSinks sinks{
        .on_head =
            [&](int status, const HttpHeaders& headers) {
              if (IsRedirect(status, headers)) return redirect = headers, OkStatus();
              answer.status = status;
              answer.headers = headers;
              answer.url = hop.url;
              return on_head(answer);
            },
        .on_body =
            [&](std::span<const std::byte> bytes) {
              if (!redirect) return on_body(bytes);
              redirect_bytes += bytes.size();
              return redirect_bytes > kMaxRedirectBody ? DataLoss("the body of a redirect is too long") : OkStatus();
            }};
    return session.Run(hop, sinks, stop);
  }

  Status Prepare(HttpHop& hop) {
    hop.proxy = ProxyFor(options_.proxy, hop.url);
    RETURN_IF_ERROR(CheckLiteral(hop.url));
    // Only where there is TLS: libcurl copies them for each request.
    const bool tls = hop.url.scheme == "https" || hop.proxy.starts_with("https://");
    if (!tls) return OkStatus();
    ASSIGN_OR_RETURN(hop.roots, roots_.Load());
    return OkStatus();
  }

  // Makes `hop` the next one, or says why it must not be.
  Status Advance(const Url& asked, const HttpHeaders& redirect, HttpHop& hop, HttpAnswer& answer,
                 const std::set<std::string>& seen) const {
    ASSIGN_OR_RETURN(const Url next, NextHop(hop.url, redirect));
    if (seen.contains(next.ToString())) return Unavailable(StrCat(asked.Shown(), " redirects in a circle"));
    if (static_cast<int>(seen.size()) > options_.max_redirects) {
      return Unavailable(StrCat(asked.Shown(), " redirects more than ", options_.max_redirects, " times"));
    }
    RETURN_IF_ERROR(CheckLiteral(next).WithContext(StrCat("redirect of ", hop.url.Shown(), " refused")));
    if (hop.url.SameOrigin(asked)) answer.redirect_headers = redirect;
    if (!next.SameOrigin(hop.url)) hop.token.clear();  // and it never comes back
    answer.redirected = true;
    hop.url = next;
    return OkStatus();
  }

  // Behind a proxy nobody sees the address that is connected to, except where the URL itself names it.
  Status CheckLiteral(const Url& url) const {
    const std::string_view range = RefusedRangeOfLiteral(url.host, options_.allow_private_addresses);
    if (range.empty()) return OkStatus();
    return PermissionDenied(StrCat(url.Root(), " is a ", range, " address, which is refused; ", RemedyForRange(range)));
  }

  std::unique_ptr<HttpSession> TakeSession() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (idle_.empty()) return std::make_unique<HttpSession>(options_);
    auto session = std::move(idle_.back());
    idle_.pop_back();
    return session;
  }

  void ReturnSession(std::unique_ptr<HttpSession> session) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (static_cast<int>(idle_.size()) < options_.max_connections) idle_.push_back(std::move(session));
  }

  const HttpOptions options_;
  RootCertificates roots_;
  Places places_;
  Mutex mutex_;
  std::vector<std::unique_ptr<HttpSession>> idle_ GUARDED_BY(mutex_);  // the last used first: its connections are fresh
};

HttpClient::HttpClient(HttpOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}

HttpClient::~HttpClient() = default;

Status HttpClient::Stream(const HttpRequest& request, const HttpHeadSink& on_head, const ByteSink& on_body,
                          std::stop_token stop) {
  return impl_->StreamInPlace(request, on_head, on_body, stop);
}

Status HttpClient::Reach(const Url& url, std::chrono::milliseconds patience, const std::stop_token& stop) {
  return impl_->Reach(url, patience, stop);
}

Result<HttpText> HttpClient::GetText(const HttpRequest& request, size_t max_bytes, std::stop_token stop) {
  HttpText text;
  bool cut = false;
  const auto on_head = [&](const HttpAnswer& head) { return text.head = head, OkStatus(); };
  const auto on_body = [&](std::span<const std::byte> bytes) -> Status {
    const bool failed = text.head.status >= 300;
    const size_t limit = failed ? kMaxErrorBody : max_bytes;
    cut = failed && text.body.size() + bytes.size() > limit;
    if (text.body.size() + bytes.size() > limit) {
      return DataLoss(StrCat(request.url.Shown(), " answered with more than ", FormatBytes(limit)));
    }
    text.body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return OkStatus();
  };
  Status status = impl_->Follow(request, on_head, on_body, stop);
  if (!status.ok() && !cut) return status;
  return text;
}

}  // namespace ballast
