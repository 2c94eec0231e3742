// The JSON of OriginRecord, read event by event: no tree is built, so depth and size cost nothing.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/strings.h"
#include "core/manifest.h"
#include "core/model_ref.h"

namespace ballast {
namespace {

using Json = nlohmann::json;

constexpr size_t kTopLevelKeys = 5;
constexpr size_t kMaxRevisions = 10'000;

std::string JsonString(const std::string& text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string FileJson(const OriginFileInfo& info) {
  std::string out = "{";
  if (info.git_oid.has_value()) out += StrCat("\"git_oid\":\"", *info.git_oid, "\"");
  if (info.lfs_pointer_size.has_value()) {
    out += StrCat(info.git_oid.has_value() ? "," : "", "\"lfs_pointer_size\":", *info.lfs_pointer_size);
  }
  return out + "}";
}

// nlohmann's SAX interface fixes the names and signatures of the public functions. Returning false ends the parse.
class Reader {
 public:
  bool start_object(size_t) {  // NOLINT(readability-identifier-naming)
    if (where_ == Where::kStart) return Enter(Where::kRecord);
    if (where_ == Where::kRecord && key_ == "files") return Enter(Where::kFiles);
    if (where_ == Where::kFiles) return Enter(Where::kFile);
    return Misplaced("an object");
  }
  bool end_object() {
    switch (where_) {
      case Where::kFile:
        return Enter(Where::kFiles);
      case Where::kFiles:
        return Enter(Where::kRecord);
      default:
        return Enter(Where::kEnd);
    }
  }
  bool start_array(size_t) {
    return where_ == Where::kRecord && key_ == "revisions" ? Enter(Where::kRevisions) : Misplaced("a list");
  }
  bool end_array() { return Enter(Where::kRecord); }

  bool key(std::string& key) {
    key_ = key;
    if (where_ == Where::kFiles) return AddFile();
    static const std::set<std::string, std::less<>> kKnown = {"commit", "files", "resolved_unix_seconds", "revisions",
                                                              "uri"};
    if (where_ == Where::kRecord && kKnown.contains(key)) return seen_.insert(key).second || Fail("occurs twice");
    if (where_ == Where::kFile && key == "git_oid") return !file_->git_oid || Fail("occurs twice");
    if (where_ == Where::kFile && key == "lfs_pointer_size") return !file_->lfs_pointer_size || Fail("occurs twice");
    return Fail("is not known");
  }

  bool string(std::string& value) {
    if (where_ == Where::kRevisions) return AddRevision(value);
    if (where_ == Where::kFile && key_ == "git_oid") return SetGitOid(value);
    if (where_ == Where::kRecord && key_ == "uri") return record_.uri = std::move(value), true;
    if (where_ == Where::kRecord && key_ == "commit") return SetCommit(value);
    return Misplaced("a string");
  }
  bool number_integer(int64_t value) {  // the parser calls it for negative numbers only
    if (where_ != Where::kRecord || key_ != "resolved_unix_seconds") return Misplaced("a negative number");
    record_.resolved_unix_seconds = value;
    return true;
  }
  bool number_unsigned(uint64_t value) {
    if (where_ == Where::kFile && key_ == "lfs_pointer_size") return file_->lfs_pointer_size = value, true;
    if (where_ != Where::kRecord || key_ != "resolved_unix_seconds") return Misplaced("a number");
    if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return Fail("is too large");
    record_.resolved_unix_seconds = static_cast<int64_t>(value);
    return true;
  }
  bool number_float(double, const std::string&) { return Misplaced("a fraction"); }
  bool boolean(bool) { return Misplaced("a boolean"); }
  bool null() { return Misplaced("null"); }
  bool binary(Json::binary_t&) { return Misplaced("binary"); }
  bool parse_error(size_t byte, const std::string&, const Json::exception&) {
    status_ = InvalidArgument(StrCat("is not JSON at byte ", byte));
    return false;
  }

  Result<OriginRecord> Take() && {
    RETURN_IF_ERROR(status_);
    if (seen_.size() != kTopLevelKeys) {
      return InvalidArgument("needs the keys commit, files, resolved_unix_seconds, revisions and uri");
    }
    if (!std::is_sorted(record_.revisions.begin(), record_.revisions.end(), std::less_equal<>())) {
      return InvalidArgument("has revisions that are not sorted or occur twice");
    }
    return std::move(record_);
  }

 private:
  enum class Where { kStart, kRecord, kRevisions, kFiles, kFile, kEnd };

  bool Enter(Where where) {
    where_ = where;
    return true;
  }
  bool Check(const Status& status) {
    status_ = status;
    return status.ok();
  }
  bool Fail(std::string_view why) { return Check(InvalidArgument(StrCat("key ", Quoted(key_), " ", why))); }
  bool Misplaced(std::string_view what) {
    return Check(InvalidArgument(StrCat("holds ", what, " where it does not belong, near key ", Quoted(key_))));
  }

  bool AddFile() {
    if (!Check(SafePath::Parse(key_).status())) return false;
    if (record_.files.size() >= kMaxManifestFiles) return Fail("is one file too many");
    const auto [at, added] = record_.files.try_emplace(key_);
    file_ = &at->second;
    return added || Fail("occurs twice");
  }
  bool AddRevision(std::string& revision) {
    if (record_.revisions.size() >= kMaxRevisions) return Fail("holds too many names");
    if (!Check(CheckRevision(revision))) return false;
    record_.revisions.push_back(std::move(revision));
    return true;
  }
  bool SetCommit(std::string& commit) {
    if (!commit.empty() && !IsCommit(commit)) return Fail("is not 40 lower-case hex digits");
    record_.commit = std::move(commit);
    return true;
  }
  bool SetGitOid(const std::string& hex) {
    const Result<GitOid> oid = GitOid::FromHex(hex);
    if (!Check(oid.status())) return false;
    file_->git_oid = *oid;
    return true;
  }

  Where where_ = Where::kStart;
  std::string key_;
  std::set<std::string> seen_;
  OriginFileInfo* file_ = nullptr;
  OriginRecord record_;
  Status status_;
};

Result<OriginRecord> Read(std::string_view json) {
  if (json.size() > kMaxManifestBytes) return InvalidArgument("is larger than " + FormatBytes(kMaxManifestBytes));
  Reader reader;
  Json::sax_parse(json, &reader);
  return std::move(reader).Take();
}

}  // namespace

std::string OriginRecord::ToJson() const {
  std::string out = StrCat("{\"commit\":", JsonString(commit), ",\"files\":{");
  const char* separator = "";
  for (const auto& [path, info] : files) {
    out.append(separator).append(JsonString(path)).append(":").append(FileJson(info));
    separator = ",";
  }
  out += StrCat("},\"resolved_unix_seconds\":", resolved_unix_seconds, ",\"revisions\":[");
  separator = "";
  for (const std::string& revision : revisions) {
    out.append(separator).append(JsonString(revision));
    separator = ",";
  }
  return out + StrCat("],\"uri\":", JsonString(uri), "}");
}

Result<OriginRecord> OriginRecord::FromJson(std::string_view json) {
  Result<OriginRecord> record = Read(json);
  if (record.ok()) return record;
  return record.status().WithContext("origin record");
}

}  // namespace ballast
