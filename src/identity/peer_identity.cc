#include "identity/peer_identity.h"

#include "base/strings.h"
#include "core/node_name.h"
#include "identity/openssl_ptr.h"

namespace ballast {
namespace {

constexpr std::string_view kNodePrefix = "ballast://node/";
constexpr std::string_view kOperatorUri = "ballast://operator";
constexpr size_t kMaxUris = 16;

Status NotOurs(std::string_view what) {
  return Unauthenticated(StrCat("the certificate ", what, "; a node's names exactly one, ", kNodePrefix, "NAME"));
}

Result<std::vector<std::string>> UrisOf(const X509& certificate) {
  int critical = 0;
  const GeneralNamesPtr names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, &critical, nullptr)));
  if (!names && critical != -1) return NotOurs("has damaged or repeated subject alternative names");
  std::vector<std::string> uris;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()) && uris.size() <= kMaxUris; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    const ASN1_STRING* uri = name->d.uniformResourceIdentifier;
    uris.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
                      static_cast<size_t>(ASN1_STRING_length(uri)));
  }
  return uris;
}

}  // namespace

Result<PeerIdentity> PeerIdentity::Node(std::string_view name) {
  RETURN_IF_ERROR(CheckNodeName(name));
  return PeerIdentity(name);
}

Result<PeerIdentity> PeerIdentity::FromUris(const std::vector<std::string>& uris) {
  if (uris.empty()) return NotOurs("names no URI");
  if (uris.size() > 1) return NotOurs(StrCat("names more than one URI (", Quoted(uris[0]), ", ", Quoted(uris[1]), ")"));
  const std::string& uri = uris.front();
  if (uri == kOperatorUri) return Operator();
  if (!uri.starts_with(kNodePrefix)) return NotOurs(StrCat("names the URI ", Quoted(uri)));
  auto node = Node(std::string_view(uri).substr(kNodePrefix.size()));
  if (!node.ok()) return NotOurs(StrCat("names the URI ", Quoted(uri), ", where ", node.status().message()));
  return node;
}

Result<PeerIdentity> PeerIdentity::FromCertificate(const X509& certificate) {
  ASSIGN_OR_RETURN(const std::vector<std::string> uris, UrisOf(certificate));
  return FromUris(uris);
}

std::string PeerIdentity::Uri() const { return is_operator() ? std::string(kOperatorUri) : StrCat(kNodePrefix, node_); }

std::string PeerIdentity::ToString() const { return is_operator() ? "the operator" : StrCat("node ", node_); }

}  // namespace ballast
