#include "origin/url.h"

#include <curl/curl.h>

#include <algorithm>
#include <memory>

#include "base/strings.h"

namespace ballast {
namespace {

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using CurlUrl = std::unique_ptr<CURLU, FreeUrl>;

std::string Part(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return "";
  std::string copy(text);
  curl_free(text);
  return copy;
}

bool HasControlByte(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

// Sets `text` on `url`, absolute or relative to what is there, and reads the whole back.
Result<Url> Take(CURLU* url, std::string_view text) {
  constexpr size_t kMaxBytes = size_t{16} * 1024;
  if (text.empty() || text.size() > kMaxBytes || HasControlByte(text)) {
    return InvalidArgument(StrCat("not a URL: ", Quoted(text.substr(0, text.find('?')))));
  }
  const CURLUcode code =
      curl_url_set(url, CURLUPART_URL, std::string(text).c_str(), CURLU_DISALLOW_USER | CURLU_URLENCODE);
  if (code == CURLUE_USER_NOT_ALLOWED) {
    return InvalidArgument("a URL with a user or password in it is refused: put a token into a file (tokenFile)");
  }
  const std::string scheme = Part(url, CURLUPART_SCHEME);
  if (code != CURLUE_OK || (scheme != "http" && scheme != "https")) {
    const std::string shown = Quoted(text.substr(0, text.find('?')));
    const bool bare = text.find(':') == std::string_view::npos && text.find('/') != 0;
    return InvalidArgument(
        StrCat("not an http:// or https:// URL: ", shown, bare ? "; does it lack the https:// in front?" : ""));
  }
  Url result{.scheme = scheme, .host = ToLower(Part(url, CURLUPART_HOST)), .target = Part(url, CURLUPART_PATH)};
  uint64_t port = 0;
  ParseUint64(Part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT), port);
  result.port = static_cast<uint16_t>(port);
  if (result.host.empty() || result.port == 0)
    return InvalidArgument(StrCat("a URL without a host: ", Quoted(text.substr(0, text.find('?')))));
  if (!Part(url, CURLUPART_ZONEID).empty()) return InvalidArgument("a URL with an IPv6 zone is refused");
  if (const std::string query = Part(url, CURLUPART_QUERY); !query.empty()) result.target += "?" + query;
  return result;
}

constexpr std::string_view kUnreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

std::string Encode(std::string_view text, std::string_view also_plain) {
  std::string out;
  for (const char c : text) {
    if (kUnreserved.find(c) != std::string_view::npos || also_plain.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    constexpr std::string_view kHex = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    out.append({'%', kHex[byte >> 4], kHex[byte & 15]});
  }
  return out;
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Result<Url> Url::Parse(std::string_view text) {
  const CurlUrl url(curl_url());
  return Take(url.get(), text);
}

Result<Url> Url::Join(std::string_view reference) const {
  const CurlUrl url(curl_url());
  if (curl_url_set(url.get(), CURLUPART_URL, ToString().c_str(), 0) != CURLUE_OK) {
    return Internal(StrCat("cannot read back ", Shown()));
  }
  return Take(url.get(), reference);
}

std::string Url::Root() const {
  const bool usual = port == (scheme == "https" ? 443 : 80);
  return usual ? StrCat(scheme, "://", host) : StrCat(scheme, "://", host, ":", port);
}

std::string Url::ToString() const { return Root() + target; }

std::string Url::Shown() const { return Root() + target.substr(0, target.find('?')); }

bool Url::SameOrigin(const Url& other) const {
  return scheme == other.scheme && host == other.host && port == other.port;
}

std::string EncodePath(std::string_view path) { return Encode(path, "/"); }

std::string EncodeSegment(std::string_view segment) { return Encode(segment, ""); }

std::string DecodePercent(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool whole = text[i] == '%' && i + 2 < text.size();
    const int high = whole ? HexValue(text[i + 1]) : -1;
    const int low = whole ? HexValue(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

}  // namespace ballast
