// The `ballast` command without its process: what main() and the tests run.
#pragma once

#include <functional>
#include <ostream>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/cache_client.h"
#include "cli/console.h"
#include "origin/environment.h"

namespace ballast::cli {

struct World {
  std::ostream& out;
  std::ostream& err;
  bool terminal = false;  // err is one
  int width = 80;
  Environment environment;
  const Clock& clock;
  std::function<Result<std::unique_ptr<CacheClient>>(const std::string& socket)> connect = ConnectToCache;
  std::stop_token stop;  // Ctrl-C
};

// The exit code. `arguments` without the program's name.
int Run(const std::vector<std::string>& arguments, const World& world);

}  // namespace ballast::cli
