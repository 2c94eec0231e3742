// What a listing promises of a file's bytes, as an ingest wants to know it.
#pragma once

#include "base/strings.h"
#include "origin/origin.h"
#include "store/ingest.h"

namespace ballast {

inline ExpectedContent ExpectedOf(const ResolvedModel& model, const RemoteFile& file) {
  ExpectedContent expected;
  expected.size = file.size;
  expected.sha256 = file.sha256;
  if (!file.lfs_pointer_size) expected.git_oid = file.git_oid;  // else it names the pointer, not the bytes
  expected.hint = StrCat(model.ref.ToString(), " ", model.commit, " ", file.path, " ", file.version);
  return expected;
}

}  // namespace ballast
