// Typed reading of one YAML mapping. Errors name the file, the line and the key's path.
//
//   YamlReader reader(document, "ballast.yaml");
//   reader.Require("root");
//   reader.String("root", config.root);
//   reader.Bytes("quota", config.quota_bytes);
//   reader.Object("proxy", [&](YamlReader& proxy) { proxy.String("https", config.proxy.https); });
//   return reader.Finish();     // the first error, or: ballast.yaml:7: unknown key "proxi"; did you mean "proxy"?
//
// The keys that are asked for are the keys that are known. A key that is absent, or has no value, leaves its target as
// it was. A value of line 0 (of JSON) is named without a line. After an error nothing more is set that depends on it;
// the first error is kept for Finish().
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/yaml_value.h"
#include "base/status.h"

namespace ballast {

// Not thread-safe. Holds a reference to `value`, which outlives it.
class YamlReader {
 public:
  // kLenient: unknown keys are no error, for objects that a newer program may have written.
  enum class Keys { kStrict, kLenient };

  YamlReader(const YamlValue& value, std::string file, Keys keys = Keys::kStrict)
      : YamlReader(value, std::move(file), "", keys) {}

  // The key has a value.
  bool Has(std::string_view key) const;
  // An error unless the key has a value.
  void Require(std::string_view key);

  // A word or a text in quotes. What YAML takes for a number, boolean or null needs quotes.
  void String(std::string_view key, std::string& value);
  // One of `choices`.
  void Choice(std::string_view key, const std::vector<std::string_view>& choices, std::string& value);
  void Strings(std::string_view key, std::vector<std::string>& value);
  void Bool(std::string_view key, bool& value);
  void Int(std::string_view key, int64_t least, int64_t most, int64_t& value);
  void Int(std::string_view key, int32_t least, int32_t most, int32_t& value);
  void Bytes(std::string_view key, uint64_t& value);                      // 500Gi
  void Duration(std::string_view key, std::chrono::milliseconds& value);  // 15m

  // A mapping, and a list of mappings. `read` gets a reader that is finished for it.
  using Read = std::function<void(YamlReader&)>;
  void Object(std::string_view key, const Read& read);
  void Objects(std::string_view key, const Read& read);
  // A mapping of any keys to strings (labels).
  void StringMap(std::string_view key, std::vector<std::pair<std::string, std::string>>& value);

  // Any value: known, and not looked at.
  void Ignore(std::string_view key);

  // The text of a scalar of any type, "" where there is none, for what has a form of its own ("25%").
  std::string Text(std::string_view key);

  // An error at the line of `key` ("FILE:LINE: path.key: text"); of the mapping where the key is absent.
  void Fail(std::string_view key, std::string_view text);
  // The same with the message of `status`, unless that is OK.
  void Check(std::string_view key, const Status& status);

  // The first error so far; unknown keys are found by Finish() only.
  const Status& status() const { return status_; }
  bool ok() const { return status_.ok(); }
  // OK, or InvalidArgument: a key that nobody asked for (with the nearest that somebody did), else the first error.
  Status Finish() const;

 private:
  YamlReader(const YamlValue& value, std::string file, std::string path, Keys keys);

  void Know(std::string_view key);
  const YamlEntry* Find(std::string_view key) const;
  // The value of `key` if it has one of `kind`; an error where it has another.
  const YamlValue* Take(std::string_view key, YamlValue::Kind kind, std::string_view kind_name);
  // What is read of one value; nullopt: an error was kept.
  std::optional<std::string> StringOf(std::string_view key, const YamlValue& value);
  void Keep(Status status);
  std::string PathOf(std::string_view key) const;
  Status At(int line, std::string_view path, std::string_view text) const;

  const YamlValue& value_;
  std::string file_;
  std::string path_;
  Keys keys_;
  std::vector<std::string> known_;
  Status status_;
};

}  // namespace ballast
