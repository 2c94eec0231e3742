// The configuration of ballast-operator: operator.yaml as a struct. operator.example.yaml beside this file explains
// each key.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "api/origin_config.h"
#include "base/status.h"

namespace ballast::controller {

enum class TlsIssuer { kOperator, kExistingSecret };

struct OperatorConfig {
  struct {
    std::string address = "0.0.0.0:8081";  // probes and metrics
  } http;
  bool guard_metrics = false;  // metrics.auth: kubernetes
  struct {
    std::string address = "0.0.0.0:7080";  // what agents ask: certificates, tokens
  } grpc;
  struct {
    TlsIssuer issuer = TlsIssuer::kOperator;  // who makes the CA in `secret`
    std::string secret = "ballast-ca";
  } tls;
  std::vector<OriginConfig> origins;
  struct {
    std::chrono::milliseconds max_wait{std::chrono::minutes(15)};
  } startup_taint;
  bool warm_labels = false;                                 // nodes carry a label for each warm model
  std::chrono::milliseconds poll{std::chrono::minutes(5)};  // how often branches and tags are asked for
};

// InvalidArgument "FILE:LINE: key: what is wrong, and what is right". An unknown key is an error that offers the
// nearest.
Result<OperatorConfig> ParseOperatorConfig(std::string_view yaml, const std::string& file);

// Reads and parses; NotFound and PermissionDenied say how to name another file.
Result<OperatorConfig> LoadOperatorConfig(const std::string& file);

}  // namespace ballast::controller
