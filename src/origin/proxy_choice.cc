#include "origin/proxy_choice.h"

#include <algorithm>
#include <string_view>

#include "base/strings.h"
#include "origin/address_check.h"

namespace ballast {
namespace {

std::string_view WithoutBrackets(std::string_view host) {
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  return bracketed ? host.substr(1, host.size() - 2) : host;
}

bool Exempts(std::string_view raw_entry, std::string_view host) {
  const std::string lower = ToLower(Trim(raw_entry));
  std::string_view entry = WithoutBrackets(lower);
  if (entry == "*") return true;
  if (!entry.empty() && entry.front() == '.') entry.remove_prefix(1);
  if (entry.empty()) return false;
  if (host == entry || InCidr(host, entry)) return true;
  return host.size() > entry.size() && host.substr(host.size() - entry.size()) == entry &&
         host[host.size() - entry.size() - 1] == '.';
}

}  // namespace

std::string ProxyFor(const ProxyConfig& config, const Url& url) {
  const std::string_view host = WithoutBrackets(url.host);
  const bool exempt = std::any_of(config.no_proxy.begin(), config.no_proxy.end(),
                                  [&](const std::string& entry) { return Exempts(entry, host); });
  if (exempt) return "";
  return url.scheme == "https" ? config.https : config.http;
}

}  // namespace ballast
