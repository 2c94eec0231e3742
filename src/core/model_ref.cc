#include "core/model_ref.h"

#include <algorithm>

#include "base/strings.h"
#include "core/safe_path.h"

namespace ballast {
namespace {

constexpr size_t kMaxTextBytes = 4096;
constexpr size_t kMaxRepoIdBytes = 96;  // the hub's limit
constexpr size_t kMaxRevisionBytes = 255;
constexpr size_t kMaxRevisionParts = 16;
constexpr std::string_view kForms =
    "; write hf://org/name[@revision], file:///absolute/directory or https://host/file#sha256=<64 hex digits>";

bool IsAlphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool IsPrintableAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

// What the hub allows in one part of a repository's id (huggingface_hub, validate_repo_id).
Status CheckRepoPart(std::string_view part) {
  if (part.empty()) return InvalidArgument("a part of the repository's name is empty");
  for (const char c : part) {
    if (!IsAlphanumeric(c) && c != '-' && c != '_' && c != '.') {
      return InvalidArgument(StrCat("the repository's name may hold letters, digits, '-', '_' and '.', not ",
                                    Quoted(std::string_view(&c, 1))));
    }
  }
  for (const char edge : {part.front(), part.back()}) {
    if (edge == '-' || edge == '.')
      return InvalidArgument("a repository's name neither begins nor ends with '-' or '.'");
  }
  if (part.find("--") != part.npos || part.find("..") != part.npos) {
    return InvalidArgument("\"--\" and \"..\" do not occur in a repository's name");
  }
  if (part.ends_with(".git")) return InvalidArgument("leave the \".git\" at the end of the repository's name out");
  return OkStatus();
}

Status CheckRepoId(std::string_view id) {
  if (id.size() > kMaxRepoIdBytes) {
    return InvalidArgument(
        StrCat("the repository's name has ", id.size(), " bytes; a hub's have at most ", kMaxRepoIdBytes));
  }
  const std::vector<std::string_view> parts = Split(id, '/');
  if (parts.size() > 2) return InvalidArgument("a repository is named by two parts, org/name");
  if (parts.size() == 2 && (parts[0] == "models" || parts[0] == "datasets" || parts[0] == "spaces")) {
    return InvalidArgument(StrCat(Quoted(parts[0]), " is a kind of repository, no organization; write hf://org/name"));
  }
  for (const std::string_view part : parts) RETURN_IF_ERROR(CheckRepoPart(part));
  return OkStatus();
}

Result<ModelRef> ParseHub(std::string_view rest) {
  ModelRef ref;
  const size_t at = rest.find('@');
  std::string_view id = rest.substr(0, at);
  if (at != rest.npos) {
    ref.revision = rest.substr(at + 1);
    RETURN_IF_ERROR(CheckRevision(ref.revision));
  }
  if (id.starts_with("spaces/")) return Unimplemented("spaces are not served; models and data sets are");
  for (const std::string_view type : {"models", "datasets"}) {
    if (!id.starts_with(StrCat(type, "/"))) continue;
    ref.repo_type = type;
    id.remove_prefix(type.size() + 1);
    break;
  }
  RETURN_IF_ERROR(CheckRepoId(id));
  ref.name = id;
  return ref;
}

Result<ModelRef> ParseDirectory(std::string_view path) {
  if (!path.starts_with('/'))
    return InvalidArgument("a directory is named by its absolute path: file:///absolute/directory");
  while (path.ends_with('/')) path.remove_suffix(1);
  if (path.empty()) return InvalidArgument("the root directory is no model; name the directory that holds its files");
  for (const std::string_view component : Split(path.substr(1), '/')) {
    if (component.empty() || component == "." || component == "..") {
      return InvalidArgument("the path holds an empty, \".\" or \"..\" component; write it without");
    }
  }
  if (std::any_of(path.begin(), path.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; })) {
    return InvalidArgument("the path holds a control byte");
  }
  if (!IsUtf8(path)) return InvalidArgument("the path is not valid UTF-8");
  ModelRef ref;
  ref.scheme = OriginScheme::kFile;
  ref.name = path;
  return ref;
}

bool IsPort(std::string_view text) {
  uint64_t port = 0;
  return ParseUint64(text, port) && port > 0 && port < 65536;
}

bool IsHostName(std::string_view host) {
  return !host.empty() &&
         std::all_of(host.begin(), host.end(), [](char c) { return IsAlphanumeric(c) || c == '-' || c == '.'; });
}

bool IsBracketedIpv6(std::string_view host) {
  return host.size() > 4 && host.front() == '[' && host.back() == ']' &&
         host.find_first_not_of("0123456789abcdefABCDEF:.", 1) == host.size() - 1;
}

Status CheckAuthority(std::string_view authority) {
  if (authority.find('@') != authority.npos) {
    return InvalidArgument("a user name or password in the URL would end up in logs; use the origin's tokenFile");
  }
  const size_t colon = authority.rfind(':');
  const bool has_port = colon != authority.npos && !authority.ends_with(']');
  if (has_port && !IsPort(authority.substr(colon + 1)))
    return InvalidArgument("the port is not a number from 1 to 65535");
  const std::string_view host = has_port ? authority.substr(0, colon) : authority;
  if (!IsHostName(host) && !IsBracketedIpv6(host)) return InvalidArgument(StrCat(Quoted(host), " is not a host name"));
  return OkStatus();
}

Result<ModelRef> ParseUrl(std::string_view url) {
  if (!IsPrintableAscii(url))
    return InvalidArgument("a URL holds no space, control or non-ASCII byte; percent-encode them");
  const size_t hash = url.find('#');
  const std::string_view fragment = hash == url.npos ? "" : url.substr(hash + 1);
  if (!fragment.starts_with("sha256=")) {
    return InvalidArgument(
        "the digest is missing, without which the file could not be proven; add #sha256=<64 hex digits>");
  }
  ASSIGN_OR_RETURN(const Digest digest, Digest::FromHex(fragment.substr(7)));
  url = url.substr(0, hash);
  const size_t path = url.find_first_of("/?", 8);  // behind "https://"
  RETURN_IF_ERROR(CheckAuthority(url.substr(8, path == url.npos ? path : path - 8)));
  if (path == url.npos || url[path] != '/' || url.substr(0, url.find('?')).ends_with('/')) {
    return InvalidArgument("the URL names no file");
  }
  ModelRef ref;
  ref.scheme = OriginScheme::kHttps;
  ref.name = url;
  ref.sha256 = digest;
  return ref;
}

Result<ModelRef> ParseScheme(std::string_view text) {
  const size_t end = text.find("://");
  if (end == text.npos) {
    const bool repository = CheckRepoId(text.substr(0, text.find('@'))).ok();
    return InvalidArgument(repository ? StrCat("the scheme is missing; did you mean \"hf://", text, "\"?")
                                      : StrCat("the scheme is missing", kForms));
  }
  const std::string_view scheme = text.substr(0, end);
  if (scheme == "hf") return ParseHub(text.substr(end + 3));
  if (scheme == "file") return ParseDirectory(text.substr(end + 3));
  if (scheme == "https") return ParseUrl(text);
  if (scheme == "http") return InvalidArgument("plain http is not served; write https://");
  if (scheme == "s3" || scheme == "oci" || scheme == "modelscope") {
    return Unimplemented(StrCat(scheme, ":// is not served yet; hf://, file:// and https:// are"));
  }
  return InvalidArgument(StrCat("unknown scheme ", Quoted(scheme), kForms));
}

}  // namespace

Result<ModelRef> ModelRef::Parse(std::string_view text) {
  Result<ModelRef> ref = text.size() <= kMaxTextBytes
                             ? ParseScheme(text)
                             : InvalidArgument(StrCat("it has more than ", kMaxTextBytes, " bytes"));
  if (ref.ok()) return ref;
  return ref.status().WithContext(StrCat("model reference ", Quoted(text)));
}

std::string ModelRef::ToString() const {
  if (scheme == OriginScheme::kHttps && sha256.has_value()) return StrCat(name, "#sha256=", sha256->Hex());
  return revision.empty() ? Uri() : StrCat(Uri(), "@", revision);
}

std::string ModelRef::Uri() const {
  switch (scheme) {
    case OriginScheme::kHuggingFace:
      return StrCat("hf://", repo_type == "models" ? "" : repo_type + "/", name);
    case OriginScheme::kFile:
      return StrCat("file://", name);
    case OriginScheme::kHttps:
      return name;
  }
  return name;
}

std::string ModelRef::HubCacheFolder() const {
  if (scheme != OriginScheme::kHuggingFace) return "";
  std::string folder = repo_type;
  for (const std::string_view part : Split(name, '/')) folder.append("--").append(part);
  return folder;
}

bool IsCommit(std::string_view revision) {
  return revision.size() == 2 * GitOid::kSize && revision.find_first_not_of("0123456789abcdef") == revision.npos;
}

Status CheckRevision(std::string_view revision) {
  const auto refuse = [&](std::string_view why) {
    return InvalidArgument(StrCat("revision ", Quoted(revision), " ", why, "; give a branch, a tag or a commit"));
  };
  if (revision.empty()) return refuse("is empty");
  if (revision.size() > kMaxRevisionBytes) return refuse("has more than 255 bytes");
  if (revision.find_first_of(" ~^:?*[\\") != revision.npos)
    return refuse("holds a character that git refuses in names");
  if (revision.find("..") != revision.npos || revision.find("@{") != revision.npos || revision == "@") {
    return refuse("holds \"..\" or \"@{\", which git refuses in names");
  }
  if (revision.front() == '-') return refuse("begins with '-'");
  const std::vector<std::string_view> parts = Split(revision, '/');
  if (parts.size() > kMaxRevisionParts) return refuse("has too many parts");
  for (const std::string_view part : parts) {
    if (const Status status = CheckSafeName(part); !status.ok()) return refuse("does not work: " + status.message());
    if (part.front() == '.' || part.ends_with(".lock")) {
      return refuse("has a part that begins with '.' or ends with \".lock\", which git refuses");
    }
  }
  return OkStatus();
}

}  // namespace ballast
