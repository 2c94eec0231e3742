// What every program's main() does around its own.
#pragma once

#include <cstdio>
#include <exception>
#include <string_view>

namespace ballast {

// An exception of a library that no adapter caught becomes one line and exit status 1.
inline int RunMain(int (*run)(int argc, char** argv), int argc, char** argv) noexcept {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    const std::string_view path = argv[0];
    std::fprintf(stderr, "%s: %s\n", path.substr(path.rfind('/') + 1).data(), error.what());
    return 1;
  }
}

}  // namespace ballast
