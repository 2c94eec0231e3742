#include "api/timestamp.h"

#include <array>
#include <cstdio>
#include <optional>

#include "base/strings.h"

namespace ballast {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// The number of exactly `digits` digits at the head of `text`, which loses them.
std::optional<int> TakeNumber(std::string_view& text, size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int number = 0;
  for (const char c : text.substr(0, digits)) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  text.remove_prefix(digits);
  return number;
}

bool Take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

void SkipFraction(std::string_view& text) {
  if (!Take(text, '.')) return;
  text.remove_prefix(std::min(text.find_first_not_of("0123456789"), text.size()));
}

// What has to be taken off a local time: "Z", "+02:00".
std::optional<minutes> TakeOffset(std::string_view& text) {
  if (Take(text, 'Z')) return minutes(0);
  const bool west = text.starts_with('-');
  if (!Take(text, '+') && !Take(text, '-')) return std::nullopt;
  const std::optional<int> hour = TakeNumber(text, 2);
  if (!hour || *hour > 23 || !Take(text, ':')) return std::nullopt;
  const std::optional<int> minute = TakeNumber(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  const minutes offset = hours(*hour) + minutes(*minute);
  return west ? -offset : offset;
}

// The numbers of "2026-01-31T12:00:00".
std::optional<std::array<int, 6>> TakeFields(std::string_view& text) {
  constexpr std::array<char, 5> kBehind = {'-', '-', 'T', ':', ':'};
  std::array<int, 6> fields{};
  for (size_t i = 0; i < fields.size(); ++i) {
    const std::optional<int> number = TakeNumber(text, i == 0 ? 4 : 2);
    if (!number || (i < kBehind.size() && !Take(text, kBehind[i]))) return std::nullopt;
    fields[i] = *number;
  }
  return fields;
}

std::optional<Timestamp> Parse(std::string_view text) {
  const std::optional<std::array<int, 6>> fields = TakeFields(text);
  if (!fields) return std::nullopt;
  const auto [year, month, day, hour, minute, second] = *fields;
  SkipFraction(text);
  const std::optional<minutes> offset = TakeOffset(text);
  const std::chrono::year_month_day date(std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!offset || !text.empty() || !date.ok() || year < 1970 || hour > 23 || minute > 59 || second > 59) {
    return std::nullopt;
  }
  return std::chrono::sys_days(date) + hours(hour) + minutes(minute) + seconds(second) - *offset;
}

}  // namespace

std::string FormatTimestamp(Timestamp time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text.data();
}

Result<Timestamp> ParseTimestamp(std::string_view text) {
  if (const std::optional<Timestamp> time = Parse(text)) return *time;
  return InvalidArgument(StrCat(Quoted(text), " is not a time; write it like 2026-01-31T12:00:00Z"));
}

}  // namespace ballast
