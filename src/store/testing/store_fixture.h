// What tests of the store begin with: contents, models, downloads that are not downloads.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/testing/fake_clock.h"
#include "store/store.h"

namespace ballast {

inline std::string RandomContent(size_t size, uint32_t seed) {
  std::mt19937 random(seed);
  std::string content(size, '\0');
  for (char& c : content) c = static_cast<char>(random());
  return content;
}

inline ExpectedContent ExpectedOf(const std::string& content) { return {content.size(), Digest::Of(content), {}, ""}; }

inline PieceBuffer BufferOf(std::string_view content) {
  auto buffer = std::make_shared<AlignedBuffer>(content.size());
  std::ranges::copy(std::as_bytes(std::span(content)), buffer->span().begin());
  return buffer;
}

// Writes the pieces of `content` that are not here, one range each.
inline Status Receive(Ingest& ingest, std::string_view content) {
  const PieceMap pieces = ingest.pieces();
  for (uint32_t piece = 0; piece < pieces.count(); ++piece) {
    if (pieces.has(piece)) continue;
    const ByteRange range = pieces.Range(piece);
    ASSIGN_OR_RETURN(const auto writer, ingest.OpenRange(range));
    RETURN_IF_ERROR(writer->Append(std::as_bytes(std::span(content)).subspan(range.begin, range.size())));
    RETURN_IF_ERROR(writer->Flush());
  }
  return OkStatus();
}

inline Result<Digest> AddBlob(BlobStore& blobs, const std::string& content, const ExpectedContent& expected) {
  ASSIGN_OR_RETURN(auto ingest, blobs.OpenIngest(expected));
  RETURN_IF_ERROR(Receive(*ingest, content));
  return blobs.Commit(std::move(ingest));
}
inline Result<Digest> AddBlob(BlobStore& blobs, const std::string& content) {
  return AddBlob(blobs, content, ExpectedOf(content));
}

// path -> content
using ModelFiles = std::map<std::string, std::string>;

inline Manifest ManifestOf(const ModelFiles& files) {
  std::vector<ManifestFile> list;
  for (const auto& [path, content] : files) {
    list.push_back({SafePath::Parse(path).value(), Digest::Of(content), content.size()});
  }
  return Manifest::Make(std::move(list)).value();
}

inline OriginRecord OriginOf(const ModelFiles& files) {
  OriginRecord origin;
  origin.uri = "hf://org/name";
  origin.commit = std::string(40, 'c');
  origin.revisions = {"main", "v1.0"};
  for (const auto& [path, content] : files) origin.files[path] = {GitOid::OfBlob(content), std::nullopt};
  return origin;
}

inline Result<Digest> AddModel(Store& store, const ModelFiles& files, const OriginRecord& origin) {
  for (const auto& [path, content] : files) {
    if (!store.blobs().Size(Digest::Of(content))) RETURN_IF_ERROR(AddBlob(store.blobs(), content).status());
  }
  const Manifest manifest = ManifestOf(files);
  RETURN_IF_ERROR(store.models().Put(manifest, origin));
  return manifest.Id();
}
inline Result<Digest> AddModel(Store& store, const ModelFiles& files) {
  return AddModel(store, files, OriginOf(files));
}

// Small pieces, so that small files exercise what large ones do.
inline IngestOptions SmallPieces() { return {4096, 1000, "boot-1", true}; }

}  // namespace ballast
