// The facts of a local store for its check.
#pragma once

#include "store/file_system.h"
#include "store/local_blob_store.h"
#include "store/local_lease_store.h"
#include "store/local_view_store.h"
#include "store/store_check.h"

namespace ballast {

// One look: what is being made or removed meanwhile may be found, so that only what two looks find counts (Lasting()).
Result<std::vector<Finding>> CheckLocalStore(const StorePaths& paths, FileSystem& files, const LocalBlobStore& blobs,
                                             const LocalViewStore& views, const LocalLeaseStore& leases);

}  // namespace ballast
