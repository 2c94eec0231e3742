// One list of fields per struct serves reading, writing, and the test that compares it with the CRD's schema:
//
//   template <typename Io>
//   void Fields(Io& io, SecretKeyRef& ref) {
//     io.Require("name");
//     io.Field("name", ref.name);
//   }
//
// FieldReader is the Io that reads (from a YamlReader), FieldWriter the one that writes JSON. A field that is absent
// leaves its target as it was.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/enum_names.h"
#include "api/timestamp.h"
#include "api/yaml_reader.h"
#include "base/shared_list.h"

namespace ballast {

using Labels = std::map<std::string, std::string>;

// A number, or a share like "25%".
struct IntOrPercent {
  int32_t number = 0;
  bool percent = false;

  friend bool operator==(const IntOrPercent&, const IntOrPercent&) = default;
};

// "3", "25%": 1 to 1,000,000, or 1% to 100%.
Result<IntOrPercent> ParseIntOrPercent(std::string_view text);

// Not thread-safe. Refers to `yaml`.
class FieldReader {
 public:
  static constexpr bool kReads = true;

  explicit FieldReader(YamlReader& yaml) : yaml_(yaml) {}

  bool Has(std::string_view key) const { return yaml_.Has(key); }
  bool ok() const { return yaml_.ok(); }
  void Require(std::string_view key) { yaml_.Require(key); }
  void Ignore(std::string_view key) { yaml_.Ignore(key); }
  void Fail(std::string_view key, std::string_view text) { yaml_.Fail(key, text); }
  void Check(std::string_view key, const Status& status) { yaml_.Check(key, status); }

  void Field(std::string_view key, std::string& value) { yaml_.String(key, value); }
  void Field(std::string_view key, bool& value) { yaml_.Bool(key, value); }
  void Field(std::string_view key, std::vector<std::string>& value) { yaml_.Strings(key, value); }
  void Field(std::string_view key, Labels& value);
  void Field(std::string_view key, std::optional<IntOrPercent>& value);
  void Field(std::string_view key, std::optional<Timestamp>& value);
  void Field(std::string_view key, std::optional<std::chrono::milliseconds>& value);
  void Field(std::string_view key, std::chrono::milliseconds& value) { yaml_.Duration(key, value); }
  void Field(std::string_view key, std::optional<bool>& value) { Optional(key, value); }

  template <typename T>
  void Number(std::string_view key, T& value, int64_t least, int64_t most) {
    int64_t number = static_cast<int64_t>(value);
    yaml_.Int(key, least, most, number);
    value = static_cast<T>(number);
  }
  template <typename T>
  void Number(std::string_view key, std::optional<T>& value, int64_t least, int64_t most) {
    yaml_.Ignore(key);
    if (Has(key)) Number(key, value.emplace(), least, most);
  }
  // 500Gi
  void Quantity(std::string_view key, std::optional<uint64_t>& value);

  template <typename E, size_t N>
  void Choice(std::string_view key, const EnumNames<E, N>& names, E& value) {
    std::string text(NameOf(names, value));
    yaml_.Choice(key, WordsOf(names), text);
    if (const std::optional<E> read = ValueOf(names, text)) value = *read;
  }

  // `fields` lists those of `value`: void(Io&, T&); default: Fields.
  template <typename T, typename F>
  void Object(std::string_view key, T& value, const F& fields) {
    yaml_.Object(key, [&](YamlReader& yaml) {
      FieldReader io(yaml);
      fields(io, value);
    });
  }
  template <typename T, typename F>
  void Object(std::string_view key, std::optional<T>& value, const F& fields) {
    yaml_.Ignore(key);
    if (Has(key)) Object(key, value.emplace(), fields);
  }
  template <typename T>
  void Object(std::string_view key, T& value) {
    Object(key, value, [](auto& io, auto& inner) { Fields(io, inner); });
  }
  template <typename T>
  void Objects(std::string_view key, std::vector<T>& values) {
    yaml_.Objects(key, [&](YamlReader& yaml) {
      FieldReader io(yaml);
      Fields(io, values.emplace_back());
    });
  }
  template <typename T>
  void Objects(std::string_view key, SharedList<T>& values) {
    std::vector<T> read;
    Objects(key, read);
    values = std::move(read);
  }

 private:
  template <typename T>
  void Optional(std::string_view key, std::optional<T>& value) {
    yaml_.Ignore(key);
    if (Has(key)) Field(key, value.emplace());
  }

  YamlReader& yaml_;
};

}  // namespace ballast
