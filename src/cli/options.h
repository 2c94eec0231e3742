// The command line as a value.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/status.h"
#include "cli/certs.h"
#include "core/glob.h"
#include "origin/environment.h"

namespace ballast::cli {

struct PullCommand {
  std::string ref;
  std::string to;  // "": the daemon's cache
  PathFilter filter;
  std::string layout;
  int streams = 16;
};
struct ListCommand {};
struct StatusCommand {
  std::string model;  // "": of the node
};
struct VerifyCommand {
  std::string what;   // model reference, manifest digest, directory, or "" for everything the daemon has
  bool deep = false;  // also whether the store and the mounts are as they should be
};
struct WarmCommand {
  std::string model;
};
struct RemoveCommand {
  std::string model;
};
struct GcCommand {
  bool dry_run = false;
};
struct WaitCommand {
  std::string dir;
  std::optional<std::chrono::milliseconds> timeout;
};
struct VersionCommand {};
struct HelpCommand {
  std::string text;
};

using Command = std::variant<PullCommand, ListCommand, StatusCommand, VerifyCommand, WarmCommand, RemoveCommand,
                             GcCommand, WaitCommand, CertsInitCommand, CertsIssueCommand, VersionCommand, HelpCommand>;

struct Options {
  Command command;
  bool json = false;
  std::string socket;
};

// `arguments` without the program's name. InvalidArgument: a text for people.
Result<Options> ParseOptions(const std::vector<std::string>& arguments, const Environment& environment);

}  // namespace ballast::cli
