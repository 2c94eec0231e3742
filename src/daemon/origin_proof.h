// Whether an origin really has what it lists, for bytes that are here already.
#pragma once

#include <stop_token>

#include "origin/origin.h"
#include "store/store.h"

namespace ballast {

// Reads of `file` at the origin (with its token, where it has one) and compares with the blob that is here. A hub's
// file: a range of up to 64 KiB that nobody could foresee, which a liar could not answer; `random` chooses it. Of every
// other origin the digest is a claim of whoever wrote the reference, so that it has to deliver all of it.
//
// DataLoss: it has other bytes. Errors of Origin::Read: it refuses, or does not have the file.
Status ProveAtOrigin(Origin& origin, const ResolvedModel& model, const RemoteFile& file, BlobStore& blobs,
                     uint64_t random, const std::stop_token& stop);

}  // namespace ballast
