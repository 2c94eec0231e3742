#include "origin/testing/hub_url.h"

#include <cctype>

#include "base/strings.h"

namespace ballast::hub {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string FormDecode(std::string_view text) {
  std::string spaced(text);
  for (char& c : spaced) c = c == '+' ? ' ' : c;
  return PercentDecode(spaced);
}

}  // namespace

std::string PercentDecode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 && HexDigit(text[i + 2]) >= 0) {
      out += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string PercentEncode(std::string_view text, std::string_view keep) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    unsigned char byte = static_cast<unsigned char>(c);
    if ((byte < 0x80 && std::isalnum(byte) != 0) || std::string_view("-_.~").find(c) != std::string_view::npos ||
        keep.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
  return out;
}

std::multimap<std::string, std::string> ParseQuery(std::string_view query) {
  std::multimap<std::string, std::string> values;
  for (std::string_view part : Split(query, '&')) {
    if (part.empty()) continue;
    size_t equals = part.find('=');
    std::string_view value = equals == std::string_view::npos ? "" : part.substr(equals + 1);
    values.emplace(FormDecode(part.substr(0, equals)), FormDecode(value));
  }
  return values;
}

std::vector<std::string> Segments(std::string_view raw_path) {
  std::vector<std::string> segments;
  for (std::string_view part : Split(raw_path, '/')) {
    if (!part.empty()) segments.push_back(PercentDecode(part));
  }
  return segments;
}

}  // namespace ballast::hub
