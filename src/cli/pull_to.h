// `ballast pull REF --to DIR`: without a daemon, from the hub (or mirror, directory, URL) straight into a directory.
#pragma once

#include <stop_token>
#include <string>

#include "cli/console.h"
#include "cli/render.h"
#include "core/glob.h"
#include "core/model_ref.h"
#include "origin/environment.h"
#include "store/file_system.h"

namespace ballast::cli {

struct PullToRequest {
  ModelRef ref;
  std::string dir;
  PathFilter filter;
  std::string layout = "plain";  // "hf", "hf-repo"
  int streams = 16;
};

// Resumes what an earlier pull began, verifies every byte, leaves the directory durable and listed in .ballast/.
Result<PulledDirectory> PullTo(const PullToRequest& request, const Environment& environment, FileSystem& files,
                               const Clock& clock, Console& console, std::stop_token stop);

}  // namespace ballast::cli
