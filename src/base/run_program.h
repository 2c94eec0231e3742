// Another program's output.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/status.h"

namespace ballast {

struct ProgramCall {
  std::string program;  // with a slash: a path; without: found in PATH
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> environment;  // beside our own; wins over it
  bool reads_input = false;                                      // ours; else it has none
  size_t max_output = 1 << 20;                                   // bytes
};

// What it wrote to its standard output once it ended with status 0; its errors go where ours go. Blocks until it ends:
// a signal from the terminal reaches it too, for it blocks and ignores none that we do. NotFound: no such program;
// FailedPrecondition: it ended otherwise; ResourceExhausted: it wrote more than `max_output`.
Result<std::string> RunProgram(const ProgramCall& call);

}  // namespace ballast
