#include "kube/rest_exchange.h"

#include <cpprest/http_client.h>
#include <pplx/threadpool.h>

#include <algorithm>
#include <boost/asio/ssl/context.hpp>
#include <utility>
#include <vector>

#include "base/logging.h"
#include "base/mutex.h"
#include "base/strings.h"
#include "kube/rest_tls.h"

namespace ballast {
namespace {

using web::http::client::http_client;
using web::http::client::http_client_config;

using BodyBuffer = concurrency::streams::streambuf<uint8_t>;

constexpr size_t kReadBytes = 256 << 10;

// The library starts 40 threads when nobody tells it otherwise. They run its continuations only: nothing waits in them.
void LimitThreads() {
  static const bool limited = [] {
    try {
      crossplat::threadpool::initialize_with_threads(2);
    } catch (const std::exception& e) {
      LOG(WARNING) << Message("The HTTP library's threads were started already").With("error", e.what());
    }
    return true;
  }();
  static_cast<void>(limited);
}

class CpprestConnections final : public RestConnections {
 public:
  CpprestConnections(const KubeAccess& access, Duration idle)
      : tls_(std::make_shared<RestTls>(access)), client_(access.server, Config(tls_, idle)) {}

  http_client& client() { return client_; }
  std::string problem() const { return tls_->problem(); }

 private:
  static http_client_config Config(const std::shared_ptr<RestTls>& tls, Duration idle) {
    http_client_config config;
    config.set_timeout(std::chrono::ceil<std::chrono::seconds>(idle));
    config.set_max_redirects(0);  // a token goes to nobody but the server that was named
    config.set_validate_certificates(true);
    config.set_ssl_context_callback(
        [tls](boost::asio::ssl::context& context) { tls->Prepare(context.native_handle()); });
    return config;
  }

  const std::shared_ptr<RestTls> tls_;
  http_client client_;
};

// A task's end, for a thread that may stop waiting for it before. Shared with the task.
class Landing {
 public:
  void Land() {
    MutexLock lock(mutex_);
    landed_ = true;
    changed_.NotifyAll();
  }
  void Wake() {
    MutexLock lock(mutex_);
    changed_.NotifyAll();
  }
  // False: `stop` was requested, or the deadline has passed, before the task's end.
  bool Await(const std::stop_token& stop, SteadyTime deadline) {
    MutexLock lock(mutex_);
    while (!landed_ && !stop.stop_requested()) {
      if (!changed_.WaitUntil(mutex_, deadline)) return landed_;
    }
    return landed_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool landed_ GUARDED_BY(mutex_) = false;
};

// An exception that no one has looked at ends the process when its task is destroyed.
template <typename T>
std::shared_ptr<Landing> LandingOf(const pplx::task<T>& task) {
  auto landing = std::make_shared<Landing>();
  task.then([landing](const pplx::task<T>& done) {
    try {
      done.get();
    } catch (...) {  // NOLINT(bugprone-empty-catch): whoever still waits for the task gets it too
    }
    landing->Land();
  });
  return landing;
}

template <typename T>
Result<T> Await(const pplx::task<T>& task, const std::stop_token& stop, SteadyTime deadline) {
  const auto landing = LandingOf(task);
  bool landed = false;
  {
    const std::stop_callback wake(stop, [&] { landing->Wake(); });
    landed = landing->Await(stop, deadline);
  }
  if (stop.stop_requested()) return Cancelled("the call was stopped");
  if (!landed) return DeadlineExceeded("no answer in time");
  try {
    return task.get();
  } catch (const std::exception& e) {
    return Unavailable(Quoted(e.what()));
  } catch (...) {
    return Unavailable("the HTTP library failed without a reason");
  }
}

web::http::http_request Build(const RestRequest& request) {
  web::http::http_request built(request.method);
  built.set_request_uri(web::uri(request.target));
  built.headers().add("Accept", "application/json");
  built.headers().add("User-Agent", request.user_agent);
  if (!request.token.empty()) built.headers().add("Authorization", "Bearer " + request.token);
  if (!request.body.empty()) built.set_body(request.body, request.content_type);
  return built;
}

}  // namespace

Result<std::shared_ptr<RestConnections>> RestConnections::Create(const KubeAccess& access, Duration idle) {
  RETURN_IF_ERROR(CheckAccess(access));
  LimitThreads();
  try {
    return std::shared_ptr<RestConnections>(std::make_shared<CpprestConnections>(access, idle));
  } catch (const std::exception& e) {
    return InvalidArgument(StrCat("the server ", Quoted(access.server), ": ", Quoted(e.what())));
  }
}

struct RestExchange::State {
  std::shared_ptr<CpprestConnections> connections;
  std::stop_token stop;
  pplx::cancellation_token_source cancel;
  web::http::http_response response;
  bool open = false;  // sent, and not read to its end

  Result<std::string> Take(BodyBuffer& buffer, SteadyTime deadline) const {
    const size_t here = std::min(std::max<size_t>(buffer.in_avail(), 1), kReadBytes);
    const auto bytes = std::make_shared<std::vector<uint8_t>>(here);  // the task's too, should nobody wait for it
    const auto task = buffer.getn(bytes->data(), here).then([bytes](size_t got) { return got; });
    ASSIGN_OR_RETURN(const size_t got, Await(task, stop, deadline));
    return std::string(bytes->begin(), bytes->begin() + static_cast<std::ptrdiff_t>(got));
  }
  Status Explain(const Status& status) const {
    const std::string problem = connections->problem();
    if (status.code() != StatusCode::kUnavailable || problem.empty()) return status;
    return Unavailable(problem);
  }
};

RestExchange::RestExchange(std::shared_ptr<RestConnections> connections, std::stop_token stop)
    : state_(std::make_unique<State>()) {
  state_->connections = std::static_pointer_cast<CpprestConnections>(std::move(connections));
  state_->stop = std::move(stop);
}

RestExchange::~RestExchange() {
  if (!state_->open) return;
  try {
    state_->cancel.cancel();
  } catch (const std::exception& e) {
    LOG(WARNING) << Message("Could not close a connection to the apiserver").With("error", e.what());
  }
}

Result<RestHead> RestExchange::Start(const RestRequest& request, SteadyTime deadline) {
  if (state_->stop.stop_requested()) return Cancelled("the call was stopped");
  try {
    state_->open = true;
    const auto task = state_->connections->client().request(Build(request), state_->cancel.get_token());
    auto response = Await(task, state_->stop, deadline);
    if (!response.ok()) return state_->Explain(response.status());
    state_->response = *response;
    RestHead head{.code = state_->response.status_code()};
    state_->response.headers().match("Retry-After", head.retry_after);
    return head;
  } catch (const std::exception& e) {
    return Unavailable(Quoted(e.what()));
  }
}

Result<std::string> RestExchange::Read(SteadyTime deadline) {
  try {
    BodyBuffer buffer = state_->response.body().streambuf();
    ASSIGN_OR_RETURN(const int next, Await(buffer.getc(), state_->stop, deadline));
    if (next == BodyBuffer::traits::eof()) {
      state_->open = false;
      return std::string();
    }
    return state_->Take(buffer, deadline);
  } catch (const std::exception& e) {
    return Unavailable(Quoted(e.what()));
  }
}

}  // namespace ballast
