// `ballast certs`: a CA and certificates in files, for clusters without Kubernetes.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "identity/peer_identity.h"

namespace ballast::cli {

struct CertsInitCommand {
  std::string dir;
};
struct CertsIssueCommand {
  std::string dir;
  std::string node;
  bool for_operator = false;  // instead of a node
  int days = 30;
  std::string out;  // "": dir
};

struct MadeAuthority {
  std::string certificate;  // paths
  std::string key;
  WallTime not_after;
};

struct IssuedFiles {
  PeerIdentity subject;
  std::string certificate;  // paths
  std::string key;
  std::string ca;
  WallTime not_after;
};

// Makes DIR where it is missing, DIR/ca.pem and DIR/ca.key (0600). FailedPrecondition: one of them is there.
Result<MadeAuthority> InitCerts(const CertsInitCommand& command, WallTime now);

// Makes OUT where it is missing, OUT/NODE.pem and OUT/NODE.key (0600; operator.pem and operator.key), in place of what
// was there. NotFound: DIR has no CA; FailedPrecondition: there is a certificate of another there.
Result<IssuedFiles> IssueCerts(const CertsIssueCommand& command, WallTime now);

}  // namespace ballast::cli
