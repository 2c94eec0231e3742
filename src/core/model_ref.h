// What a person writes to name a model, as a value.
//
//   hf://org/name[@revision]            a repository of a Hugging Face Hub; hf://datasets/org/name for a data set
//   file:///absolute/dir                a directory of this machine
//   https://host[:port]/path#sha256=H   one file behind a URL, with the digest it must have
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "core/digest.h"

namespace ballast {

enum class OriginScheme { kHuggingFace, kFile, kHttps };

struct ModelRef {
  OriginScheme scheme = OriginScheme::kHuggingFace;
  std::string repo_type = "models";  // "models" | "datasets" (hf only)
  std::string name;                  // hf: "org/name" (or "name"); file: the absolute directory, no slash at its end;
                                     // https: the URL without fragment
  std::string revision;              // hf: branch, tag or commit, "" = the default branch ("main")
  std::optional<Digest> sha256;      // https: from the fragment, always there

  // InvalidArgument names what is wrong and shows the form that is right. Schemes that api.md names but no code serves
  // yet (s3, oci, modelscope) answer Unimplemented "not yet".
  static Result<ModelRef> Parse(std::string_view text);

  // The reference again, with its revision: "hf://org/name@main". Parse(ToString()) is the same reference.
  std::string ToString() const;
  // Without revision and digest: "hf://org/name"; equal for two revisions of one model.
  std::string Uri() const;
  // hf: "models--org--name", the folder of the hub's own cache layout. Else "".
  std::string HubCacheFolder() const;

  friend bool operator==(const ModelRef&, const ModelRef&) = default;
};

// 40 lower-case hex digits: a revision that can't move.
bool IsCommit(std::string_view revision);
// A branch, tag or commit name that is safe to send and to store as a relative path ("refs/pr/1" is): git's own rules
// (git help check-ref-format) and those of SafePath. InvalidArgument quotes it and says which it breaks.
Status CheckRevision(std::string_view revision);

}  // namespace ballast
