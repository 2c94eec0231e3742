#include "store/journal.h"

#include <xxhash.h>

#include <algorithm>
#include <concepts>
#include <cstring>

namespace ballast {
namespace {

constexpr char kMagic[8] = {'B', 'A', 'L', 'J', 'R', 'N', 'L', '\n'};
constexpr uint32_t kVersion = 1;
constexpr uint32_t kHasSha256 = 1;
constexpr uint32_t kHasGitOid = 2;
constexpr size_t kBootIdSize = 36;

// Little-endian, in the order of calls.
class Writer {
 public:
  explicit Writer(std::span<std::byte> out) : out_(out) {}
  template <std::unsigned_integral Integer>
  void Put(Integer value) {
    for (size_t i = 0; i < sizeof value; ++i) out_[at_++] = static_cast<std::byte>(value >> (8 * i));
  }
  void Put(std::span<const std::byte> bytes) {
    std::copy(bytes.begin(), bytes.end(), out_.begin() + static_cast<ptrdiff_t>(at_));
    at_ += bytes.size();
  }
  void SkipTo(size_t offset) { at_ = offset; }

 private:
  std::span<std::byte> out_;
  size_t at_ = 0;
};

class Reader {
 public:
  explicit Reader(std::span<const std::byte> in) : in_(in) {}
  template <std::unsigned_integral Integer>
  Integer Get() {
    Integer value = 0;
    for (size_t i = 0; i < sizeof value; ++i) value |= static_cast<Integer>(in_[at_++]) << (8 * i);
    return value;
  }
  template <typename Container>
  void Get(Container& into) {
    std::memcpy(into.data(), in_.data() + at_, into.size());
    at_ += into.size();
  }

 private:
  std::span<const std::byte> in_;
  size_t at_ = 0;
};

uint64_t Checksum(std::span<const std::byte> bytes, uint64_t seed = 0) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

uint32_t PieceCount(const JournalHeader& header) {
  return static_cast<uint32_t>(header.size / header.piece_size + (header.size % header.piece_size != 0 ? 1 : 0));
}

std::optional<JournalHeader> DecodeHeader(std::span<const std::byte> bytes) {
  if (bytes.size() < JournalHeader::kSize) return std::nullopt;
  const auto body = bytes.first(JournalHeader::kSize - 8);
  if (std::memcmp(body.data(), kMagic, sizeof kMagic) != 0) return std::nullopt;
  if (Reader(bytes.subspan(body.size())).Get<uint64_t>() != Checksum(body)) return std::nullopt;
  Reader in(body.subspan(sizeof kMagic));
  if (in.Get<uint32_t>() != kVersion) return std::nullopt;
  const uint32_t flags = in.Get<uint32_t>();
  JournalHeader header;
  header.size = in.Get<uint64_t>();
  header.piece_size = in.Get<uint32_t>();
  if (header.piece_size == 0 || header.size / header.piece_size >= UINT32_MAX) return std::nullopt;
  Digest::Bytes sha256;
  GitOid::Bytes git_oid;
  in.Get(sha256);
  in.Get(git_oid);
  if ((flags & kHasSha256) != 0) header.sha256 = Digest(sha256);
  if ((flags & kHasGitOid) != 0) header.git_oid = GitOid(git_oid);
  std::string boot_id(kBootIdSize, '\0');
  in.Get(boot_id);
  header.boot_id = boot_id.substr(0, boot_id.find('\0'));
  return header;
}

}  // namespace

bool JournalHeader::Describes(const ExpectedContent& expected) const {
  return size == expected.size && sha256 == expected.sha256 && git_oid == expected.git_oid;
}

std::array<std::byte, JournalHeader::kSize> EncodeHeader(const JournalHeader& header) {
  std::array<std::byte, JournalHeader::kSize> bytes{};
  Writer out(bytes);
  out.Put(std::as_bytes(std::span(kMagic)));
  out.Put(kVersion);
  out.Put((header.sha256 ? kHasSha256 : 0U) | (header.git_oid ? kHasGitOid : 0U));
  out.Put(header.size);
  out.Put(header.piece_size);
  out.Put(std::as_bytes(std::span(header.sha256.value_or(Digest()).bytes())));
  out.Put(std::as_bytes(std::span(header.git_oid.value_or(GitOid()).bytes())));
  out.Put(std::as_bytes(std::span(header.boot_id)).first(std::min(header.boot_id.size(), kBootIdSize)));
  out.SkipTo(JournalHeader::kSize - 8);
  out.Put(Checksum(std::span(bytes).first(JournalHeader::kSize - 8)));
  return bytes;
}

std::array<std::byte, JournalRecord::kSize> EncodeRecord(const JournalHeader& header, const JournalRecord& record) {
  std::array<std::byte, JournalRecord::kSize> bytes{};
  const auto head = EncodeHeader(header);
  Writer out(bytes);
  out.Put(record.piece);
  out.Put(uint32_t{0});
  out.Put(record.xxh3);
  out.Put(Checksum(std::span(bytes).first(16), Checksum(head)));
  return bytes;
}

Result<Journal> DecodeJournal(std::span<const std::byte> bytes) {
  const auto header = DecodeHeader(bytes);
  if (!header) return InvalidArgument("no journal of this version");
  Journal journal{*header, {}, false};
  const uint64_t seed = Checksum(bytes.first(JournalHeader::kSize));
  const uint32_t pieces = PieceCount(*header);
  bytes = bytes.subspan(JournalHeader::kSize);
  for (; bytes.size() >= JournalRecord::kSize; bytes = bytes.subspan(JournalRecord::kSize)) {
    Reader in(bytes);
    JournalRecord record;
    record.piece = in.Get<uint32_t>();
    const bool known = in.Get<uint32_t>() == 0 && record.piece < pieces;
    record.xxh3 = in.Get<uint64_t>();
    if (!known || in.Get<uint64_t>() != Checksum(bytes.first(16), seed)) break;
    journal.records.push_back(record);
  }
  journal.torn = !bytes.empty();
  return journal;
}

}  // namespace ballast
