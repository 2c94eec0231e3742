#include "api/quantity.h"

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace ballast {
namespace {

constexpr std::string_view kDigits = "0123456789";

struct Unit {
  std::string_view name;
  uint64_t factor;
};

constexpr std::array<Unit, 13> kByteUnits = {{{"", 1},
                                              {"Ki", uint64_t{1} << 10},
                                              {"Mi", uint64_t{1} << 20},
                                              {"Gi", uint64_t{1} << 30},
                                              {"Ti", uint64_t{1} << 40},
                                              {"Pi", uint64_t{1} << 50},
                                              {"Ei", uint64_t{1} << 60},
                                              {"k", 1'000},
                                              {"M", 1'000'000},
                                              {"G", 1'000'000'000},
                                              {"T", 1'000'000'000'000},
                                              {"P", 1'000'000'000'000'000},
                                              {"E", 1'000'000'000'000'000'000}}};
constexpr std::array<Unit, 4> kTimeUnits = {{{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

constexpr uint64_t kMaxBytes = (uint64_t{1} << 63) - 1;
constexpr uint64_t kMaxMilliseconds = uint64_t{100} * 365 * 24 * 3'600'000;

// "12.5" x factor; false where it is no such number or exceeds `most`.
bool Multiply(std::string_view number, uint64_t factor, uint64_t most, uint64_t& product) {
  const size_t dot = number.find('.');
  const std::string_view fraction = dot == number.npos ? "" : number.substr(dot + 1);
  uint64_t whole = 0;
  uint64_t parts = 0;
  if (!ParseUint64(number.substr(0, dot), whole) || whole > most / factor) return false;
  if (dot != number.npos && (fraction.size() > 9 || !ParseUint64(fraction, parts))) return false;
  uint64_t scale = 1;
  for (size_t i = 0; i < fraction.size(); ++i) scale *= 10;
  const uint64_t rest = factor / scale * parts + factor % scale * parts / scale;  // below factor, so below 2^60
  product = whole * factor;
  if (rest > most - product) return false;
  product += rest;
  return true;
}

std::string_view TakeWhile(std::string_view& text, bool digits) {
  const std::string set = std::string(kDigits) + ".";
  const size_t end = std::min(digits ? text.find_first_not_of(set) : text.find_first_of(set), text.size());
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(end);
  return taken;
}

template <typename Units>
const Unit* FindUnit(const Units& units, std::string_view name) {
  const auto found = std::find_if(units.begin(), units.end(), [&](const Unit& unit) { return unit.name == name; });
  return found == units.end() ? nullptr : &*found;
}

// One "90m" of "1h90m".
bool TakeSpan(std::string_view& rest, uint64_t& total) {
  const std::string_view number = TakeWhile(rest, true);
  const Unit* unit = FindUnit(kTimeUnits, TakeWhile(rest, false));
  uint64_t span = 0;
  if (unit == nullptr || !Multiply(number, unit->factor, kMaxMilliseconds - total, span)) return false;
  total += span;
  return true;
}

}  // namespace

Result<uint64_t> ParseByteQuantity(std::string_view text) {
  std::string_view suffix = text;
  const std::string_view number = TakeWhile(suffix, true);
  const Unit* unit = FindUnit(kByteUnits, suffix);
  uint64_t bytes = 0;
  if (unit != nullptr && Multiply(number, unit->factor, kMaxBytes, bytes)) return bytes;
  return InvalidArgument(StrCat(Quoted(text), " is not a number of bytes; write it like 500Gi, 1.5Ti or 1048576"));
}

Result<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  const Status refused =
      InvalidArgument(StrCat(Quoted(text), " is not a duration; write it like 720h, 15m, 1h30m or 500ms"));
  if (text == "0") return std::chrono::milliseconds(0);
  if (text.empty()) return refused;
  uint64_t total = 0;
  for (std::string_view rest = text; !rest.empty();) {
    if (!TakeSpan(rest, total)) return refused;
  }
  return std::chrono::milliseconds(total);
}

std::string DurationText(std::chrono::milliseconds duration) {
  std::string text;
  auto rest = static_cast<uint64_t>(duration.count());
  for (const Unit& unit : kTimeUnits) {
    if (rest >= unit.factor) text += StrCat(rest / unit.factor, unit.name);
    rest %= unit.factor;
  }
  return text.empty() ? "0" : text;
}

}  // namespace ballast
