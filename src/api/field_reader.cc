#include "api/field_reader.h"

#include "api/quantity.h"
#include "base/strings.h"

namespace ballast {

Result<IntOrPercent> ParseIntOrPercent(std::string_view text) {
  constexpr uint64_t kMaxCount = 1'000'000;
  const bool percent = text.ends_with('%');
  uint64_t number = 0;
  const bool parsed = ParseUint64(text.substr(0, text.size() - (percent ? 1 : 0)), number);
  if (!parsed || number < 1 || number > (percent ? 100 : kMaxCount)) {
    return InvalidArgument(StrCat("must be a number of nodes, or a share like 25%, not ", Quoted(text)));
  }
  return IntOrPercent{static_cast<int32_t>(number), percent};
}

void FieldReader::Field(std::string_view key, Labels& value) {
  std::vector<std::pair<std::string, std::string>> read;
  yaml_.StringMap(key, read);
  if (Has(key) && ok()) value = Labels(read.begin(), read.end());
}

void FieldReader::Field(std::string_view key, std::optional<IntOrPercent>& value) {
  const std::string text = yaml_.Text(key);
  if (!Has(key) || !ok()) return;
  const Result<IntOrPercent> read = ParseIntOrPercent(text);
  Check(key, read.status());
  if (read.ok()) value = *read;
}

void FieldReader::Field(std::string_view key, std::optional<Timestamp>& value) {
  std::string text;
  yaml_.String(key, text);
  if (!Has(key) || !ok()) return;
  const Result<Timestamp> read = ParseTimestamp(text);
  Check(key, read.status());
  if (read.ok()) value = *read;
}

void FieldReader::Field(std::string_view key, std::optional<std::chrono::milliseconds>& value) { Optional(key, value); }

void FieldReader::Quantity(std::string_view key, std::optional<uint64_t>& value) {
  yaml_.Ignore(key);
  if (Has(key)) yaml_.Bytes(key, value.emplace());
}

}  // namespace ballast
