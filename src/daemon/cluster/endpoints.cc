#include "daemon/cluster/endpoints.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "base/strings.h"

namespace ballast {
namespace {

constexpr char kServiceName[] = "kubernetes.io/service-name";
constexpr int kVersion = 1;

struct Candidate {
  Member member;
  bool leaving = false;
  bool unready = false;
  bool ipv6 = false;

  auto Rank() const { return std::tie(leaving, unready, ipv6, member.host); }
};

bool FlagAt(const Json& endpoint, const char* pointer, bool otherwise) {
  const Json::json_pointer at(pointer);
  return endpoint.contains(at) && endpoint.at(at).is_boolean() ? endpoint.at(at).get<bool>() : otherwise;
}

std::string ServiceOf(const Json& slice) {
  const Json& labels = ChildAt(slice, "/metadata/labels");
  return labels.contains(kServiceName) && labels.at(kServiceName).is_string()
             ? labels.at(kServiceName).get<std::string>()
             : "";
}

uint16_t PortOf(const Json& slice, std::string_view name) {
  for (const Json& port : ChildAt(slice, "/ports")) {
    if (!port.is_object() || StringAt(port, "/name") != name) continue;
    const int64_t number = IntAt(port, "/port");
    return number > 0 && number <= UINT16_MAX ? static_cast<uint16_t>(number) : 0;
  }
  return 0;
}

std::vector<Candidate> CandidatesOf(const Json& slice) {
  std::vector<Candidate> candidates;
  for (const Json& endpoint : ChildAt(slice, "/endpoints")) {
    if (!endpoint.is_object()) continue;
    Member member{.name = StringAt(endpoint, "/nodeName"),
                  .zone = StringAt(endpoint, "/zone"),
                  .host = StringAt(endpoint, "/addresses/0"),
                  .control_port = PortOf(slice, "control"),
                  .data_port = PortOf(slice, "data")};
    candidates.push_back({.member = std::move(member),
                          .leaving = FlagAt(endpoint, "/conditions/terminating", false),
                          .unready = !FlagAt(endpoint, "/conditions/ready", true),
                          .ipv6 = StringAt(slice, "/addressType") == "IPv6"});
  }
  return candidates;
}

std::string ZoneOf(const std::vector<Candidate>& candidates, const std::string& node) {
  for (const Candidate& one : candidates) {
    if (one.member.name == node && !one.member.zone.empty()) return one.member.zone;
  }
  return "";
}

// The first of each name and address, with this node before all others.
std::vector<Member> Chosen(std::vector<Candidate> candidates, Member self) {
  std::sort(candidates.begin(), candidates.end(),
            [](const Candidate& a, const Candidate& b) { return a.Rank() < b.Rank(); });
  self.zone = ZoneOf(candidates, self.name);
  candidates.insert(candidates.begin(), Candidate{.member = std::move(self)});
  std::vector<Member> members;
  std::set<std::string> names;
  std::set<std::pair<std::string, uint16_t>> addresses;
  for (Candidate& one : candidates) {
    Result<Member> member = CheckedMember(std::move(one.member));
    if (!member.ok() || names.contains(member->name)) continue;
    const std::pair control(member->host, member->control_port);
    const std::pair data(member->host, member->data_port);
    if (addresses.contains(control) || addresses.contains(data)) continue;
    names.insert(member->name);
    addresses.insert({control, data});
    members.push_back(*std::move(member));
  }
  return members;
}

void AddOperators(const Json& slice, std::vector<IssuerAddress>& operators) {
  const uint16_t port = PortOf(slice, "grpc");
  for (const Json& endpoint : ChildAt(slice, "/endpoints")) {
    const std::string host = endpoint.is_object() ? StringAt(endpoint, "/addresses/0") : "";
    const bool serves = endpoint.is_object() && FlagAt(endpoint, "/conditions/ready", true);
    if (serves && port != 0 && !host.empty()) operators.push_back({.host = host, .port = port});
  }
}

Json ToJson(const Member& member) {
  return {{"name", member.name},
          {"zone", member.zone},
          {"host", member.host},
          {"control", member.control_port},
          {"data", member.data_port}};
}

}  // namespace

bool operator==(const ClusterEndpoints& a, const ClusterEndpoints& b) {
  const auto same = [](const IssuerAddress& x, const IssuerAddress& y) { return x.host == y.host && x.port == y.port; };
  return a.members == b.members &&
         std::equal(a.operators.begin(), a.operators.end(), b.operators.begin(), b.operators.end(), same);
}

ClusterEndpoints EndpointsOf(const std::vector<Json>& slices, const Member& self) {
  ClusterEndpoints endpoints;
  std::vector<Candidate> candidates;
  for (const Json& slice : slices) {
    const std::string service = ServiceOf(slice);
    if (service == "ballast-operator") AddOperators(slice, endpoints.operators);
    if (service != "ballast-agents") continue;
    for (Candidate& one : CandidatesOf(slice)) candidates.push_back(std::move(one));
  }
  endpoints.members = Chosen(std::move(candidates), self);
  std::sort(endpoints.members.begin(), endpoints.members.end(),
            [](const Member& a, const Member& b) { return a.name < b.name; });
  std::sort(endpoints.operators.begin(), endpoints.operators.end(),
            [](const auto& a, const auto& b) { return std::tie(a.host, a.port) < std::tie(b.host, b.port); });
  return endpoints;
}

std::string EndpointsToJson(const ClusterEndpoints& endpoints) {
  Json members = Json::array();
  for (const Member& member : endpoints.members) members.push_back(ToJson(member));
  Json operators = Json::array();
  for (const IssuerAddress& one : endpoints.operators) operators.push_back({{"host", one.host}, {"port", one.port}});
  return DumpJson({{"version", kVersion}, {"members", std::move(members)}, {"operators", std::move(operators)}}) + "\n";
}

Result<ClusterEndpoints> EndpointsFromJson(std::string_view text) try {
  ASSIGN_OR_RETURN(const Json json, ParseJson(text));
  if (json.at("version") != kVersion) return InvalidArgument("a version that this program does not know");
  ClusterEndpoints endpoints;
  for (const Json& one : json.at("members")) {
    ASSIGN_OR_RETURN(Member member, CheckedMember({.name = one.at("name"),
                                                   .zone = one.at("zone"),
                                                   .host = one.at("host"),
                                                   .control_port = one.at("control"),
                                                   .data_port = one.at("data")}));
    endpoints.members.push_back(std::move(member));
  }
  for (const Json& one : json.at("operators"))
    endpoints.operators.push_back({.host = one.at("host"), .port = one.at("port")});
  return endpoints;
} catch (const Json::exception& error) {
  return InvalidArgument(Quoted(error.what()));
}

}  // namespace ballast
