#include "api/yaml_value.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "base/strings.h"
#include "core/safe_path.h"

namespace ballast {
namespace {

constexpr size_t kMaxValues = 100'000;
constexpr size_t kMaxTextBytes = 4 * kMaxYamlBytes;  // aliases written out
constexpr size_t kMaxDepth = 64;

struct Extent {
  size_t values = 0;
  size_t bytes = 0;
  size_t depth = 0;

  void Add(const Extent& child) {
    values += child.values;
    bytes += child.bytes;
    depth = std::max(depth, child.depth + 1);
  }
};

Extent Measure(const YamlValue& value) {
  Extent extent{1, value.text.size(), 1};
  for (const YamlValue& item : value.items) extent.Add(Measure(item));
  for (const YamlEntry& entry : value.entries) {
    extent.Add(Measure(entry.value));
    extent.bytes += entry.key.size();
  }
  return extent;
}

// Builds trees from yaml-cpp's events. What it refuses it throws as yaml-cpp's own exception: ParseYaml catches both.
class TreeBuilder final : public YAML::EventHandler {
 public:
  std::vector<YamlValue> TakeDocuments() && { return std::move(documents_); }

  void OnDocumentStart(const YAML::Mark&) override { anchors_.clear(); }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Open(YamlValue::Kind::kNull, mark, anchor);
    Close();
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw YAML::ParserException(mark, "an alias that stands inside its own anchor");
    Count(mark, Measure(found->second));
    open_.push_back({found->second, YAML::NullAnchor, {}, {}});
    Close();
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    CheckTag(mark, tag);
    Open(YamlValue::Kind::kScalar, mark, anchor, text).quoted = tag != "?";
    Close();
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    CheckTag(mark, tag);
    Open(YamlValue::Kind::kList, mark, anchor);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    CheckTag(mark, tag);
    Open(YamlValue::Kind::kMapping, mark, anchor);
  }
  void OnMapEnd() override { Close(); }

 private:
  struct OpenValue {
    YamlValue value;
    YAML::anchor_t anchor;
    std::set<std::string> keys;  // of a mapping: those that were read
    std::vector<YamlValue> key;  // of a mapping: the key whose value comes next (none or one)
  };

  static void CheckTag(const YAML::Mark& mark, const std::string& tag) {
    const bool implicit = tag.empty() || tag == "?" || tag == "!";
    if (!implicit && tag != "tag:yaml.org,2002:str")
      throw YAML::ParserException(mark, "tags are not supported; leave it out");
  }

  void Count(const YAML::Mark& mark, const Extent& more) {
    values_ += more.values;
    bytes_ += more.bytes;
    if (values_ > kMaxValues) throw YAML::ParserException(mark, StrCat("more than ", kMaxValues, " values"));
    if (bytes_ > kMaxTextBytes) throw YAML::ParserException(mark, "too much text once aliases are written out");
    if (open_.size() + more.depth > kMaxDepth) {
      throw YAML::ParserException(mark, StrCat("nested more than ", kMaxDepth, " deep"));
    }
  }

  YamlValue& Open(YamlValue::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor, std::string text = "") {
    Count(mark, {1, text.size(), 1});
    open_.push_back({YamlValue{.kind = kind, .line = mark.line + 1, .text = std::move(text)}, anchor, {}, {}});
    return open_.back().value;
  }

  // The value is whole: it becomes a document, an item, a key, or the value of the key before it.
  void Close() {
    OpenValue closed = std::move(open_.back());
    open_.pop_back();
    if (closed.anchor != YAML::NullAnchor) anchors_[closed.anchor] = closed.value;
    if (open_.empty()) {
      if (closed.value.kind != YamlValue::Kind::kNull) documents_.push_back(std::move(closed.value));
      return;
    }
    OpenValue& parent = open_.back();
    if (parent.value.kind == YamlValue::Kind::kList) {
      parent.value.items.push_back(std::move(closed.value));
    } else if (parent.key.empty()) {
      TakeKey(parent, std::move(closed.value));
    } else {
      parent.value.entries.push_back({parent.key[0].text, parent.key[0].line, std::move(closed.value)});
      parent.key.clear();
    }
  }

  static void TakeKey(OpenValue& mapping, YamlValue key) {
    YAML::Mark mark;
    mark.line = key.line - 1;
    if (key.kind != YamlValue::Kind::kScalar) throw YAML::ParserException(mark, "a key that is not a plain word");
    if (!mapping.keys.insert(key.text).second) {
      throw YAML::ParserException(mark, StrCat("key ", Quoted(key.text), " occurs twice"));
    }
    mapping.key.push_back(std::move(key));
  }

  std::vector<YamlValue> documents_;
  std::vector<OpenValue> open_;
  std::map<YAML::anchor_t, YamlValue> anchors_;
  size_t values_ = 0;
  size_t bytes_ = 0;
};

// yaml-cpp quotes some bytes of the document as they are.
std::string Printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c >= 0x7f; }, '?');
  return text;
}

}  // namespace

Result<std::vector<YamlValue>> ParseYaml(std::string_view text, const std::string& file) {
  if (text.size() > kMaxYamlBytes) {
    return InvalidArgument(
        StrCat(file, ": has ", FormatBytes(text.size()), "; at most ", FormatBytes(kMaxYamlBytes), " are read"));
  }
  if (!IsUtf8(text)) return InvalidArgument(StrCat(file, ": is not UTF-8 text"));
  TreeBuilder builder;
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& e) {
    return InvalidArgument(StrCat(file, ":", e.mark.line + 1, ": ", Printable(e.msg)));
  }
  return std::move(builder).TakeDocuments();
}

}  // namespace ballast
