#include "origin/testing/hub_admin.h"

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/strings.h"
#include "origin/testing/hub_reply.h"
#include "origin/testing/hub_request_reader.h"
#include "origin/testing/hub_sender.h"
#include "origin/testing/hub_url.h"
#include "origin/testing/hub_wire.h"

namespace ballast::hub {
namespace {

using Json = nlohmann::ordered_json;
using Handler = std::function<Result<Json>(StandIn& hub, const Json& body)>;

Json ToJson(const LoggedRequest& request) {
  return {{"number", request.number},
          {"port", PortName(request.port)},
          {"method", request.method},
          {"path", request.path},
          {"query", request.query},
          {"range", request.range},
          {"host", request.host},
          {"authorization", request.authorization},
          {"token", request.token},
          {"user_agent", request.user_agent},
          {"accept_encoding", request.accept_encoding},
          {"status", request.status},
          {"file", request.file},
          {"first", request.first},
          {"length", request.length},
          {"bytes_sent", request.bytes_sent},
          {"done", request.done}};
}

Result<Json> Requests(StandIn& hub, const Json&) {
  Json list = Json::array();
  for (const LoggedRequest& request : hub.requests()) list.push_back(ToJson(request));
  return list;
}

Result<Json> ClearRequests(StandIn& hub, const Json&) {
  hub.ClearRequests();
  return Json::object();
}

Result<Json> AddFaults(StandIn& hub, const Json& body) {
  for (const Json& one : body.is_array() ? body : Json::array({body})) {
    ASSIGN_OR_RETURN(Fault fault, ParseFault(one.dump()));
    hub.AddFault(std::move(fault));
  }
  return Json::object();
}

Result<Json> ClearFaults(StandIn& hub, const Json&) {
  hub.ClearFaults();
  return Json::object();
}

Result<Json> Reset(StandIn& hub, const Json& body) {
  RETURN_IF_ERROR(ClearFaults(hub, body).status());
  return ClearRequests(hub, body);
}

Result<Json> Release(StandIn& hub, const Json&) {
  hub.Release();
  return Json::object();
}

Result<Json> WaitStalled(StandIn& hub, const Json& body) {
  hub.WaitForStalled(body.value("count", 1));
  return Json::object();
}

LfsRule RuleFrom(const Json& body) {
  LfsRule rule;
  rule.globs = body.value("lfs", rule.globs);
  rule.threshold = body.value("lfs_threshold", rule.threshold);
  return rule;
}

Result<Json> Publish(StandIn& hub, const Json& body) {
  ASSIGN_OR_RETURN(std::vector<File> files, ReadFolder(body.at("folder").get<std::string>()));
  std::string repository = body.at("repository").get<std::string>();
  std::string branch = body.value("branch", "main");
  ASSIGN_OR_RETURN(std::string commit, body.value("force", false)
                                           ? hub.ForcePush(repository, files, branch, RuleFrom(body))
                                           : hub.Publish(repository, files, branch, RuleFrom(body)));
  return Json{{"commit", commit}};
}

Result<Json> Tag(StandIn& hub, const Json& body) {
  RETURN_IF_ERROR(hub.Tag(body.at("repository").get<std::string>(), body.at("tag").get<std::string>(),
                          body.at("commit").get<std::string>()));
  return Json::object();
}

Result<Json> SetAccess(StandIn& hub, const Json& body) {
  Access access{.gated = body.value("gated", false),
                .is_private = body.value("private", false),
                .tokens = body.value("tokens", std::vector<std::string>())};
  RETURN_IF_ERROR(hub.SetAccess(body.at("repository").get<std::string>(), access));
  return Json::object();
}

Result<Json> SetUrls(StandIn& hub, const Json& body) {
  hub.SetUrlLifetime(std::chrono::seconds(body.value("seconds", 3600)), body.value("uses", -1));
  return Json::object();
}

Result<Json> ExpireUrls(StandIn& hub, const Json&) {
  hub.ExpireUrls();
  return Json::object();
}

RateLimit LimitFrom(const Json& body, const char* name) {
  if (!body.contains(name)) return {};
  return {.requests = body[name].value("requests", 0),
          .window = std::chrono::seconds(body[name].value("seconds", 300))};
}

Result<Json> SetLimits(StandIn& hub, const Json& body) {
  hub.SetLimits(LimitFrom(body, "api"), LimitFrom(body, "resolve"));
  return Json::object();
}

const std::map<std::string, Handler>& Routes() {
  static const auto& routes = *new std::map<std::string, Handler>{
      {"GET /requests", Requests},
      {"DELETE /requests", ClearRequests},
      {"POST /faults", AddFaults},
      {"DELETE /faults", ClearFaults},
      {"POST /reset", Reset},
      {"POST /release", Release},
      {"POST /stalled", WaitStalled},
      {"POST /publish", Publish},
      {"POST /tag", Tag},
      {"POST /access", SetAccess},
      {"POST /urls", SetUrls},
      {"POST /expire", ExpireUrls},
      {"POST /limits", SetLimits},
  };
  return routes;
}

Result<Json> Call(StandIn& hub, const Request& request) {
  auto route = Routes().find(request.method + " " + request.path);
  if (route == Routes().end()) {
    std::vector<std::string> known;
    for (const auto& [name, handler] : Routes()) known.push_back(name);
    return NotFound(StrCat("no ", request.method, " ", Quoted(request.path), "; there are ", Join(known, ", ")));
  }
  Json body = request.body.empty() ? Json::object() : Json::parse(request.body, nullptr, false);
  if (body.is_discarded()) return InvalidArgument(StrCat("the body is no JSON: ", Quoted(request.body)));
  try {
    return route->second(hub, body);
  } catch (const Json::exception& error) {
    return InvalidArgument(StrCat(route->first, " cannot use ", Quoted(request.body), ": ", error.what()));
  }
}

Reply Answer(StandIn& hub, const Request& request) {
  Result<Json> result = Call(hub, request);
  int status = result.ok() ? 200 : result.status().code() == StatusCode::kNotFound ? 404 : 400;
  Json json = result.ok() ? *result : Json{{"error", result.status().ToString()}};
  return TextReply(status, "application/json", json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

void Serve(StandIn& hub, Connection& connection) {
  Valve valve;
  RequestReader reader(connection);
  while (std::optional<Request> request = reader.Next()) {
    Wire wire = PlanWire(*request, Answer(hub, *request), {}, std::chrono::system_clock::now());
    if (!Send(connection, wire, valve, [](uint64_t) {})) return;
  }
}

}  // namespace

Result<std::unique_ptr<Admin>> Admin::Start(StandIn& hub, const std::string& address, uint16_t port) {
  std::unique_ptr<Admin> admin(new Admin());
  ASSIGN_OR_RETURN(admin->listener_,
                   Listener::Start(address, port, nullptr, [&hub](Connection& connection) { Serve(hub, connection); }));
  return admin;
}

}  // namespace ballast::hub
