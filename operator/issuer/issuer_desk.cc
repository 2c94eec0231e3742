#include "operator/issuer/issuer_desk.h"

#include <utility>

#include "base/logging.h"
#include "base/strings.h"
#include "identity/pem.h"
#include "issuing/key_proof.h"
#include "operator/cluster_objects.h"
#include "operator/issuer/node_claim.h"
#include "operator/issuer/token_right.h"
#include "operator/resolver/secret_token.h"

namespace ballast::controller {
namespace {

constexpr Duration kCallTimeout = std::chrono::seconds(10);

CallLimits Limits(const std::stop_token& stop) { return {stop, kCallTimeout}; }

// What the caller can do nothing about but come back.
Status LaterBecause(const Status& error) {
  return Unavailable(StrCat("the operator could not ask the apiserver: ", error.message()));
}

}  // namespace

Result<IssuedChain> IssuerDesk::IssueCertificate(const CertificateOrder& order, const std::stop_token& stop) {
  auto issued = Issue(order, stop);
  parts_.metrics.CountCertificate(issued.status());
  return issued;
}

// The cheap checks first: anybody can ask.
Result<IssuedChain> IssuerDesk::Issue(const CertificateOrder& order, const std::stop_token& stop) const {
  const std::shared_ptr<const Authority> authority = parts_.authority();
  if (!authority) return Unavailable("the operator has no CA yet; its log says why");
  ASSIGN_OR_RETURN(const KeyPtr key, ParsePublicKey(order.public_key));
  RETURN_IF_ERROR(CheckKeyProof(*key, order.token, order.proof));
  ASSIGN_OR_RETURN(const std::string node, ReviewedNode(order.token, stop));
  ASSIGN_OR_RETURN(const PeerIdentity subject, PeerIdentity::Node(node));
  ASSIGN_OR_RETURN(const CertificatePtr certificate, authority->ca.Sign(subject, *key, parts_.clock.Now()));
  IssuedChain issued{.certificate = "", .ca = authority->trust};
  ASSIGN_OR_RETURN(issued.certificate, PemOf(*certificate));
  LOG(INFO) << Message("Issued a certificate").With("node", node);
  return issued;
}

Result<std::string> IssuerDesk::ReviewedNode(const std::string& token, const std::stop_token& stop) const {
  const auto review = parts_.client.Create(kTokenReviews, MakeNodeReview(token), Limits(stop));
  if (!review.ok()) return LaterBecause(review.status());
  return NodeOfReview(*review, parts_.agent_account);
}

Result<std::string> IssuerDesk::OriginToken(const std::string& node, const std::string& cache,
                                            const std::stop_token& stop) {
  auto token = Hand(node, cache, stop);
  parts_.metrics.CountToken(token.status());
  return token;
}

Result<std::string> IssuerDesk::Hand(const std::string& node, const std::string& cache,
                                     const std::stop_token& stop) const {
  ASSIGN_OR_RETURN(const CacheNode listed, ReadNode(node, stop));
  RETURN_IF_ERROR(CheckMayHaveToken(listed, cache));
  ASSIGN_OR_RETURN(const ModelCache object, ReadCache(cache, stop));
  const auto key = TokenOf(object);
  if (!key) return NotFound(StrCat("the cache ", cache, " has no tokenSecretRef"));
  RETURN_IF_ERROR(CheckDomain(listed, cache, DomainOf(object)));
  return ReadSecret(*key, stop);
}

Result<CacheNode> IssuerDesk::ReadNode(const std::string& node, const std::stop_token& stop) const {
  const auto object = parts_.client.Get(kCacheNodes, {"", node}, Limits(stop));
  if (object.ok()) return CacheNodeFromJson(*object);
  if (object.status().code() == StatusCode::kNotFound)
    return PermissionDenied(StrCat("the node ", node, " has no CacheNode"));
  return LaterBecause(object.status());
}

Result<ModelCache> IssuerDesk::ReadCache(const std::string& cache, const std::stop_token& stop) const {
  ASSIGN_OR_RETURN(const ObjectName name, CacheNamed(cache));
  const auto object = parts_.client.Get(name.ns.empty() ? kClusterModelCaches : kModelCaches, name, Limits(stop));
  if (object.ok()) return ModelCacheFromJson(*object);
  if (object.status().code() == StatusCode::kNotFound) return NotFound(StrCat("there is no cache ", cache));
  return LaterBecause(object.status());
}

// What a person has to mend is told apart from what time mends.
Result<std::string> IssuerDesk::ReadSecret(const SecretKey& key, const std::stop_token& stop) const {
  auto token = ReadToken(parts_.client, key, Limits(stop));
  switch (token.status().code()) {
    case StatusCode::kOk:
      return token;
    case StatusCode::kPermissionDenied:
      return FailedPrecondition(ConsentText(key, parts_.agent_account.ns));
    case StatusCode::kNotFound:
    case StatusCode::kInvalidArgument:
      return FailedPrecondition(token.status().message());
    default:
      return LaterBecause(token.status());
  }
}

}  // namespace ballast::controller
