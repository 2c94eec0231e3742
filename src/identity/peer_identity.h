// Who a peer is: a node by its name, or the operator; as its certificate's only URI says, ballast://node/<name> or
// ballast://operator.
#pragma once

#include <openssl/types.h>

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace ballast {

class PeerIdentity {
 public:
  // InvalidArgument: what CheckNodeName() says.
  static Result<PeerIdentity> Node(std::string_view name);
  static PeerIdentity Operator() { return PeerIdentity(""); }

  // The URIs of a certificate's subject alternative names: exactly one, and one of ours. Unauthenticated says what is
  // wrong. For who has the names already, as gRPC's verifier does.
  static Result<PeerIdentity> FromUris(const std::vector<std::string>& uris);
  // Of a certificate that was verified: nothing but its names is looked at here.
  static Result<PeerIdentity> FromCertificate(const X509& certificate);

  bool is_operator() const { return node_.empty(); }
  const std::string& node() const { return node_; }  // "" for the operator
  std::string Uri() const;
  // "node a", "the operator"
  std::string ToString() const;

  friend bool operator==(const PeerIdentity&, const PeerIdentity&) = default;

 private:
  explicit PeerIdentity(std::string_view node) : node_(node) {}

  std::string node_;
};

inline std::ostream& operator<<(std::ostream& out, const PeerIdentity& identity) { return out << identity.ToString(); }

}  // namespace ballast
