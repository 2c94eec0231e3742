// What the messages of proto/peer.proto are made of; shared by peer_codec*.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "core/digest.h"

namespace ballast::codec {

// InvalidArgument "bad message of the swarm: ...".
Status Wrong(std::string_view what);
Status CheckCount(int count, int most, std::string_view what);

// 32 bytes each.
Result<Digest> DigestOf(const std::string& bytes);
Result<std::vector<Digest>> DigestsOf(const std::string& bytes);
void Put(const Digest& digest, std::string& to);
void PutAll(const std::vector<Digest>& digests, std::string& to);

}  // namespace ballast::codec
