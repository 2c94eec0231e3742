// What a view holds, decided from values alone. The hf layouts are what three generations of the hub's client need of a
// read-only cache: refs for each revision name, the snapshot, an empty blobs/ (0.x clients make it otherwise), and a
// trees/<commit>.json that lists exactly what is there.
#pragma once

#include <string>
#include <vector>

#include "core/manifest.h"
#include "store/store.h"

namespace ballast {

struct ViewEntry {
  enum class Kind { kDirectory, kBlob, kGenerated };

  std::string path;  // relative to the view
  Kind kind = Kind::kDirectory;
  Digest blob;          // kBlob
  uint64_t size = 0;    // kBlob
  std::string content;  // kGenerated

  friend bool operator==(const ViewEntry&, const ViewEntry&) = default;
};

// Where the repository's paths begin: "", "models--org--name/snapshots/<commit>/" or "snapshots/<commit>/".
// InvalidArgument: an hf layout of something that is no commit of a hub.
Result<std::string> ViewPrefix(const OriginRecord& origin, Layout layout);

// A directory comes before what is in it.
Result<std::vector<ViewEntry>> PlanView(const Manifest& manifest, const OriginRecord& origin, Layout layout);

// The view's name: whatever changes what it holds changes it.
Digest ViewId(const Digest& manifest, const OriginRecord& origin, Layout layout);

std::string_view LayoutName(Layout layout);  // "plain", "hf", "hf-repo"

}  // namespace ballast
