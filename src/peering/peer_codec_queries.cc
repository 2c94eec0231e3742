// The calls with one answer: Hold, Coordinates, PieceHashes, Resolve.
#include <algorithm>
#include <string_view>

#include "base/strings.h"
#include "core/node_name.h"
#include "peering/codec_fields.h"
#include "peering/peer_codec.h"
#include "proto/peer.pb.h"

namespace ballast {
namespace {

namespace v1 = peer::v1;

using codec::CheckCount;
using codec::DigestOf;
using codec::DigestsOf;
using codec::Put;
using codec::PutAll;
using codec::Wrong;

constexpr int kMaxModels = 1 << 16;  // of a HoldNotice
constexpr size_t kMaxText = 16 << 10;

Status CheckText(const std::string& text, std::string_view what) {
  return text.size() <= kMaxText ? OkStatus() : Wrong(StrCat(what, " of ", text.size(), " bytes"));
}

Status ReadDigests(const google::protobuf::RepeatedPtrField<std::string>& from, std::vector<Digest>& to) {
  RETURN_IF_ERROR(CheckCount(from.size(), kMaxModels, "models"));
  for (const std::string& bytes : from) {
    ASSIGN_OR_RETURN(const Digest digest, DigestOf(bytes));
    to.push_back(digest);
  }
  return OkStatus();
}

}  // namespace

void Encode(const HoldNotice& from, v1::HoldRequest& to) {
  for (const Digest& model : from.held) Put(model, *to.add_held());
  for (const Digest& model : from.dropped) Put(model, *to.add_dropped());
  to.set_leaving(from.leaving);
}

Result<HoldNotice> Decode(const v1::HoldRequest& from) {
  HoldNotice to{.held = {}, .dropped = {}, .leaving = from.leaving()};
  RETURN_IF_ERROR(ReadDigests(from.held(), to.held));
  RETURN_IF_ERROR(ReadDigests(from.dropped(), to.dropped));
  return to;
}

void Encode(const HoldAnswer& from, v1::HoldResponse& to) {
  for (const HoldAnswer::Elsewhere& elsewhere : from.elsewhere) {
    v1::HoldResponse::Elsewhere& out = *to.add_elsewhere();
    Put(elsewhere.model, *out.mutable_model());
    out.set_coordinator(elsewhere.coordinator);
  }
}

Result<HoldAnswer> Decode(const v1::HoldResponse& from) {
  RETURN_IF_ERROR(CheckCount(from.elsewhere_size(), kMaxModels, "models"));
  HoldAnswer to;
  for (const v1::HoldResponse::Elsewhere& elsewhere : from.elsewhere()) {
    ASSIGN_OR_RETURN(const Digest model, DigestOf(elsewhere.model()));
    RETURN_IF_ERROR(CheckNodeName(elsewhere.coordinator()));
    to.elsewhere.push_back({model, elsewhere.coordinator()});
  }
  return to;
}

void Encode(const CoordinatesQuery& from, v1::CoordinatesRequest& to) {
  Put(from.model, *to.mutable_model());
  to.set_claim(from.claim);
}

Result<CoordinatesQuery> Decode(const v1::CoordinatesRequest& from) {
  ASSIGN_OR_RETURN(const Digest model, DigestOf(from.model()));
  return CoordinatesQuery{model, from.claim()};
}

void Encode(const CoordinatesAnswer& from, v1::CoordinatesResponse& to) {
  to.set_coordinator(from.coordinator);
  for (const std::string& holder : from.holders) to.add_holders(holder);
}

Result<CoordinatesAnswer> Decode(const v1::CoordinatesResponse& from) {
  if (!from.coordinator().empty()) RETURN_IF_ERROR(CheckNodeName(from.coordinator()));
  if (static_cast<size_t>(from.holders_size()) > kMostHoldersNamed) return InvalidArgument("too many holders at once");
  for (const std::string& holder : from.holders()) RETURN_IF_ERROR(CheckNodeName(holder));
  return CoordinatesAnswer{from.coordinator(), {from.holders().begin(), from.holders().end()}};
}

void Encode(const Digest& blob, v1::PieceHashesRequest& to) { Put(blob, *to.mutable_blob()); }
Result<Digest> Decode(const v1::PieceHashesRequest& from) { return DigestOf(from.blob()); }

void Encode(const std::vector<Digest>& hashes, v1::PieceHashesResponse& to) { PutAll(hashes, *to.mutable_hashes()); }
Result<std::vector<Digest>> Decode(const v1::PieceHashesResponse& from) { return DigestsOf(from.hashes()); }

void Encode(const ResolveQuery& from, v1::ResolveRequest& to) {
  to.set_uri(from.uri);
  to.set_revision(from.revision);
  for (const std::string& pattern : from.filter.include) to.add_include(pattern);
  for (const std::string& pattern : from.filter.exclude) to.add_exclude(pattern);
  to.set_origin(from.origin);
  to.set_known_only(from.known_only);
  to.set_domain(from.domain);
}

Result<ResolveQuery> Decode(const v1::ResolveRequest& from) {
  RETURN_IF_ERROR(CheckText(from.uri(), "a reference"));
  RETURN_IF_ERROR(CheckText(from.revision(), "a revision"));
  RETURN_IF_ERROR(CheckText(from.origin(), "an origin's name"));
  RETURN_IF_ERROR(CheckText(from.domain(), "an access domain"));
  ResolveQuery to{
      .uri = from.uri(),
      .revision = from.revision(),
      .filter = {{from.include().begin(), from.include().end()}, {from.exclude().begin(), from.exclude().end()}},
      .origin = from.origin(),
      .known_only = from.known_only(),
      .domain = from.domain()};
  RETURN_IF_ERROR(to.filter.Validate());
  return to;
}

bool EncodePart(const Resolved& from, size_t index, v1::ResolvePart& to) {
  if (index == 0) {
    v1::ResolveHead& head = *to.mutable_head();
    head.set_commit(from.commit);
    head.set_warning(from.warning);
    head.set_manifest_bytes(from.manifest.size());
    head.set_record_bytes(from.record.size());
    return true;
  }
  size_t begin = (index - 1) * kManifestPartBytes;
  const size_t manifest_parts = (from.manifest.size() + kManifestPartBytes - 1) / kManifestPartBytes;
  const std::string& text = index - 1 < manifest_parts ? from.manifest : from.record;
  if (index - 1 >= manifest_parts) begin -= manifest_parts * kManifestPartBytes;
  if (begin >= text.size()) return false;
  to.set_data(text.substr(begin, kManifestPartBytes));
  return true;
}

Status ResolvedReader::Add(const v1::ResolvePart& part) {
  if (part.has_head() == begun_) return Wrong("an answer of Resolve without its beginning, or with two");
  if (!begun_) {
    const v1::ResolveHead& head = part.head();
    manifest_bytes_ = head.manifest_bytes();
    record_bytes_ = head.record_bytes();
    if (std::max(manifest_bytes_, record_bytes_) > kMaxManifestBytes) return Wrong("a manifest that is too large");
    RETURN_IF_ERROR(CheckText(head.commit(), "a commit"));
    RETURN_IF_ERROR(CheckText(head.warning(), "a warning"));
    resolved_.commit = head.commit();
    resolved_.warning = head.warning();
    begun_ = true;
    return OkStatus();
  }
  const std::string& data = part.data();
  const bool to_manifest = resolved_.manifest.size() < manifest_bytes_;
  std::string& text = to_manifest ? resolved_.manifest : resolved_.record;
  const uint64_t room = (to_manifest ? manifest_bytes_ : record_bytes_) - text.size();
  if (data.empty() || data.size() > room) return Wrong("more of a manifest than was announced");
  text += data;
  return OkStatus();
}

Result<Resolved> ResolvedReader::Take() {
  if (!begun_ || resolved_.manifest.size() != manifest_bytes_ || resolved_.record.size() != record_bytes_)
    return Wrong("an answer of Resolve that ends too early");
  return std::move(resolved_);
}

}  // namespace ballast
