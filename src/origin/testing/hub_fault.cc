#include "origin/testing/hub_fault.h"

#include <array>
#include <nlohmann/json.hpp>

#include "base/strings.h"

namespace ballast::hub {
namespace {

using Json = nlohmann::json;

struct KindName {
  std::string_view name;
  FaultKind kind;
};

constexpr std::array kKinds = {
    KindName{"short", FaultKind::kShort},
    KindName{"long", FaultKind::kLong},
    KindName{"trailing", FaultKind::kTrailing},
    KindName{"ignore_range", FaultKind::kIgnoreRange},
    KindName{"wrong_content_range", FaultKind::kWrongContentRange},
    KindName{"wrong_total", FaultKind::kWrongTotal},
    KindName{"etag", FaultKind::kEtag},
    KindName{"corrupt", FaultKind::kCorrupt},
    KindName{"slow", FaultKind::kSlow},
    KindName{"stall", FaultKind::kStall},
    KindName{"reset", FaultKind::kReset},
    KindName{"status", FaultKind::kStatus},
    KindName{"redirect", FaultKind::kRedirect},
    KindName{"drop_headers", FaultKind::kDropHeaders},
    KindName{"set_headers", FaultKind::kSetHeaders},
    KindName{"bad_chunk", FaultKind::kBadChunk},
    KindName{"gzip", FaultKind::kGzip},
    KindName{"huge_header", FaultKind::kHugeHeader},
    KindName{"slow_headers", FaultKind::kSlowHeaders},
    KindName{"interim", FaultKind::kInterim},
    KindName{"body", FaultKind::kBody},
    KindName{"raw", FaultKind::kRaw},
};

Status SetKind(const Json& value, Fault& fault) {
  std::vector<std::string_view> names;
  for (const KindName& kind : kKinds) {
    names.push_back(kind.name);
    if (value == std::string(kind.name)) {
      fault.kind = kind.kind;
      return OkStatus();
    }
  }
  std::string given = value.is_string() ? value.get<std::string>() : value.dump();
  return InvalidArgument(StrCat("no fault kind ", Quoted(given), DidYouMean(given, names)));
}

Status SetPort(const Json& value, Fault& fault) {
  if (value != "hub" && value != "cdn") return InvalidArgument("a fault's port is \"hub\" or \"cdn\"");
  fault.port = value == "hub" ? Port::kHub : Port::kCdn;
  return OkStatus();
}

// A list of names is taken too: ["ETag"] for drop_headers.
void SetHeaders(const Json& value, Fault& fault) {
  if (value.is_object()) fault.headers = value.get<std::map<std::string, std::string>>();
  if (!value.is_array()) return;
  for (const auto& name : value.get<std::vector<std::string>>()) fault.headers[name] = "";
}

Status SetField(const std::string& key, const Json& value, Fault& fault) {
  if (key == "kind") return SetKind(value, fault);
  if (key == "port") return SetPort(value, fault);
  if (key == "method") return fault.method = value.get<std::string>(), OkStatus();
  if (key == "path") return fault.path = value.get<std::string>(), OkStatus();
  if (key == "skip") return fault.skip = value.get<int>(), OkStatus();
  if (key == "times") return fault.times = value.get<int>(), OkStatus();
  if (key == "offset") return fault.offset = value.get<uint64_t>(), OkStatus();
  if (key == "from_answer") return fault.from_answer = value.get<bool>(), OkStatus();
  if (key == "bytes") return fault.bytes = value.get<uint64_t>(), OkStatus();
  if (key == "status") return fault.status = value.get<int>(), OkStatus();
  if (key == "text") return fault.text = value.get<std::string>(), OkStatus();
  if (key == "headers") return SetHeaders(value, fault), OkStatus();
  return InvalidArgument(StrCat("a fault has no key ", Quoted(key),
                                DidYouMean(key, {"kind", "port", "method", "path", "skip", "times", "offset",
                                                 "from_answer", "bytes", "status", "text", "headers"})));
}

}  // namespace

std::string_view PortName(Port port) { return port == Port::kHub ? "hub" : "cdn"; }

Result<Fault> ParseFault(std::string_view text) {
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("kind")) {
    return InvalidArgument(StrCat("a fault is a JSON object with a \"kind\", not ", Quoted(text)));
  }
  Fault fault;
  for (const auto& [key, value] : json.items()) {
    try {
      RETURN_IF_ERROR(SetField(key, value, fault));
    } catch (const Json::exception&) {
      return InvalidArgument(StrCat("the fault's ", Quoted(key), " cannot be ", Quoted(value.dump())));
    }
  }
  return fault;
}

}  // namespace ballast::hub
