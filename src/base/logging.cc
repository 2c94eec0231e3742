#include "base/logging.h"

namespace ballast {

void InitLogging(const char* program, int verbosity) {
  FLAGS_logtostderr = true;
  FLAGS_v = verbosity;
  google::InitGoogleLogging(program);
}

}  // namespace ballast
