#include "daemon/swarm_config.h"

#include <arpa/inet.h>

#include <array>

#include "base/small_file.h"
#include "base/strings.h"
#include "swarm/dns_membership.h"
#include "swarm/member_list.h"

namespace ballast {
namespace {

void ReadPort(YamlReader& yaml, std::string_view key, uint16_t& port) {
  int32_t value = port;
  yaml.Int(key, 1, UINT16_MAX, value);
  port = static_cast<uint16_t>(value);
}

void ReadPath(YamlReader& yaml, std::string_view key, std::string& path) {
  yaml.String(key, path);
  if (yaml.Has(key) && !path.starts_with('/')) yaml.Fail(key, StrCat(Quoted(path), " must be an absolute path"));
}

void ReadListen(YamlReader& yaml, SwarmConfig& swarm) {
  yaml.String("address", swarm.listen.address);
  ReadPort(yaml, "controlPort", swarm.listen.control_port);
  ReadPort(yaml, "dataPort", swarm.listen.data_port);
  std::array<unsigned char, sizeof(in6_addr)> address{};
  const char* text = swarm.listen.address.c_str();
  if (::inet_pton(AF_INET, text, address.data()) != 1 && ::inet_pton(AF_INET6, text, address.data()) != 1)
    yaml.Fail("address", StrCat(Quoted(swarm.listen.address), " is no address; write 0.0.0.0, :: or one of this node"));
  if (swarm.listen.control_port == swarm.listen.data_port) yaml.Fail("dataPort", "must be another than controlPort");
}

void ReadMember(YamlReader& yaml, std::vector<Member>& members) {
  Member member{.control_port = kDefaultControlPort, .data_port = kDefaultDataPort};
  yaml.Require("name");
  yaml.String("name", member.name);
  member.host = member.name;
  yaml.String("host", member.host);
  yaml.String("zone", member.zone);
  ReadPort(yaml, "controlPort", member.control_port);
  ReadPort(yaml, "dataPort", member.data_port);
  if (!yaml.ok()) return;
  Result<Member> checked = CheckedMember(std::move(member));
  if (!checked.ok()) return yaml.Check("name", checked.status());
  members.push_back(*std::move(checked));
}

std::vector<Member> ReadMembers(YamlReader& yaml) {
  std::vector<Member> members;
  yaml.Objects("members", [&](YamlReader& one) { ReadMember(one, members); });
  if (yaml.ok() && !members.empty()) yaml.Check("members", MemberList::Of(members).status());
  return members;
}

void ReadDns(YamlReader& yaml, SwarmConfig& swarm) {
  yaml.Require("name");
  yaml.String("name", swarm.dns.name);
  yaml.Require("self");
  yaml.String("self", swarm.dns.self);
  yaml.Duration("interval", swarm.dns.interval);
  if (!yaml.ok()) return;
  yaml.Check("self", NodeNameOfAddress(swarm.dns.self).status());
  if (swarm.dns.interval < std::chrono::seconds(1)) yaml.Fail("interval", "must be at least 1s");
}

void ReadTls(YamlReader& yaml, SwarmConfig& swarm) {
  for (const std::string_view key : {"ca", "certificate", "key"}) yaml.Require(key);
  ReadPath(yaml, "ca", swarm.tls.ca);
  ReadPath(yaml, "certificate", swarm.tls.certificate);
  ReadPath(yaml, "key", swarm.tls.key);
}

void CheckChoices(YamlReader& yaml, const SwarmConfig& swarm) {
  const int sources = (yaml.Has("members") ? 1 : 0) + (yaml.Has("membersFile") ? 1 : 0) + (yaml.Has("dns") ? 1 : 0);
  if (sources != 1) {
    yaml.Fail("members", sources == 0 ? "is missing: a swarm needs its nodes, as members, membersFile or dns"
                                      : "only one of members, membersFile and dns says who is in the swarm");
  }
  if (yaml.Has("members") && swarm.members.empty()) yaml.Fail("members", "names nobody; this node is one, too");
  if (yaml.Has("tls") && swarm.plaintext) {
    yaml.Fail("plaintext", "is true, and tls is set: remove one of them");
  } else if (!yaml.Has("tls") && !swarm.plaintext) {
    yaml.Fail("tls",
              "is missing: name ca, certificate and key (`ballast certs` makes them), or say plaintext: true where "
              "everybody who reaches these ports may be believed");
  }
}

}  // namespace

SwarmConfig ReadSwarm(YamlReader& yaml) {
  SwarmConfig swarm;
  yaml.Object("listen", [&](YamlReader& listen) { ReadListen(listen, swarm); });
  swarm.members = ReadMembers(yaml);
  ReadPath(yaml, "membersFile", swarm.members_file);
  yaml.Object("dns", [&](YamlReader& dns) { ReadDns(dns, swarm); });
  yaml.Object("tls", [&](YamlReader& tls) { ReadTls(tls, swarm); });
  yaml.Bool("plaintext", swarm.plaintext);
  if (yaml.ok()) CheckChoices(yaml, swarm);
  return swarm;
}

SwarmConfig ReadSwarmInCluster(YamlReader& yaml, const std::string& identity_dir) {
  SwarmConfig swarm;
  yaml.Object("listen", [&](YamlReader& listen) { ReadListen(listen, swarm); });
  for (const std::string_view key : {"members", "membersFile", "dns", "tls", "plaintext"}) {
    yaml.Ignore(key);
    if (yaml.Has(key)) yaml.Fail(key, "is set beside kubernetes, where it comes from the cluster; remove it");
  }
  swarm.tls = {
      .ca = identity_dir + "/ca.crt", .certificate = identity_dir + "/tls.crt", .key = identity_dir + "/tls.key"};
  return swarm;
}

Result<std::vector<Member>> ParseMembers(std::string_view text, const std::string& file) {
  ASSIGN_OR_RETURN(const std::vector<YamlValue> documents, ParseYaml(text, file));
  if (documents.size() != 1) return InvalidArgument(StrCat(file, ": must be one document, with members"));
  YamlReader reader(documents.front(), file);
  reader.Require("members");
  std::vector<Member> members = ReadMembers(reader);
  if (reader.ok() && members.empty()) reader.Fail("members", "names nobody");
  RETURN_IF_ERROR(reader.Finish());
  return members;
}

Result<std::vector<Member>> LoadMembers(const std::string& file) {
  ASSIGN_OR_RETURN(const std::string text, ReadSmallFile(file, kMaxYamlBytes));
  return ParseMembers(text, file);
}

}  // namespace ballast
