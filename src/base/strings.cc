#include "base/strings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace ballast {
namespace {

std::string Decimal(double value, int digits) {
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.*f", digits, value);
  return buffer.data();
}

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
    }
  }
  return row[b.size()];
}

void AppendEscaped(std::string& out, unsigned char byte) {
  switch (byte) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '"':
    case '\\':
      out += '\\';
      out += static_cast<char>(byte);
      return;
    default:
      break;
  }
  if (byte >= 0x20 && byte < 0x7f) {
    out += static_cast<char>(byte);
    return;
  }
  std::array<char, 8> hex{};
  std::snprintf(hex.data(), hex.size(), "\\x%02x", byte);
  out += hex.data();
}

}  // namespace

std::string Quoted(std::string_view foreign, size_t limit) {
  std::string out = "\"";
  for (const char c : foreign.substr(0, limit)) AppendEscaped(out, static_cast<unsigned char>(c));
  out += foreign.size() > limit ? "\"..." : "\"";
  return out;
}

std::string FormatBytes(uint64_t bytes) {
  static constexpr std::array<const char*, 6> kUnits = {" KiB", " MiB", " GiB", " TiB", " PiB", " EiB"};
  if (bytes < 1024) return std::to_string(bytes) + " B";
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  while (value >= 1023.95 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return Decimal(value, value < 99.95 ? 1 : 0) + kUnits[unit];
}

std::string FormatRate(uint64_t bytes_per_second) { return FormatBytes(bytes_per_second) + "/s"; }

std::string FormatDuration(std::chrono::milliseconds duration) {
  const int64_t ms = std::max<int64_t>(0, duration.count());
  if (ms < 9950) return Decimal(static_cast<double>(ms) / 1000, 1) + " s";
  const int64_t s = (ms + 500) / 1000;
  if (s < 60) return StrCat(s, " s");
  if (s < 3600) return s % 60 == 0 ? StrCat(s / 60, " min") : StrCat(s / 60, " min ", s % 60, " s");
  return StrCat(s / 3600, " h ", s % 3600 / 60, " min");
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t start = 0;;) {
    const size_t end = text.find(separator, start);
    parts.push_back(text.substr(start, end - start));
    if (end == std::string_view::npos) return parts;
    start = end + 1;
  }
}

std::string Join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (const std::string& part : parts) {
    if (&part != &parts.front()) out += separator;
    out += part;
  }
  return out;
}

std::string ToLower(std::string_view ascii) {
  std::string out(ascii);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string HexEncode(std::string_view bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

bool ParseUint64(std::string_view text, uint64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

std::string_view Nearest(std::string_view name, const std::vector<std::string_view>& candidates) {
  std::string_view best;
  size_t best_distance = name.size() / 3 + 2;
  for (const std::string_view candidate : candidates) {
    const size_t distance = EditDistance(ToLower(name), ToLower(candidate));
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string DidYouMean(std::string_view name, const std::vector<std::string_view>& candidates) {
  if (const std::string_view nearest = Nearest(name, candidates); !nearest.empty()) {
    return StrCat("; did you mean \"", nearest, "\"?");
  }
  std::string out = "; valid: ";
  for (size_t i = 0; i < candidates.size(); ++i) out.append(i == 0 ? "" : ", ").append(candidates[i]);
  return out;
}

}  // namespace ballast
