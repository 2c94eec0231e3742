#include "operator/operator_config.h"

#include "api/yaml_reader.h"
#include "api/yaml_value.h"
#include "base/small_file.h"
#include "base/strings.h"
#include "http/http_server.h"

namespace ballast::controller {
namespace {

void ReadAddress(YamlReader& yaml, std::string& address) {
  yaml.String("address", address);
  if (!address.empty()) yaml.Check("address", ParseListenAddress(address).status());
}

void ReadTls(YamlReader& yaml, OperatorConfig& config) {
  std::string issuer = "operator";
  yaml.Choice("issuer", {"operator", "existingSecret"}, issuer);
  config.tls.issuer = issuer == "operator" ? TlsIssuer::kOperator : TlsIssuer::kExistingSecret;
  yaml.String("secret", config.tls.secret);
}

void ReadMetrics(YamlReader& yaml, OperatorConfig& config) {
  std::string auth = "none";
  yaml.Choice("auth", {"none", "kubernetes"}, auth);
  config.guard_metrics = auth == "kubernetes";
}

OperatorConfig Read(YamlReader& yaml) {
  OperatorConfig config;
  yaml.Object("http", [&](YamlReader& http) { ReadAddress(http, config.http.address); });
  yaml.Object("metrics", [&](YamlReader& metrics) { ReadMetrics(metrics, config); });
  yaml.Object("grpc", [&](YamlReader& grpc) { ReadAddress(grpc, config.grpc.address); });
  yaml.Object("tls", [&](YamlReader& tls) { ReadTls(tls, config); });
  config.origins = ReadOrigins(yaml);
  yaml.Object("startupTaint", [&](YamlReader& taint) { taint.Duration("maxWait", config.startup_taint.max_wait); });
  yaml.Bool("warmLabels", config.warm_labels);
  yaml.Duration("poll", config.poll);
  if (config.poll < std::chrono::seconds(1)) yaml.Fail("poll", "must be at least 1s");
  return config;
}

}  // namespace

Result<OperatorConfig> ParseOperatorConfig(std::string_view text, const std::string& file) {
  ASSIGN_OR_RETURN(const std::vector<YamlValue> documents, ParseYaml(text, file));
  if (documents.empty()) return OperatorConfig{};
  if (documents.size() > 1) {
    return InvalidArgument(StrCat(file, ":", documents[1].line, ": a second document; a configuration is one"));
  }
  YamlReader reader(documents.front(), file);
  OperatorConfig config = Read(reader);
  RETURN_IF_ERROR(reader.Finish());
  return config;
}

Result<OperatorConfig> LoadOperatorConfig(const std::string& file) {
  const Result<std::string> text = ReadSmallFile(file, kMaxYamlBytes);
  if (!text.ok()) return text.status().WithContext("cannot read the configuration; name another with --config FILE");
  return ParseOperatorConfig(*text, file);
}

}  // namespace ballast::controller
