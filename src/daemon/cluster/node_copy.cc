#include "daemon/cluster/node_copy.h"

#include "base/logging.h"
#include "base/small_file.h"
#include "base/strings.h"
#include "kube/json.h"

namespace ballast {
namespace {

constexpr size_t kMaxFile = 16 << 20;

Result<CacheNode> Parse(const std::string& text, const std::string& node) {
  ASSIGN_OR_RETURN(const Json json, ParseJson(text));
  ASSIGN_OR_RETURN(CacheNode copy, CacheNodeFromJson(json));
  if (copy.metadata.name != node) return InvalidArgument(StrCat("it is of node ", Quoted(copy.metadata.name)));
  return copy;
}

}  // namespace

std::optional<CacheNode> LoadNodeCopy(const std::string& file, const std::string& node) {
  const Result<std::string> text = ReadSmallFile(file, kMaxFile);
  if (text.status().code() == StatusCode::kNotFound) return std::nullopt;
  Result<CacheNode> copy = text.ok() ? Parse(*text, node) : Result<CacheNode>(text.status());
  if (copy.ok()) return *std::move(copy);
  LOG(WARNING) << Message("Cannot use the last CacheNode on disk").With("file", file).With("error", copy.status());
  return std::nullopt;
}

Status SaveNodeCopy(const std::string& file, const CacheNode& node) {
  CacheNode copy = node;
  copy.status = {};
  return ReplaceSmallFile(file, DumpJson(ToJson(copy)) + "\n");
}

}  // namespace ballast
