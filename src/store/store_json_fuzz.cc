// Files of the store that are parsed at start: leases, what views say of themselves, the git index, names of blobs.
#include "base/check.h"
#include "store/blob_index.h"
#include "store/git_index.h"
#include "store/lease_json.h"
#include "store/testing/crash_file_system.h"
#include "store/view_about.h"

// Any bytes: an error, or a value that survives being written and read again.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {  // NOLINT(readability-identifier-naming)
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto lease = ballast::LeaseFromJson(text);
  if (lease.ok()) BALLAST_CHECK(ballast::LeaseFromJson(*ballast::LeaseToJson(*lease)).value() == *lease);
  const auto about = ballast::AboutFromJson(text);
  if (about.ok()) {
    ballast::ViewAbout plain = *about;
    plain.origin.files.clear();
    BALLAST_CHECK(ballast::AboutFromJson(ballast::AboutToJson(*about)).value() == plain);
  }
  (void)ballast::BlobFileName::Parse(text);
  ballast::CrashFileSystem files;
  const auto file = files.Open("/index", ballast::OpenMode::kCreate);
  BALLAST_CHECK((*file)->Write(0, std::as_bytes(std::span(text))).ok());
  BALLAST_CHECK(ballast::GitIndex::Open(files, "/index").ok());
  return 0;
}
