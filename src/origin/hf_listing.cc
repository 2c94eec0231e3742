#include "origin/hf_listing.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "base/strings.h"
#include "core/manifest.h"

namespace ballast {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxDepth = 64;

// Follows where in the document the parser is. Values reach the derived class with the keys that lead to them.
class JsonEvents : public Json::json_sax_t {
 public:
  bool null() override { return OnScalar("null", std::nullopt); }
  bool boolean(bool value) override { return OnScalar(value ? "true" : "false", std::nullopt); }
  bool number_integer(int64_t value) override { return OnScalar(StrCat(value), std::nullopt); }
  bool number_unsigned(uint64_t value) override { return OnScalar(StrCat(value), value); }
  bool number_float(double, const std::string& text) override { return OnScalar(text, std::nullopt); }
  bool string(std::string& value) override { return OnString(value); }
  bool binary(Json::binary_t&) override { return Fail("binary data"); }
  bool start_object(size_t) override { return Enter(true); }
  bool start_array(size_t) override { return Enter(false); }
  bool end_object() override { return Leave(); }
  bool end_array() override { return Leave(); }
  bool key(std::string& name) override {
    keys_.back() = name.substr(0, 64);
    return true;
  }
  bool parse_error(size_t at, const std::string&, const nlohmann::detail::exception&) override {
    return Fail(StrCat("byte ", at, " is not valid JSON (does something else answer in the hub's place?)"));
  }

  Status Parse(std::string_view json) {
    const bool done = Json::sax_parse(json.begin(), json.end(), this);
    if (error_.ok() && !done) Fail("not valid JSON");
    return error_;
  }

 protected:
  // Anything but a string, an object or an array; `value` only for what is a whole number of 64 bits without a sign.
  virtual bool OnScalar(const std::string& text, std::optional<uint64_t> value) = 0;
  virtual bool OnString(const std::string& value) = 0;
  virtual bool OnStart(bool) { return true; }
  virtual bool OnEnd() { return true; }

  size_t depth() const { return keys_.size(); }
  const std::string& KeyAt(size_t depth) const { return keys_[depth - 1]; }
  bool Fail(std::string why) { return Fail(InvalidArgument(std::move(why))); }
  bool Fail(Status error) {
    if (error_.ok()) error_ = std::move(error);
    return false;
  }

 private:
  bool Enter(bool object) {
    keys_.emplace_back();
    if (keys_.size() > kMaxDepth) return Fail(StrCat("more than ", kMaxDepth, " levels deep"));
    return OnStart(object);
  }
  bool Leave() {
    const bool more = OnEnd();
    keys_.pop_back();
    return more;
  }

  std::vector<std::string> keys_;  // of each level that is open; "" inside an array
  Status error_;
};

class InfoReader final : public JsonEvents {
 public:
  std::string sha;

 private:
  bool OnStart(bool object) override { return depth() > 1 || object || Fail("not an object"); }
  bool OnScalar(const std::string&, std::optional<uint64_t>) override { return depth() > 0 || Fail("not an object"); }
  bool OnString(const std::string& value) override {
    if (depth() == 0) return Fail("not an object");
    if (depth() == 1 && KeyAt(1) == "sha") sha = value;
    return true;
  }
};

bool IsHidden(const std::string& digest) { return digest.find('*') != std::string::npos; }

Status HiddenDigest(const std::string& path) {
  return PermissionDenied(StrCat("the hub hides the digest of ", Quoted(path), ": the repository is gated"));
}

}  // namespace

Result<std::string> ParseRevisionInfo(std::string_view json) {
  InfoReader reader;
  RETURN_IF_ERROR(reader.Parse(json));
  if (!IsCommit(reader.sha)) {
    return InvalidArgument(StrCat("\"sha\" is no commit: ", Quoted(reader.sha, 80)));
  }
  return reader.sha;
}

struct TreeListing::Entry {
  struct Number {
    std::string text;
    std::optional<uint64_t> value;
  };
  std::string type;
  std::string path;
  std::string oid;
  Number size;
  bool has_lfs = false;
  std::string lfs_oid;
  Number lfs_size;
  Number lfs_pointer_size;
};

// Depth 1: the array. 2: an entry. 3: its "lfs".
class TreeListing::PageReader final : public JsonEvents {
 public:
  explicit PageReader(TreeListing& listing) : listing_(listing) {}

 private:
  bool OnStart(bool object) override {
    if (depth() == 1) return !object || Fail("not a list of files");
    if (depth() == 2) {
      entry_ = {};
      return object || Fail("an entry is not an object");
    }
    if (InLfs()) entry_.has_lfs = object;
    return true;
  }

  bool OnEnd() override {
    if (depth() != 2) return true;
    const Status status = listing_.AddEntry(entry_);
    return status.ok() || Fail(status);
  }

  bool OnScalar(const std::string& text, std::optional<uint64_t> value) override {
    if (depth() < 2) return Fail("not a list of files");
    if (depth() == 2 && KeyAt(2) == "size") entry_.size = {text, value};
    if (InLfs() && KeyAt(3) == "size") entry_.lfs_size = {text, value};
    if (InLfs() && KeyAt(3) == "pointerSize") entry_.lfs_pointer_size = {text, value};
    return true;
  }

  bool OnString(const std::string& value) override {
    if (depth() < 2) return Fail("not a list of files");
    if (depth() == 2 && KeyAt(2) == "type") entry_.type = value;
    if (depth() == 2 && KeyAt(2) == "path") entry_.path = value;
    if (depth() == 2 && KeyAt(2) == "oid") entry_.oid = value;
    if (InLfs() && KeyAt(3) == "oid") entry_.lfs_oid = value;
    return true;
  }

  bool InLfs() const { return depth() == 3 && KeyAt(2) == "lfs"; }

  TreeListing& listing_;
  Entry entry_;
};

namespace {

template <typename Number>
Result<uint64_t> SizeOf(const Number& size, const std::string& path, std::string_view what) {
  if (size.value && *size.value <= kMaxFileSize) return *size.value;
  const std::string who = StrCat("the hub lists ", Quoted(path));
  if (size.text.empty()) return InvalidArgument(StrCat(who, " without a ", what));
  return InvalidArgument(StrCat(who, " with ", what, " ", Quoted(size.text, 40), ", which is not between 0 and ",
                                FormatBytes(kMaxFileSize), "; leave it out with `exclude`"));
}

}  // namespace

Status TreeListing::AddPage(std::string_view json) { return PageReader(*this).Parse(json); }

Status TreeListing::AddEntry(const Entry& entry) {
  if (++entries_ > max_entries_) {
    return InvalidArgument(StrCat("the hub lists more than ", max_entries_, " files; no model has that many"));
  }
  if (entry.type == "directory") return OkStatus();
  if (entry.type != "file") {
    return InvalidArgument(StrCat("the hub lists ", Quoted(entry.path), " as a ", Quoted(entry.type, 40),
                                  ", which is neither a file nor a directory; exclude it"));
  }
  if (!filter_.Admits(entry.path)) return OkStatus();
  ASSIGN_OR_RETURN(SafePath path, SafePath::Parse(entry.path));
  RemoteFile file{.path = std::move(path)};
  if (IsHidden(entry.oid) || IsHidden(entry.lfs_oid)) return HiddenDigest(entry.path);
  auto oid = GitOid::FromHex(entry.oid);
  if (!oid.ok()) return oid.status().WithContext(StrCat("the hub's oid of ", Quoted(entry.path)));
  file.git_oid = *oid;
  // `size` of an LFS entry is the pointer's at some hubs (hf-mount hub_api.rs), so the LFS one counts.
  ASSIGN_OR_RETURN(file.size, SizeOf(entry.has_lfs ? entry.lfs_size : entry.size, entry.path, "size"));
  if (entry.has_lfs) {
    auto sha256 = Digest::FromHex(entry.lfs_oid);
    if (!sha256.ok()) return sha256.status().WithContext(StrCat("the hub's LFS oid of ", Quoted(entry.path)));
    file.sha256 = *sha256;
    ASSIGN_OR_RETURN(file.lfs_pointer_size, SizeOf(entry.lfs_pointer_size, entry.path, "LFS pointer size"));
  }
  path_bytes_ += entry.path.size();
  files_.push_back(std::move(file));
  return CheckManifestFits(files_.size(), path_bytes_);
}

Result<std::vector<RemoteFile>> TreeListing::Finish() {
  RETURN_IF_ERROR(CheckListing(files_));
  return std::move(files_);
}

}  // namespace ballast
