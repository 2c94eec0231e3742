#include "api/yaml_reader.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdlib>

#include "api/quantity.h"
#include "base/strings.h"

namespace ballast {
namespace {

// What YAML 1.1, and so kubectl, takes for a boolean.
bool IsBooleanWord(std::string_view text) {
  static constexpr std::array<std::string_view, 8> kWords = {"y", "n", "yes", "no", "on", "off", "true", "false"};
  return std::find(kWords.begin(), kWords.end(), ToLower(text)) != kWords.end();
}

bool IsNumber(const std::string& text) {
  if (text.empty() || text.find_first_of("0123456789") == text.npos) return false;
  if (std::string_view("+-.0123456789").find(text[0]) == std::string_view::npos) return false;
  char* end = nullptr;
  std::strtod(text.c_str(), &end);
  return end == text.c_str() + text.size();
}

bool ParseInt64(std::string_view text, int64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

std::string_view KindName(YamlValue::Kind kind) {
  switch (kind) {
    case YamlValue::Kind::kNull:
      return "nothing";
    case YamlValue::Kind::kScalar:
      return "a single value";
    case YamlValue::Kind::kList:
      return "a list";
    case YamlValue::Kind::kMapping:
      return "a mapping";
  }
  return "";
}

}  // namespace

YamlReader::YamlReader(const YamlValue& value, std::string file, std::string path, Keys keys)
    : value_(value), file_(std::move(file)), path_(std::move(path)), keys_(keys) {
  if (value.kind != YamlValue::Kind::kMapping && value.kind != YamlValue::Kind::kNull) {
    Keep(At(value.line, path_, StrCat("a mapping (key: value) is needed here, not ", KindName(value.kind))));
  }
}

std::string YamlReader::PathOf(std::string_view key) const {
  return path_.empty() ? std::string(key) : StrCat(path_, ".", key);
}

Status YamlReader::At(int line, std::string_view path, std::string_view text) const {
  const std::string place = line == 0 ? file_ : StrCat(file_, ":", line);
  return InvalidArgument(StrCat(place, ": ", path, path.empty() ? "" : ": ", text));
}

void YamlReader::Keep(Status status) {
  if (status_.ok()) status_ = std::move(status);
}

const YamlEntry* YamlReader::Find(std::string_view key) const {
  const auto found =
      std::find_if(value_.entries.begin(), value_.entries.end(), [&](const auto& e) { return e.key == key; });
  return found == value_.entries.end() ? nullptr : &*found;
}

bool YamlReader::Has(std::string_view key) const {
  const YamlEntry* entry = Find(key);
  return entry != nullptr && entry->value.kind != YamlValue::Kind::kNull;
}

void YamlReader::Require(std::string_view key) {
  if (!Has(key)) Fail(key, "is missing");
}

void YamlReader::Know(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
}

void YamlReader::Ignore(std::string_view key) { Know(key); }

const YamlValue* YamlReader::Take(std::string_view key, YamlValue::Kind kind, std::string_view kind_name) {
  Know(key);
  const YamlEntry* entry = Find(key);
  if (entry == nullptr || entry->value.kind == YamlValue::Kind::kNull) return nullptr;
  if (entry->value.kind == kind) return &entry->value;
  Fail(key, StrCat("must be ", kind_name, ", not ", KindName(entry->value.kind)));
  return nullptr;
}

std::optional<std::string> YamlReader::StringOf(std::string_view key, const YamlValue& value) {
  const std::string path = PathOf(key);
  if (value.kind != YamlValue::Kind::kScalar) {
    Keep(At(value.line, path, StrCat("must be a string, not ", KindName(value.kind))));
  } else if (!value.quoted && (IsBooleanWord(value.text) || IsNumber(value.text))) {
    Keep(At(value.line, path, StrCat("must be a string; put it in quotes: ", Quoted(value.text))));
  } else {
    return value.text;
  }
  return std::nullopt;
}

void YamlReader::String(std::string_view key, std::string& value) {
  const YamlValue* found = Take(key, YamlValue::Kind::kScalar, "a string");
  if (found == nullptr) return;
  if (std::optional<std::string> text = StringOf(key, *found)) value = *std::move(text);
}

void YamlReader::Choice(std::string_view key, const std::vector<std::string_view>& choices, std::string& value) {
  std::string text;
  String(key, text);
  if (!Has(key) || !ok()) return;
  if (std::find(choices.begin(), choices.end(), text) == choices.end()) {
    return Fail(key, StrCat("unknown value ", Quoted(text), DidYouMean(text, choices)));
  }
  value = std::move(text);
}

void YamlReader::Strings(std::string_view key, std::vector<std::string>& value) {
  const YamlValue* list = Take(key, YamlValue::Kind::kList, "a list of strings");
  if (list == nullptr) return;
  std::vector<std::string> texts;
  for (const YamlValue& item : list->items) {
    std::optional<std::string> text = StringOf(StrCat(key, "[", texts.size(), "]"), item);
    if (!text.has_value()) return;
    texts.push_back(*std::move(text));
  }
  value = std::move(texts);
}

void YamlReader::Bool(std::string_view key, bool& value) {
  const YamlValue* found = Take(key, YamlValue::Kind::kScalar, "true or false");
  if (found == nullptr) return;
  if (found->quoted || (found->text != "true" && found->text != "false")) {
    return Fail(key, StrCat("must be true or false, not ", Quoted(found->text)));
  }
  value = found->text == "true";
}

void YamlReader::Int(std::string_view key, int64_t least, int64_t most, int64_t& value) {
  const YamlValue* found = Take(key, YamlValue::Kind::kScalar, "a number");
  if (found == nullptr) return;
  int64_t number = 0;
  if (found->quoted || !ParseInt64(found->text, number) || number < least || number > most) {
    return Fail(key, StrCat("must be a whole number from ", least, " to ", most, ", not ", Quoted(found->text)));
  }
  value = number;
}

void YamlReader::Int(std::string_view key, int32_t least, int32_t most, int32_t& value) {
  int64_t number = value;
  Int(key, int64_t{least}, int64_t{most}, number);
  value = static_cast<int32_t>(number);
}

void YamlReader::Bytes(std::string_view key, uint64_t& value) {
  const YamlValue* found = Take(key, YamlValue::Kind::kScalar, "a number of bytes");
  if (found == nullptr) return;
  const Result<uint64_t> bytes = ParseByteQuantity(found->text);
  Check(key, bytes.status());
  if (bytes.ok()) value = *bytes;
}

void YamlReader::Duration(std::string_view key, std::chrono::milliseconds& value) {
  const YamlValue* found = Take(key, YamlValue::Kind::kScalar, "a duration");
  if (found == nullptr) return;
  const Result<std::chrono::milliseconds> duration = ParseDuration(found->text);
  Check(key, duration.status());
  if (duration.ok()) value = *duration;
}

void YamlReader::Object(std::string_view key, const Read& read) {
  const YamlValue* mapping = Take(key, YamlValue::Kind::kMapping, "a mapping");
  if (mapping == nullptr) return;
  YamlReader reader(*mapping, file_, PathOf(key), keys_);
  read(reader);
  Keep(reader.Finish());
}

void YamlReader::Objects(std::string_view key, const Read& read) {
  const YamlValue* list = Take(key, YamlValue::Kind::kList, "a list of mappings");
  if (list == nullptr) return;
  for (size_t i = 0; i < list->items.size(); ++i) {
    YamlReader reader(list->items[i], file_, StrCat(PathOf(key), "[", i, "]"), keys_);
    read(reader);
    Keep(reader.Finish());
  }
}

void YamlReader::StringMap(std::string_view key, std::vector<std::pair<std::string, std::string>>& value) {
  const YamlValue* mapping = Take(key, YamlValue::Kind::kMapping, "a mapping of strings");
  if (mapping == nullptr) return;
  value.clear();
  for (const YamlEntry& entry : mapping->entries) {
    std::optional<std::string> text = StringOf(StrCat(key, ".", entry.key), entry.value);
    if (!text.has_value()) return;
    value.emplace_back(entry.key, *std::move(text));
  }
}

std::string YamlReader::Text(std::string_view key) {
  const YamlValue* found = Take(key, YamlValue::Kind::kScalar, "a single value");
  return found == nullptr ? "" : found->text;
}

void YamlReader::Fail(std::string_view key, std::string_view text) {
  const YamlEntry* entry = Find(key);
  Keep(At(entry == nullptr ? value_.line : entry->line, PathOf(key), text));
}

void YamlReader::Check(std::string_view key, const Status& status) {
  if (!status.ok()) Fail(key, status.message());
}

Status YamlReader::Finish() const {
  if (keys_ == Keys::kLenient) return status_;
  const std::vector<std::string_view> known(known_.begin(), known_.end());
  for (const YamlEntry& entry : value_.entries) {
    if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
    const std::string unknown = StrCat("unknown key ", Quoted(entry.key), DidYouMean(entry.key, known));
    return At(entry.line, path_, unknown);
  }
  return status_;
}

}  // namespace ballast
