#include "core/manifest.h"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "base/strings.h"
#include "core/piece_map.h"

namespace ballast {
namespace {

constexpr size_t kBytesBesidePath = 112;  // of a file in Canonical(), at most
constexpr size_t kBytesBesideFiles = 64;

constexpr uint64_t kMaxTotalBytes = std::numeric_limits<int64_t>::max();

Status CheckSizes(const std::vector<ManifestFile>& files) {
  uint64_t total = 0;
  for (const ManifestFile& file : files) {
    if (file.size > kMaxFileSize) {
      return InvalidArgument(
          StrCat("file ", file.path, " claims ", file.size, " bytes; at most ", kMaxFileSize, " (1 PiB) are possible"));
    }
    if (file.size > kMaxTotalBytes - total) return InvalidArgument("the files are larger than 2^63 bytes together");
    total += file.size;
  }
  return OkStatus();
}

Status CheckOneSizePerDigest(const std::vector<ManifestFile>& files) {
  std::unordered_map<Digest, const ManifestFile*> seen;
  seen.reserve(files.size());
  for (const ManifestFile& file : files) {
    const ManifestFile& first = *seen.try_emplace(file.digest, &file).first->second;
    if (first.size == file.size) continue;
    return InvalidArgument(StrCat("files ", first.path, " and ", file.path, " claim the same ", file.digest,
                                  " but different sizes, ", first.size, " and ", file.size));
  }
  return OkStatus();
}

std::vector<SafePath> Paths(const std::vector<ManifestFile>& files) {
  std::vector<SafePath> paths;
  paths.reserve(files.size());
  for (const ManifestFile& file : files) paths.push_back(file.path);
  return paths;
}

Status CheckFits(const std::vector<ManifestFile>& files) {
  uint64_t path_bytes = 0;
  for (const ManifestFile& file : files) path_bytes += file.path.str().size();
  return CheckManifestFits(files.size(), path_bytes);
}

// Reads canonical text from front to back. A SafePath holds no byte that JSON escapes, so a string ends at the next
// '"'.
class CanonicalReader {
 public:
  explicit CanonicalReader(std::string_view text) : text_(text) {}

  bool Take(std::string_view literal) {
    if (!text_.substr(at_).starts_with(literal)) return false;
    at_ += literal.size();
    return true;
  }
  Status Expect(std::string_view literal) {
    return Take(literal) ? OkStatus() : Deviation(StrCat("expected ", Quoted(literal)));
  }
  std::string_view TakeUntil(char end) {
    const std::string_view taken = text_.substr(at_, text_.find(end, at_) - at_);
    at_ += taken.size();
    return taken;
  }
  Result<uint64_t> TakeNumber() {
    const size_t end = std::min(text_.find_first_not_of("0123456789", at_), text_.size());
    const std::string_view digits = text_.substr(at_, end - at_);
    uint64_t value = 0;
    if (!ParseUint64(digits, value) || (digits.size() > 1 && digits[0] == '0')) {
      return Deviation("expected a whole number below 2^64");
    }
    at_ = end;
    return value;
  }
  bool AtEnd() const { return at_ == text_.size(); }
  Status Deviation(std::string_view why) const {
    return InvalidArgument(StrCat("not a manifest: at byte ", at_, " ", why, ", got ", Quoted(text_.substr(at_), 40)));
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

Result<ManifestFile> ReadFile(CanonicalReader& reader) {
  RETURN_IF_ERROR(reader.Expect("{\"path\":\""));
  ASSIGN_OR_RETURN(SafePath path, SafePath::Parse(reader.TakeUntil('"')));
  RETURN_IF_ERROR(reader.Expect("\",\"sha256\":\""));
  ASSIGN_OR_RETURN(const Digest digest, Digest::FromHex(reader.TakeUntil('"')));
  RETURN_IF_ERROR(reader.Expect("\",\"size\":"));
  ASSIGN_OR_RETURN(const uint64_t size, reader.TakeNumber());
  RETURN_IF_ERROR(reader.Expect("}"));
  return ManifestFile{std::move(path), digest, size};
}

Result<std::vector<ManifestFile>> ReadFiles(CanonicalReader& reader) {
  std::vector<ManifestFile> files;
  RETURN_IF_ERROR(reader.Expect("{\"files\":["));
  while (!reader.Take("]")) {
    if (!files.empty()) RETURN_IF_ERROR(reader.Expect(","));
    ASSIGN_OR_RETURN(ManifestFile file, ReadFile(reader));
    if (!files.empty() && file.path <= files.back().path) {
      return InvalidArgument(StrCat("not a manifest: file ", file.path, " is out of order or listed twice"));
    }
    files.push_back(std::move(file));
    RETURN_IF_ERROR(CheckManifestFits(files.size(), 0));  // the text was measured
  }
  return files;
}

Status ReadEnd(CanonicalReader& reader) {
  RETURN_IF_ERROR(reader.Expect(",\"version\":"));
  ASSIGN_OR_RETURN(const uint64_t version, reader.TakeNumber());
  if (version != 1) {
    return InvalidArgument(
        StrCat("the manifest has version ", version, "; this Ballast reads version 1, use a newer one"));
  }
  RETURN_IF_ERROR(reader.Expect("}"));
  return reader.AtEnd() ? OkStatus() : reader.Deviation("expected the end");
}

}  // namespace

Status CheckManifestFits(size_t files, uint64_t path_bytes) {
  if (files > kMaxManifestFiles) {
    return InvalidArgument(
        StrCat("the model has more than ", kMaxManifestFiles, " files; choose some with `include` or `exclude`"));
  }
  if (path_bytes + files * kBytesBesidePath + kBytesBesideFiles <= kMaxManifestBytes) return OkStatus();
  return InvalidArgument(StrCat("the names of the model's files are too long together for a manifest of ",
                                FormatBytes(kMaxManifestBytes), "; choose some with `include` or `exclude`"));
}

Result<Manifest> Manifest::Make(std::vector<ManifestFile> files) {
  RETURN_IF_ERROR(CheckFits(files));
  RETURN_IF_ERROR(CheckPathSet(Paths(files)));
  RETURN_IF_ERROR(CheckSizes(files));
  RETURN_IF_ERROR(CheckOneSizePerDigest(files));
  std::sort(files.begin(), files.end());
  return Manifest(std::move(files));
}

Result<Manifest> Manifest::Parse(std::string_view json) {
  if (json.size() > kMaxManifestBytes) {
    return InvalidArgument(StrCat("the manifest has ", FormatBytes(json.size()), "; at most ",
                                  FormatBytes(kMaxManifestBytes), " are read"));
  }
  CanonicalReader reader(json);
  ASSIGN_OR_RETURN(std::vector<ManifestFile> files, ReadFiles(reader));
  RETURN_IF_ERROR(ReadEnd(reader));
  return Make(std::move(files));
}

std::string Manifest::Canonical() const {
  std::string out = "{\"files\":[";
  for (const ManifestFile& file : files_) {
    if (&file != &files_.front()) out += ',';
    out.append("{\"path\":\"").append(file.path.str());  // needs no escape: see CanonicalReader
    out.append("\",\"sha256\":\"").append(file.digest.Hex());
    out.append("\",\"size\":").append(std::to_string(file.size)).append("}");
  }
  return out + "],\"version\":1}";
}

Digest Manifest::Id() const { return Digest::Of(Canonical()); }

bool Manifest::Holds(const Digest& blob) const {
  return std::any_of(files_.begin(), files_.end(), [&](const ManifestFile& file) { return file.digest == blob; });
}

uint64_t Manifest::TotalBytes() const {
  uint64_t total = 0;
  for (const ManifestFile& file : files_) total += file.size;
  return total;
}

}  // namespace ballast
