#include "proto/grpc_log.h"

#include <grpc/support/log.h>

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log_limit.h"
#include "base/logging.h"
#include "base/strings.h"

namespace ballast {
namespace {

std::string PlaceOf(const gpr_log_func_args& line) {
  const std::string_view file(line.file);
  return StrCat(file.substr(file.rfind('/') + 1), ":", line.line);
}

void Write(const gpr_log_func_args& line) {
  static auto* const limit = new LogLimit;  // gRPC's threads may outlive main()'s objects
  const std::string place = PlaceOf(line);
  const LogLimit::Verdict verdict = limit->Ask(place, RealClock().Steady());
  if (!verdict.write) return;
  Message message("gRPC says");
  message.With("what", line.message).With("at", place);
  if (verdict.held_back > 0) message.With("held_back", verdict.held_back);
  if (line.severity == GPR_LOG_SEVERITY_ERROR) {
    LOG(WARNING) << message;
  } else {
    LOG(INFO) << message;
  }
}

// From which -v on it is shown.
int VerbosityOf(const gpr_log_func_args& line) {
  // Of every client that names the server by its address, which no certificate of ours holds: nothing is wrong.
  if (std::string_view(line.message).starts_with("No match found for server name")) return 1;
  return line.severity == GPR_LOG_SEVERITY_ERROR ? 0 : line.severity == GPR_LOG_SEVERITY_INFO ? 1 : 2;
}

void OnLine(gpr_log_func_args* line) {
  if (FLAGS_v >= VerbosityOf(*line)) Write(*line);
}

}  // namespace

void LogGrpcAsOurs() { gpr_set_log_function(OnLine); }

}  // namespace ballast
