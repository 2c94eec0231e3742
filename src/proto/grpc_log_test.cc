#include "proto/grpc_log.h"

#include <gmock/gmock.h>
#include <grpc/support/log.h>

#include <string>
#include <vector>

#include "base/logging.h"
#include "base/mutex.h"

namespace ballast {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// What is logged while it lives.
class Heard final : public google::LogSink {
 public:
  Heard() { google::AddLogSink(this); }
  ~Heard() override { google::RemoveLogSink(this); }
  Heard(const Heard&) = delete;
  Heard& operator=(const Heard&) = delete;

  void send(google::LogSeverity severity, const char* /*path*/, const char* /*file*/, int /*line*/,
            const google::LogMessageTime& /*time*/, const char* text, size_t size) override {
    MutexLock lock(mutex_);
    lines_.push_back(std::string(google::GetLogSeverityName(severity)) + " " + std::string(text, size));
  }
  std::vector<std::string> lines() {
    MutexLock lock(mutex_);
    return lines_;
  }

 private:
  Mutex mutex_;
  std::vector<std::string> lines_ GUARDED_BY(mutex_);
};

class GrpcLogTest : public ::testing::Test {
 protected:
  GrpcLogTest() {
    gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
    LogGrpcAsOurs();
  }
  ~GrpcLogTest() override { gpr_set_log_function(nullptr); }  // gRPC's own again

  Heard heard_;
};

TEST_F(GrpcLogTest, AnErrorIsAWarningOfOursWithItsPlaceAndForeignBytesQuoted) {
  gpr_log_message("src/core/tsi/ssl.cc", 17, GPR_LOG_SEVERITY_ERROR, "Handshake failed: \"x\"\n");
  EXPECT_THAT(heard_.lines(),
              ElementsAre("WARNING \"gRPC says\" what=\"Handshake failed: \\\"x\\\"\\n\" at=\"ssl.cc:17\""));
}

TEST_F(GrpcLogTest, AFloodIsAFewLines) {
  for (int i = 0; i < 1000; ++i) gpr_log_message("flood.cc", 1, GPR_LOG_SEVERITY_ERROR, "Handshake failed");
  EXPECT_THAT(heard_.lines(), SizeIs(5));
}

TEST_F(GrpcLogTest, WhatItSaysOfEveryGoodHandshakeIsNoWarning) {
  gpr_log_message("ssl.cc", 18, GPR_LOG_SEVERITY_ERROR, "No match found for server name: 10.0.0.1.");
  EXPECT_THAT(heard_.lines(), SizeIs(0));
}

TEST_F(GrpcLogTest, WhatIsNoErrorIsShownToWhoAsksForMore) {
  gpr_set_log_verbosity(GPR_LOG_SEVERITY_DEBUG);
  gpr_log_message("quiet.cc", 1, GPR_LOG_SEVERITY_INFO, "new connection");
  EXPECT_THAT(heard_.lines(), SizeIs(0));
  FLAGS_v = 1;
  gpr_log_message("quiet.cc", 1, GPR_LOG_SEVERITY_INFO, "new connection");
  gpr_log_message("quiet.cc", 2, GPR_LOG_SEVERITY_DEBUG, "bytes");
  FLAGS_v = 0;
  gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
  EXPECT_THAT(heard_.lines(), ElementsAre(HasSubstr("INFO \"gRPC says\" what=\"new connection\"")));
}

}  // namespace
}  // namespace ballast
